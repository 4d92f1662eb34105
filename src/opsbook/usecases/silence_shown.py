"""A silence as JSON and as words, for every door alike. Times are RFC 3339 in UTC. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from opsbook.book.matchers import matches, written
from opsbook.book.roster.calendar import zone_of
from opsbook.ledger.silence import Silence, state_of, window

MORNING = 9  # hours of the day, when work begins where nobody says otherwise
_WORKING = frozenset({"working hours", "next working hours", "working day", "next working day", "office hours"})


def silence_model(silence: Silence, now: datetime, matched: int) -> dict[str, Any]:
    """The silence; `begin` and `end` are of this time or the next one, and `matched` open alerts match it."""
    found = window(silence, now)
    return {
        "id": silence.id, "state": state_of(silence, now), "match": written(silence.matchers),
        "matchers": [
            {"name": each.name, "value": each.value, "is_regex": each.is_regex, "is_equal": each.is_equal}
            for each in silence.matchers
        ],
        "starts_at": _time(silence.starts_at), "ends_at": _time(silence.ends_at), "rule": silence.rule or None,
        "time_zone": silence.time_zone, "kind": silence.kind, "created_by": silence.created_by,
        "comment": silence.comment, "changed_at": _time(silence.changed_at), "remind_at": _time(silence.remind_at),
        "expired_at": _time(silence.expired_at), "expired_by": silence.expired_by or None,
        "begin": _time(found.begin) if found else None, "end": _time(found.end) if found else None, "matched": matched,
    }  # fmt: skip


def matched(silences: Iterable[Silence], alerts: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """By silence how many alerts match it, given the labels of each."""
    held = list(silences)
    counts = {each.id: 0 for each in held}
    for labels in alerts:
        for each in held:
            counts[each.id] += matches(each.matchers, labels)
    return counts


def next_working_hours(text: str, now: datetime, zone: str) -> datetime | None:
    """When work begins next, where a text asks for that: 09:00 on the next day from Monday to Friday; else None."""
    if " ".join(text.lower().split()) not in _WORKING:
        return None
    wall = zone_of(zone) or UTC
    local = now.astimezone(wall)
    day = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    while day <= local or day.weekday() > 4:
        day = (day.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=wall)
    return day.astimezone(UTC)


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at is not None else None
