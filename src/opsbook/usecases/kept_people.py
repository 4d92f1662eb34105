"""People as the ledger keeps them: events of `person/HANDLE`, and beside them what can be forgotten. Decides nothing.

Addresses and codes are told apart by marks under a salt of each person's own: without it, a telephone number could be
guessed from its hash.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from opsbook.ground.errors import Conflict
from opsbook.ledger import person as told
from opsbook.ledger.event import Draft
from opsbook.ledger.person import Person, stream_of
from opsbook.usecases.ledger_ports import EngineLedger, Write

ATTEMPTS = 20  # how often a change is tried anew when the person moved meanwhile
Mark = Callable[[str], str]


class KeptPeople:
    """The people of a ledger. Any thread may call anything."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes]
    ) -> None:
        self._ledger = ledger
        self._now = now
        self._chance = chance
        self._known: dict[str, Person] = {}

    def person(self, key: str) -> Person:
        """Somebody as they are now; a fold that goes on from where it was."""
        known = self._known.get(key) or Person(key)
        person = told.folded(known, self._ledger.read(stream_of(key), known.number))
        if person.number:
            self._known[key] = person
        return person

    def handles(self) -> list[str]:
        """All that have a stream."""
        return [stream.removeprefix(told.PEOPLE) for stream in self._ledger.streams(told.PEOPLE)]

    def address(self, key: str, contact: str) -> str:
        """The address of a private contact; empty where there is none, or it was forgotten."""
        return self._text(address_of(key, contact))

    def code(self, key: str, contact: str) -> str:
        """The code that is on its way to a contact; empty where none is."""
        return self._text(code_of(key, contact))

    def mark(self, key: str) -> Mark:
        """What tells one address or code of somebody from another; all are empty where nothing was ever marked."""
        salts: list[bytes | None] = []

        def mark(value: str) -> str:
            salts[:] = salts or [self._ledger.attachment(_salt_of(key))]
            return _marked(salts[0], value)

        return mark

    def beside(self, key: str) -> list[str]:
        """The names of all that is kept of somebody beside events."""
        kept = [name for lead in ("contact", "code") for name in self._ledger.attachments(f"{lead}/{key}/")]
        return [*kept, _salt_of(key)]

    def change(
        self, key: str, decide: Callable[[Person, Mark], Sequence[Draft]], *, by: str,
        attach: Callable[[], Mapping[str, bytes]] = dict, detach: Sequence[str] = (), more: Write | None = None,
    ) -> Person:  # fmt: skip
        """Records what `decide` makes of somebody as they are, with what stands beside it, in one transaction; again
        where they moved on meanwhile."""
        for _ in range(ATTEMPTS):
            person, salt = self.person(key), self._ledger.attachment(_salt_of(key))
            fresh = salt or self._chance(32)
            drafts = decide(person, lambda value, salt=fresh: _marked(salt, value))  # type: ignore[misc]
            writes = [Write(stream_of(key), drafts, person.number)] if drafts else []
            beside = {**({} if salt else {_salt_of(key): fresh}), **attach()} if drafts else dict(attach())
            try:
                self._ledger.record(
                    [*writes, *([more] if more else [])], actor=by, at=self._now(), attach=beside, detach=detach
                )
            except Conflict:
                continue
            return self.person(key)
        raise Conflict(f"The contacts of {key} are changed by others all the time. Try again.")

    def _text(self, name: str) -> str:
        kept = self._ledger.attachment(name)
        return kept.decode() if kept else ""


def address_of(key: str, contact: str) -> str:
    """The name of the attachment with an address."""
    return f"contact/{key}/{contact}"


def code_of(key: str, contact: str) -> str:
    """The name of the attachment with a code."""
    return f"code/{key}/{contact}"


def _salt_of(key: str) -> str:
    return f"salt/{key}"


def _marked(salt: bytes | None, value: str) -> str:
    return hmac.new(salt, value.encode(), sha256).hexdigest() if salt else ""
