"""How paging goes: how fast people answer, what wakes whom at night, what is noise, what arrives. Pure over rows; asks
no clock, and blames nobody."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from opsbook.book.roster.calendar import zone_of
from opsbook.ledger.alert import Alert
from opsbook.ledger.page import Notification, Page

NIGHT = (22, 7)  # hours of the day, by the clock of whoever is woken
BRIEF = timedelta(minutes=5)  # an alert that was over sooner, with nobody doing anything, was likely noise
NOBODY = "no service"
_ARRIVED = frozenset({"accepted", "delivered", "read"})
_LOST = frozenset({"failed", "lost"})


class Answered(Struct, frozen=True):
    """How pages were answered: how many there were and were answered, and in how many seconds, in the median, in the
    mean, and for nine of ten."""

    pages: int = 0
    answered: int = 0
    unanswered: int = 0
    median_s: float | None = None
    mean_s: float | None = None
    p90_s: float | None = None


class Asked(Struct, frozen=True):
    """What a service asked of people."""

    service: str
    alerts: int
    pages: int
    answered: Answered


class Woken(Struct, frozen=True):
    """What was asked of somebody: pages, those in their night (once a night), on how many nights, and how many they
    answered."""

    person: str
    pages: int
    night_pages: int
    nights: int
    answered: int
    time_zone: str


class Noise(Struct, frozen=True):
    """How much noise an alert makes: how often it began, paged, was acknowledged, was over within minutes by itself.
    `noise` is the share of its beginnings on which nobody acted."""

    name: str
    service: str
    fired: int
    paged: int
    acknowledged: int
    brief: int
    noise: float


class Delivery(Struct, frozen=True):
    """What became of messages by one kind of contact; `ratio` is None where nothing has ended yet. Milliseconds."""

    kind: str
    messages: int
    arrived: int
    failed: int
    ratio: float | None
    p50_ms: float | None
    p99_ms: float | None


class Day(Struct, frozen=True):
    """A day, in UTC."""

    day: date
    alerts: int
    pages: int
    night_pages: int


class PagingReport(Struct, frozen=True):
    """The whole, from `since` to `until`; drills are left out."""

    since: datetime
    until: datetime
    alerts: int
    answered: Answered
    services: tuple[Asked, ...]
    people: tuple[Woken, ...]
    noise: tuple[Noise, ...]
    delivery: tuple[Delivery, ...]
    days: tuple[Day, ...]


def paging_report(
    alerts: Iterable[Alert], pages: Iterable[Page], since: datetime, until: datetime, *,
    zones: Callable[[str], str] = lambda _: "UTC", names: Callable[[str], str] = lambda name: name,
) -> PagingReport:  # fmt: skip
    """The report of what began in a stretch of time; `zones` tells the time zone of somebody by name, `names` the name
    of somebody by whatever they are called where they answer."""
    fired = [each for each in alerts if since <= each.first_at < until and not each.is_drill]
    woke = [each for each in pages if since <= each.opened_at < until and not each.is_drill]
    return PagingReport(
        since, until, len(fired), answered(woke), _services(fired, woke), _people(woke, zones, names),
        _noise(fired), _delivery(woke), _days(fired, woke, since, until, zones=zones),
    )  # fmt: skip


def answered(pages: Sequence[Page]) -> Answered:
    """How pages were answered, and how fast: from when a page began to who acknowledged first."""
    took = sorted(seconds for each in pages if (seconds := answer_s(each)) is not None)
    lost = sum(1 for each in pages if answer_s(each) is None and each.ended_how == "exhausted")
    if not took:
        return Answered(len(pages), 0, lost)
    return Answered(
        len(pages), len(took), lost, statistics.median(took), round(statistics.fmean(took), 3), quantile(took, 0.9)
    )


def answer_s(page: Page) -> float | None:
    """After how many seconds a page was answered; None where nobody has."""
    at = page.first_acknowledged_at or (page.acknowledged[0].at if page.acknowledged else None)
    return (at - page.opened_at).total_seconds() if at is not None else None


def quantile(ordered: Sequence[float], share: float) -> float:
    """The least of these, in order, that is not exceeded by `share` of them."""
    return ordered[min(len(ordered) - 1, max(0, int(len(ordered) * share + 0.999999) - 1))]


def is_night(at: datetime, time_zone: str) -> bool:
    """Whether it is night by the clock of a time zone; by UTC where there is no such zone."""
    zone = zone_of(time_zone)
    hour = (at.astimezone(zone) if zone is not None else at).hour
    return hour >= NIGHT[0] or hour < NIGHT[1]


def _night_of(at: datetime, time_zone: str) -> date:
    """The evening of the night, which is one though it has two dates."""
    local = at.astimezone(zone_of(time_zone) or at.tzinfo)
    return (local - timedelta(hours=NIGHT[1])).date()


def _services(alerts: Sequence[Alert], pages: Sequence[Page]) -> tuple[Asked, ...]:
    fired = Counter(each.service or NOBODY for each in alerts)
    woke: dict[str, list[Page]] = defaultdict(list)
    for each in pages:
        woke[each.service or NOBODY].append(each)
    names = sorted({*fired, *woke}, key=lambda name: (-len(woke.get(name, ())), -fired[name], name))
    return tuple(Asked(n, fired[n], len(woke.get(n, ())), answered(woke.get(n, ()))) for n in names)


def _wakings(page: Page) -> list[tuple[str, datetime]]:
    """Who was woken by a page, and when: what still waits, or was held back, woke nobody."""
    return [
        (each.owed.person, each.attempts[0].at)
        for each in page.notifications
        if each.owed.purpose == "page" and each.owed.kind != "channel" and each.attempts
    ]


def _people(
    pages: Sequence[Page], zones: Callable[[str], str], names: Callable[[str], str]
) -> tuple[Woken, ...]:
    woken: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    answers: Counter[str] = Counter()
    for page in pages:
        for person, at in _wakings(page):
            woken[person].append((page.id, at))
        answers.update({names(each.by) for each in page.acknowledged})
    found = []
    for person, times in woken.items():
        zone = zones(person)
        by_night = {(id_, _night_of(at, zone)) for id_, at in times if is_night(at, zone)}
        on_pages, nights = {id_ for id_, _ in times}, {night for _, night in by_night}
        found.append(Woken(person, len(on_pages), len(by_night), len(nights), answers[names(person)], zone))
    return tuple(sorted(found, key=lambda each: (-each.night_pages, -each.pages, each.person)))


def _noise(alerts: Sequence[Alert]) -> tuple[Noise, ...]:
    by_name: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for each in alerts:
        by_name[each.name, each.service or ""].append(each)
    found = []
    for (name, service), of in by_name.items():
        acted = sum(1 for each in of if each.acknowledged_by or each.ended_how == "person")
        brief = sum(1 for each in of if _is_brief(each))
        paged = sum(1 for each in of if each.page)
        began = sum(each.episodes for each in of)
        found.append(Noise(name, service, began, paged, acted, brief, round(1 - acted / len(of), 3)))
    return tuple(sorted(found, key=lambda each: (-each.fired * each.noise, -each.fired, each.name)))


def _is_brief(alert: Alert) -> bool:
    is_over = alert.status == "resolved" and alert.ended_how in ("sender", "expired") and alert.ends_at is not None
    return is_over and not alert.acknowledged_by and (alert.ends_at or alert.starts_at) - alert.starts_at < BRIEF


def _delivery(pages: Sequence[Page]) -> tuple[Delivery, ...]:
    by_kind: dict[str, list[Notification]] = defaultdict(list)
    for page in pages:
        for each in page.notifications:
            by_kind[each.owed.kind].append(each)
    return tuple(_kind(kind, of) for kind, of in sorted(by_kind.items()))


def _kind(kind: str, of: Sequence[Notification]) -> Delivery:
    arrived = sum(1 for each in of if each.state in _ARRIVED)
    failed = sum(1 for each in of if each.state in _LOST)
    ended = (attempt for each in of for attempt in each.attempts if attempt.state in _ARRIVED)
    took = sorted(attempt.latency_ms for attempt in ended if attempt.latency_ms is not None)
    ratio = round(arrived / (arrived + failed), 4) if arrived + failed else None
    p50, p99 = (quantile(took, 0.5), quantile(took, 0.99)) if took else (None, None)
    return Delivery(kind, len(of), arrived, failed, ratio, p50, p99)


def _days(
    alerts: Sequence[Alert], pages: Sequence[Page], since: datetime, until: datetime, *, zones: Callable[[str], str]
) -> tuple[Day, ...]:  # fmt: skip
    fired, woke = Counter(each.first_at.date() for each in alerts), Counter(each.opened_at.date() for each in pages)
    nights: Counter[date] = Counter()
    for page in pages:
        if any(is_night(at, zones(person)) for person, at in _wakings(page)):
            nights[page.opened_at.date()] += 1
    count = max(0, (until.date() - since.date()).days) + 1
    days = (since.date() + timedelta(days=number) for number in range(count))
    return tuple(Day(day, fired[day], woke[day], nights[day]) for day in days)


def paging_report_model(report: PagingReport) -> dict[str, Any]:
    """The report as plain values."""
    model: dict[str, Any] = msgspec.to_builtins(report)
    return model
