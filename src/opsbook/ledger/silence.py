"""Silences as values: what is silent when, folded from their events, and the view of all of them. Asks no clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger import silence_events as kinds
from opsbook.ledger.event import Event
from opsbook.ledger.matchers import Matcher as Matcher
from opsbook.ledger.recurrence import begins
from opsbook.ledger.silence_events import SILENCES as SILENCES
from opsbook.ledger.view import Kept, Row, View

SilenceState = Literal["pending", "active", "expired"]
LONG = timedelta(hours=24)  # one that holds longer is easily forgotten, so its maker is reminded
REMIND_BEFORE = timedelta(hours=1)
REMIND_EVERY = timedelta(days=7)


class Silence(Struct, frozen=True):
    """Alerts that match all of `matchers` wake nobody from `starts_at` to `ends_at`, or each time that `rule` (an RRULE
    of RFC 5545) makes it begin again for as long. `kind` maintenance is one that was planned."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    changed_at: datetime
    rule: str = ""
    time_zone: str = "UTC"
    kind: str = "silence"
    remind_at: datetime | None = None
    reminded_at: datetime | None = None
    expired_at: datetime | None = None
    expired_by: str = ""
    annotations: dict[str, str] = {}
    number: int = 0


class Window(Struct, frozen=True, order=True):
    """A stretch of time in which a silence holds; its end is not within it."""

    begin: datetime
    end: datetime


def stream_of(silence: str) -> str:
    """The stream of a silence."""
    return SILENCES + silence


def window(silence: Silence, at: datetime) -> Window | None:
    """The stretch in which it holds at an instant, else the next one; None where there is none any more."""
    if silence.expired_at is not None:
        return None
    if not silence.rule:
        return Window(silence.starts_at, silence.ends_at) if at < silence.ends_at else None
    length = silence.ends_at - silence.starts_at
    # What begins exactly a length ago has just ended.
    since = max(at - length + timedelta.resolution, silence.starts_at)
    begin = next(begins(silence.rule, silence.starts_at, silence.time_zone, since), None)
    return Window(begin, begin + length) if begin is not None else None


def state_of(silence: Silence, at: datetime) -> SilenceState:
    """Whether it holds at an instant, will hold, or will never hold any more."""
    found = window(silence, at)
    if found is None:
        return "expired"
    return "active" if found.begin <= at else "pending"


def next_reminder(silence: Silence, at: datetime) -> datetime | None:
    """When its maker is to be reminded of it, None where never: when they asked for it, and of a long one an hour
    before it ends and each week that it holds. One that recurs for ever is never over, so each fourth week."""
    if silence.expired_at is not None:
        return None
    if silence.remind_at is not None and silence.reminded_at is None:
        return silence.remind_at
    last = max(silence.reminded_at or silence.starts_at, silence.starts_at)
    if silence.rule:
        return last + 4 * REMIND_EVERY
    if silence.ends_at - silence.starts_at < LONG:
        return None
    before_end = silence.ends_at - REMIND_BEFORE
    return min(last + REMIND_EVERY, before_end) if last < before_end else None


def folded(events: Iterable[Event], before: Silence | None = None) -> Silence | None:
    """The silence after these events, None before its first."""
    silence = before
    for event in events:
        silence = after(silence, event)
    return silence


def after(silence: Silence | None, event: Event) -> Silence | None:
    """The silence after one more event; an event that is not known changes only its number."""
    facts = event.facts
    if event.kind in (kinds.SILENCE_ADDED, kinds.SILENCE_CHANGED):
        return _set(event)
    if silence is None:
        return None
    if event.kind == kinds.SILENCE_REMINDED:
        return replace(silence, reminded_at=event.at, number=event.number)
    if event.kind == kinds.SILENCE_EXPIRED:
        at = datetime.fromisoformat(facts["at"])
        return replace(silence, expired_at=at, expired_by=facts["by"], changed_at=event.at, number=event.number)
    return replace(silence, number=event.number)


def silence_of(kept: Kept) -> Silence:
    """The silence that a row of the view holds."""
    return msgspec.convert(kept.row.document, Silence)


def _set(event: Event) -> Silence:
    known: dict[str, Any] = {"id": event.stream.removeprefix(SILENCES), "changed_at": event.at.isoformat(),
                             "number": event.number}  # fmt: skip
    return msgspec.convert({**event.facts, **known}, Silence)


def _row(row: Row | None, event: Event) -> Row | None:
    silence = after(msgspec.convert(row.document, Silence) if row is not None else None, event)
    if silence is None:
        return None
    return Row(silence.expired_at is None, "", msgspec.to_builtins(silence))


SILENCE_VIEW = View("silences", 1, SILENCES, _row)
