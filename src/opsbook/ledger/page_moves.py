"""What a page does next, from its fold, its frozen policy and the time alone. Does nothing, and knows nobody's address.

A page is never silent: as long as it is active there is a time at which it is looked at again, and whatever is owed to
somebody ends in a state that has a name. What follows the last level stands in `_after_level`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger import page_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.page import CATCH_ALL, Notification, Page, ReachedLevel
from opsbook.ledger.page_events import OwedNotification, PlannedLevel

LEAST_LOOP_S = 300.0  # between the last level and what comes behind it, where the policy tells no time
PAUSES_S = (5.0, 20.0)  # before the second and the third try to hand one message over; there is no fourth
LONGEST_PAUSE_S = 300.0  # that a receiver is granted which asks for more; another contact is tried at once anyhow
URGENT = frozenset({"P0", "P1"})
_CALLS = frozenset({"phone"})  # nobody is called to hear that something is over
# What a page that is over, or taken care of, still sends.
_SENT_WHEN_DONE = frozenset({"resolved", "test", "digest"})
_SENT_WHEN_ACKNOWLEDGED = _SENT_WHEN_DONE | {"handoff", "reminder"}


class Rules(Struct, frozen=True):
    """What holds for every page: after how long an attempt of which nothing was heard is lost, and after how long a
    page that nobody answered begins again, grave ones and others."""

    attempt_s: float = 25.0
    again_s: float = 1800.0
    again_low_s: float = 86_400.0


class Reach(Struct, frozen=True):
    """It is the turn of a level; that of number -1 is the catch-all."""

    planned: PlannedLevel
    loop: int
    why: str


class PageMoves(Struct, frozen=True):
    """What to do, the first that is not empty: `record` these and ask again; find other contacts for whom these
    notifications are, record them and ask again, or ask again with the ids for whom there is none; `reach` a level,
    record it and what is owed by it, and ask again. Then `send` these, and look again at `wake_at`."""

    record: tuple[Draft, ...] = ()
    fall_back: tuple[int, ...] = ()
    reach: Reach | None = None
    send: tuple[int, ...] = ()
    wake_at: datetime | None = None


def next_moves(
    page: Page, now: datetime, rules: Rules, *, without_other: frozenset[int] = frozenset()
) -> PageMoves:
    """What to do next. `without_other` are notifications whose person has no other contact that could be tried."""
    if told := (*_lost(page, now, rules), *_given_up(page), *_of_state(page, now)):
        return PageMoves(record=told)
    if page.state != "active":
        return _sending(page, now, rules, page.acknowledged_until if page.state == "acknowledged" else None)
    if failing := _falling_back(page, without_other):
        return PageMoves(fall_back=failing)
    due, then = _next_turn(page, rules)
    if page.passed_on is not None:
        due, then = page.passed_on.at, _passed_on(page, page.passed_on.by)
    if due is not None and due <= now:
        return PageMoves(record=then) if isinstance(then, tuple) else PageMoves(reach=then)
    return _sending(page, now, rules, due)


def next_level(page: Page) -> tuple[int, datetime] | None:
    """Which level has its turn next unless somebody answers, and when, -1 for the catch-all; None where none has."""
    if page.state != "active" or page.passed_on is not None:
        return None
    due, then = _next_turn(page, Rules())
    if due is None or not isinstance(then, Reach) or not then.planned.targets:
        return None
    return then.planned.level, due


def retry_at(notification: Notification) -> datetime | None:
    """When the next attempt is to be made; None where none is."""
    if notification.has_ended or notification.open_attempt is not None:
        return None
    if not notification.attempts:
        return notification.owed.due
    last = notification.attempts[-1]
    asked_s = min(last.retry_after_s or 0.0, LONGEST_PAUSE_S) + (last.latency_ms or 0.0) / 1000
    return last.at + timedelta(seconds=max(PAUSES_S[len(notification.attempts) - 1], asked_s))


# -- what is to be recorded before anything else ----------------------------------------------------------------


def _lost(page: Page, now: datetime, rules: Rules) -> Iterator[Draft]:
    """Attempts of which nobody will hear any more."""
    for each in page.notifications:
        attempt = each.open_attempt
        if attempt is not None and now >= attempt.at + timedelta(seconds=rules.attempt_s):
            yield lost(each)


def lost(notification: Notification, why: str = "Nothing was heard of it in time.") -> Draft:
    """Says of the last attempt that nobody knows what became of it."""
    return events.attempt_ended(notification.owed.id, len(notification.attempts), "lost", reason=why)


def _given_up(page: Page) -> Iterator[Draft]:
    for each in page.notifications:
        if each.state == "retrying" and len(each.attempts) > len(PAUSES_S):
            last = each.attempts[-1]
            why = f"It was tried {len(each.attempts)} times. {last.reason}".strip()
            yield events.settled(each.owed.id, "failed", why)


def _of_state(page: Page, now: datetime) -> tuple[Draft, ...]:
    """What follows from the state of the page as a whole."""
    if page.state == "done":
        return (*_cancelled(page, _SENT_WHEN_DONE, page.why or "It is over."), *_resolved_notices(page, now))
    if page.gone and not page.alerts:
        return (events.page_done("resolved", page.why or "None of its alerts fires any more."),)
    if page.state == "acknowledged":
        if page.news:
            return (events.rearmed(page.news),)
        if page.acknowledged_until is not None and now >= page.acknowledged_until:
            return (events.rearmed(_overdue(page, now)),)
        return tuple(_cancelled(page, _SENT_WHEN_ACKNOWLEDGED, page.why))
    by = {each.by.casefold() for each in page.acknowledged}  # several are needed, and these have answered
    by |= {page.passed_on.by.casefold()} if page.passed_on is not None else set()
    return tuple(_cancelled(page, _SENT_WHEN_ACKNOWLEDGED, page.why, only=by)) if by else ()


def _overdue(page: Page, now: datetime) -> str:
    last = page.acknowledged[-1] if page.acknowledged else None
    if last is None:
        return "Its acknowledgement is over, and it is not mended."
    minutes = round((now - last.at).total_seconds() / 60)
    return f"{last.by} acknowledged it {minutes} minutes ago, and it is not mended."


def _cancelled(page: Page, kept: frozenset[str], why: str, only: set[str] | None = None) -> Iterator[Draft]:
    for each in page.notifications:
        if each.has_ended or each.open_attempt is not None or each.owed.purpose in kept:
            continue
        if only is None or only & names_of(each.owed):
            yield events.settled(each.owed.id, "cancelled", why)


def names_of(owed: OwedNotification) -> set[str]:
    """The names that somebody may answer by."""
    return {owed.person.casefold(), owed.handle.casefold()} - {""}


def _resolved_notices(page: Page, now: datetime) -> tuple[Draft, ...]:
    """One message to each who was woken, by a contact that took the first one, that it is over."""
    if page.ended_how != "resolved":
        return ()
    woken: dict[str, OwedNotification] = {}
    told = {each.owed.person.casefold() for each in page.notifications if each.owed.purpose == "resolved"}
    for each in page.notifications:
        was_told = each.has_told or any(attempt.state == "lost" for attempt in each.attempts)
        if was_told and each.owed.purpose in ("page", "handoff") and each.owed.kind not in _CALLS:
            woken.setdefault(each.owed.person.casefold(), each.owed)
    return tuple(
        events.owed(replace(owed, id=page.next_id + count, purpose="resolved", due=now, fallback_of=0,
                            why="You were woken for it, and it is over."))
        for count, owed in enumerate(owed for person, owed in woken.items() if person not in told)
    )  # fmt: skip


# -- contacts that fail, and levels ------------------------------------------------------------------------------


def _falling_back(page: Page, without_other: frozenset[int]) -> tuple[int, ...]:
    """Notifications that did not come through at the first try, and stand for nobody else's yet: another contact of the
    same person is used at once, while this one is tried again."""
    covered = {each.owed.fallback_of for each in page.notifications} | without_other
    return tuple(
        each.owed.id for each in _of_this_arming(page)
        if each.owed.id not in covered and not each.has_told and each.state in ("retrying", "failed")
    )  # fmt: skip


def _of_this_arming(page: Page) -> Iterator[Notification]:
    for each in page.notifications:
        if each.owed.purpose == "page" and (page.armed_at is None or each.owed_at >= page.armed_at):
            yield each


def _next_turn(page: Page, rules: Rules) -> tuple[datetime | None, Reach | tuple[Draft, ...]]:
    """When the next level has its turn, and which; or what is recorded then instead."""
    if not page.policy.levels and not page.policy.catch_all and not page.alerts:
        return _carrier_turn(page)
    if not page.reached:
        begun = page.armed_at or page.opened_at
        why = "It began." if begun == page.opened_at else "It begins again."
        if not page.policy.levels:
            return begun, _catch_all(page, 1, "Its policy has no level.")
        return begun + timedelta(seconds=page.policy.levels[0].after_s), _level(page, 0, 1, why)
    last = page.reached[-1]
    of_it = [each for each in _of_this_arming(page) if (each.owed.level, each.owed.loop) == (last.level, last.loop)]
    gap_s, then = _after_level(page, last, rules)
    if not of_it:
        return last.at + timedelta(seconds=_again_s(page, then, rules, 0.0)), _because(then, "It reached nobody.")
    if all(each.state == "failed" for each in of_it):
        return last.at + timedelta(seconds=_again_s(page, then, rules, 0.0)), _because(then, "Nobody could be told.")
    first_told = max(last.at, min(each.owed.due for each in of_it))  # quiet hours may put all of it off
    return first_told + timedelta(seconds=gap_s), _because(then, "Nobody answered.")


def _again_s(page: Page, then: Reach | tuple[Draft, ...], rules: Rules, at_once_s: float) -> float:
    """A level that reached nobody is passed over at once; but a page that begins again does not do so in a ring."""
    is_again = isinstance(then, tuple) and then[0].kind == events.PAGE_REARMED
    return _pause_s(page, rules) if is_again else at_once_s


def _carrier_turn(page: Page) -> tuple[datetime | None, tuple[Draft, ...]]:
    """A page that only carries messages ends once all of them have."""
    has_ended = all(each.has_ended for each in page.notifications)
    why = "All that it was for was handed over." if page.notifications else "It was for nobody."
    return (page.opened_at if has_ended else None), (events.page_done("exhausted", why),)


def _after_level(page: Page, last: ReachedLevel, rules: Rules) -> tuple[float, Reach | tuple[Draft, ...]]:
    """How long after a level what is the turn of."""
    levels = page.policy.levels
    if last.level == CATCH_ALL:
        return _after_all(page, rules)
    index = next((at for at, each in enumerate(levels) if each.level == last.level), len(levels) - 1)
    if index + 1 < len(levels):
        gap_s = max(levels[index + 1].after_s - levels[index].after_s, 0.0)
        return gap_s, _level(page, index + 1, last.loop, "")
    own_s = levels[index].after_s - levels[index - 1].after_s if index > 0 else 0.0
    written_s = page.policy.repeat_every_s
    gap_s = written_s if written_s is not None else max(own_s, LEAST_LOOP_S)
    if last.loop <= page.policy.repeat and _has_reached_somebody(page, last.loop):
        return gap_s, _level(page, 0, last.loop + 1, f"Round {last.loop + 1}.")
    return gap_s, _catch_all(page, last.loop, "No level is left.")


def _has_reached_somebody(page: Page, loop: int) -> bool:
    return any(each.owed.loop == loop and each.state != "failed" for each in _of_this_arming(page))


def _passed_on(page: Page, by: str) -> Reach | tuple[Draft, ...]:
    """Whose turn it is once somebody said that they cannot: those who were asked already are not asked once more
    before everybody else was."""
    why, levels = f"{by} passes it on.", page.policy.levels
    last = page.reached[-1] if page.reached else None
    if last is None and levels:
        return _level(page, 0, 1, why)
    if last is not None and last.level != CATCH_ALL:
        index = next((at for at, each in enumerate(levels) if each.level == last.level), len(levels) - 1)
        if index + 1 < len(levels):
            return _level(page, index + 1, last.loop, why)
    if page.policy.catch_all and (last is None or last.level != CATCH_ALL):
        return _catch_all(page, last.loop if last is not None else 1, why)
    return (events.rearmed(f"{why} Nobody else is left, so it begins again."),)


def _after_all(page: Page, rules: Rules) -> tuple[float, tuple[Draft, ...]]:
    """Nobody answered at all: what still fires begins again, the rest is over."""
    if page.alerts:
        return _pause_s(page, rules), (events.rearmed("Nobody answered, the catch-all neither: it begins again."),)
    return LEAST_LOOP_S, (events.page_done("exhausted", "Everybody was asked, and nobody answered."),)


def _pause_s(page: Page, rules: Rules) -> float:
    return rules.again_s if page.severity in URGENT else rules.again_low_s


def _level(page: Page, index: int, loop: int, why: str) -> Reach:
    planned = page.policy.levels[index]
    return Reach(planned, loop, why)


def _catch_all(page: Page, loop: int, why: str) -> Reach:
    planned = PlannedLevel(CATCH_ALL, 0.0, page.policy.catch_all, "the catch-all, for nobody has answered")
    return Reach(planned, loop, f"{why} It is for the catch-all.")


def _because(then: Reach | tuple[Draft, ...], why: str) -> Reach | tuple[Draft, ...]:
    return replace(then, why=f"{why} {then.why}".strip()) if isinstance(then, Reach) else then


# -- messages ----------------------------------------------------------------------------------------------------


def _sending(page: Page, now: datetime, rules: Rules, turn: datetime | None) -> PageMoves:
    """The messages that are due, and when to look again: at the next turn, message or end of an attempt's time."""
    times = [] if turn is None else [turn]
    send = []
    for each in page.notifications:
        attempt, due = each.open_attempt, retry_at(each)
        if attempt is not None:
            times.append(attempt.at + timedelta(seconds=rules.attempt_s))
        elif due is not None and due <= now:
            send.append(each.owed.id)
        elif due is not None:
            times.append(due)
    return PageMoves(send=tuple(send), wake_at=min(times, default=None))
