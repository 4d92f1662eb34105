"""The values of a roster: people, teams, schedules, escalation policies, each with its place. Computes nothing."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from msgspec import Struct

Place = tuple[int, int]


class Reference(Struct, frozen=True, gc=False):
    """A person, team, schedule or channel named in a table: as written but for `@`, what it is, and its byte range.

    `form` is handle (`@ada`), name (`Primary On-Call`), channel (`#ops`), address (an e-mail, telephone or URL), slot
    (not filled in yet), or text (prose, which nobody can be paged by).
    """

    name: str
    form: str
    start: int
    end: int


class Flaw(Struct, frozen=True, gc=False):
    """What of a schedule or policy cannot be read: the words for a finding, and the byte range."""

    message: str
    start: int
    end: int


class OwnRule(Struct, frozen=True, gc=False):
    """A kind of contact that somebody wants to be reached by, so many seconds after they are paged."""

    kind: str
    after_s: float


class Person(Struct, frozen=True):
    """Somebody who can be reached: `contacts` are (kind, address) in the order of the columns. In their `quiet` hours,
    seconds of the day in their time zone, only grave things wake them; without `rules` each contact has its turn."""

    name: str
    handle: str
    contacts: tuple[tuple[str, str], ...]
    time_zone: str
    place: Place
    quiet: tuple[int, int] | None = None
    rules: tuple[OwnRule, ...] = ()
    flaws: tuple[Flaw, ...] = ()


class Team(Struct, frozen=True):
    """People under one name."""

    name: str
    members: tuple[Reference, ...]
    place: Place


class Step(Struct, frozen=True, gc=False):
    """How long a turn lasts, by the clock on the wall: `amount` of hour, day, week or month; amount 0 is for ever."""

    amount: int
    unit: str


class Window(Struct, frozen=True, gc=False):
    """Hours of some weekdays (0 is Monday): seconds after that day's midnight, `until` over 86400 for the next day."""

    days: frozenset[int]
    since: int
    until: int


class Stretch(Struct, frozen=True):
    """A shift of a calendar that others keep, in UTC. `names` are those who may be meant by it, the surest first: an
    e-mail address, a name, the words of its title."""

    start: datetime
    end: datetime
    names: tuple[str, ...]
    title: str = ""


class Imported(Struct, frozen=True):
    """What a calendar said when it was read last; `trouble` is why it could not be read since, as a sentence."""

    stretches: tuple[Stretch, ...] = ()
    read_at: datetime | None = None
    trouble: str = ""


class Rotation(Struct, frozen=True):
    """One layer of a schedule: who takes turns, from when, with which step, in which hours.

    With a `calendar`, an address or a path from the root of the repository, its `stretches` tell whose turn it is; they
    are filled in where the calendar was read.

    `turns` are the participants in order, each one or more people at once. `start` is None while it is a slot or
    missing. `handoff_day` is None for the weekday of the start. Without windows it is day and night.
    """

    kind: str
    step: Step
    turns: tuple[tuple[Reference, ...], ...]
    start: date | None
    place: Place
    handoff_day: int | None = None
    handoff_s: int = 0
    end: date | None = None
    windows: tuple[Window, ...] = ()
    calendar: str = ""
    stretches: tuple[Stretch, ...] = ()


class Override(Struct, frozen=True):
    """Somebody who stands in from one local time to another; `instead_of` is None for whoever is on call then."""

    people: tuple[Reference, ...]
    start: datetime
    end: datetime
    place: Place
    instead_of: str | None = None
    reason: str = ""
    replaced: tuple[Reference, ...] = ()


class Holiday(Struct, frozen=True):
    """A day on which the hours of a Sunday hold, and who takes it, if anybody is named."""

    day: date
    name: str
    people: tuple[Reference, ...]
    place: Place


class Schedule(Struct, frozen=True):
    """Who is on call when: the first of `rotations` that applies, overridden. Its times are local to `time_zone`."""

    name: str
    time_zone: str
    rotations: tuple[Rotation, ...]
    place: Place
    overrides: tuple[Override, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    flaws: tuple[Flaw, ...] = ()


class Level(Struct, frozen=True):
    """A level of escalation: whom, and how long after the first page. `after` is None where it is not told.

    `needs` is how many people must acknowledge; with `is_round_robin` one of them is paged, each time the next one.
    `hours` are those in which it holds, as written; empty is always.
    """

    number: int
    after: timedelta | None
    targets: tuple[Reference, ...]
    place: Place
    severities: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    line: int = 0
    needs: int = 1
    is_round_robin: bool = False
    hours: str = ""


class EscalationPolicy(Struct, frozen=True):
    """Whom to contact, and when. `services` and `severities` are those it is for; empty is all.

    After the last level all is said once more, `repeat` times; then `catch_all` is paged. `ack_within` is how long an
    acknowledgement holds, None where that is not told. The hours of levels are those of `time_zone`.
    """

    name: str
    levels: tuple[Level, ...]
    place: Place
    services: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    repeat: int = 0
    repeat_every: timedelta | None = None
    catch_all: tuple[Reference, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    ack_within: timedelta | None = None
    time_zone: str = "UTC"


class Roster(Struct, frozen=True):
    """What one page says of people, schedules and escalation; `flaws` are of rows that have no effect as they stand."""

    people: tuple[Person, ...] = ()
    teams: tuple[Team, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    policies: tuple[EscalationPolicy, ...] = ()
    flaws: tuple[Flaw, ...] = ()


def plain_name(name: str) -> str:
    """A name as it is compared: without `@`, case and repeated space."""
    return " ".join(name.strip(" @`*_").casefold().split())
