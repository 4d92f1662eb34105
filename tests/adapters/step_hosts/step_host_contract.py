"""What every machine that steps are done on must do, whatever the way to it. A test module gives fixtures `host` (a StepHost)
and `runs` (the folder where it keeps what it remembers, as seen from here), and takes the facts in by `*`."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from opsbook.book.plan import Script
from opsbook.ground.errors import Fenced, Refusal
from opsbook.usecases.run_ports import Ended, Order, StepHost

_NUMBERS = itertools.count(1)
DEADLINE_S = 20.0


def order(text: str, *, run: str = "run-a", epoch: int = 1, limit_s: float | None = None, **more) -> Order:
    """An order with a key of its own; `more` are of the script, save environment, secrets and cwd."""
    given = {name: more.pop(name) for name in ("environment", "secrets", "cwd", "key") if name in more}
    given.setdefault("key", f"{run}/1.{next(_NUMBERS)}")
    return Order(epoch=epoch, script=Script(text, **more), limit_s=limit_s, **given)


def done(host: StepHost, text: str, **more) -> tuple[Ended, bytes]:
    """What became of it, and all that was told."""
    told = Told()
    return host.run(order(text, **more), told), told.text


class Told:
    """Output as it comes; each part must begin where the last one ended."""

    def __init__(self, at: int = 0) -> None:
        self.begin = at
        self.text = b""

    def __call__(self, offset: int, part: bytes) -> None:
        assert offset == self.begin + len(self.text)
        self.text += part


class Running:
    """A command that runs in a thread of its own, and has printed `up`."""

    def __init__(self, host: StepHost, given: Order, until: bytes = b"up\n") -> None:
        self.order = given
        self.told = Told()
        self.ended: Ended | None = None
        self.wrong: Exception | None = None
        self._host = host
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        wait_for(lambda: until in self.told.text or self.ended or self.wrong)

    def _run(self) -> None:
        try:
            self.ended = self._host.run(self.order, self.told)
        except Exception as wrong:
            self.wrong = wrong

    def finish(self) -> Ended:
        """Waits for its end."""
        self._thread.join(DEADLINE_S)
        if self.wrong:
            raise self.wrong
        assert self.ended is not None, "it has not ended"
        return self.ended


def wait_for(is_so) -> None:
    """Waits until something is so."""
    until = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < until, "it never became so"
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    """True where something runs under that number and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_command_is_done_and_its_output_told(host):
    ended, said = done(host, 'echo "hello"; printf "no end of line"')
    assert (ended.outcome, ended.exit, said) == ("finished", 0, b"hello\nno end of line")
    assert ended.output_bytes == len(said)
    assert ended.started_at <= ended.ended_at


def test_both_outputs_are_one(host):
    assert done(host, "echo a; echo b >&2; echo c")[1] == b"a\nb\nc\n"


@pytest.mark.parametrize(
    ("text", "more", "exit_code"),
    [("false\necho on", {}, 1), ("false | cat", {}, 1), ("echo $UNSET_HERE", {}, 1), ("exit 7", {}, 7),
     ("false\ntrue", {"strict": False}, 0), ("kill -9 $$", {}, 137), ("if", {}, 2)],
)  # fmt: skip
def test_a_failing_line_fails_the_command_unless_it_is_not_strict(host, text, more, exit_code):
    ended, said = done(host, text, **more)
    assert (ended.outcome, ended.exit) == ("finished", exit_code)
    assert b"on\n" not in said


@pytest.mark.parametrize(
    "value", ["'; touch {x} #", "$(touch {x})", "`touch {x}`", "a\nb\n\n", "ünïcödé 😀", '"\\', "  ", "", "-e x", "*",
              "a" * 1_000_000 + "\n"],
)  # fmt: skip
def test_a_value_is_nothing_but_a_value(host, value, tmp_path):
    value = value.replace("{x}", str(tmp_path / "x"))
    ended, said = done(host, 'printf "%s" "$VALUE"', environment={"VALUE": value})
    assert (ended.exit, said) == (0, value.encode())
    assert not (tmp_path / "x").exists()


