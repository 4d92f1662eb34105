"""The process that keeps the one that answers and the one that runs steps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PATIENCE_S = 20
PROGRAM = """
import os, signal, sys, threading
from opsbook.entrypoints.supervisor import Supervisor

def waits(name, and_then=lambda: None):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    print(name, os.getpid(), flush=True)
    and_then()
    stop.wait()
    print(name, "stopped", flush=True)

def fails(ready, is_first):
    raise ValueError("no address")

def answers(ready, is_first):
    waits("answers" if is_first else "again", ready)

def report(wrong):
    print("told:", wrong, flush=True)
    return 4

sys.exit(Supervisor(fails if "fails" in sys.argv else answers, {"what runs steps": lambda: waits("runs")}, report).run())
"""


@pytest.fixture
def supervised() -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield started
    started.kill()
    started.communicate(timeout=PATIENCE_S)


def child(started: subprocess.Popen[str], name: str) -> int:
    """The number of the child that tells its name next."""
    told, number = started.stdout.readline().split()
    assert told == name
    return int(number)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def is_gone(number: int) -> bool:
    """Whether no process has the number any more, or one that nobody has buried yet."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_both_stop_when_it_is_told_to(supervised):
    child(supervised, "answers"), child(supervised, "runs")
    supervised.terminate()
    said, wrong = supervised.communicate(timeout=PATIENCE_S)
    assert sorted(said.splitlines()) == ["answers stopped", "runs stopped"]
    assert (supervised.returncode, wrong) == (0, "")


def test_what_runs_steps_is_started_again_when_it_is_killed(supervised):
    child(supervised, "answers")
    first = child(supervised, "runs")
    os.kill(first, signal.SIGKILL)
    assert child(supervised, "runs") != first
    supervised.terminate()
    _, wrong = supervised.communicate(timeout=PATIENCE_S)
    assert "what runs steps ended with 137; it starts again in 0.5 s." in wrong


def test_neither_outlives_a_supervisor_that_is_killed(supervised):
    children = [child(supervised, "answers"), child(supervised, "runs")]
    supervised.kill()
    for number in children:
        wait_until(lambda number=number: is_gone(number))


def test_whoever_answers_is_started_again_while_the_others_go_on(supervised):
    answering, running = child(supervised, "answers"), child(supervised, "runs")
    os.kill(answering, signal.SIGKILL)
    assert child(supervised, "again") != answering
    assert not is_gone(running)
    supervised.terminate()
    said, wrong = supervised.communicate(timeout=PATIENCE_S)
    assert sorted(said.splitlines()) == ["again stopped", "runs stopped"]
    assert (supervised.returncode, wrong) == (0, "opsbook: what answers the web ended with 137; it starts again in 0.5 s.\n")


def test_it_stops_though_nobody_answers_just_now(supervised):
    answering, running = child(supervised, "answers"), child(supervised, "runs")
    os.kill(answering, signal.SIGKILL)
    assert "it starts again" in supervised.stderr.readline()
    supervised.terminate()
    assert supervised.wait(timeout=PATIENCE_S) == 0
    assert is_gone(running)


def test_what_cannot_begin_is_told_and_nothing_runs():
    done = subprocess.run([sys.executable, "-c", PROGRAM, "fails"], capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stdout) == (4, "told: no address\n")
