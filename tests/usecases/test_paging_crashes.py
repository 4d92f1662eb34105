"""The engine that pages is killed at any moment, again and again: every owed page is sent, what was sent twice says so."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.usecases import paging_program

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger import page_events as events
from opsbook.ledger.event import verify
from opsbook.ledger.page import page_of, stream_of
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.ledger.views import VIEWS
from opsbook.usecases.ledger_ports import Timer, Write

PATIENCE_S = 40


def killed_again_and_again(folder: Path, kills: int, *, seed: int) -> None:
    chance = random.Random(seed)
    database, sent = folder / "opsbook.db", folder / "sent"
    ledger = SqliteLedger(str(database), views=VIEWS)
    pages: list[str] = []

    def opened(count: int) -> None:
        now, writes = datetime.now(UTC), []
        for _ in range(count):
            page = f"page-{len(pages)}"
            pages.append(page)
            level = PlannedLevel(1, 0.0, (f"person-{page}",), "")
            draft = events.page_opened(group=page, subject=page, severity="P1", service=None, alerts=("a",), place=None,
                                       policy=FrozenPolicy("p", "", 0, None, (level,)))  # fmt: skip
            writes.append(Write(stream_of(page), (draft,), 0, (Timer(stream_of(page), "level", now),)))
        ledger.record(writes, actor="router", at=now)

    def is_all_told() -> bool:
        return all(
            (row := ledger.row("pages", stream_of(page))) is not None
            and page_of(row).notifications != () and all(each.has_told for each in page_of(row).notifications)
            for page in pages
        )  # fmt: skip

    for number in range(kills + 1):
        opened(8)
        program = subprocess.Popen([sys.executable, "-m", paging_program.__name__, str(database), str(sent)])
        try:
            if number == kills:
                until = time.monotonic() + PATIENCE_S
                while not is_all_told():
                    assert time.monotonic() < until, "something that was owed was not sent"
                    time.sleep(0.02)
            else:  # it needs about 0.4 s to begin; the kill comes from just before that to when all is done
                time.sleep(chance.uniform(0.35, 1.1))
        finally:
            program.kill()
            program.wait()
    lines = sent.read_text().splitlines()
    counts = Counter(line.split(" ")[1].partition("@")[0].removeprefix("person-") for line in lines)
    assert set(counts) == set(pages), "every owed page was sent"
    assert len({line.split(" ")[0] for line in lines}) == len(lines), "no attempt was made twice under one name"
    for page in pages:
        row = ledger.row("pages", stream_of(page))
        assert row is not None
        (notification,) = page_of(row).notifications
        assert counts[page] <= len(notification.attempts), "what was sent was on record before"
        assert all(attempt.is_duplicate for attempt in notification.attempts[1:]), "what came twice says so"
    assert verify(ledger.after(0, 1_000_000)) == []
    ledger.close()


def test_every_page_is_sent_however_often_the_engine_is_killed(tmp_path):
    killed_again_and_again(tmp_path, 3, seed=1)


@pytest.mark.torture
def test_every_page_is_sent_through_hundreds_of_kills(tmp_path, record_property):
    kills = 250
    killed_again_and_again(tmp_path, kills, seed=time.time_ns())
    record_property("tried", kills)
