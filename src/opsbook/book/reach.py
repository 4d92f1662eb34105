"""Whom a name on a page means, by all rosters of the book: a person, a team, a schedule, an escalation; who that is at
an instant, and how to reach them. Pages no one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Literal

from msgspec import Struct

from opsbook.book.roster.calendar import on_call
from opsbook.book.roster.imported import filled
from opsbook.book.roster.values import (
    EscalationPolicy,
    Imported,
    Level,
    Person,
    Reference,
    Roster,
    Schedule,
    Team,
    plain_name,
)
from opsbook.ground.guesses import closest

Meaning = Literal["person", "team", "schedule", "escalation", "channel", "address", "text", "unknown"]


class Reached(Struct, frozen=True):
    """Somebody whom a name means now: until when (None: no end in sight), by what, and their addresses."""

    name: str
    handle: str = ""
    until: datetime | None = None
    why: str = ""
    contacts: tuple[tuple[str, str], ...] = ()


class Meant(Struct, frozen=True):
    """What one name means: `people` are those that it is now; `path` is the page that makes the name known.

    `why` tells in a sentence what is wrong where nobody is reached; `guess` is the name that was likely meant.
    """

    name: str
    meaning: Meaning
    people: tuple[Reached, ...] = ()
    path: str = ""
    why: str = ""
    guess: str = ""


class Directory:
    """All rosters of a book, asked by name. What two pages make known counts as the first page in order has it.
    `calendars` are those that schedules name, by their address."""

    def __init__(
        self, rosters: Iterable[tuple[str, Roster]], calendars: Mapping[str, Imported] | None = None
    ) -> None:
        self.rosters: Sequence[tuple[str, Roster]] = tuple(rosters)
        self.calendars = calendars or {}

    @cached_property
    def people(self) -> dict[str, tuple[str, Person]]:
        found: dict[str, tuple[str, Person]] = {}
        for path, roster in self.rosters:
            for person in roster.people:
                for name in filter(None, (person.handle, person.name)):
                    found.setdefault(plain_name(name), (path, person))
        return found

    @cached_property
    def teams(self) -> dict[str, tuple[str, Team]]:
        found: dict[str, tuple[str, Team]] = {}
        for path, roster in self.rosters:
            for team in roster.teams:
                found.setdefault(plain_name(team.name), (path, team))
        return found

    @cached_property
    def schedules(self) -> dict[str, tuple[str, Schedule]]:
        found: dict[str, tuple[str, Schedule]] = {}
        for path, roster in self.rosters:
            for schedule in roster.schedules:
                found.setdefault(plain_name(schedule.name), (path, filled(schedule, self.calendars, self.known)))
        return found

    def known(self, name: str) -> str | None:
        """The name of whoever is meant by a name, a handle or an e-mail address; None where nobody is known by it."""
        found = self.people.get(plain_name(name))
        if found is None:
            return self._by_address.get(name.casefold().removeprefix("mailto:"))
        return found[1].name or found[1].handle

    @cached_property
    def _by_address(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for _, person in self.people.values():
            for _, address in person.contacts:
                found.setdefault(address.casefold().removeprefix("mailto:"), person.name or person.handle)
        return found

    @cached_property
    def escalations(self) -> dict[str, tuple[str, EscalationPolicy]]:
        found: dict[str, tuple[str, EscalationPolicy]] = {}
        for path, roster in self.rosters:
            for escalation in roster.policies:
                found.setdefault(plain_name(escalation.name), (path, escalation))
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        """Every name that is known, as written, by how it is compared."""
        written = {key: person.name or person.handle for key, (_, person) in self.people.items()}
        for named in (self.teams, self.schedules, self.escalations):
            written = {key: each.name for key, (_, each) in named.items()} | written
        return written

    def is_known(self, reference: Reference) -> bool:
        """Whether a reference means somebody or some place, on call or not."""
        if reference.form in ("channel", "address"):
            return True
        named: tuple[Mapping[str, object], ...] = (self.people, self.teams, self.schedules, self.escalations)
        return any(plain_name(reference.name) in each for each in named)

    def meant(self, reference: Reference, at: datetime) -> Meant:
        """What a reference of a page means at an instant."""
        name, key = reference.name, plain_name(reference.name)
        if key in self.people:
            path, person = self.people[key]
            return Meant(name, "person", (_reached(person),), path)
        if key in self.schedules:
            return self._scheduled(name, key, at)
        if key in self.teams:
            path, team = self.teams[key]
            people = tuple(self.somebody(member.name) for member in team.members)
            return Meant(name, "team", people, path, "" if people else f"The team '{team.name}' has no members.")
        if key in self.escalations:
            path, escalation = self.escalations[key]
            first = self._first_level(escalation.levels, at)
            return Meant(name, "escalation", first, path, "" if first else "Its first level reaches nobody by name.")
        if reference.form in ("channel", "address", "text"):
            return Meant(name, "channel" if reference.form == "channel" else "address" if reference.form == "address"
                         else "text")  # fmt: skip
        return self._unknown(name, key)

    def _scheduled(self, name: str, key: str, at: datetime) -> Meant:
        path, schedule = self.schedules[key]
        duties = on_call(schedule, at)
        people = tuple(self.somebody(duty.person, duty.until, duty.why) for duty in duties)
        why = "" if people else f"Nobody is on call now by the schedule '{schedule.name}'."
        if not people and _is_template(schedule):
            why = f"The schedule '{schedule.name}' is not filled in yet."
        elif not people and schedule.flaws:
            why = f"The schedule '{schedule.name}' cannot be computed: {schedule.flaws[0].message}"
        return Meant(name, "schedule", people, path, why)

    def _first_level(self, levels: Sequence[Level], at: datetime) -> tuple[Reached, ...]:
        """Those whom the first level with anybody in it reaches."""
        for level in levels:
            named = [target for target in level.targets if target.form in ("handle", "name")]
            own = [
                target for target in named if plain_name(target.name) not in self.escalations
            ]  # they may form a ring
            found = [each for target in own for each in self.meant(target, at).people]
            if found:
                return tuple(found)
        return ()

    def somebody(self, name: str, until: datetime | None = None, why: str = "") -> Reached:
        """The person of a name or handle, with their addresses; one whom no page knows has none."""
        known = self.people.get(plain_name(name))
        return _reached(known[1], until, why) if known else Reached(name, "", until, why)

    def _unknown(self, name: str, key: str) -> Meant:
        if not self.names:
            return Meant(name, "text")  # a book without a page of people keeps them elsewhere
        near = closest(key, self.names)
        why = f"No page of the book knows '{name}'."
        return Meant(name, "unknown", why=why, guess=self.names[near] if near else "")


def _is_template(schedule: Schedule) -> bool:
    """Whether nobody stands in it yet but slots."""
    named = [each for rotation in schedule.rotations for turn in rotation.turns for each in turn]
    return bool(named) and all(each.form == "slot" for each in named) and not schedule.overrides


def _reached(person: Person, until: datetime | None = None, why: str = "") -> Reached:
    return Reached(person.name or person.handle, person.handle, until, why, person.contacts)
