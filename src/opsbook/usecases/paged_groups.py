"""What becomes of the page of one group of alerts when some of them change: opened, joined, raised, left, ended.

A group with an open page gets no second one. Sends nothing, and records nothing: it gives what is to be recorded, and
of each alert the page that it belongs to, or the sentence why nobody is woken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from opsbook.ledger import page_events as events
from opsbook.ledger.alert import Alert
from opsbook.ledger.event import Draft
from opsbook.ledger.page import Page, stream_of
from opsbook.ledger.page_events import FrozenPolicy
from opsbook.ledger.page_subject import LONGEST, differing, subject_of
from opsbook.usecases.ledger_ports import Timer, Write

LEVEL = "level"
FLAPPING = 3  # from this episode on a page waits until the window since the last one is over
_SAME = frozenset({events.PAGE_JOINED, events.PAGE_LEFT})
PolicyFor = Callable[[str | None, str], tuple[FrozenPolicy | None, str]]


class Change(Struct, frozen=True):
    """An alert as it was and as it is."""

    before: Alert | None
    after: Alert


class Paged(Struct, frozen=True):
    """What is to be recorded of pages; by the ids of alerts their page, or why nobody is woken for them."""

    writes: tuple[Write, ...] = ()
    page_of: dict[str, str] = {}
    why_not: dict[str, str] = {}


class Group(Struct, frozen=True):
    """The group whose alerts change, and its last page; `flap` is the window in which people are woken once for what
    flaps, `via` by what means they were acknowledged; `alert_of` finds an alert that does not change."""

    key: str
    page: Page | None
    changes: Sequence[Change]
    flap: timedelta = timedelta(0)
    via: str = "sender"
    alert_of: Callable[[str], Alert | None] = lambda id: None

    @property
    def open_page(self) -> Page | None:
        """Its page, where that is not over."""
        return self.page if self.page is not None and self.page.is_open else None


def paged(group: Group, policy_for: PolicyFor, new_id: Callable[[], str], now: datetime) -> Paged:
    """What becomes of the page of a group."""
    rousing, why_not = _rousing(group, policy_for)
    page = group.open_page
    if page is None:
        if not rousing:
            return Paged(why_not=why_not)
        write, page_of = _opened(group, rousing, policy_for, new_id(), due=_due(group, rousing, now))
        return Paged((write,), page_of, why_not)
    return _going_on(group, page, rousing, why_not, policy_for=policy_for, new_id=new_id, now=now)


def _rousing(group: Group, policy_for: PolicyFor) -> tuple[list[Alert], dict[str, str]]:
    """The alerts that people are to be woken for, and why not for the others that fire."""
    rousing: list[Alert] = []
    why_not: dict[str, str] = {}
    for change in group.changes:
        alert = change.after
        if alert.status != "firing":
            continue
        policy, why = policy_for(alert.service, alert.severity)
        if policy is None:
            why_not[alert.id] = why
        else:
            rousing.append(alert)
    return rousing, why_not


def _going_on(
    group: Group, page: Page, rousing: list[Alert], why_not: dict[str, str], *, policy_for: PolicyFor,
    new_id: Callable[[], str], now: datetime,
) -> Paged:  # fmt: skip
    members = set(page.alerts)
    leaving = tuple(
        each.after.id for each in group.changes
        if each.after.id in members and each.after.status in ("resolved", "suppressed")
    )  # fmt: skip
    coming = tuple(alert.id for alert in rousing if alert.id not in members)
    staying = [each for each in page.alerts if each not in leaving]
    live = [each.after for each in group.changes if each.after.id in members and each.after.status == "acknowledged"]
    gravest = min((alert.severity for alert in (*rousing, *live)), default=page.severity)
    if any(alert.severity == gravest for alert in rousing) and gravest < page.severity:
        policy, _ = policy_for(_first(rousing, gravest).service, gravest)
        if policy is not None and _is_other(policy, page.policy):
            return _replaced(
                group, page, rousing, staying, why_not=why_not, policy_for=policy_for, id=new_id(), now=now
            )
    drafts: list[Draft] = []
    if coming:
        drafts.append(events.joined(coming, _came(group, coming), _differing(group, page, coming)))
    if gravest < page.severity:
        drafts.append(events.raised(gravest, f"{_first((*rousing, *live), gravest).name} is {gravest}."))
    if leaving:
        drafts.append(events.left(leaving, _why_left(group, leaving)))
    if not staying and not coming:
        drafts.append(_done(group, leaving))
    else:
        drafts += _answered(group, page, members)
    if not drafts:
        return Paged(why_not=why_not)
    stream = stream_of(page.id)
    # Whoever pages looks at it and sets what comes next. Where people are being woken already, more alerts of the same
    # or fewer change nothing of that: in a storm to look again for each part would cost as much as all else.
    is_under_way = page.state == "active" and all(draft.kind in _SAME for draft in drafts)
    timers = [] if is_under_way else [Timer(stream, LEVEL, now)]
    return Paged((Write(stream, drafts, page.number, timers),), dict.fromkeys(coming, page.id), why_not)


def _replaced(
    group: Group, page: Page, rousing: list[Alert], staying: list[str], *, why_not: dict[str, str],
    policy_for: PolicyFor, id: str, now: datetime,
) -> Paged:  # fmt: skip
    """Another escalation holds for what is graver: the page ends, and one of that escalation takes its place."""
    write, page_of = _opened(group, rousing, policy_for, id, due=now, others=staying)
    why = f"It is {min(alert.severity for alert in rousing)} now; page {id} goes on, by the escalation for that."
    stream = stream_of(page.id)
    ended = Write(stream, [events.page_done("cancelled", why)], page.number, [Timer(stream, LEVEL, now)])
    return Paged((ended, write), page_of, why_not)


def _opened(
    group: Group, rousing: list[Alert], policy_for: PolicyFor, id: str, *, due: datetime,
    others: Sequence[str] = (),
) -> tuple[Write, dict[str, str]]:  # fmt: skip
    gravest = min(rousing, key=lambda alert: (alert.severity, alert.place is None))
    policy, _ = policy_for(gravest.service, gravest.severity)
    assert policy is not None  # those for whom there is none rouse nobody
    ids = tuple(dict.fromkeys((*others, *(alert.id for alert in rousing))))
    compared = [*(alert for each in others[:1] if (alert := group.alert_of(each)) is not None), *rousing]
    differ = differing(alert.labels for alert in compared)
    opened = events.page_opened(
        group=group.key, subject=subject_for(gravest, len(ids), differ), name=_name(gravest), differing=differ,
        severity=gravest.severity, service=gravest.service, alerts=ids, policy=policy, place=gravest.place,
        is_drill=gravest.is_drill,
    )  # fmt: skip
    stream = stream_of(id)
    return Write(stream, [opened], 0, [Timer(stream, LEVEL, due)]), dict.fromkeys(ids, id)


def _name(alert: Alert) -> str:
    """The alert's name, and where it is."""
    where = f" on {alert.service}" if alert.service and alert.service.lower() not in alert.name.lower() else ""
    return f"{alert.name}{where}"


