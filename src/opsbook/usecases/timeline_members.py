"""What the events of alerts, pages and probes say on the timeline of an incident that they belong to. Decides nothing.

A message to somebody is one entry from when it was owed to its end: what becomes of it changes the entry's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from msgspec.structs import replace

from opsbook.ledger import alert_events as alerts
from opsbook.ledger import page_events as pages
from opsbook.ledger.event import Event
from opsbook.ledger.health import HEALTH_CHANGED
from opsbook.usecases.timeline_entry import TimelineEntry, Told, because, counted, entry_of, sentence, time_in

Facts = Mapping[str, Any]
# What of an alert changes without anybody caring: where it was told again, where it was matched, what it belongs to.
_QUIET = frozenset({"ends_at", "incident", "why_not_paged", "place", "severity_why", "page", "annotations"})


class Teller(Protocol):
    """Makes entries of the events of one stream, in their order."""

    def take(self, event: Event) -> list[TimelineEntry]:
        """The entries that an event makes, or makes anew under the key that they had."""
        ...


def _earlier(event: Event, told: Any) -> datetime | None:
    """When something happened by its sender's clock, where that is not later than it was told."""
    at = time_in(told)
    return at if at is not None and at <= event.at else None


class AlertTeller:
    """Tells an alert, by its name."""

    def __init__(self, stream: str) -> None:
        self._id = stream.removeprefix(alerts.ALERTS)
        self._name = self._id

    def take(self, event: Event) -> list[TimelineEntry]:
        """See Teller."""
        facts = event.facts
        if event.kind == alerts.ALERT_FIRED:
            labels, notes = facts.get("labels") or {}, facts.get("annotations") or {}
            self._name = str(labels.get("alertname") or notes.get("summary") or facts.get("key") or self._id)
        told = self._told(event, facts)
        if told is None:
            return []
        return [entry_of(event, replace(told, link=f"/alerts/{self._id}"))]

    def _told(self, event: Event, facts: Facts) -> Told | None:
        named = f"Alert {self._name}"
        if event.kind == alerts.ALERT_FIRED:
            of = f", {facts['service']}" if facts.get("service") else ""
            notes = facts.get("annotations") or {}
            summary = str(notes.get("summary") or notes.get("description") or "")
            words = because(f"{named} fires ({facts.get('severity')}{of})", summary if summary != self._name else "")
            return Told("alert", words, at=_earlier(event, facts.get("starts_at")))
        if event.kind == alerts.ALERT_REOPENED:
            return Told("alert", because(f"{named} fires again", facts.get("why")),
                        at=_earlier(event, facts.get("starts_at")))  # fmt: skip
        if event.kind == alerts.ALERT_RESOLVED:
            return Told("alert", self._over(named, facts), at=_earlier(event, facts.get("at")))
        if event.kind == alerts.ALERT_CHANGED:
            return self._changed(named, facts)
        if event.kind == alerts.ALERT_ACKNOWLEDGED:
            until = time_in(facts.get("until"))
            till = f" until {until:%H:%M} UTC" if facts.get("is_snooze") and until is not None else ""
            did = "snoozed" if facts.get("is_snooze") else "acknowledged"
            return Told("ack", because(f"{named} {did} by {facts.get('by')}{till}{_via(facts)}", facts.get("why")))
        if event.kind == alerts.ALERT_NOTED:
            return Told("note", str(facts.get("text") or ""))
        verb = _ALERT_WORDS.get(event.kind)
        return Told("alert", because(f"{named} {verb}", facts.get("why"))) if verb else None

    def _over(self, named: str, facts: Facts) -> str:
        how = facts.get("how")
        if how == "person":
            return because(f"{named} resolved by {facts.get('by') or 'a person'}", facts.get("why"))
        words = {"expired": "is over: its time is up, and nobody sent it again.",
                 "duplicate": "is the same as another."}  # fmt: skip
        return f"{named} {words.get(str(how), 'is over.')}"

    def _changed(self, named: str, facts: Facts) -> Told | None:
        what = facts.get("what") or {}
        loud = [name for name in what if name not in _QUIET]
        if not loud:
            return None
        if "severity" in loud:
            return Told("alert", because(f"{named} is {what['severity']} now", facts.get("why")))
        if loud == ["service"]:
            return Told("alert", because(f"{named} is of {what['service']}", facts.get("why")))
        return Told("alert", because(f"{named} changed ({', '.join(sorted(loud))})", facts.get("why")))


_ALERT_WORDS = {
    alerts.ALERT_UNACKNOWLEDGED: "is acknowledged no longer",
    alerts.ALERT_SUPPRESSED: "wakes nobody for now",
    alerts.ALERT_RELEASED: "is no longer suppressed",
    alerts.ALERT_STALE: "is stale",
}


def _via(facts: Facts) -> str:
    return f" ({facts['via']})" if facts.get("via") else ""


class _Message:
    """A message to somebody as far as it is known."""

    def __init__(self, entry: TimelineEntry, facts: Facts) -> None:
        self.entry = entry
        what = {"resolved": "Told that it is over", "handoff": "Handed over", "digest": "Told in a digest",
                "reminder": "Reminded", "test": "Tested"}.get(str(facts.get("purpose")), "Called")  # fmt: skip
        kind, contact = str(facts.get("kind")), str(facts.get("contact") or "")
        self.head = f"{what}: {facts.get('person')} by {kind}{f' {contact}' if contact not in ('', kind) else ''}"
        self.state, self.why, self.attempts, self.is_again = "owed", str(facts.get("why") or ""), 0, False

    def words(self) -> str:
        state = _MESSAGE_WORDS.get(self.state, self.state)
        tries = f", {counted(self.attempts, 'attempt')}" if self.attempts > 1 else ""
        again = "; it may have come twice" if self.is_again else ""
        return because(f"{self.head} — {state}{tries}{again}", self.why)


