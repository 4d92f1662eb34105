"""What was acknowledged of incidents before a kill -9 is there after it, whole; of two nodes none takes a number twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.usecases.incident_world import IncidentWorld, opened_at

from opsbook.ledger.event import verify
from opsbook.ledger.incident_events import NOTED, NUMBERS

PROGRAM = Path(__file__).with_name("declaring_program.py")


def begun(address: str, seed: str, *more: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(PROGRAM), address, seed, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


def acknowledged(program: subprocess.Popen[bytes], lines: int) -> list[list[str]]:
    """What a program said it had done, when it was killed after so many lines; of none it ends by itself."""
    assert program.stdout is not None
    with program.stdout as told:
        found = [told.readline() for _ in range(lines)]
        if lines:
            program.send_signal(signal.SIGKILL)
        found += told.readlines()
    program.wait()
    return [line.decode().split() for line in found if line.endswith(b"\n")]


def check(address: str, told: list[list[str]]) -> None:
    """All of it is there, and nothing is half there."""
    with closing(opened_at(address)) as ledger:
        world = IncidentWorld(ledger)
        found = {each.number: each for each in world.acts.select(limit=100_000)}
        claims = {
            int(stream.removeprefix(NUMBERS)): ledger.read(stream)[0].facts["incident"]
            for stream in ledger.streams(NUMBERS)
        }
        assert {number: each.id for number, each in found.items()} == claims
        for what, said, number in told:
            incident = found[int(number)]
            assert incident.title == said
            if what == "noted":
                notes = [event for event in ledger.read(f"incident/{incident.id}") if event.kind == NOTED]
                assert [event.facts["text"] for event in notes] == [said]
                assert world.acts.file(notes[0].facts["files"][0]["digest"]) == said.encode()
            if what == "resolved":
                assert incident.status == "Resolved"
        for incident in found.values():
            assert [world.read_alert(alert).incident for alert in incident.alerts] == [incident.number]
            assert world.refolded(incident) == world.row(incident)
        assert verify(ledger.after(0, 1_000_000)) == []


def killed_often(folder: Path, kills: int, chance: random.Random) -> None:
    address, told = str(folder / "opsbook.db"), list[list[str]]()
    for seed in range(kills):
        told += acknowledged(begun(address, f"s{seed}"), chance.randrange(1, 40))
    check(address, told)


def test_what_was_acknowledged_of_incidents_before_a_kill_is_there(tmp_path):
    killed_often(tmp_path, 2, random.Random(6))


@pytest.mark.torture
def test_what_was_acknowledged_of_incidents_before_hundreds_of_kills_is_there(
    tmp_path, record_property: Callable[[str, int], None]
):
    killed_often(tmp_path, 200, random.Random())
    record_property("tried", 200)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_nodes_that_declare_at_once_share_no_number(kind, tmp_path, request):
    address = str(tmp_path / "opsbook.db") if kind == "sqlite" else request.getfixturevalue("postgres_url")
    opened_at(address).close()
    nodes = [begun(address, name, "15") for name in ("a", "b")]
    told = [line for node in nodes for line in acknowledged(node, 0)]
    numbers = Counter(int(number) for what, _, number in told if what == "declared")
    assert sorted(numbers) == list(range(1, 31))
    assert set(numbers.values()) == {1}
    check(address, told)
