"""A page, which wakes people, as a fold over its events; and the view of all of them.

The view's document is the page itself, so lists and the fold cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger import page_events as kinds
from opsbook.ledger.alert_events import Place
from opsbook.ledger.event import Event
from opsbook.ledger.page_events import FrozenPolicy, NotificationState, OwedNotification, PageState
from opsbook.ledger.page_subject import name_in, subject_of
from opsbook.ledger.view import Kept, Row, View

# In these nothing more is done for a notification.
ENDED: frozenset[str] = frozenset({"accepted", "delivered", "read", "failed", "cancelled", "bundled"})
# In these somebody was told, as far as anybody knows.
TOLD: frozenset[str] = frozenset({"accepted", "delivered", "read", "bundled"})
CATCH_ALL = -1


class Attempt(Struct, frozen=True):
    """One try to hand a message over: `state` is sending, accepted, delivered, retrying, failed or lost.
    `retry_after_s` is how long the receiver asked to be left alone since it ended."""

    number: int
    at: datetime
    state: str = "sending"
    reason: str = ""
    latency_ms: float | None = None
    is_duplicate: bool = False
    retry_after_s: float | None = None


class Notification(Struct, frozen=True):
    """A message that somebody is to get, or got; `why` says why this person, `settled_why` why it was not sent."""

    owed: OwedNotification
    owed_at: datetime
    state: NotificationState = "owed"
    attempts: tuple[Attempt, ...] = ()
    settled_why: str = ""
    ack_hashes: tuple[str, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is done for it."""
        return self.state in ENDED

    @property
    def has_told(self) -> bool:
        """Whether somebody got it, as far as anybody knows."""
        return self.state in TOLD

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt of which nobody knows yet what became."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.state == "sending" else None


class Acknowledgement(Struct, frozen=True):
    """Somebody's answer."""

    by: str
    via: str
    at: datetime
    why: str = ""


class ReachedLevel(Struct, frozen=True):
    """A level whose turn came, since people were woken last from the first one on; -1 is the catch-all."""

    level: int
    loop: int
    at: datetime
    why: str = ""


class Page(Struct, frozen=True):
    """One run of an escalation policy. `alerts` are those that still fire, `gone` those that did; `subject` follows
    them, `name` is the part of it that stays, `differing` are labels in which they are not alike. `level` is the last
    that was reached in this `loop` (0 before the first, -1 for the catch-all), `reached` are all since `armed_at`, when
    people began to be woken; `past_levels` and `past_answers` are those before, which count no more. What was sent
    before `spent_at` was for what somebody had answered. `news` is what came to an acknowledged page that its
    acknowledgement did not know of; `passed_on` is who said that they cannot take care of it, until it has gone on."""

    id: str
    state: PageState
    group: str
    subject: str
    severity: str
    service: str | None
    policy: FrozenPolicy
    place: Place | None
    opened_at: datetime
    changed_at: datetime
    alerts: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    level: int = 0
    loop: int = 1
    armed_at: datetime | None = None
    reached: tuple[ReachedLevel, ...] = ()
    notifications: tuple[Notification, ...] = ()
    acknowledged: tuple[Acknowledgement, ...] = ()
    acknowledged_until: datetime | None = None
    first_acknowledged_at: datetime | None = None
    past_levels: tuple[ReachedLevel, ...] = ()
    past_answers: tuple[Acknowledgement, ...] = ()
    spent_at: datetime | None = None
    news: str = ""
    passed_on: Acknowledgement | None = None
    is_drill: bool = False
    incident: int | None = None
    asked_by: str = ""
    ended_at: datetime | None = None
    ended_how: str = ""
    why: str = ""
    number: int = 0
    name: str = ""
    differing: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.state != "done"

    @property
    def needs(self) -> int:
        """How many people must acknowledge, by the levels that were reached."""
        levels = {planned.level: planned.needs for planned in self.policy.levels}
        return max([1, *(levels.get(each.level, 1) for each in self.reached)])

    @property
    def answers(self) -> str:
        """How many of those who must have acknowledged, while some have and others have not; else empty."""
        count = len(self.acknowledged)
        return f"{count} of {self.needs} have acknowledged" if self.state == "active" and count else ""

    @property
    def can_be_passed_on(self) -> bool:
        """Whether it is for others besides those of its first level."""
        return len(self.policy.levels) + bool(self.policy.catch_all) > 1

    @property
    def next_id(self) -> int:
        """The id of the next notification."""
        return len(self.notifications) + 1

    def is_spent(self, notification: Notification) -> bool:
        """Whether the link of a message was good for a time that is over: people were woken again since, after it or
        another had been answered."""
        sent = notification.attempts[-1].at if notification.attempts else notification.owed_at
        is_used = notification.state == "read" and self.armed_at is not None and sent < self.armed_at
        return is_used or (self.spent_at is not None and sent < self.spent_at)

    def notification(self, number: int) -> Notification | None:
        """The notification of that id."""
        return self.notifications[number - 1] if 0 < number <= len(self.notifications) else None


