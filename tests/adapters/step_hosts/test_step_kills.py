"""kill -9 at any moment, of the server, of what watches, of who asked: no command twice, no end lost, every doubt told.

Each command appends a line to a file of its own when it begins, and one when it is done: that is what really happened.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.adapters.step_hosts.step_host_contract import Running, Told, is_alive, kill_shim, order, wait_for

from opsbook.adapters.step_hosts.shell_runner import local_host
from opsbook.ground.errors import Failure, NotBegun


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def host(runs):
    host = local_host(str(runs))
    yield host
    host.close()


def kill_server(host) -> None:
    """kill -9 to the warm server of a host."""
    connection = host._connection
    if connection is not None:
        connection._pipe._child.send_signal(signal.SIGKILL)


def test_the_death_of_the_server_is_no_end_of_a_step(host):
    running = Running(host, order("echo up; sleep 0.3; echo down; exit 4"))
    kill_server(host)
    assert running.finish().exit == 4
    assert running.told.text == b"up\ndown\n"


def test_an_idle_shim_that_is_killed_is_not_missed(host, runs):
    server = None
    for _ in range(4):
        given = order("true")
        assert host.run(given, Told()).exit == 0
        server = server or host._connection
        pid = json.loads((runs / given.key / "pid").read_text())["shim"]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda pid=pid: not is_alive(pid))
        assert host._connection is server


def test_a_step_outlives_whoever_asked_for_it(runs, host, tmp_path):
    program = (
        "import sys; from opsbook.adapters.step_hosts.shell_runner import local_host\n"
        "from tests.adapters.step_hosts.step_host_contract import order, Told\n"
        "local_host(sys.argv[1]).run(order(sys.argv[2], key='r/1.1'), Told())\n"
    )
    mark = tmp_path / "mark"
    text = f"echo up >{mark}; sleep 0.5; echo done"
    root = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"}
    child = subprocess.Popen([sys.executable, "-c", program, str(runs), text], env=environment)
    wait_for(mark.exists)
    child.kill()
    child.wait()
    told = Told()
    assert host.rejoin("r/1.1", 0, told).exit == 0
    assert told.text == b"done\n"


def test_a_key_that_was_sealed_never_starts(host, tmp_path):
    host.doubt("run-a/9.9", is_doubtful=True)
    assert host.look("run-a/9.9").state == "claimed"
    with pytest.raises(Exception, match="claimed before"):
        host.run(order(f"touch {tmp_path / 'x'}", key="run-a/9.9"), Told())
    assert not (tmp_path / "x").exists()


def test_a_claim_without_a_life_was_never_begun(host, runs):
    (runs / "run-a" / "1.1").mkdir(parents=True)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (runs / "run-a" / "1.1" / "claim").write_text(f"nonce\n{boot}")
    assert host.look("run-a/1.1").state == "claimed"
    with pytest.raises(NotBegun):
        host.rejoin("run-a/1.1", 0, Told())


def test_a_claim_of_another_boot_is_a_doubt(host, runs):
    (runs / "run-a" / "1.1").mkdir(parents=True)
    (runs / "run-a" / "1.1" / "claim").write_text("nonce\nanother")
    assert host.look("run-a/1.1").state == "lost"


def test_another_boot_is_a_doubt(host, runs):
    given = order("true")
    host.run(given, Told())
    (runs / given.key / "exit").unlink()
    wait_for(lambda: host.look(given.key).state == "lost")
    began = (runs / given.key / "pid").read_text()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (runs / given.key / "pid").write_text(began.replace(boot, "another"))
    assert "booted anew" in host.look(given.key).why


def campaign(runs: Path, tmp_path: Path, chance: random.Random, rounds: int) -> None:
    """Commands one after the other while servers and shims are killed at random; then each is asked what became of it."""
    host = local_host(str(runs))
    for number in range(rounds):
        key, mark = f"run/{number}.1", tmp_path / f"mark-{number}"
        given = order(f"echo begun >>{mark}; sleep 0.0{chance.randrange(3)}; echo done >>{mark}; echo said", key=key)
        killer = threading.Thread(target=_kill_something, args=(host, runs, key, chance.random(), chance.random()))
        killer.start()
        told, outcome = Told(), "?"
        try:
            outcome = host.run(given, told).outcome
        except NotBegun:
            outcome = "not begun"
        except Failure:
            outcome = "doubt"
        killer.join()
        _check(host, key, mark, (outcome, told.text))
    host.close()


def _kill_something(host, runs: Path, key: str, kind: float, wait: float) -> None:
    time.sleep(wait * 0.06)
    try:
        if kind < 0.5:
            kill_server(host)
        elif kind < 0.9:
            kill_shim(runs, key)
    except (OSError, ValueError):
        return  # it has not begun, or has ended


def _check(host, key: str, mark: Path, became: tuple[str, bytes]) -> None:
    outcome, said = became
    state = host.look(key).state
    if state == "lost":
        host.stop(key, 0.0)
    lines = mark.read_text().split() if mark.exists() else []
    assert lines.count("begun") <= 1, "started twice"
    if outcome == "finished":
        assert lines == ["begun", "done"]
        assert (state, said) == ("ended", b"said\n")
    elif outcome == "not begun":
        assert (lines, state in ("absent", "claimed")) == ([], True)
    else:
        assert (outcome, state) == ("lost", "lost")


def test_kills_at_random_leave_no_lie(runs, tmp_path):
    campaign(runs, tmp_path, random.Random(4), 25)


@pytest.mark.torture
def test_hundreds_of_kills_leave_no_lie(runs, tmp_path, record_property):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201
    campaign(runs, tmp_path, random.Random(seed), 500)
    record_property("tried", 500)
