"""The silences of Alertmanager's API, version 2, as amtool and karma list, make and expire them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from opsbook.book.matchers import Matcher
from opsbook.entrypoints.inlets.alertmanager_api import Unread, matchers_in, moment, operation, switches, wrong
from opsbook.entrypoints.inlets.receiving import Asks
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage
from opsbook.ledger.silence import Silence, state_of, window
from opsbook.usecases.silences import Silences

_STATES = ("active", "pending", "expired")


class _Asked(Struct):
    """A matcher as it is posted."""

    name: str
    value: str
    is_regex: bool = field(name="isRegex", default=False)
    is_equal: bool | None = field(name="isEqual", default=None)


class _Posted(Struct):
    """A silence as it is posted."""

    matchers: list[_Asked]
    starts_at: datetime = field(name="startsAt")
    ends_at: datetime = field(name="endsAt")
    created_by: str = field(name="createdBy")
    comment: str
    id: str | None = None
    annotations: dict[str, str] | None = None


@operation("/api/v2/silences")
def silences(request: Asks) -> list[dict[str, Any]]:
    """The silences that are wanted: active ones first, the next to end before the others; then those to come, the next
    to begin first; then those that are over, the last first."""
    wants = switches(request, _STATES)
    now = desk_of(request).now()
    found = silences_of(request).select(
        matchers=matchers_in(request), states=[state for state in _STATES if wants[state]]
    )
    by_state: dict[str, list[Silence]] = {state: [] for state in _STATES}
    for each in found:
        by_state[state_of(each, now)].append(each)
    by_state["active"].sort(key=lambda each: each.ends_at)
    by_state["pending"].sort(key=lambda each: each.starts_at)
    by_state["expired"].sort(key=lambda each: each.ends_at, reverse=True)
    return [shown(each, now) for state in _STATES for each in by_state[state]]


@operation("/api/v2/silences", method="POST")
def post_silence(request: Asks, body: bytes) -> Any:
    """A new silence, or another state of one; 404 where there is none of that id."""
    try:
        posted = msgspec.json.decode(body, type=_Posted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
        raise Unread(f"parsing silence body failed: {why}") from why
    if posted.starts_at.tzinfo is None or posted.ends_at.tzinfo is None:
        raise Unread("startsAt and endsAt need a time zone, as in 2026-11-26T12:00:00Z.")
    verbs = silences_of(request)
    if posted.id and _found(verbs, posted.id) is None:
        return wrong(404, f"silence not found: {posted.id}")
    matchers = [Matcher(each.name, each.value, each.is_regex, each.is_equal is not False) for each in posted.matchers]
    made = verbs.add(
        matchers, starts_at=posted.starts_at, ends_at=posted.ends_at, by=posted.created_by, comment=posted.comment,
        id=posted.id or "", annotations=posted.annotations,
    )  # fmt: skip
    return {"silenceID": made.id}


@operation("/api/v2/silence/{silence:str}")
def silence(request: Asks) -> Any:
    """One silence."""
    found = _found(silences_of(request), str(request.path_params["silence"]))
    return shown(found, desk_of(request).now()) if found is not None else wrong(404, "silence not found")


@operation("/api/v2/silence/{silence:str}", method="DELETE")
def expire(request: Asks) -> Any:
    """Ends a silence; one that is over is left as it is."""
    verbs = silences_of(request)
    found = _found(verbs, str(request.path_params["silence"]))
    if found is None:
        return wrong(404, "silence not found")
    if state_of(found, desk_of(request).now()) != "expired":
        verbs.expire(found.id, "amtool")
    return None


def silences_of(request: Asks) -> Silences:
    """The silences of this server."""
    return desk_of(request).alert_desk.silences


def shown(silence: Silence, now: datetime) -> dict[str, Any]:
    """A silence as Alertmanager tells it. Of one that recurs the times are those of this or the next time."""
    found = window(silence, now)
    begin, end = (found.begin, found.end) if found is not None else (silence.starts_at, silence.ends_at)
    if silence.expired_at is not None:
        end = min(end, silence.expired_at)
        begin = min(begin, end)
    return {
        "id": silence.id, "status": {"state": state_of(silence, now)}, "updatedAt": moment(silence.changed_at),
        "matchers": [
            {"name": each.name, "value": each.value, "isRegex": each.is_regex, "isEqual": each.is_equal}
            for each in silence.matchers
        ],
        "startsAt": moment(begin), "endsAt": moment(end), "createdBy": silence.created_by, "comment": silence.comment,
        **({"annotations": silence.annotations} if silence.annotations else {}),
    }  # fmt: skip


def _found(verbs: Silences, id: str) -> Silence | None:
    try:
        found = verbs.find(id)
    except Usage:
        return None
    return found if found.id == id else None  # a part of an id is a person's shorthand, not a program's


ROUTES = (silences, post_silence, silence, expire)