def stream_of(page: str) -> str:
    """The stream of a page."""
    return kinds.PAGES + page


def folded(events: Iterable[Event], before: Page | None = None) -> Page | None:
    """The page after these events, None before its first."""
    page = before
    for event in events:
        page = after(page, event)
    return page


def after(page: Page | None, event: Event) -> Page | None:
    """The page after one more event; an event that is not known changes only its number."""
    if event.kind == kinds.PAGE_OPENED:
        return _opened(event)
    if page is None:
        return None
    fold = _FOLDS.get(event.kind)
    changed = fold(page, event, event.facts) if fold is not None else page
    return replace(changed, number=event.number, changed_at=event.at if fold is not None else page.changed_at)


def page_of(kept: Kept) -> Page:
    """The page that a row of the view holds."""
    return msgspec.convert(kept.row.document, Page)


def _opened(event: Event) -> Page:
    facts = event.facts
    later = {name: facts[name] for name in ("name", "differing") if name in facts}  # events of before have none
    taken = later | {name: facts[name] for name in (
        "group", "subject", "severity", "service", "alerts", "policy", "place", "is_drill", "incident", "asked_by",
    )}  # fmt: skip
    at = event.at.isoformat()
    known = {"id": event.stream.removeprefix(kinds.PAGES), "state": "active", "opened_at": at, "changed_at": at,
             "armed_at": at, "number": event.number}  # fmt: skip
    return msgspec.convert({**taken, **known}, Page)


