"""Steps on a machine behind a real sshd: values stay values, secrets stay in memory, a lost connection is no end."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from opsbook.adapters.step_hosts import Machines
from opsbook.adapters.step_hosts.inventory import SshSettings
from opsbook.book.plan import LOCAL, Script
from opsbook.ground.errors import Failure, NotBegun, Refusal
from opsbook.usecases.run_ports import Order

SECRET = f"correct-horse-{os.urandom(8).hex()}"  # which no other test that runs now has too


@pytest.fixture
def machines(sshd, tmp_path):
    made = machines_of(sshd, tmp_path)
    yield made
    made.close()


def machines_of(sshd, folder: Path, **more) -> Machines:
    """The sshd as the host `there`, which remembers what it does below a folder of the test."""
    settings = SshSettings(
        more.get("known_hosts", sshd.known_hosts), (sshd.key,), python=sys.executable, folder=str(folder / "there"),
        patience_s=more.get("patience_s", 20.0), alive_s=more.get("alive_s", 5.0),
    )  # fmt: skip
    return Machines(str(folder / "here"), {"there": sshd.address, "other": ""}, {"all": ("there",)}, settings)


class Running:
    """A step that runs meanwhile: what it printed so far, and its end."""

    def __init__(self, host, order: Order) -> None:
        self.output = b""
        self.ended = None
        self.wrong: Exception | None = None
        self._grew = threading.Condition()
        self.thread = threading.Thread(target=self._run, args=(host, order), daemon=True)
        self.thread.start()

    def _run(self, host, order: Order) -> None:
        try:
            self.ended = host.run(order, self._tell)
        except Exception as wrong:
            self.wrong = wrong

    def _tell(self, offset: int, part: bytes) -> None:
        with self._grew:
            assert offset == len(self.output)
            self.output += part
            self._grew.notify_all()

    def printed(self, what: bytes) -> None:
        """Waits until it has."""
        with self._grew:
            assert self._grew.wait_for(lambda: what in self.output, 20), (self.output, self.wrong)

    def end(self):
        """Waits for it."""
        self.thread.join(30)
        assert self.wrong is None, self.wrong
        assert self.ended is not None
        return self.ended


def ordered(key: str, text: str, **more) -> Order:
    return Order(key=f"{key}@there", epoch=1, script=Script(text), **more)


def done(host, order: Order) -> tuple[bytes, object]:
    """Output and end of a step."""
    running = Running(host, order)
    ended = running.end()
    return running.output, ended


def children_of_marker(key: str) -> list[int]:
    """What lives and bears the marker of a step."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{key}@there".encode() in path.read_bytes() and "\nState:\tZ" not in (path.parent / "status").read_text():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


VALUES = [
    "'; touch {canary} #", "$(touch {canary})", "`touch {canary}`", "a\ntouch {canary}\n", "\n", "", " a  b ", "-n", "\\", '"',
    "!!", "*", "~", "%s%n", "übër → 😀 \u202e", "x" * 1_000_000, "\t\x01\x7f",
]  # fmt: skip


def test_a_value_does_nothing_but_be_a_value(machines, tmp_path):
    host = machines.host("there")
    canary = tmp_path / "canary"
    for number, template in enumerate(VALUES):
        value = template.replace("{canary}", str(canary))
        output, ended = done(host, ordered(f"r1/{number}.1", 'printf %s "$VALUE" | sha256sum', environment={"VALUE": value}))
        assert output.split()[0].decode() == hashlib.sha256(value.encode()).hexdigest(), template[:30]
        assert ended.exit == 0
    assert not canary.exists()


def test_a_secret_is_in_no_file_no_argument_and_no_environment_but_the_steps(machines, sshd, tmp_path):
    wait = tmp_path / "go"
    text = f'echo "it is $PASS"; while [ ! -e {wait} ]; do sleep 0.02; done'
    running = Running(machines.host("there"), ordered("r2/1.1", text, secrets={"PASS": SECRET}))
    running.printed(b"it is ")
    needle = SECRET.encode()
    assert children_of_marker("r2/1.1")
    for path in Path("/proc").glob("[0-9]*"):
        pid = int(path.name)
        for name in ("cmdline", "environ"):
            try:
                content = (path / name).read_bytes()
            except OSError:
                continue
            # The step's, or that of a program it started.
            is_own = name == "environ" and any(each.startswith(b"OPSBOOK_STEP=r2/1.1@") for each in content.split(b"\0"))
            assert needle not in content or is_own, (pid, name)
    wait.touch()
    running.end()
    assert needle not in running.output
    for path in (tmp_path / "there").rglob("*"):
        assert path.is_dir() or needle not in path.read_bytes(), path
    assert needle not in (sshd.folder / "sshd.log").read_bytes()


