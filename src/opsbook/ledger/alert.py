"""An alert as a fold over its events, from its first signal to its end; and the view of all of them.

The view's document is the alert itself, so lists and the fold cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger import alert_events as kinds
from opsbook.ledger.alert_events import AlertStatus, Place
from opsbook.ledger.event import Event
from opsbook.ledger.view import Kept, Row, View

OPEN: frozenset[str] = frozenset({"firing", "acknowledged", "suppressed", "stale"})


class Note(Struct, frozen=True):
    """What somebody wrote to an alert."""

    at: datetime
    by: str
    text: str


class Alert(Struct, frozen=True):
    """One episode. `key` is its identity within `source_group`, `group` the key of those that wake people together.

    `status` is resolved for ever once it is, unless it reopens within the flap window. `ends_at` is when it ended, or
    until when it counts unless it is sent again. `first_at` is when Opsbook heard of it first; `episodes` counts how
    often it began. `why` is the sentence of the last change.
    """

    id: str
    status: AlertStatus
    key: str
    source: str
    source_group: str
    group: str
    labels: dict[str, str]
    annotations: dict[str, str]
    fingerprint: str
    starts_at: datetime
    ends_at: datetime | None
    first_at: datetime
    changed_at: datetime
    severity: str
    severity_why: str
    service: str | None = None
    place: Place | None = None
    incident: int | None = None
    page: str = ""
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_until: datetime | None = None
    snoozed_until: datetime | None = None  # where it was acknowledged by a snooze
    suppressed_by: tuple[str, ...] = ()
    generator: str = ""
    links: tuple[tuple[str, str], ...] = ()
    notes: tuple[Note, ...] = ()
    episodes: int = 1
    is_drill: bool = False
    ended_how: str = ""
    ended_by: str = ""
    why: str = ""
    why_not_paged: str = ""
    number: int = 0
    position: int = 0  # of its first event, where it was read from the view: what began later stands behind it

    @property
    def is_open(self) -> bool:
        """Whether it is not over, as far as anybody knows."""
        return self.status in OPEN

    @property
    def matched_labels(self) -> dict[str, str]:
        """The labels that matchers are asked of: its own, and its service where none of them tells it."""
        return {"service": self.service, **self.labels} if self.service else self.labels

    @property
    def name(self) -> str:
        """What it is called: its alertname, else the first words it has."""
        return self.labels.get("alertname") or self.annotations.get("summary") or self.key


def stream_of(alert: str) -> str:
    """The stream of an alert."""
    return kinds.ALERTS + alert


def identity(source_group: str, key: str) -> str:
    """What an alert is known by among all, whatever the episode: the group of its row in the view."""
    return f"{source_group}/{key}"


def folded(events: Iterable[Event], before: Alert | None = None) -> Alert | None:
    """The alert after these events, None before its first."""
    alert = before
    for event in events:
        alert = after(alert, event)
    return alert


def after(alert: Alert | None, event: Event) -> Alert | None:
    """The alert after one more event; an event that is not known changes only its number."""
    if event.kind == kinds.ALERT_FIRED:
        return _fired(event)
    if alert is None:
        return None
    fold = _FOLDS.get(event.kind)
    changed = fold(alert, event, event.facts) if fold is not None else alert
    return replace(changed, number=event.number, changed_at=event.at if fold is not None else alert.changed_at)


def alert_of(kept: Kept) -> Alert:
    """The alert that a row of the view holds."""
    return msgspec.convert({**kept.row.document, "position": kept.first}, Alert)


def _fired(event: Event) -> Alert:
    # Put together by hand, because a storm is made of these: msgspec.convert() takes twice as long.
    facts = event.facts
    place = facts["place"]
    return Alert(
        id=event.stream.removeprefix(kinds.ALERTS), status="firing", key=facts["key"], source=facts["source"],
        source_group=facts["source_group"], group=facts["group"], labels=facts["labels"],
        annotations=facts["annotations"], fingerprint=facts["fingerprint"], starts_at=_time(facts["starts_at"]),
        ends_at=_maybe(facts["ends_at"]), first_at=event.at, changed_at=event.at, severity=facts["severity"],
        severity_why=facts["severity_why"], service=facts["service"], place=place and msgspec.convert(place, Place),
        generator=facts["generator"], links=tuple((name, url) for name, url in facts["links"]),
        is_drill=facts["is_drill"], why_not_paged=facts["why_not_paged"], page=facts["page"],
        incident=facts.get("incident"), number=event.number,
    )  # fmt: skip


def _reopened(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    return replace(
        alert, status="firing", starts_at=_time(facts["starts_at"]), ends_at=_maybe(facts["ends_at"]), ended_how="",
        ended_by="", acknowledged_by="", acknowledged_at=None, acknowledged_until=None,
        snoozed_until=None, suppressed_by=(), episodes=alert.episodes + 1, why=facts["why"],
    )  # fmt: skip


def _changed(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    what = facts["what"]
    given = {field.name: field.type for field in msgspec.structs.fields(Alert)}
    known = {name: msgspec.convert(value, given[name]) for name, value in what.items() if name in given}
    return replace(alert, **known, why=facts["why"] or alert.why)


def _acknowledged(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    status: AlertStatus = "suppressed" if alert.suppressed_by else "acknowledged"
    return replace(
        alert, status=status, acknowledged_by=facts["by"], acknowledged_at=event.at,
        acknowledged_until=_maybe(facts["until"]),
        snoozed_until=_maybe(facts["until"]) if facts.get("is_snooze") else None,
        why=facts["why"] or f"Acknowledged by {facts['by']}.",
    )  # fmt: skip


def _unacknowledged(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    status: AlertStatus = "suppressed" if alert.suppressed_by else "firing"
    return replace(alert, status=status, acknowledged_by="", acknowledged_at=None, acknowledged_until=None,
                   snoozed_until=None, why=facts["why"])  # fmt: skip


def _suppressed(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    by = tuple(facts["by"])
    return replace(alert, status="suppressed", suppressed_by=by, why=facts["why"], why_not_paged=facts["why"])


def _released(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    status: AlertStatus = "acknowledged" if alert.acknowledged_by else "firing"
    return replace(alert, status=status, suppressed_by=(), why=facts["why"], why_not_paged="")


def _stale(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    return replace(alert, status="stale", why=facts["why"])


def _resolved(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    return replace(
        alert, status="resolved", ends_at=_time(facts["at"]), ended_how=facts["how"], ended_by=facts["by"],
        suppressed_by=(), why=facts["why"],
    )  # fmt: skip


def _noted(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    return replace(alert, notes=(*alert.notes, Note(event.at, facts["by"], facts["text"])))


def _paged(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    return replace(alert, page=facts["page"], why_not_paged="")


def _attached(alert: Alert, event: Event, facts: dict[str, Any]) -> Alert:
    return replace(alert, incident=facts["incident"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


_FOLDS: dict[str, Callable[[Alert, Event, dict[str, Any]], Alert]] = {
    kinds.ALERT_REOPENED: _reopened,
    kinds.ALERT_CHANGED: _changed,
    kinds.ALERT_ACKNOWLEDGED: _acknowledged,
    kinds.ALERT_UNACKNOWLEDGED: _unacknowledged,
    kinds.ALERT_SUPPRESSED: _suppressed,
    kinds.ALERT_RELEASED: _released,
    kinds.ALERT_STALE: _stale,
    kinds.ALERT_RESOLVED: _resolved,
    kinds.ALERT_NOTED: _noted,
    kinds.ALERT_PAGED: _paged,
    kinds.ALERT_ATTACHED: _attached,
}


def _row(row: Row | None, event: Event) -> Row | None:
    alert = after(row.document if row is not None else None, event)
    if alert is None:
        return None
    return Row(alert.is_open, identity(alert.source_group, alert.key), alert)


ALERT_VIEW = View("alerts", 2, kinds.ALERTS, _row, Alert)