def _joined(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    came = tuple(each for each in facts["alerts"] if each not in page.alerts)
    gone = tuple(each for each in page.gone if each not in came)
    news = _news(page, facts["why"]) if came else page.news
    differing = tuple(dict.fromkeys((*page.differing, *facts.get("differing", ()))))
    return _called(replace(page, alerts=(*page.alerts, *came), gone=gone, news=news, differing=differing))


def _left(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    left = set(facts["alerts"])
    gone = (*page.gone, *(each for each in page.alerts if each in left))
    staying = tuple(each for each in page.alerts if each not in left)
    why = page.why if staying else facts["why"]  # it is no word on those that stay
    return _called(replace(page, alerts=staying, gone=gone, why=why))


def _called(page: Page) -> Page:
    """The page with a subject that says how many alerts there are by now."""
    if len(page.alerts) + len(page.gone) < 2:
        return page
    name = page.name or name_in(page.subject)
    return replace(page, name=name, subject=subject_of(name, len(page.alerts), len(page.gone), page.differing))


def _raised(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    return replace(page, severity=facts["severity"], news=_news(page, facts["why"]))


def _news(page: Page, why: str) -> str:
    """What an acknowledged page is woken again for."""
    return (why or "There is more to it than when it was acknowledged.") if page.state == "acknowledged" else ""


def _level_reached(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    reached = ReachedLevel(facts["level"], facts["loop"], event.at, facts["why"])
    return replace(page, level=reached.level, loop=reached.loop, reached=(*page.reached, reached), passed_on=None)


def _owed(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    owed = msgspec.convert(facts, OwedNotification)
    is_early = owed.due > event.at
    made = Notification(owed, event.at, "waiting" if is_early else "owed")
    return replace(page, notifications=(*page.notifications, made))


def _attempt_begun(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    def begun(before: Notification) -> Notification:
        attempt = Attempt(facts["attempt"], event.at, is_duplicate=facts["is_duplicate"])
        secrets = (*before.ack_hashes, facts["ack_hash"]) if facts["ack_hash"] else before.ack_hashes
        return replace(before, state="sending", attempts=(*before.attempts, attempt), ack_hashes=secrets)

    return _of(page, facts["notification"], begun)


# What a notification is after an attempt ended so. One that was lost may have come through; it is tried once more.
_AFTER_ATTEMPT: dict[str, NotificationState] = {
    "accepted": "accepted", "delivered": "delivered", "failed": "failed", "retrying": "retrying", "lost": "retrying",
}  # fmt: skip


def _attempt_ended(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    def ended(before: Notification) -> Notification:
        attempts = tuple(
            replace(each, state=facts["state"], reason=facts["reason"], latency_ms=facts["latency_ms"],
                    retry_after_s=facts.get("retry_after_s"))
            if each.number == facts["attempt"] else each
            for each in before.attempts
        )  # fmt: skip
        state = _AFTER_ATTEMPT.get(facts["state"], before.state) if not before.has_ended else before.state
        return replace(before, attempts=attempts, state=state)

    return _of(page, facts["notification"], ended)


def _settled(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    return _of(
        page, facts["notification"], lambda before: replace(before, state=facts["state"], settled_why=facts["why"])
    )


def _of(page: Page, number: int, change: Callable[[Notification], Notification]) -> Page:
    if page.notification(number) is None:
        return page
    made = tuple(change(each) if each.owed.id == number else each for each in page.notifications)
    return replace(page, notifications=made)


def _acknowledged(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    given = Acknowledgement(facts["by"], facts["via"], event.at, facts["why"])
    others = tuple(each for each in page.acknowledged if each.by != given.by)
    until = datetime.fromisoformat(facts["until"]) if facts["until"] else None
    changed = replace(
        page, acknowledged=(*others, given), acknowledged_until=until, news="",
        first_acknowledged_at=page.first_acknowledged_at or event.at,
        why=f"Acknowledged by {given.by}" + (f": {given.why}" if given.why else "."),
    )  # fmt: skip
    if page.state == "active" and len(changed.acknowledged) >= page.needs:
        changed = replace(changed, state="acknowledged")
    if facts["notification"]:
        changed = _of(changed, facts["notification"], lambda before: replace(before, state="read"))
    return changed


def _escalated(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    """Whoever took care of it does not any more; the levels before stay reached."""
    given = Acknowledgement(facts["by"], facts["via"], event.at, facts["why"])
    changed = replace(
        page, state="active", acknowledged=(), acknowledged_until=None, news="", passed_on=given,
        past_answers=(*page.past_answers, *page.acknowledged),
        why=f"{given.by} passes it on" + (f": {given.why}" if given.why else "."),
    )  # fmt: skip
    if facts["notification"]:
        changed = _of(changed, facts["notification"], lambda before: replace(before, state="read"))
    return changed


def _rearmed(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    return replace(
        page, state="active", level=0, loop=1, armed_at=event.at, reached=(), acknowledged=(), acknowledged_until=None,
        news="", passed_on=None, why=facts["why"], past_levels=(*page.past_levels, *page.reached),
        past_answers=(*page.past_answers, *page.acknowledged),
        spent_at=event.at if page.acknowledged else page.spent_at,
    )  # fmt: skip


def _done(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    return replace(page, state="done", ended_at=event.at, ended_how=facts["how"], why=facts["why"], news="",
                   passed_on=None)  # fmt: skip


def _attached(page: Page, event: Event, facts: dict[str, Any]) -> Page:
    return replace(page, incident=facts["incident"])


_FOLDS: dict[str, Callable[[Page, Event, dict[str, Any]], Page]] = {
    kinds.PAGE_JOINED: _joined,
    kinds.PAGE_LEFT: _left,
    kinds.PAGE_RAISED: _raised,
    kinds.LEVEL_REACHED: _level_reached,
    kinds.OWED: _owed,
    kinds.ATTEMPT_BEGUN: _attempt_begun,
    kinds.ATTEMPT_ENDED: _attempt_ended,
    kinds.NOTIFICATION_SETTLED: _settled,
    kinds.PAGE_ACKNOWLEDGED: _acknowledged,
    kinds.PAGE_ESCALATED: _escalated,
    kinds.PAGE_REARMED: _rearmed,
    kinds.PAGE_DONE: _done,
    kinds.PAGE_ATTACHED: _attached,
}


def _row(row: Row | None, event: Event) -> Row | None:
    page = after(row.document if row is not None else None, event)
    return Row(page.is_open, page.group, page) if page is not None else None


PAGE_VIEW = View("pages", 4, kinds.PAGES, _row, Page)
