"""Inlets and heartbeats from the command line, beside whoever holds the same ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.stories.opsbook_program import asked, run, write

from opsbook.config import load
from opsbook.ledger.inbound import generic
from opsbook.usecases.senders import Senders
from opsbook.wire import build_ledger, build_senders


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write(tmp_path, {".git/HEAD": "", "docs/operations/README.md": "# Operations\n"}))
    for name in ("OPSBOOK_BOOK", "OPSBOOK_DB"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def senders(place: Path) -> Iterator[Senders]:
    """The senders as a server holds them."""
    config = load()
    with closing(build_ledger(config)) as ledger:
        yield build_senders(config, ledger)


def test_a_token_is_alone_on_standard_output_and_counts_on_the_running_server(place, senders):
    done = run("inlet", "add", "backups", "--kind", "generic", "--map", "summary=job.name", here=place)
    token = done.stdout.rstrip("\n")
    assert "Keep it now" in done.stderr
    source = senders.inlets.source_for("generic", token, name="backups", is_open=False)
    assert source is not None and senders.inlets.find("backups").mapping == {"summary": "job.name"}


def test_a_body_is_shown_as_it_came_and_received_again_after_its_mapping_was_mended(place, senders):
    senders.inlets.add("backups", "generic", "test")
    source = senders.inlets.source_for("generic", "", name="backups", is_open=True)
    assert source is not None
    raw = b'{"job": {"name": "nightly"}}'
    told = senders.receiving.receive(source, generic.parse(raw), raw)
    shown = run("inlet", "raw", told.batch, here=place)
    assert shown.stdout == raw.decode() + "\n" and "neither a title nor a message" in shown.stderr
    (listed,) = asked("inlet", "raw", "--slips", here=place)["bodies"]
    assert (listed["id"], listed["signals"], len(listed["slips"])) == (told.batch, 0, 1)
    senders.inlets.remap("backups", "test", {"summary": "job.name"})
    assert asked("inlet", "replay", told.batch, here=place)["signals"] == 1


def test_a_mapping_that_cannot_work_is_usage_and_adds_nothing(place, senders):
    done = run("inlet", "add", "x", "--kind", "generic", "--map", "summry=a", here=place)
    assert done.returncode == 2 and "Did you mean 'summary'" in done.stderr
    assert senders.inlets.all() == []


def test_a_heartbeat_is_put_and_listed(place, senders):
    done = run("heartbeat", "put", "backup", "--every", "1 day", "--grace", "2h", here=place)
    assert done.stdout == "'backup' is new; it calls at /inlets/heartbeats/backup\n"
    senders.heartbeats.beat("backup")
    (listed,) = json.loads(run("heartbeat", "list", "--format", "json", here=place).stdout)["heartbeats"]
    assert (listed["state"], listed["every_s"], listed["grace_s"]) == ("healthy", 86_400.0, 7_200.0)
