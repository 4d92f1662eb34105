"""Who is on call at an instant, by one schedule, for a service, in a team, or all of them; and who is next.

Asks no clock and contacts nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.reach import Directory, Reached
from opsbook.book.roster.calendar import holds_at, shifts
from opsbook.book.roster.values import Reference, Schedule, plain_name
from opsbook.book.roster.words import reference_of
from opsbook.ground.errors import Usage
from opsbook.ground.guesses import closest
from opsbook.usecases.alerting_ports import Addresses, Contact
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.policy_choice import known_service, policy_for
from opsbook.usecases.reaching import Reaching, reaching

_AHEAD = timedelta(days=100)
_ASKED_SEVERITY = "P1"  # on call for a service is whoever its urgent pages reach first


class OnDuty(Struct, frozen=True):
    """Somebody who is on call: until when (None: no end in sight), by what, by which schedule if any."""

    person: str
    handle: str
    until: datetime | None
    why: str
    schedule: str = ""


class HandOver(Struct, frozen=True):
    """When the people of a schedule change next, and to whom; nobody where `people` is empty."""

    schedule: str
    at: datetime
    people: tuple[str, ...]
    why: str


class Answer(Struct, frozen=True):
    """Who is on call at an instant. `schedule` is the one that is meant, if it is one; `why_not` tells why nobody is.
    """

    at: datetime
    service: str | None
    schedule: str | None
    people: tuple[OnDuty, ...]
    hand_overs: tuple[HandOver, ...] = ()
    why_not: str = ""
    team: str | None = None


def on_duty(
    book: Book, at: datetime, *, service: str | None = None, schedule: str | None = None, team: str | None = None,
    catch_all: Sequence[str] = (),
) -> Answer:  # fmt: skip
    """Who is on call; raises Usage for a name that the book does not know, with a guess."""
    directory = directory_of(book)
    if service is not None:
        return _of_service(book, at, service, catch_all)
    if team is not None:
        return _of_team(directory, at, team)
    if schedule is not None:
        schedule = known(directory.schedules, schedule, "schedule").name
    return _of_schedules(directory, at, schedule)


def with_reach(answer: Answer, addresses: Addresses, why_not: Callable[[Contact], str]) -> Answer:
    """The same, with what keeps those who are on call from being reached: `why_not` tells it of a contact."""
    at = answer.at
    found = ((each, reaching(addresses.reachable(each.person), _ASKED_SEVERITY, at, quiet=(), why_not=why_not))
             for each in answer.people)  # fmt: skip
    return replace(answer, people=tuple(replace(each, why=_with_lack(each, reached)) for each, reached in found))


def _with_lack(duty: OnDuty, reached: Reaching) -> str:
    lack = reached.why_not or (reached.turns[0].why if reached.turns else "")
    return "; ".join(filter(None, (duty.why, lack)))


class Cover(Struct, frozen=True):
    """How many people are on call by a schedule at an instant, and how long nobody is from then on."""

    schedule: str
    people: int
    gap_s: float


def coverage_of(book: Book, at: datetime, until: datetime) -> list[Cover]:
    """Each schedule of the book with how it is covered between two instants."""
    found = []
    for _, schedule in directory_of(book).schedules.values():
        ahead = shifts(schedule, at, until)
        empty = sum((shift.end - shift.start).total_seconds() for shift in ahead if not shift.people)
        gap_s = empty if ahead else (until - at).total_seconds()
        found.append(Cover(schedule.name, len(ahead[0].people) if ahead else 0, gap_s))
    return found


def shared_zone(book: Book) -> str:
    """The time zone that all schedules of a book share; UTC where they do not."""
    zones = {schedule.time_zone for _, schedule in directory_of(book).schedules.values()}
    return zones.pop() if len(zones) == 1 else "UTC"


def known(named: Mapping[str, tuple[str, Any]], name: str, what: str) -> Any:
    """What the book has of that name, or alone begins so; raises Usage with a guess where it has nothing."""
    plain = plain_name(name)
    begin_so = [key for key in named if key.startswith(plain)] if plain else []
    key = plain if plain in named else begin_so[0] if len(begin_so) == 1 else None
    if key is not None:
        return named[key][1]
    names = {key: each.name for key, (_, each) in named.items()}
    near = closest(plain_name(name), names)
    guess = f" Did you mean '{names[near]}'?" if near else f" There are {', '.join(names.values())}." if names else ""
    raise Usage(f"The book knows no {what} '{name}'.{guess}")


def _of_schedules(directory: Directory, at: datetime, name: str | None) -> Answer:
    chosen = [
        schedule for key, (_, schedule) in directory.schedules.items() if name is None or key == plain_name(name)
    ]
    people, overs, why_not = [], [], []
    for schedule in chosen:
        meant = directory.meant(Reference(schedule.name, "name", 0, 0), at)
        people += [_duty(each, schedule.name) for each in meant.people]
        overs += _next(directory, schedule, at)
        why_not += [meant.why] if meant.why else []
    if not chosen:
        why_not = ["No page of the book has a schedule."]
    named = chosen[0].name if len(chosen) == 1 else None
    return Answer(at, None, named, tuple(people), tuple(overs), " ".join(why_not))


def _duty(reached: Reached, schedule: str = "", why: str = "") -> OnDuty:
    told = "; ".join(filter(None, (reached.why, why)))
    return OnDuty(reached.name, reached.handle, reached.until, told, schedule)


def _next(directory: Directory, schedule: Schedule, at: datetime) -> list[HandOver]:
    """The next time at which other people are on call; the same ones by another reason are no hand-over."""
    ahead = shifts(schedule, at, at + _AHEAD)
    for shift in ahead[1:]:
        if shift.people != ahead[0].people:
            names = tuple(directory.somebody(name).name for name in shift.people)
            return [HandOver(schedule.name, shift.start, names, shift.why)]
    return []


def _of_service(book: Book, at: datetime, service: str, catch_all: Sequence[str]) -> Answer:
    slug = known_service(book, service)
    policy, why = policy_for(book, service, _ASKED_SEVERITY, commit=None, catch_all=catch_all)
    if policy is None:
        return Answer(at, slug, None, (), why_not=why)
    directory = directory_of(book)
    for level in policy.levels:
        if level.hours and not holds_at(level.hours, level.time_zone, at):
            continue
        found: dict[str, OnDuty] = {}
        schedules = []
        for target in level.targets:
            meant = directory.meant(reference_of(target), at)
            entry = directory.schedules.get(plain_name(target)) if meant.meaning == "schedule" else None
            schedules += [entry[1]] if entry else []
            for each in meant.people:
                found.setdefault(each.name, _duty(each, entry[1].name if entry else "", level.why))
        if found:
            named = schedules[0].name if schedules else None
            overs = [over for schedule in schedules for over in _next(directory, schedule, at)]
            return Answer(at, slug, named, tuple(found.values()), tuple(overs))
    return Answer(at, slug, None, (), why_not=f"Nobody is on call for '{service}' now. {why}")


def of_service(book: Book, service: str, catch_all: Sequence[str] = ()) -> tuple[str, tuple[str, ...]]:
    """The address name of a service, and whom the first level of its urgent pages names."""
    policy, _ = policy_for(book, service, _ASKED_SEVERITY, commit=None, catch_all=catch_all)
    return known_service(book, service), policy.levels[0].targets if policy and policy.levels else ()


def _of_team(directory: Directory, at: datetime, name: str) -> Answer:
    """The members of a team who are on call; all of them where none of them takes turns in any schedule."""
    team = known(directory.teams, name, "team")
    everyone = _of_schedules(directory, at, None)
    members = {plain_name(directory.somebody(member.name).name) for member in team.members}
    serving = [each for _, each in directory.schedules.values() if _takes_part(directory, each, members)]
    people = tuple(each for each in everyone.people if plain_name(each.person) in members)
    overs = tuple(over for schedule in serving for over in _next(directory, schedule, at))
    if not serving:
        reached = (directory.somebody(member.name) for member in team.members)
        people = tuple(_duty(each, why=f"of the team '{team.name}', which has no schedule") for each in reached)
    why_not = "" if people else f"Nobody of the team '{team.name}' is on call now."
    return Answer(at, None, None, people, overs, why_not, team.name)


def _takes_part(directory: Directory, schedule: Schedule, members: set[str]) -> bool:
    named = [each for rotation in schedule.rotations for turn in rotation.turns for each in turn]
    named += [each for override in schedule.overrides for each in override.people]
    return any(plain_name(directory.somebody(each.name).name) in members for each in named)


def duty_model(answer: Answer) -> dict[str, Any]:
    """The answer as the contract's JSON of `oncall`."""
    return {
        "at": answer.at.isoformat(), "service": answer.service, "schedule": answer.schedule, "team": answer.team,
        "people": [
            {"person": each.person, "until": each.until.isoformat() if each.until else None, "why": each.why,
             "handle": each.handle or None, "schedule": each.schedule or None}
            for each in answer.people
        ],
        "next": [
            {"schedule": each.schedule, "at": each.at.isoformat(), "people": list(each.people), "why": each.why}
            for each in answer.hand_overs
        ],
        "why_not": answer.why_not or None,
    }  # fmt: skip
