"""By which contacts somebody is told of something, in which order, and when: their own rules, else each in turn.

Quiet hours put off what is not grave; a P0 wakes people at any hour.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from opsbook.ledger.page_moves import URGENT
from opsbook.usecases.alerting_ports import Contact, Reachable

IN_TURN_S = 120.0  # between two contacts of somebody who has no rules of their own
_DAY_S = 86_400


class Turn(Struct, frozen=True):
    """A contact to use, from when on, and why then."""

    contact: Contact
    due: datetime
    why: str = ""


class Reaching(Struct, frozen=True):
    """How somebody is told: the turns in order; where there are none, `why_not` says so in a sentence."""

    turns: tuple[Turn, ...] = ()
    why_not: str = ""


def reaching(
    somebody: Reachable, severity: str, at: datetime, *, quiet: Collection[str],
    why_not: Callable[[Contact], str] = lambda contact: "",
) -> Reaching:  # fmt: skip
    """How somebody is told of something that grave. `quiet` are the severities that wait for the end of quiet hours;
    `why_not` tells of a contact why nobody can be reached by such a one here."""
    usable = [each for each in somebody.contacts if each.is_enabled and not why_not(each)]
    if not usable:
        return Reaching((), _nothing(somebody, why_not))
    usable.sort(key=lambda each: each.is_failing)  # one that failed lately comes last, and is not given up
    begins, why = _beginning(somebody, severity, at, quiet)
    ruled = _by_rules(somebody, severity, {each.id: each for each in usable})
    after = ruled or _in_turn(usable, severity)
    turns = [Turn(each, begins + timedelta(seconds=after_s), why) for each, after_s in after]
    if lacks := _passed_over(somebody, why_not):
        turns[0] = Turn(turns[0].contact, turns[0].due, " ".join(filter(None, (*lacks, why))))
    return Reaching(tuple(turns))


def other_contact(
    somebody: Reachable, used: Collection[str], why_not: Callable[[Contact], str] = lambda contact: ""
) -> Contact | None:
    """A contact that was not used yet; None where there is none."""
    usable = [each for each in somebody.contacts if each.is_enabled and each.id not in used and not why_not(each)]
    return min(usable, key=lambda each: each.is_failing, default=None)


def quiet_until(somebody: Reachable, at: datetime) -> datetime | None:
    """The end of somebody's quiet hours where it is within them; None where it is not."""
    if somebody.quiet is None or somebody.quiet[0] == somebody.quiet[1]:
        return None
    begin_s, end_s = somebody.quiet
    local = at.astimezone(_zone(somebody.time_zone))
    now_s = local.hour * 3600 + local.minute * 60 + local.second
    is_quiet = begin_s <= now_s < end_s if begin_s < end_s else now_s >= begin_s or now_s < end_s
    if not is_quiet:
        return None
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if now_s >= end_s:
        day += timedelta(days=1)
    end = day.replace(hour=end_s % _DAY_S // 3600, minute=end_s % 3600 // 60)  # by the clock on the wall, also across
    return end.astimezone(at.tzinfo)  # the change to summer time


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _beginning(
    somebody: Reachable, severity: str, at: datetime, quiet: Collection[str]
) -> tuple[datetime, str]:
    if severity in quiet and severity != "P0":
        until = quiet_until(somebody, at)
        if until is not None:
            return until, f"A {severity} waits for the end of {somebody.name}'s quiet hours."
    return at, ""


def _by_rules(somebody: Reachable, severity: str, known: dict[str, Contact]) -> list[tuple[Contact, float]]:
    """By the rules in the order of their times. Where a contact cannot be used, the next one comes at its time: nobody
    waits for what reaches nobody."""
    urgency = "high" if severity in URGENT else "low"
    ruled = sorted(
        (rule for rule in somebody.rules if rule.urgency in ("all", urgency)), key=lambda rule: rule.after_s
    )  # fmt: skip
    usable = [known[rule.contact] for rule in ruled if rule.contact in known]
    return list(zip(usable, (rule.after_s for rule in ruled), strict=False))


def _in_turn(usable: list[Contact], severity: str) -> list[tuple[Contact, float]]:
    """Without rules: of what is grave every contact in turn, of the rest the first."""
    some = usable if severity in URGENT else usable[:1]
    return [(each, count * IN_TURN_S) for count, each in enumerate(some)]


def _passed_over(somebody: Reachable, why_not: Callable[[Contact], str]) -> list[str]:
    """Of each contact that is wanted and cannot be used, why not, in a sentence each."""
    ruled = {rule.contact for rule in somebody.rules}
    wanted = (each for each in somebody.contacts if each.is_enabled and (not ruled or each.id in ruled))
    return [f"{each.id} is passed over: {told}" for each in wanted if (told := why_not(each))]


def _nothing(somebody: Reachable, why_not: Callable[[Contact], str]) -> str:
    if not somebody.contacts:
        return f"Nobody knows how to reach {somebody.name}."
    reasons = dict.fromkeys(
        why_not(each) or f"{each.masked} is switched off." for each in somebody.contacts
    )
    return f"{somebody.name} cannot be reached: {' '.join(reasons)}"
