"""What is measured of paging, over the pages that began last: how many, how they went, how fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.alert import stream_of as alert_stream
from opsbook.ledger.page import Page, page_of
from opsbook.ledger.signal import BATCHES
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.paging_audit import Audit, audit

LATEST = 200  # pages that are looked at, whatever their age
TIMED = 50  # of these, those whose way from the sender is looked up
OPEN = 1000


class Measured(Struct, frozen=True):
    """What is measured: open pages by severity, notifications by their state, seconds from what was received to the
    first attempt, and for how long the oldest notification is owed that was due by now."""

    audit: Audit
    is_open: Mapping[str, int]
    states: Mapping[str, int]
    first_attempt_s: tuple[float, ...]
    oldest_owed_s: float

    @property
    def delivered(self) -> float | None:
        """Which part of the notifications that came to an end came through; None where none has ended."""
        told = sum(self.states.get(state, 0) for state in ("accepted", "delivered", "read", "bundled"))
        ended = told + self.states.get("failed", 0)
        return told / ended if ended else None


def measured(ledger: EngineLedger, now: datetime) -> Measured:
    """All of it. Raises Failure where the ledger cannot be read."""
    latest = [page_of(row) for row in ledger.rows("pages", limit=LATEST)]
    is_open = [page_of(row) for row in ledger.rows("pages", is_open=True, limit=OPEN)]
    states: Counter[str] = Counter(each.state for page in latest for each in page.notifications)
    times = tuple(time for page in latest[:TIMED] if (time := _first_attempt_s(ledger, page)) is not None)
    return Measured(
        audit(ledger, now), Counter(page.severity for page in is_open), states, times,
        max((now - due).total_seconds() for due in [now, *_owed(is_open, now)]),
    )  # fmt: skip


def _owed(pages: list[Page], now: datetime) -> Iterator[datetime]:
    for page in pages:
        for each in page.notifications:
            if not each.has_ended and each.owed.due < now:
                yield each.owed.due


def _first_attempt_s(ledger: EngineLedger, page: Page) -> float | None:
    """From what was received of a page's first alert to the first attempt; from its beginning where nothing was."""
    attempts = [attempt.at for each in page.notifications for attempt in each.attempts]
    if not attempts:
        return None
    began = page.opened_at
    for alert in (*page.gone, *page.alerts)[:1]:
        fired = ledger.read(alert_stream(alert))
        batch = fired[0].facts.get("batch") if fired else None
        received = ledger.read(BATCHES + batch.removeprefix(BATCHES)) if batch else []
        began = min(began, received[0].at) if received else began
    return max((min(attempts) - began).total_seconds(), 0.0)
