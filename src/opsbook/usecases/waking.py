"""Waking somebody by hand: the escalation that such a page follows, or why nobody can be woken so. Records nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.usecases.alerting_ports import Addresses
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.page_plan import policy_for, whom

REPEAT, EVERY_S = 2, 300.0  # somebody who was named is asked three times


class Waking(Struct, frozen=True):
    """What is asked to find out whom a name means now, and which escalation a service has."""

    book: Callable[[], Book]
    addresses: Addresses
    catch_all: tuple[str, ...] = ()
    ack_timeout_s: float | None = None

    def policy(
        self, names: Sequence[str], service: str | None, severity: str, at: datetime, *, by: str
    ) -> FrozenPolicy:
        """The escalation for people who are named, else that of the service. Raises Usage where a name means nobody,
        Refusal where nobody can be reached so."""
        book = self.book()
        if not names:
            if service is None:
                raise Usage("Name whom to wake, or the service whose people are to be woken.")
            found, why = policy_for(
                book, service, severity, commit=book.commit, catch_all=self.catch_all, ack_timeout_s=self.ack_timeout_s
            )
            if found is None:
                raise Refusal(f"Nobody is woken for {service} at {severity}: {why}")
            return found
        level = PlannedLevel(1, 0.0, tuple(names), f"asked for by {by}")
        self._check(level, at)
        return FrozenPolicy(
            "by hand", "", 0, book.commit, (level,), REPEAT, EVERY_S, (), self.ack_timeout_s, f"{by} asked for it."
        )

    def _check(self, level: PlannedLevel, at: datetime) -> None:
        directory = directory_of(self.book())
        for name in level.targets:
            people, why_not = whom(directory, PlannedLevel(1, 0.0, (name,), ""), at)
            if not people:
                raise Usage(why_not)
            if not any(self.addresses.reachable(person).contacts for person, _ in people):
                told = " and ".join(person for person, _ in people)
                raise Refusal(
                    f"Nobody knows how to reach {told}. Write a contact on their page of people, or have them add one."
                )
