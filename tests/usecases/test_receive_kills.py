"""Whatever was acknowledged before a kill -9 is there after it, whole: the event, the bytes and the timer."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger.event import verify
from opsbook.ledger.signal import BATCHES, batch_of
from opsbook.ledger.views import VIEWS
from opsbook.usecases.receive import RAW

PROGRAM = Path(__file__).with_name("receiving_program.py")


def acknowledged_until_killed(file: Path, seed: int, lines: int) -> dict[str, str]:
    """What a program that received said it had taken, by batch, when it was killed."""
    program = subprocess.Popen([sys.executable, str(PROGRAM), str(file), str(seed)], stdout=subprocess.PIPE)
    assert program.stdout is not None
    with program.stdout as told:
        found = [told.readline() for _ in range(lines)]
        program.send_signal(signal.SIGKILL)
        found += told.readlines()
    program.wait()
    whole = [tuple(line.decode().split()) for line in found if line.endswith(b"\n")]
    return dict(whole)


def check(file: Path, acknowledged: dict[str, str]) -> None:
    """All of it is there, and nothing is half there."""
    with closing(SqliteLedger(str(file), views=VIEWS)) as ledger:
        events = {event.stream: event for event in ledger.after(0, 1_000_000) if event.stream.startswith(BATCHES)}
        due = {timer.stream for timer in ledger.due(1_000_000, BATCHES)}
        raw = {name.removeprefix(RAW) for name in ledger.attachments(RAW, limit=1_000_000)}
        assert verify(ledger.after(0, 1_000_000)) == []
        assert {stream.removeprefix(BATCHES) for stream in events} == {stream.removeprefix(BATCHES) for stream in due} == raw
        for batch, number in acknowledged.items():
            assert batch_of(events[BATCHES + batch]).signals[0].labels["n"] == number


def killed_often(folder: Path, kills: int, chance: random.Random) -> None:
    file, acknowledged = folder / "opsbook.db", dict[str, str]()
    for seed in range(kills):
        acknowledged |= acknowledged_until_killed(file, seed, chance.randrange(1, 60))
    check(file, acknowledged)


def test_what_was_acknowledged_before_a_kill_is_there(tmp_path):
    killed_often(tmp_path, 2, random.Random(5))


@pytest.mark.torture
def test_what_was_acknowledged_before_hundreds_of_kills_is_there(tmp_path, record_property: Callable[[str, int], None]):
    killed_often(tmp_path, 300, random.Random())
    record_property("tried", 300)
