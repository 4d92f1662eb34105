"""The verb figures: how often, how grave, how long, what helped, of a stretch of time. No figure is by person.
Drills never count, nor what was dismissed or merged into another.

- **MTTA**: from when it was detected (else declared) to when somebody took care of it.
- **MTTR**: from when it began, as well as is known, to when it was resolved. Median and 90th percentile stand beside
  the mean, because a single long incident moves a mean and tells little.
- **Time to first update**: from when it was declared to the first status update that was sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import ceil
from statistics import fmean, median
from zoneinfo import ZoneInfo

from msgspec import Struct

from opsbook.usecases.incident_cases import Case

UNTOLD = "not told"


class Length(Struct, frozen=True):
    """How long something took, in seconds: over how many incidents, and of how many nobody knows; None where none
    tells."""

    name: str
    meaning: str
    count: int
    unknown: int
    mean_s: float | None = None
    median_s: float | None = None
    p90_s: float | None = None


class SectionFigure(Struct, frozen=True):
    """How often a section of a runbook was run for incidents, how often that succeeded, and how often it is what ended
    one."""

    path: str
    anchor: str
    title: str
    used: int
    succeeded: int
    ended: int


class IncidentFigures(Struct, frozen=True):
    """The figures of a stretch of time. Pairs are what is counted by and how many, the most first; hours are 24 counts
    by the hour in which they began, weekdays seven from Monday on, months every one of the stretch."""

    since: datetime
    until: datetime
    time_zone: str
    total: int
    live: int
    severities: tuple[tuple[str, int], ...]
    services: tuple[tuple[str, int], ...]
    causes: tuple[tuple[str, int], ...]
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    months: tuple[tuple[str, int], ...]
    lengths: tuple[Length, ...]
    sections: tuple[SectionFigure, ...]
    actions_open: int
    actions_late: int


def figures(
    cases: Iterable[Case], *, since: datetime, until: datetime, time_zone: ZoneInfo, service: str = "",
    severity: str = "", actions: tuple[int, int] = (0, 0),
) -> IncidentFigures:  # fmt: skip
    """The figures of the cases that began from `since` on and before `until`, by the clock of a time zone. `actions`
    are how many action items are open, and how many of those late."""
    some = [case for case in cases if _counts(case, since, until, service=service, severity=severity)]
    began = [case.began_at.astimezone(time_zone) for case in some if case.began_at is not None]
    hours, weekdays = Counter(at.hour for at in began), Counter(at.weekday() for at in began)
    by_month = Counter(_day(case, time_zone)[:7] for case in some)
    return IncidentFigures(
        since, until, time_zone.key, len(some), sum(case.is_live for case in some),
        _counted(case.severity or UNTOLD for case in some),
        _counted(name for case in some for name in case.services or (UNTOLD,)),
        _counted(case.cause or UNTOLD for case in some),
        tuple(hours[hour] for hour in range(24)), tuple(weekdays[day] for day in range(7)),
        tuple((month, by_month[month]) for month in _months(since.astimezone(time_zone), until.astimezone(time_zone))),
        tuple(_length(some, *each) for each in _LENGTHS), _sections(some), *actions,
    )  # fmt: skip


def _counts(case: Case, since: datetime, until: datetime, *, service: str = "", severity: str = "") -> bool:
    if case.is_drill or case.was_none or (severity and case.severity != severity):
        return False
    if service and service.casefold() not in {name.casefold() for name in case.services}:
        return False
    if case.began_at is not None:
        return since <= case.began_at < until
    return bool(case.day) and since.date().isoformat() <= case.day.ljust(10, "0") <= until.date().isoformat()


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))


def _day(case: Case, time_zone: ZoneInfo) -> str:
    return case.began_at.astimezone(time_zone).date().isoformat() if case.began_at is not None else case.day


def _months(since: datetime, until: datetime) -> list[str]:
    """The months of a stretch of time; `until` is not within it."""
    last = (until - timedelta(microseconds=1)).date()
    month, found = date(since.year, since.month, 1), []
    while month <= last:
        found.append(f"{month:%Y-%m}")
        month = (month + timedelta(days=32)).replace(day=1)
    return found


# -- how long ------------------------------------------------------------------------------------------------------

_Taken = Callable[[Case], float | None]


def _between(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds()


_LENGTHS: tuple[tuple[str, str, _Taken], ...] = (
    ("MTTA", "from detected to acknowledged",
     lambda case: _between(case.detected_at or case.declared_at, case.acknowledged_at)),
    ("Time to first update", "from declared to the first status update",
     lambda case: _between(case.declared_at, case.first_update_at)),
    ("Time to mitigate", "from its beginning until nobody was hindered any more",
     lambda case: _between(case.began_at, case.mitigated_at)),
    ("MTTR", "from its beginning until it was resolved",
     lambda case: case.duration_s if case.duration_s is not None else _between(case.began_at, case.resolved_at)),
)  # fmt: skip


def _length(cases: Sequence[Case], name: str, meaning: str, taken: _Taken) -> Length:
    known = sorted(each for each in map(taken, cases) if each is not None)
    if not known:
        return Length(name, meaning, 0, len(cases))
    # The 90th percentile by the nearest rank: a length that really was.
    p90 = known[ceil(len(known) * 0.9) - 1]
    return Length(name, meaning, len(known), len(cases) - len(known), fmean(known), median(known), p90)


def _sections(cases: Sequence[Case]) -> tuple[SectionFigure, ...]:
    used, succeeded, ended = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    titles: dict[tuple[str, str], str] = {}
    for case in cases:
        for each in case.helped:
            key = (each.path, each.anchor)
            titles[key] = each.title
            used[key] += 1
            succeeded[key] += each.succeeded
            ended[key] += each.did_end
    found = [SectionFigure(*key, titles[key], used[key], succeeded[key], ended[key]) for key in used]
    return tuple(sorted(found, key=lambda each: (-each.ended, -each.succeeded, -each.used, each.path, each.anchor)))


# -- as rows ---------------------------------------------------------------------------------------------------------

CASE_COLUMNS = (
    "number", "page", "title", "severity", "services", "cause", "began_at", "detected_at", "declared_at",
    "acknowledged_at", "first_update_at", "mitigated_at", "resolved_at", "duration_s",
)  # fmt: skip


def case_rows(
    cases: Iterable[Case], since: datetime, until: datetime, *, service: str = "", severity: str = ""
) -> list[tuple[str, ...]]:
    """What the figures are made of, a row an incident, as CASE_COLUMNS names it; times in UTC."""
    return [
        (
            str(case.number or ""), case.path, case.title, case.severity, "; ".join(case.services), case.cause,
            *(at.astimezone(UTC).isoformat() if at is not None else "" for at in (
                case.began_at, case.detected_at, case.declared_at, case.acknowledged_at, case.first_update_at,
                case.mitigated_at, case.resolved_at,
            )),
            "" if case.duration_s is None else f"{case.duration_s:.0f}",
        )
        for case in cases if _counts(case, since, until, service=service, severity=severity)
    ]  # fmt: skip
