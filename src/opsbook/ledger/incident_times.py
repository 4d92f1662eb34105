"""Times as people tell them: refused at the door where nobody can mean them, and bounded where they are read.

What stands in a ledger already breaks nothing: whoever adds half an hour to a time, or tells it in another zone, may do
so with every time that a fold gives.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from opsbook.ground.errors import Usage

AHEAD = timedelta(minutes=1)  # by how much a clock may be ahead of ours
LONGEST = timedelta(days=3653)  # ten years: nobody declares what began before
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2500, 1, 1, tzinfo=UTC)


def passed(at: datetime, now: datetime, declared_at: datetime | None = None) -> datetime:
    """A time that people tell, in UTC. Raises Usage for one of no zone, in the future, or long before it was declared
    (without `declared_at` that is now)."""
    if at.tzinfo is None:
        raise Usage(f"{_told(at)} may be of any zone. Say which, as in {at.isoformat()[:16]}Z.")
    if at > now + AHEAD:
        raise Usage(f"{_told(at)} UTC is in the future: it is {_told(now)} UTC.")
    first = max(EARLIEST, bounded(declared_at or now) - LONGEST)
    if at < first:
        raise Usage(f"{_told(at)} UTC cannot be meant: the earliest that can be said here is {_told(first)} UTC.")
    return at.astimezone(UTC)


def bounded(at: datetime) -> datetime:
    """A time that stands somewhere already, in UTC, no earlier than 1970 and no later than 2500."""
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(aware, _FIRST), _LAST).astimezone(UTC)


def _told(at: datetime) -> str:
    try:
        shown = at.astimezone(UTC) if at.tzinfo is not None else at
    except OverflowError:
        shown = at
    return shown.isoformat(" ", "seconds")[:19]