def test_a_command_has_a_constructed_environment_and_no_input(host, monkeypatch):
    monkeypatch.setenv("OF_THE_SERVER", "x")
    said = done(host, "env; echo READ; cat; tty || true", environment={"A": "1"})[1].decode()
    names = {line.partition("=")[0] for line in said.partition("READ")[0].splitlines()}
    assert {"A", "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "PAGER", "GIT_PAGER", "SYSTEMD_PAGER"} <= names
    assert "OF_THE_SERVER" not in names
    assert {"OPSBOOK_STEP", "OPSBOOK_TARGET"} <= names
    assert "\nnot a tty" in said


@pytest.mark.parametrize(
    ("language", "text"),
    [("sh", 'echo "$0" | grep -c cmd; echo "$A"'), ("python", "import os; print(1); print(os.environ['A'])")],
)
def test_other_languages_are_done_alike(host, language, text):
    ended, said = done(host, text, language=language, environment={"A": "a b"})
    assert (ended.exit, said) == (0, b"1\na b\n")


def test_the_folder_and_exported_variables_are_known_at_the_end(host, tmp_path):
    text = f'cd {tmp_path}\nexport B="x\ny" C=\'$(id)`\'; export A=2; D=no; export GIVEN; unset HOME\nexit 0'
    ended, _ = done(host, text, environment={"A": "1", "GIVEN": "same"})
    assert ended.cwd == str(tmp_path)
    assert ended.exports == {"A": "2", "B": "x\ny", "C": "$(id)`"}


def test_a_trap_of_the_command_runs_too(host, tmp_path):
    ended, said = done(host, f"trap 'echo bye' EXIT\nset -x\ncd {tmp_path}\nexport X=1", cwd="/")
    assert said.endswith(b"bye\n")
    assert b"opsbook" not in said
    assert (ended.cwd, ended.exports) == (str(tmp_path), {"X": "1"})


def test_a_folder_that_is_not_there_is_a_command_that_never_started(host):
    ended, _ = done(host, "echo x", cwd="/not/there")
    assert ended.outcome == "never-started"
    assert "/not/there" in ended.why


def test_a_secret_is_in_no_output_and_no_file(host, runs):
    ended, said = done(
        host, 'echo "it is $S."; printf %s "$S" | base64; export KEPT="<$S>" FREE=1; for c in h u; do printf $c; done',
        secrets={"S": "hunter2-and-more"},
    )  # fmt: skip
    assert said.startswith(b"it is [secret S].\n[secret S]")
    assert ended.redactions == 2
    assert (ended.exports, ended.secret_exports) == ({"FREE": "1"}, ("KEPT",))
    assert ended.secret_values == {"KEPT": "<hunter2-and-more>"}  # whoever followed it is told, in memory
    for path in runs.rglob("*"):
        if path.is_file():
            assert b"hunter2" not in path.read_bytes()


def test_exported_secrets_of_any_length_are_told_to_whoever_started_it_alone(host):
    given = order('for n in 1 2 3; do export "E$n=$S$S$S"; echo $n; done', secrets={"S": "eis\n" * 9000})
    assert host.run(given, Told()).secret_values == {f"E{n}": "eis\n" * 27000 for n in (1, 2, 3)}
    again = host.rejoin(given.key, 0, Told())
    assert (again.secret_exports, again.secret_values) == (("E1", "E2", "E3"), {})
    assert host.run(order("export E=1 S"), Told()).exports == {"E": "1"}  # nothing of it comes with the next


def test_a_key_is_started_once(host):
    given = order("echo x")
    host.run(given, Told())
    with pytest.raises(Refusal):
        host.run(given, Told())


def test_a_stale_epoch_is_refused_for_ever(host):
    host.fence("fenced", 5)
    host.fence("fenced", 3)
    with pytest.raises(Fenced):
        host.run(order("echo x", run="fenced", epoch=4), Told())
    assert done(host, "echo x", run="fenced", epoch=5)[0].exit == 0


def test_a_look_knows_what_is_absent_running_and_ended(host):
    assert host.look("nothing/1.1").state == "absent"
    running = Running(host, order("echo up; sleep 60"))
    assert host.look(running.order.key).state == "running"
    assert host.stop(running.order.key, 0.1) == ()
    assert running.finish().outcome == "killed"
    seen = host.look(running.order.key)
    assert (seen.state, seen.ended.outcome) == ("ended", "killed")


def test_who_comes_later_reads_on_from_any_place(host):
    running = Running(host, order("echo up; sleep 0.3; echo down; exit 3"))
    late = Told(3)
    assert host.rejoin(running.order.key, 3, late).exit == 3
    assert late.text == b"down\n"
    again = Told()
    assert host.rejoin(running.order.key, 0, again).exit == 3
    assert again.text == b"up\ndown\n"


def test_what_takes_too_long_is_ended(host):
    ended, said = done(host, "echo up; sleep 60", limit_s=0.3)
    assert (ended.outcome, said, ended.left) == ("timed-out", b"up\n", ())


_ESCAPEES = {
    "ignores TERM": "trap '' TERM; echo $$; echo up; while :; do sleep 60 || :; done",
    "setsid": "setsid -f bash -c 'echo $BASHPID; exec sleep 61'; sleep 0.2; echo up; sleep 60",
    "double fork": "( ( trap '' TERM HUP; echo $BASHPID; exec sleep 61 ) & ) ; sleep 0.2; echo up; sleep 60",
    "stopped": "echo $$; echo up; kill -STOP $$",
}


@pytest.mark.parametrize("kind", _ESCAPEES)
def test_nothing_escapes_a_stop(host, kind):
    running = Running(host, order(_ESCAPEES[kind]))
    pid = int(running.told.text.split()[0])
    assert is_alive(pid)
    assert host.stop(running.order.key, 0.2) == ()
    assert not is_alive(pid)
    assert running.finish().outcome == "killed"


def test_what_a_command_leaves_behind_goes_on_and_can_still_be_ended(host):
    given = order("sleep 62 >/dev/null 2>&1 & echo $!")
    told = Told()
    ended = host.run(given, told)
    pid = int(told.text)
    assert (ended.outcome, ended.exit, is_alive(pid)) == ("finished", 0, True)
    assert host.stop(given.key, 0.2) == ()
    assert not is_alive(pid)


def test_a_command_of_the_background_goes_on(host):
    given = order("echo $$; exec sleep 64", background=True)
    told = Told()
    ended = host.run(given, told)
    pid = int(told.text)
    assert (ended.outcome, ended.exit, is_alive(pid)) == ("finished", 0, True)
    assert host.stop(given.key, 0.2) == ()
    assert not is_alive(pid)


def test_a_command_of_the_background_that_fails_at_once_has_failed(host):
    assert done(host, "exit 9", background=True)[0].exit == 9


def test_a_shim_that_was_killed_leaves_a_doubt_and_a_stop_still_ends_all(host, runs):
    running = Running(host, order("echo $$; echo up; setsid -f sleep 63; sleep 60"))
    pid = int(running.told.text.split()[0])
    kill_shim(runs, running.order.key)
    ended = running.finish()
    assert ended.outcome == "lost"
    assert str(pid) in ended.why
    look = host.look(running.order.key)
    assert (look.state, f"{pid} bash" in look.alive) == ("lost", True)
    assert host.stop(running.order.key, 0.2) == ()
    assert not is_alive(pid)
    assert host.look(running.order.key).alive == ()


def kill_shim(runs: Path, key: str) -> None:
    """kill -9 to what watches over a key."""
    import json

    os.kill(json.loads((runs / key / "pid").read_text())["shim"], signal.SIGKILL)


@pytest.mark.parametrize("text", ["exec >&- 2>&-; true", "kill -9 $PPID; sleep 60", "head -c 5000 /dev/urandom"])
def test_strange_ends_are_ends(host, text):
    ended, _ = done(host, text)
    assert ended.outcome == ("lost" if "PPID" in text else "finished")


def test_crlf_is_lf(host):
    assert done(host, r"printf 'a\r\nb\r'; sleep 0.1; printf '\nc\rd\r'")[1] == b"a\nb\nc\rd\r"


def test_many_commands_side_by_side_are_told_apart(host):
    found: dict[int, bytes] = {}

    def one(number: int) -> None:
        found[number] = done(host, f"for i in 1 2 3; do echo {number}; sleep 0.02; done")[1]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(DEADLINE_S)
    assert found == {number: f"{number}\n".encode() * 3 for number in range(8)}
