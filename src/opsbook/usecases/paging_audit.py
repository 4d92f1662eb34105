"""The audit of the engine that pages, from the ledger alone: what is late, and whether anybody works at all. Cheap on
purpose, for an auditor that is too slow is switched off: it asks for the oldest timer, for one beat, and for the open
pages that began last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.ledger.page import PAGE_VIEW, page_of
from opsbook.ledger.page_events import PAGES
from opsbook.ledger.signal import BATCHES
from opsbook.usecases.ledger_ports import EngineLedger, Sighting

BEAT = "engine/pager"  # the sighting by which the engine says that it goes round
LATE_S = 30.0  # what is due for longer is late: all of it is done at once, or within a retry
SILENT_S = 30.0  # without a beat
MOST_TOLD = 5
_IN_VAIN = ("failed", "cancelled")
MOST_PAGES = 50  # open pages that are looked at


class Audit(Struct, frozen=True):
    """How paging is. `cycles` counts how often the engine went round, `beat_at` is when it said so last, by whom;
    `oldest_batch_s` for how long what was received waits to be routed, `oldest_page_s` for how long a page waits to be
    moved on. `troubles` are sentences, and empty when all is well."""

    at: datetime
    cycles: int
    beat_at: datetime | None
    leader: str
    oldest_batch_s: float
    oldest_page_s: float
    troubles: tuple[str, ...]


def audit(ledger: EngineLedger, now: datetime) -> Audit:
    """How paging is now. Raises Failure where the ledger cannot be read."""
    beat = ledger.sighted([BEAT]).get(BEAT)
    told = _told(beat)
    batch_s, page_s = _oldest_s(ledger, BATCHES, now), _oldest_s(ledger, PAGES, now)
    troubles = [*_silence(beat, now), *told.get("troubles", [])]
    if batch_s > LATE_S:
        troubles.append(f"What was received {_long(batch_s)} ago is not routed yet.")
    if page_s > LATE_S:
        troubles.append(f"A page was due {_long(page_s)} ago and was not looked at.")
    troubles += _reaching_nobody(ledger, now)
    return Audit(
        now, beat.count if beat else 0, beat.at if beat else None, told.get("owner", ""), batch_s, page_s,
        tuple(troubles),
    )  # fmt: skip


def silence(ledger: EngineLedger, now: datetime) -> str:
    """That nobody pages or sends now, and since when; empty where an engine goes round."""
    return " ".join(_silence(ledger.sighted([BEAT]).get(BEAT), now))


def _silence(beat: Sighting | None, now: datetime) -> list[str]:
    if beat is None:
        return ["Nothing pages yet: no engine has gone round."]
    silent_s = (now - beat.at).total_seconds()
    return [f"Nothing has paged for {_long(silent_s)}: no engine goes round."] if silent_s > SILENT_S else []


def _reaching_nobody(ledger: EngineLedger, now: datetime) -> list[str]:
    """The open pages of which no message arrived or is on its way, a sentence for each."""
    pages = (page_of(kept) for kept in ledger.rows(PAGE_VIEW.name, is_open=True, limit=MOST_PAGES))
    return [
        f"Page {page.id} ({page.severity} {page.subject}) has reached nobody: {page.why or 'no message is on its way.'}"
        for page in pages
        if page.state == "active" and page.reached and (now - page.opened_at).total_seconds() > LATE_S
        and all(each.state in _IN_VAIN for each in page.notifications)
    ][:MOST_TOLD]  # fmt: skip


def _told(beat: Sighting | None) -> dict[str, Any]:
    try:
        told = json.loads(beat.mark) if beat is not None and beat.mark else {}
    except ValueError:
        told = {}
    return told if isinstance(told, dict) else {}


def _oldest_s(ledger: EngineLedger, prefix: str, now: datetime) -> float:
    due = ledger.due(1, prefix)
    return max((now - due[0].due).total_seconds(), 0.0) if due else 0.0


def _long(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"


class Beating:
    """Says for the engine that it went round; `cycles` tells how often so far, `troubles` what is broken in it."""

    def __init__(
        self, ledger: EngineLedger, *, owner: str, now: Callable[[], datetime], troubles: Callable[[], Sequence[str]]
    ) -> None:
        self._ledger = ledger
        self._owner = owner
        self._now = now
        self._troubles = troubles
        self._told = 0

    def beat(self, cycles: int) -> None:
        """Says it."""
        mark = json.dumps({"owner": self._owner, "troubles": [each[:300] for each in self._troubles()][:MOST_TOLD]})
        self._ledger.sight([Sighting(BEAT, self._now(), None, cycles - self._told, mark)])
        self._told = cycles
