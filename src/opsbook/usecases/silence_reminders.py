"""Whoever made a silence that is still in force is told of it, by a page of their own: a forgotten one hides what is
wrong. Gives what is to be recorded; sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from opsbook.ledger import page_events as pages
from opsbook.ledger.alert import ALERT_VIEW, alert_of
from opsbook.ledger.matchers import written
from opsbook.ledger.page import PAGE_VIEW, page_of
from opsbook.ledger.page import stream_of as stream_of_page
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.ledger.silence import Silence, state_of, stream_of
from opsbook.ledger.view import Kept
from opsbook.usecases.ledger_ports import EngineLedger, Timer, Write
from opsbook.usecases.paged_groups import LEVEL
from opsbook.usecases.silences import Silences

SEVERITY = "P3"  # it waits for the morning
_AT_ONCE = 500  # rows read at a time


def reminding(
    ledger: EngineLedger, silences: Silences, silence: Silence, *, page: str, now: datetime
) -> list[Write]:
    """What is recorded when it is time to remind the maker of a silence."""
    count = sum(1 for _ in _silent_by(ledger, silence))
    until = f"{silence.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    alerts = "one open alert is" if count == 1 else f"{count or 'no'} open alerts are"
    subject = f"Your silence of {written(silence.matchers)} holds until {until}; {alerts} silent by it"
    writes = [silences.reminded(silence, count, subject)]
    if state_of(silence, now) == "expired" or _open_page(ledger, silence) is not None:
        return writes
    level = PlannedLevel(1, 0.0, (silence.created_by,), "whoever made the silence")
    policy = FrozenPolicy(
        "Reminder of a silence", "", 0, None, (level,), why=f"{silence.created_by} made the silence {silence.id}."
    )  # fmt: skip
    opened = pages.page_opened(
        group=stream_of(silence.id), subject=subject[:300], severity=SEVERITY, service=None, alerts=(), policy=policy,
        place=None,
    )  # fmt: skip
    stream = stream_of_page(page)
    return [*writes, Write(stream, [opened], 0, [Timer(stream, LEVEL, now)])]


def forgotten(ledger: EngineLedger, silence: Silence, now: datetime) -> list[Write]:
    """What ends the reminder of a silence that is over."""
    kept = _open_page(ledger, silence) if state_of(silence, now) == "expired" else None
    if kept is None:
        return []
    page = page_of(kept)
    stream = stream_of_page(page.id)
    done = pages.page_done("resolved", "The silence is over.")
    return [Write(stream, [done], page.number, [Timer(stream, LEVEL, now)])]


def _open_page(ledger: EngineLedger, silence: Silence) -> Kept | None:
    kept = ledger.latest(PAGE_VIEW.name, [stream_of(silence.id)]).get(stream_of(silence.id))
    return kept if kept is not None and kept.row.is_open else None


def _silent_by(ledger: EngineLedger, silence: Silence) -> Iterator[str]:
    before: int | None = None
    while rows := ledger.rows(ALERT_VIEW.name, is_open=True, before=before, limit=_AT_ONCE):
        yield from (row.stream for row in rows if stream_of(silence.id) in alert_of(row).suppressed_by)
        before = rows[-1].first
