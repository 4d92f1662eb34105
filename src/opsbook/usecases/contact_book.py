"""The verbs of contacts: how people are reached besides what pages say, verified, kept out of git and out of events.

The addresses lie beside the ledger's events (attachments `contact/HANDLE/ID`), so that they can be forgotten; events of
`person/HANDLE` hold what was done, and addresses only as masks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from opsbook.usecases.alerting_ports import Contact, ContactRule, Reachable
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book


class ContactBook:
    """What is known of how people are reached; it is an `Addresses`."""

    def __init__(
        self, ledger: EngineLedger, book: Callable[[], Book], *, now: Callable[[], datetime],
        chance: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._book = book
        self._now = now
        self._chance = chance

    def reachable(self, name: str) -> Reachable:
        """Somebody by name or handle, or a #channel or address by itself; without contacts where nobody knows any."""
        raise NotImplementedError

    def people(self) -> list[Reachable]:
        """Everybody whom the book or the ledger knows."""
        raise NotImplementedError

    def add(self, handle: str, kind: str, address: str, by: str) -> Contact:
        """A private contact; raises Usage for an address that cannot be one."""
        raise NotImplementedError

    def remove(self, handle: str, contact: str, by: str) -> None:
        """Forgets a private contact, address and all."""
        raise NotImplementedError

    def set_rules(self, handle: str, rules: Sequence[ContactRule], by: str) -> Reachable:
        """How somebody wants to be reached; none: every contact in turn."""
        raise NotImplementedError

    def set_quiet(self, handle: str, quiet: tuple[int, int] | None, time_zone: str, by: str) -> Reachable:
        """The hours in which only grave things wake somebody."""
        raise NotImplementedError

    def ask_to_verify(self, handle: str, contact: str, by: str) -> None:
        """Has a code sent to a contact (the pager sends it)."""
        raise NotImplementedError

    def verify(self, handle: str, contact: str, code: str, by: str) -> Contact:
        """A contact whose code came back is verified; raises Refusal for a wrong one, a few times."""
        raise NotImplementedError

    def test(self, handle: str, contact: str, by: str) -> str:
        """Has a test message sent to a contact, and returns the id of its page, where its delivery can be watched."""
        raise NotImplementedError