def subject_for(alert: Alert, count: int, differ: Sequence[str] = ()) -> str:
    """What a page of alerts is called: its name, and the alert's own words where it is the only one."""
    if count > 1:
        return subject_of(_name(alert), count, 0, differ)
    summary = alert.annotations.get("summary", "")
    told = f": {summary}" if summary and summary != alert.name else ""
    return f"{_name(alert)}{told}"[:LONGEST]


def _differing(group: Group, page: Page, coming: tuple[str, ...]) -> tuple[str, ...]:
    """The labels in which alerts that come are unlike each other or one that was there, as far as that is new."""
    known = {each.after.id: each.after for each in group.changes}
    before = next(iter((*page.alerts, *page.gone)), "")
    first = known.get(before) or group.alert_of(before)
    compared = [*([first] if first is not None else []), *(known[each] for each in coming)]
    return tuple(name for name in differing(alert.labels for alert in compared) if name not in page.differing)


def _due(group: Group, rousing: list[Alert], now: datetime) -> datetime:
    """When the first level is due: at once, but for what has come back for the third time and more, about which people
    were woken within the window. It fires on then, or they sleep on."""
    last = group.page
    if last is None or any(alert.episodes < FLAPPING for alert in rousing):
        return now
    return max(now, last.opened_at + group.flap)


def _is_other(policy: FrozenPolicy, before: FrozenPolicy) -> bool:
    return (policy.levels, policy.catch_all, policy.repeat) != (before.levels, before.catch_all, before.repeat)


def _first(alerts: Sequence[Alert], severity: str) -> Alert:
    return next(alert for alert in alerts if alert.severity == severity)


def _came(group: Group, coming: tuple[str, ...]) -> str:
    named = next(each.after for each in group.changes if each.after.id == coming[0])
    return f"{named.name} fires too." if len(coming) == 1 else f"{len(coming)} more alerts fire, {named.name} first."


def _why_left(group: Group, leaving: tuple[str, ...]) -> str:
    left = [each.after for each in group.changes if each.after.id in leaving]
    return left[0].why if len(left) == 1 else f"{len(left)} alerts are over or silent, {left[0].name} first."


def _done(group: Group, leaving: tuple[str, ...]) -> Draft:
    left = [each.after for each in group.changes if each.after.id in leaving]
    silent = next((alert for alert in left if alert.status == "suppressed"), None)
    if silent is not None:
        return events.page_done("cancelled", f"None of it wakes anybody any more. {silent.why}")
    by = next((alert.ended_by for alert in left if alert.ended_how == "person"), "")
    return events.page_done("resolved", left[-1].why if len(left) == 1 else "All of its alerts are over.", by)


def _answered(group: Group, page: Page, members: set[str]) -> list[Draft]:
    """That somebody answered by the sender's own means, or took that back, or that it began anew for who had."""
    drafts: list[Draft] = []
    for change in group.changes:
        before, alert = change.before, change.after
        if before is None or alert.id not in members:
            continue
        if drafts:
            break
        if alert.acknowledged_at != before.acknowledged_at and alert.acknowledged_by:
            why = "" if alert.why.startswith("Acknowledged by") else alert.why
            drafts.append(
                events.page_acknowledged(alert.acknowledged_by, group.via, alert.acknowledged_until, why=why)
            )
        elif before.acknowledged_by and alert.status == "firing" and page.state == "acknowledged":
            drafts.append(events.rearmed(alert.why))
    return drafts