def test_a_connection_that_is_cut_again_and_again_is_no_end_of_a_step(machines, sshd, tmp_path):
    count = tmp_path / "count"
    text = f"echo begun >> {count}; for n in $(seq 40); do echo line $n; sleep 0.05; done; exit 7"
    running = Running(machines.host("there"), ordered("r3/1.1", text))
    for line in (5, 12, 20):
        running.printed(b"line %d" % line)
        sshd.cut()
    ended = running.end()
    assert ended.exit == 7
    assert running.output.decode().split("\n") == [*(f"line {n}" for n in range(1, 41)), ""]
    assert count.read_text() == "begun\n"


def done_at_last(host, step: str, text: str) -> tuple[bytes, object]:
    """As `done`, tried again as often as nothing was begun, and no more often."""
    for attempt in range(1, 100):
        running = Running(host, ordered(f"{step}.{attempt}", text))
        running.thread.join(30)
        if not isinstance(running.wrong, NotBegun):
            return running.output, running.end()
    raise AssertionError(step)


def cut_at_chance(machines: Machines, sshd, folder: Path, steps: int, seed: int) -> None:
    """Steps one after the other, while their connections are cut at any moment, also before they have begun."""
    chance = random.Random(seed)
    host = machines.host("there")
    over = threading.Event()

    def cuts() -> None:
        while not over.wait(chance.uniform(0.0, 0.8)):
            sshd.cut()

    cutter = threading.Thread(target=cuts)
    cutter.start()
    try:
        for step in range(steps):
            text = f"echo {step} >> {folder}/began; for n in $(seq 10); do echo $n; sleep 0.01; done; exit {step % 7}"
            output, ended = done_at_last(host, f"r{seed}/{step}", text)
            assert (ended.exit, output) == (step % 7, b"".join(b"%d\n" % n for n in range(1, 11))), (seed, step)
    finally:
        over.set()
        cutter.join(5)
    assert (folder / "began").read_text() == "".join(f"{step}\n" for step in range(steps)), seed


def test_no_cut_starts_a_step_twice_or_loses_a_line(machines, sshd, tmp_path):
    cut_at_chance(machines, sshd, tmp_path, steps=8, seed=4)


@pytest.mark.torture
def test_no_cut_of_many_starts_a_step_twice_or_loses_a_line(machines, sshd, tmp_path, record_property):
    record_property("tried", 300)
    cut_at_chance(machines, sshd, tmp_path, steps=300, seed=random.SystemRandom().randrange(10**6))


def test_the_program_there_may_be_killed_and_is_begun_again(machines, sshd):
    running = Running(machines.host("there"), ordered("r10/1.1", "for n in $(seq 20); do echo line $n; sleep 0.05; done"))
    running.printed(b"line 3\n")
    killed = sshd.programs()
    assert len(killed) == 1
    os.kill(killed.pop(), signal.SIGKILL)
    assert running.end().exit == 0
    assert running.output.count(b"line") == 20


def test_a_quiet_step_outlives_cuts_that_are_far_apart(sshd, tmp_path):
    machines = machines_of(sshd, tmp_path, patience_s=1.5)
    running = Running(machines.host("there"), ordered("r13/1.1", "sleep 5.2; echo over"))
    for _ in range(2):
        assert running.ended is None
        time.sleep(2.5)  # longer than a machine is looked for
        sshd.cut()
    assert running.end().exit == 0
    assert running.output == b"over\n"
    machines.close()


def test_a_connection_that_falls_silent_is_left_for_a_new_one(sshd, tmp_path):
    machines = machines_of(sshd, tmp_path, alive_s=0.2)
    running = Running(machines.host("there"), ordered("r4/1.1", "for n in $(seq 20); do echo line $n; sleep 0.05; done"))
    running.printed(b"line 3")
    stopped = sshd.sessions()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert running.end().exit == 0
        assert running.output.count(b"line") == 20
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        machines.close()


