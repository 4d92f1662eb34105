"""The events of a page, which wakes people: their kinds, and a draft of each. Folds nothing, and decides nothing.

Each page has a stream of its own, `page/ID`: one run of one escalation policy for one group of alerts, or for one thing
that somebody asks for. A notification is one message to one contact of one person; its id counts within the page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from opsbook.ledger.alert_events import Place
from opsbook.ledger.event import Draft

PageState = Literal["active", "acknowledged", "done"]
PageEnd = Literal["resolved", "cancelled", "exhausted", "digested"]
NotificationState = Literal[
    "owed", "waiting", "sending", "accepted", "delivered", "read", "retrying", "failed", "cancelled", "bundled",
]  # fmt: skip

PAGE_OPENED = "PageOpened"
PAGE_JOINED = "PageAlertsJoined"
PAGE_LEFT = "PageAlertsLeft"
PAGE_RAISED = "PageSeverityRaised"
LEVEL_REACHED = "PageLevelReached"
OWED = "NotificationOwed"
ATTEMPT_BEGUN = "NotificationAttempted"
ATTEMPT_ENDED = "NotificationAttemptEnded"
NOTIFICATION_SETTLED = "NotificationSettled"
PAGE_ACKNOWLEDGED = "PageAcknowledged"
PAGE_REARMED = "PageRearmed"
PAGE_ESCALATED = "PageEscalated"
PAGE_DONE = "PageDone"
PAGE_ATTACHED = "PageAttached"
PAGES = "page/"


class PlannedLevel(Struct, frozen=True):
    """A level of an escalation as it was when the page began: after how long since the first, and whom, by names as
    the page of the book writes them (a schedule, a team, a person, a #channel, an address), resolved when the level is
    reached. `why` is a sentence; `needs` is how many people must acknowledge. Outside of `hours`, as written and local
    to `time_zone`, it is passed over at once; empty is always."""

    level: int
    after_s: float
    targets: tuple[str, ...]
    why: str
    needs: int = 1
    is_round_robin: bool = False
    hours: str = ""
    time_zone: str = ""


class FrozenPolicy(Struct, frozen=True):
    """The escalation that a page follows, whatever becomes of the book meanwhile: its name, where it is written, at
    which commit, and why it is this one."""

    name: str
    path: str
    line: int
    commit: str | None
    levels: tuple[PlannedLevel, ...]
    repeat: int = 0
    repeat_every_s: float | None = None
    catch_all: tuple[str, ...] = ()
    ack_timeout_s: float | None = None
    why: str = ""


class OwedNotification(Struct, frozen=True):
    """A message that somebody is to get. `id` is unique within its page. `person` is a name (a channel's own where
    nobody in particular is meant), `kind` of the contact: email, sms, phone, chat, push, webhook, channel; `contact`
    is the contact's id or masked address, never the address itself. `due` is when to send it."""

    id: int
    person: str
    handle: str
    kind: str
    contact: str
    level: int
    loop: int
    why: str
    due: datetime
    purpose: Literal["page", "resolved", "handoff", "digest", "reminder", "test"] = "page"
    fallback_of: int = 0


def page_opened(
    *, group: str, subject: str, severity: str, service: str | None, alerts: tuple[str, ...], policy: FrozenPolicy,
    place: Place | None, is_drill: bool = False, incident: int | None = None, asked_by: str = "", name: str = "",
    differing: tuple[str, ...] = (),
) -> Draft:  # fmt: skip
    """Somebody is to be woken. `group` is the key of the group of `alerts`, or what else it is about. `name` is the
    subject without what depends on how many alerts there are, which differ in the labels `differing`."""
    return Draft(PAGE_OPENED, {
        "group": group, "subject": subject, "severity": severity, "service": service, "alerts": list(alerts),
        "policy": msgspec.to_builtins(policy), "place": msgspec.to_builtins(place), "is_drill": is_drill,
        "incident": incident, "asked_by": asked_by, "name": name, "differing": list(differing),
    })  # fmt: skip


def joined(alerts: tuple[str, ...], why: str = "", differing: tuple[str, ...] = ()) -> Draft:
    """Further alerts of the group fire; `differing` are labels in which they are not as those before."""
    told = {"differing": list(differing)} if differing else {}
    return Draft(PAGE_JOINED, {"alerts": list(alerts), "why": why, **told})


def left(alerts: tuple[str, ...], why: str) -> Draft:
    """These alerts are over, or wake nobody for now."""
    return Draft(PAGE_LEFT, {"alerts": list(alerts), "why": why})


def raised(severity: str, why: str) -> Draft:
    """It is graver than it was."""
    return Draft(PAGE_RAISED, {"severity": severity, "why": why})


def level_reached(level: int, loop: int, why: str) -> Draft:
    """It is the turn of a level; -1 is the catch-all."""
    return Draft(LEVEL_REACHED, {"level": level, "loop": loop, "why": why})


def owed(notification: OwedNotification) -> Draft:
    """Somebody is to get a message."""
    return Draft(OWED, msgspec.to_builtins(notification))


def attempt_begun(notification: int, attempt: int, ack_hash: str = "", is_duplicate: bool = False) -> Draft:
    """A message is about to be handed over; `is_duplicate` where an earlier attempt may have come through unseen.
    `ack_hash` is the SHA-256 of the secret in its link."""
    return Draft(ATTEMPT_BEGUN, {"notification": notification, "attempt": attempt, "ack_hash": ack_hash,
                                 "is_duplicate": is_duplicate})  # fmt: skip


def attempt_ended(
    notification: int, attempt: int, state: str, *, reason: str = "", latency_ms: float | None = None,
    retry_after_s: float | None = None,
) -> Draft:  # fmt: skip
    """What became of an attempt: accepted, delivered, failed for good, retrying later, lost (nobody knows).
    `retry_after_s` is how long the receiver asked to be left alone."""
    asked = {"retry_after_s": retry_after_s} if retry_after_s is not None else {}
    return Draft(ATTEMPT_ENDED, {"notification": notification, "attempt": attempt, "state": state, "reason": reason,
                                 "latency_ms": latency_ms, **asked})  # fmt: skip


def settled(notification: int, state: NotificationState, why: str) -> Draft:
    """A notification is read, cancelled, bundled into another, or waits, and why."""
    return Draft(NOTIFICATION_SETTLED, {"notification": notification, "state": state, "why": why})


def page_acknowledged(
    by: str, via: str, until: datetime | None, *, why: str = "", notification: int = 0
) -> Draft:
    """Somebody answers: people are not woken any more, until the time is over."""
    facts: dict[str, Any] = {"by": by, "via": via, "until": until.isoformat() if until else None, "why": why,
                             "notification": notification}  # fmt: skip
    return Draft(PAGE_ACKNOWLEDGED, facts)


def rearmed(why: str, by: str = "") -> Draft:
    """People are woken again from the first level."""
    return Draft(PAGE_REARMED, {"why": why, "by": by})


def escalated(by: str, via: str, why: str = "", notification: int = 0) -> Draft:
    """Somebody cannot take care of it, and does not want it to wait: it is the next level's turn at once."""
    return Draft(PAGE_ESCALATED, {"by": by, "via": via, "why": why, "notification": notification})


def page_done(how: PageEnd, why: str, by: str = "") -> Draft:
    """Nobody is woken any more for it."""
    return Draft(PAGE_DONE, {"how": how, "why": why, "by": by})


def attached(incident: int | None, why: str = "") -> Draft:
    """It belongs to the incident of that number from now on; None: to none any more."""
    return Draft(PAGE_ATTACHED, {"incident": incident, "why": why})
