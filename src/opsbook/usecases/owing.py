"""Who is owed a message by a level, by a failed one, or because somebody else is on call now. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from opsbook.ledger import page_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.page import CATCH_ALL, Notification, Page
from opsbook.ledger.page_events import OwedNotification, PlannedLevel
from opsbook.ledger.page_moves import Reach, names_of
from opsbook.usecases.alerting_ports import Addresses, Contact, Notifier, Reachable
from opsbook.usecases.reaching import Turn, other_contact, reaching
from opsbook.usecases.ways import way_of


class Whom(Protocol):
    """Who a level means at an instant, by the book as it is then."""

    def __call__(self, level: PlannedLevel, at: datetime) -> tuple[Sequence[tuple[str, str]], str]:
        """The people as (name, why), each once; and why there is nobody, where there is not."""
        ...


class Owing:
    """What is owed to whom. `quiet` are the severities that wait for the end of quiet hours; `before` tells whose turn
    it was last at a level of a page's policy where people take turns."""

    def __init__(
        self, whom: Whom, addresses: Addresses, notifier: Notifier, *, quiet: Collection[str],
        before: Callable[[Page, PlannedLevel], str],
    ) -> None:  # fmt: skip
        self._whom = whom
        self._addresses = addresses
        self._notifier = notifier
        self._quiet = quiet
        self._before = before

    def of_level(self, page: Page, reach: Reach, at: datetime) -> Iterator[Draft]:
        """That a level is reached, and what is owed by it; why it reaches nobody stands in the former."""
        planned = reach.planned
        people, why_not = self._whom(planned, at)
        if planned.is_round_robin:
            people = _whose_turn(people, self._before(page, planned))
        answered = {each.by.casefold() for each in page.acknowledged}
        lacks = [] if people else [why_not or "It names nobody."]
        owed: list[OwedNotification] = []
        for name, why in people:
            somebody = self._addresses.reachable(name)
            if {somebody.name.casefold(), somebody.handle.casefold()} & answered:
                continue
            found = reaching(somebody, page.severity, at, quiet=self._quiet, why_not=self.why_not)
            lacks += [found.why_not] if found.why_not else []
            for turn in found.turns:
                told = " ".join(filter(None, (_why(planned, why), turn.why)))
                owed.append(_owed(somebody, turn, planned.level, reach.loop, why=told, id=page.next_id + len(owed)))
        yield events.level_reached(planned.level, reach.loop, " ".join(filter(None, (reach.why, *lacks))))
        yield from map(events.owed, owed)

    def instead_of(self, page: Page, failed: Notification, at: datetime) -> tuple[Draft, ...]:
        """Another contact of the same person for one that did not take the message: one whose turn would come later is
        brought forward. Empty where there is none."""
        owed = failed.owed
        others = [each for each in page.notifications if _is_of_same(each.owed, owed) and each is not failed]
        later = min((each for each in others if each.owed.due > at and not each.attempts and not each.has_ended),
                    key=lambda each: each.owed.due, default=None)  # fmt: skip
        somebody = self._addresses.reachable(owed.person)
        why = f"The message by {owed.contact} did not come through. {owed.why}"
        if later is not None:
            moved = replace(later.owed, id=page.next_id, due=at, why=why, fallback_of=owed.id)
            return (events.settled(later.owed.id, "cancelled", f"It was brought forward, as {owed.contact} failed."),
                    events.owed(moved))  # fmt: skip
        contact = other_contact(somebody, {owed.contact, *(each.owed.contact for each in others)}, self.why_not)
        if contact is None:
            return ()
        turn = Turn(contact, at)
        made = _owed(somebody, turn, owed.level, owed.loop, why=why, id=page.next_id)
        return (events.owed(replace(made, fallback_of=owed.id)),)

    def of_handoff(self, page: Page, at: datetime) -> Iterator[Draft]:
        """What is owed to whoever is on call by a level that was reached, and was not when it was."""
        told: set[str] = set()
        for each in page.notifications:
            if each.owed.purpose in ("page", "handoff") and each.owed_at >= (page.armed_at or each.owed_at):
                told |= names_of(each.owed)
        levels = {planned.level: planned for planned in page.policy.levels}
        count = 0
        for number in dict.fromkeys(each.level for each in page.reached):
            planned = levels.get(number)
            if planned is None or planned.is_round_robin:
                continue
            for name, why in self._whom(planned, at)[0]:
                somebody = self._addresses.reachable(name)
                names = {somebody.name.casefold(), somebody.handle.casefold()} - {""}
                turns = reaching(somebody, page.severity, at, quiet=self._quiet, why_not=self.why_not).turns[:1]
                if names & told or not turns:
                    continue
                told |= names
                words = f"It is open while you take over. {_why(planned, why)}"
                made = _owed(somebody, turns[0], number, page.loop, why=words, id=page.next_id + count)
                yield events.owed(replace(made, purpose="handoff"))
                count += 1

    def contact_of(self, owed: OwedNotification) -> Contact | None:
        """The contact of a notification as it is now; None where it is gone, or was switched off."""
        found = self._addresses.reachable(owed.person).contacts
        return next((each for each in found if each.id == owed.contact and each.is_enabled), None)

    def why_not(self, contact: Contact) -> str:
        """Why a contact cannot be used as configured; empty where it can."""
        return self._notifier.why_not(way_of(contact))


def _owed(somebody: Reachable, turn: Turn, level: int, loop: int, *, why: str, id: int) -> OwedNotification:
    contact = turn.contact
    return OwedNotification(id, somebody.name, somebody.handle, contact.kind, contact.id, level, loop, why, turn.due)


def _why(planned: PlannedLevel, why: str) -> str:
    """Why this person, in a sentence."""
    of = "Catch-all" if planned.level == CATCH_ALL else f"Level {planned.level}"
    return f"{of}: {why.rstrip('.')}."


def _whose_turn(people: Sequence[tuple[str, str]], before: str) -> Sequence[tuple[str, str]]:
    """The one behind whoever had the last turn; the first where nobody had."""
    names = [name.casefold() for name, _ in people]
    index = (names.index(before.casefold()) + 1) % len(names) if before.casefold() in names else 0
    return people[index : index + 1]


def _is_of_same(one: OwedNotification, other: OwedNotification) -> bool:
    return (one.person, one.level, one.loop, one.purpose) == (other.person, other.level, other.loop, other.purpose)


