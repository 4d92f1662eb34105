"""The verb oncall: every schedule of the book with who is on call now and next, and whom each escalation reaches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from opsbook.book.reach import Directory, Meant, Reached
from opsbook.book.roster.calendar import shifts
from opsbook.book.roster.values import EscalationPolicy, Person, Reference, Schedule, plain_name
from opsbook.book.roster.words import reference_of
from opsbook.usecases.library import Book

_AHEAD = timedelta(days=28)
_SHOWN = 3


class Turn(Struct, frozen=True):
    """A stretch of a schedule to come; nobody when `people` is empty, `end` is None when it is not in sight."""

    start: datetime
    end: datetime | None
    people: tuple[Reached, ...]
    why: str


class Duty(Struct, frozen=True):
    """A schedule with those who are on call now and the turns that follow. `why_not` tells why nobody is."""

    schedule: Schedule
    path: str
    line: int
    anchor: str
    people: tuple[Reached, ...]
    turns: tuple[Turn, ...] = ()
    why_not: str = ""


class Reaches(Struct, frozen=True):
    """A level of escalation: how long after the first page, and whom it reaches now."""

    number: int
    after: timedelta | None
    meant: tuple[Meant, ...]


class Escalation(Struct, frozen=True):
    """An escalation with whom each level reaches now."""

    policy: EscalationPolicy
    path: str
    line: int
    anchor: str
    levels: tuple[Reaches, ...]
    catch_all: tuple[Meant, ...] = ()


class OnCall(Struct, frozen=True):
    """Who is on call at an instant, by the whole book; `people` are all that it knows, with the page and line."""

    at: datetime
    duties: tuple[Duty, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    people: tuple[tuple[Person, str, int, str], ...] = ()


def directory_of(book: Book) -> Directory:
    """All rosters of a snapshot, asked by name."""
    found = [(path, facts.policy.roster) for path, facts in book.facts.items() if facts.policy]
    return Directory(sorted(found, key=lambda each: each[0]), book.calendars)


def oncall(book: Book, at: datetime, *, catch_all: Sequence[str] = ()) -> OnCall:
    """Who is on call at an instant and whom each escalation reaches, in the order of pages. `catch_all` stands behind
    an escalation that names none of its own."""
    directory = directory_of(book)
    caught = tuple(map(reference_of, catch_all))
    duties, escalations, people = [], [], []
    for path, facts in sorted(book.facts.items()):
        if facts.policy is None:
            continue
        spots = {spot.name: (spot.line, spot.anchor) for spot in facts.policy.spots}
        roster = facts.policy.roster
        for schedule in roster.schedules:
            duties.append(_duty(directory, (schedule, path), spots.get(plain_name(schedule.name), (1, "")), at))
        for policy in roster.policies:
            place = spots.get(plain_name(policy.name), (1, ""))
            escalations.append(_escalation(directory, (policy, path), place, at, caught=caught))
        for person in roster.people:
            people.append((person, path, *spots.get(plain_name(person.handle or person.name), (1, ""))))
    return OnCall(at, tuple(duties), tuple(escalations), tuple(people))


def _duty(directory: Directory, found: tuple[Schedule, str], place: tuple[int, str], at: datetime) -> Duty:
    written, path = found
    _, schedule = directory.schedules[plain_name(written.name)]  # with what its calendars say
    meant = directory.meant(Reference(schedule.name, "name", 0, 0), at)
    ahead = shifts(schedule, at, at + _AHEAD)
    turns = tuple(
        Turn(
            shift.start,
            None if shift is ahead[-1] else shift.end,
            tuple(directory.somebody(name) for name in shift.people),
            shift.why,
        )
        for shift in ahead[1 : _SHOWN + 1]
    )
    return Duty(schedule, path, *place, meant.people, turns, meant.why)


def _escalation(
    directory: Directory, found: tuple[EscalationPolicy, str], place: tuple[int, str], at: datetime, *,
    caught: tuple[Reference, ...],
) -> Escalation:  # fmt: skip
    policy, path = found
    levels = tuple(Reaches(lv.number, lv.after, _meant(directory, lv.targets, at)) for lv in policy.levels)
    return Escalation(policy, path, *place, levels, _meant(directory, policy.catch_all or caught, at))


def _meant(directory: Directory, references: Iterable[Reference], at: datetime) -> tuple[Meant, ...]:
    return tuple(directory.meant(reference, at) for reference in references if reference.form != "slot")


def oncall_model(found: OnCall) -> dict[str, Any]:
    """The answer as plain values."""
    return {
        "at": found.at.isoformat(),
        "schedules": [
            {"schedule": d.schedule.name, "time_zone": d.schedule.time_zone, "path": d.path, "line": d.line,
             "anchor": d.anchor, "people": [reached_model(each) for each in d.people],
             "next": [{"from": t.start.isoformat(), "until": t.end.isoformat() if t.end else None,
                       "people": [each.name for each in t.people], "why": t.why} for t in d.turns],
             "why_not": d.why_not or None, "flaws": [flaw.message for flaw in d.schedule.flaws]}
            for d in found.duties
        ],
        "escalations": [
            {"name": e.policy.name, "services": list(e.policy.services), "severities": list(e.policy.severities),
             "path": e.path, "line": e.line, "anchor": e.anchor, "repeat": e.policy.repeat,
             "levels": [{"level": r.number, "after_s": r.after.total_seconds() if r.after is not None else None,
                         "reaches": [meant_model(each) for each in r.meant]} for r in e.levels],
             "catch_all": [meant_model(each) for each in e.catch_all]}
            for e in found.escalations
        ],
        "people": [
            {"name": person.name, "handle": person.handle, "time_zone": person.time_zone,
             "contacts": [{"kind": kind, "address": address} for kind, address in person.contacts],
             "path": path, "line": line, "anchor": anchor}
            for person, path, line, anchor in found.people
        ],
    }  # fmt: skip


def reached_model(reached: Reached) -> dict[str, Any]:
    """Somebody who is reached, as plain values; `person` is the name, as the contract's `oncall` has it."""
    return {
        "person": reached.name, "handle": reached.handle or None,
        "until": reached.until.isoformat() if reached.until else None, "why": reached.why or None,
        "contacts": [{"kind": kind, "address": address} for kind, address in reached.contacts],
    }  # fmt: skip


def meant_model(meant: Meant) -> dict[str, Any]:
    """What a name means, as plain values."""
    return {
        "name": meant.name, "meaning": meant.meaning, "people": [reached_model(each) for each in meant.people],
        "path": meant.path or None, "why": meant.why or None, "guess": meant.guess or None,
    }  # fmt: skip
