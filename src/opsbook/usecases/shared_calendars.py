"""Secret addresses of calendars, for programs that cannot sign in: made and revoked by whoever made them.

Each has a stream of its own, `calendar/HASH`, named by the SHA-256 of its secret; the secret itself is told once and
recorded nowhere.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any

from msgspec import Struct

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.event import Draft
from opsbook.usecases.duty_calendar import About
from opsbook.usecases.ledger_ports import EngineLedger

CALENDARS = "calendar/"
SHARED, REVOKED = "CalendarShared", "CalendarRevoked"
_SECRET_BYTES = 32
_ID_LETTERS = 10
_LONGEST = 100  # letters of what may be a secret


class SharedCalendar(Struct, frozen=True):
    """A calendar that has a secret address. `id` is a part of the secret's hash, and gives nothing away."""

    id: str
    about: About
    by: str
    at: datetime
    is_revoked: bool = False


class SharedCalendars:
    """The secret addresses of a ledger."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes]
    ) -> None:
        self._ledger = ledger
        self._now = now
        self._chance = chance

    def share(self, about: About, by: str) -> tuple[str, SharedCalendar]:
        """A new secret for a calendar: `/calendars/SECRET.ics` is its address. It is not told again."""
        secret = base64.urlsafe_b64encode(self._chance(_SECRET_BYTES)).decode().rstrip("=")
        stream = _stream(secret)
        draft = Draft(SHARED, {"kind": about.kind, "name": about.name})
        self._ledger.append(stream, [draft], expected=0, actor=by, at=self._now())
        found = self._read(stream)
        assert found is not None
        return secret, found

    def by_secret(self, secret: str) -> SharedCalendar | None:
        """The calendar of an address; None where there is none, or it was revoked."""
        if not secret or len(secret) > _LONGEST:
            return None
        found = self._read(_stream(secret))
        return None if found is None or found.is_revoked else found

    def select(self, by: str | None = None) -> list[SharedCalendar]:
        """The calendars that have an address now, the oldest first; those that somebody made."""
        every = (self._read(stream) for stream in self._ledger.streams(CALENDARS))
        found = [each for each in every if each and not each.is_revoked and by in (None, each.by)]
        return sorted(found, key=lambda each: (each.at, each.id))

    def revoke(self, id: str, by: str, *, may_all: bool = False) -> SharedCalendar:
        """Ends an address at once. Raises Usage where there is none of that id, Refusal where somebody else made it."""
        streams = [each for each in self._ledger.streams(CALENDARS + id) if len(id) >= _ID_LETTERS]
        found = self._read(streams[0]) if streams else None
        if found is None or found.is_revoked:
            raise Usage(f"There is no calendar address '{id}'.")
        if found.by != by and not may_all:
            raise Refusal(f"The address '{found.id}' was made by {found.by}, who alone, or an admin, may revoke it.")
        number = len(self._ledger.read(streams[0]))
        self._ledger.append(streams[0], [Draft(REVOKED)], expected=number, actor=by, at=self._now())
        return found

    def _read(self, stream: str) -> SharedCalendar | None:
        events = self._ledger.read(stream)
        if not events or events[0].kind != SHARED:
            return None
        first = events[0]
        about = About(first.facts["kind"], first.facts["name"])
        is_revoked = any(event.kind == REVOKED for event in events)
        return SharedCalendar(stream.removeprefix(CALENDARS)[:_ID_LETTERS], about, first.actor, first.at, is_revoked)


def _stream(secret: str) -> str:
    return CALENDARS + sha256(secret.encode("utf-8", "replace")).hexdigest()


def shared_model(shared: SharedCalendar, address: str = "") -> dict[str, Any]:
    """A calendar as plain values; its address only where it was just made."""
    model = {"id": shared.id, "of": shared.about.kind, "name": shared.about.name or None, "by": shared.by,
             "at": shared.at.isoformat()}  # fmt: skip
    return {**model, "address": address} if address else model