def test_a_step_outlives_the_runner_and_is_found_by_the_next(sshd, tmp_path):
    first = machines_of(sshd, tmp_path)
    go = tmp_path / "go"
    running = Running(first.host("there"), ordered("r5/1.1", f"echo one; until [ -e {go} ]; do sleep 0.02; done; echo two"))
    running.printed(b"one")
    first.close()
    second = machines_of(sshd, tmp_path)
    assert second.host("there").look("r5/1.1@there").state == "running"
    go.touch()
    parts = []
    ended = second.host("there").rejoin("r5/1.1@there", 4, lambda at, part: parts.append((at, part)))
    assert (ended.exit, parts[0][0], b"".join(part for _, part in parts)) == (0, 4, b"two\n")
    second.close()


@pytest.mark.parametrize(
    "text",
    [
        "trap '' TERM; echo up; while :; do sleep 0.1; done",
        "setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 0.1; done' & echo up; wait",
        "(setsid nohup sleep 300 >/dev/null 2>&1 &); echo up; sleep 300",
    ],
)
def test_cancelling_leaves_nothing_there(machines, text):
    host = machines.host("there")
    key = f"r6/{len(text)}.1"
    running = Running(host, ordered(key, text))
    running.printed(b"up")
    assert host.stop(f"{key}@there", 0.2) == ()
    assert children_of_marker(key) == []
    running.end()


def test_steps_on_one_host_share_its_connection_and_do_not_wait_for_one_another(machines, sshd, tmp_path):
    host = machines.host("there")
    before = sshd.sessions()
    waits = [Running(host, ordered(f"r7/{n}.1", f"echo up; until [ -e {tmp_path}/go ]; do sleep 0.02; done")) for n in range(8)]
    for each in waits:
        each.printed(b"up")
    assert len(sshd.sessions() - before) == 1
    (tmp_path / "go").touch()
    assert [each.end().exit for each in waits] == [0] * 8


def test_nothing_begins_on_a_host_that_shows_another_key(sshd, tmp_path):
    key = Path(sshd.folder / "authorized_keys").read_text()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {key}")
    machines = machines_of(sshd, tmp_path, known_hosts=str(tmp_path / "known_hosts"))
    began = time.monotonic()
    with pytest.raises(NotBegun, match="is not trusted"):
        machines.host("there").run(ordered("r8/1.1", f"touch {tmp_path}/ran"), lambda _at, _part: None)
    assert time.monotonic() - began < 5
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "there").exists()
    with pytest.raises(Failure):
        machines.host("there").look("r8/1.1@there")
    machines.close()


def test_nothing_begins_where_a_host_has_no_folder_to_remember_it(sshd, tmp_path):
    (tmp_path / "there").write_text("a file")
    machines = machines_of(sshd, tmp_path)
    with pytest.raises(NotBegun, match=r"there cannot be made: Not a directory|there cannot be made: File exists"):
        machines.host("there").run(ordered("r11/1.1", f"touch {tmp_path}/ran"), lambda _at, _part: None)
    assert not (tmp_path / "ran").exists()
    machines.close()


def test_a_host_that_cannot_be_reached_says_nothing_of_what_was_begun(sshd, tmp_path):
    machines = machines_of(sshd, tmp_path, known_hosts=str(tmp_path / "none"))
    for ask in (
        lambda host: host.rejoin("r12/1.1@there", 0, lambda _at, _part: None), lambda host: host.look("r12/1.1@there"),
        lambda host: host.stop("r12/1.1@there", 0.1), lambda host: host.fence("r12", 2),
    ):  # fmt: skip
        with pytest.raises(Failure, match="is not trusted") as told:
            ask(machines.host("there"))
        assert not isinstance(told.value, NotBegun)
    machines.close()


def test_a_host_that_is_not_in_the_inventory_is_refused_with_a_guess(machines):
    with pytest.raises(Refusal, match="Did you mean 'there'"):
        machines.host("theer")
    with pytest.raises(Refusal, match=r"Write web-9 = .* in \[hosts\]"):
        machines.host("web-9")


def test_the_inventory_knows_hosts_and_groups(machines):
    assert machines.names() == ("there", "other")
    assert (machines.members("all"), machines.members("none")) == (("there",), None)


def test_this_machine_is_a_host_too(machines):
    said = []
    ended = machines.host(LOCAL).run(
        Order(key="r9/1.1", epoch=1, script=Script("echo here")), lambda _at, part: said.append(part)
    )
    assert (ended.exit, b"".join(said)) == (0, b"here\n")