_MESSAGE_WORDS = {
    "owed": "to be sent", "waiting": "waits for its time", "sending": "is being sent", "accepted": "sent",
    "delivered": "delivered", "read": "answered", "retrying": "not sent yet, it is tried again", "failed": "failed",
    "cancelled": "not sent", "bundled": "told in another message", "lost": "nobody knows whether it came through",
}  # fmt: skip


class PageTeller:
    """Tells a page, by its subject, and its messages."""

    def __init__(self, stream: str) -> None:
        self._link = f"/pages/{stream.removeprefix(pages.PAGES)}"
        self._name = ""
        self._messages: dict[Any, _Message] = {}

    def take(self, event: Event) -> list[TimelineEntry]:
        """See Teller."""
        facts = event.facts
        if event.kind == pages.OWED:
            message = _Message(entry_of(event, Told("page", "", self._link)), facts)
            self._messages[facts.get("id")] = message
            return [self._message(event, message)]
        if event.kind in _OF_MESSAGES:
            return self._went_on(event, facts)
        if event.kind == pages.PAGE_OPENED:
            self._name = str(facts.get("name") or facts.get("subject") or "")
        told = self._told(event, facts)
        made = [entry_of(event, replace(told, link=self._link))] if told is not None else []
        answered = self._messages.get(facts.get("notification")) if event.kind in _ANSWERS else None
        if answered is not None:
            answered.state, answered.why = "read", ""
            made.append(self._message(event, answered))
        return made

    def _went_on(self, event: Event, facts: Facts) -> list[TimelineEntry]:
        message = self._messages.get(facts.get("notification"))
        if message is None:
            return []
        if event.kind == pages.ATTEMPT_BEGUN:
            message.attempts, message.state = int(facts.get("attempt") or 1), "sending"
            message.is_again = message.is_again or bool(facts.get("is_duplicate"))
        elif event.kind == pages.ATTEMPT_ENDED:
            if message.state != "read":
                message.state = str(facts.get("state"))
            message.why = str(facts.get("reason") or "") if message.state not in _WELL else ""
        else:
            message.state, message.why = str(facts.get("state")), str(facts.get("why") or "")
        return [self._message(event, message)]

    def _message(self, event: Event, message: _Message) -> TimelineEntry:
        message.entry = replace(message.entry, text=message.words(), changed=event.position)
        return message.entry

    def _told(self, event: Event, facts: Facts) -> Told | None:
        name = f"“{self._name}”" if self._name else "The page"
        if event.kind == pages.PAGE_OPENED:
            asked = f"{facts['asked_by']} asks for help" if facts.get("asked_by") else "People are paged"
            policy = (facts.get("policy") or {}).get("name")
            by = f", by the escalation “{policy}”" if policy else ""
            return Told("page", f"{asked}: {facts.get('subject')} ({facts.get('severity')}{by})")
        if event.kind == pages.LEVEL_REACHED:
            level, loop = facts.get("level"), int(facts.get("loop") or 1)
            turn = "the catch-all" if level == -1 else f"level {level}"
            again = f", time {loop}" if loop > 1 else ""
            return Told("page", because(f"{name} is at {turn}{again}", facts.get("why")))
        if event.kind in (pages.PAGE_JOINED, pages.PAGE_LEFT):
            how = "joined" if event.kind == pages.PAGE_JOINED else "left"
            return Told("page", because(f"{counted(len(facts.get('alerts') or ()), 'alert')} {how} {name}",
                                        facts.get("why")))  # fmt: skip
        if event.kind == pages.PAGE_RAISED:
            return Told("page", because(f"{name} is {facts.get('severity')} now", facts.get("why")))
        if event.kind == pages.PAGE_ACKNOWLEDGED:
            return Told("ack", because(f"{name} acknowledged by {facts.get('by')}{_via(facts)}", facts.get("why")))
        if event.kind == pages.PAGE_ESCALATED:
            return Told("page", because(f"{facts.get('by')} passes {name} on{_via(facts)}", facts.get("why")))
        if event.kind == pages.PAGE_REARMED:
            return Told("page", because(f"{name} wakes people again", facts.get("why")))
        if event.kind == pages.PAGE_DONE:
            ends = {"resolved": "is over", "cancelled": "is cancelled", "exhausted": "is exhausted: nobody answered",
                    "digested": "is told in a digest"}  # fmt: skip
            by = f" by {facts['by']}" if facts.get("by") and facts.get("how") == "cancelled" else ""
            return Told("page", sentence(f"{name} {ends.get(str(facts.get('how')), 'is over')}{by}.", facts.get("why")))
        return None


_OF_MESSAGES = frozenset({pages.ATTEMPT_BEGUN, pages.ATTEMPT_ENDED, pages.NOTIFICATION_SETTLED})
_ANSWERS = frozenset({pages.PAGE_ACKNOWLEDGED, pages.PAGE_ESCALATED})
_WELL = frozenset({"accepted", "delivered", "read"})


class ProbeTeller:
    """Tells when a health check changed."""

    def take(self, event: Event) -> list[TimelineEntry]:
        """See Teller."""
        facts = event.facts
        if event.kind != HEALTH_CHANGED:
            return []
        service = facts.get("service")
        what = f"{service}: {facts['name']}" if service and facts.get("name") else service or facts.get("address")
        words = because(f"{what} is {facts.get('to')}", facts.get("why"))
        told = Told("health", words, f"/services/{service}" if service else "")
        return [entry_of(event, told)]


