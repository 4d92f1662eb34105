"""Alerts as Opsgenie's clients read them, and what became of their requests. Decides nothing about alerts.

A request's id is a UUID that names its batch, so that any node can tell what became of it, also after a restart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct

from opsbook.ground.errors import Usage
from opsbook.ledger.alert import Alert, alert_of, identity
from opsbook.ledger.signal import BATCHES, Source, batch_of, source_of
from opsbook.usecases.alerts import Alerts
from opsbook.usecases.ledger_ports import EngineLedger

PRIORITIES = {"P0": "P1", "P1": "P2", "P2": "P3", "P3": "P4"}  # ours by what theirs mean
_SPACE = UUID("6f70736f-6f6b-4c61-8e72-7473000000ff")
_BATCH = re.compile(r"(\d{6}-\d{6})-([a-z0-9]{1,7})")
_TERM = re.compile(r'\s*(?:(AND)\b|(?:(\w+)\s*[:=]\s*)?(?:"([^"]*)"|(\S+)))')
MOST = 100  # alerts of one answer
LOOKED_AT = 10_000  # alerts, at most, for one question
_WORDS = {"resolved": "Close", "acknowledged": "Acknowledge", "unacknowledged": "UnAcknowledge", "note": "AddNote",
          "snoozed": "Snooze", "priority": "Update"}  # fmt: skip
_FORMAT = "%y%m%d-%H%M%S"


def request_id(batch: str) -> str:
    """The UUID that a client asks about a batch with: eight digits of time, and the letters of its chance."""
    found = _BATCH.fullmatch(batch)
    assert found is not None
    at = int(datetime.strptime(found[1], _FORMAT).replace(tzinfo=UTC).timestamp())
    digits = f"{at:08x}" + f"{len(found[2]):x}" + found[2].encode().hex().ljust(21, "0")
    return str(UUID(hex=digits[:12] + "8" + digits[12:15] + "8" + digits[15:30]))


def batch_named(request: str) -> str | None:
    """The batch of a request's id; None for a UUID of somebody else."""
    try:
        digits = UUID(request).hex
        digits = digits[:12] + digits[13:16] + digits[17:]
        at = datetime.fromtimestamp(int(digits[:8], 16), UTC)
        letters = bytes.fromhex(digits[9 : 9 + 2 * int(digits[8], 16)]).decode("ascii")
    except (ValueError, OverflowError):
        return None
    return f"{at:{_FORMAT}}-{letters}" if letters.isalnum() else None


class OpsgenieView(Struct, frozen=True):
    """Alerts and requests as Opsgenie's clients ask for them."""

    alerts: Alerts
    ledger: EngineLedger

    def request_status(self, request: str) -> dict[str, Any] | None:
        """What became of a request; None where there is none of that id, or it was not routed yet."""
        batch = batch_named(request)
        recorded = self.ledger.read(BATCHES + batch) if batch else []
        if not recorded:
            return None
        event = recorded[0]
        source, signals = source_of(event), batch_of(event).signals
        if not signals:
            return None
        signal = signals[0]
        name = identity(source.group, signal.key)
        kept = self.ledger.latest("alerts", [name]).get(name)
        alert = alert_of(kept) if kept is not None else None
        if alert is None and signal.action == "firing":
            return None
        is_done = alert is not None
        word = _WORDS.get(signal.action, "Create")
        told = {"firing": "Created alert", "resolved": "Closed alert", "acknowledged": "Acknowledged alert"}
        status = told.get(signal.action, "Updated alert") if is_done else "Alert does not exist"
        return {
            "success": is_done, "isSuccess": is_done, "action": word, "processedAt": _time(event.at),
            "integrationId": _integration(source), "status": status, "alertId": alert.id if alert else "",
            "alias": signal.key,
        }  # fmt: skip

    def found(self, source: Source, named: str, by: str) -> Alert | None:
        """The alert of that alias, or of that id where `by` is id or tiny; None where there is none."""
        if by == "alias":
            name = identity(source.group, named)
            kept = self.ledger.latest("alerts", [name]).get(name)
            return alert_of(kept) if kept is not None else None
        try:
            return self.alerts.find(named)
        except Usage:
            return None

    def selected(self, query: str) -> list[Alert]:
        """The alerts that a query asks for, those that began last first; raises Usage for one that is not understood.

        `status: open`, `alias: x`, `message: x`, `tag: x`, `priority: P1`, `acknowledged: true`, and words, all of
        which must hold.
        """
        terms = _terms(query)
        is_open = {"open": True, "closed": False}.get(dict(terms).get("status", ""))
        listed = self.alerts.select(is_open=is_open, limit=LOOKED_AT)
        return [alert for alert in listed if all(_holds(alert, name, word) for name, word in terms)]


def _terms(query: str) -> list[tuple[str, str]]:
    terms = []
    for match in _TERM.finditer(query.strip()):
        if match[1]:
            continue
        name, word = (match[2] or "").lower(), (match[3] if match[3] is not None else match[4]).lower()
        if name not in ("", *_HOLDS):
            known = ", ".join(_HOLDS)
            raise Usage(f"The query asks for '{match[2]}', which is not understood. There are {known}, and words.")
        terms.append((name, word))
    return terms


def _holds(alert: Alert, name: str, word: str) -> bool:
    if not name:
        texts = (alert.name, *alert.annotations.values(), *alert.labels.values())
        return any(word in text.lower() for text in texts)
    return word in _HOLDS[name](alert)


_HOLDS: dict[str, Callable[[Alert], str | tuple[str, ...]]] = {
    "status": lambda alert: ("open" if alert.is_open else "closed",),
    "alias": lambda alert: (alert.key.lower(),),
    "message": lambda alert: alert.annotations.get("summary", alert.name).lower(),
    "tag": lambda alert: tuple(alert.annotations.get("tags", "").lower().split(", ")),
    "priority": lambda alert: (PRIORITIES.get(alert.severity, "P3").lower(),),
    "acknowledged": lambda alert: ("true" if alert.acknowledged_by else "false",),
}


def model(alert: Alert) -> dict[str, Any]:
    """An alert as its API answers it."""
    annotations = alert.annotations
    report: dict[str, Any] = {}
    if alert.acknowledged_at is not None:
        took = alert.acknowledged_at - alert.first_at
        report |= {"ackTime": int(took.total_seconds() * 1000), "acknowledgedBy": alert.acknowledged_by}
    if not alert.is_open and alert.ends_at is not None:
        report["closeTime"] = max(int((alert.ends_at - alert.first_at).total_seconds() * 1000), 0)
    until = alert.snoozed_until if alert.is_open else None
    snooze = {"snoozedUntil": _time(until)} if until is not None else {}
    return {
        "id": alert.id, "tinyId": alert.id.rpartition("-")[2], "alias": alert.key,
        "message": annotations.get("summary") or alert.name, "status": "open" if alert.is_open else "closed",
        "acknowledged": bool(alert.acknowledged_by), "isSeen": bool(alert.acknowledged_by),
        "tags": [each for each in annotations.get("tags", "").split(", ") if each],
        "snoozed": until is not None or alert.status == "suppressed", **snooze,
        "count": alert.episodes, "createdAt": _time(alert.first_at),
        "lastOccurredAt": _time(alert.starts_at), "updatedAt": _time(alert.changed_at),
        "source": alert.labels.get("source", alert.source), "owner": alert.acknowledged_by,
        "priority": PRIORITIES.get(alert.severity, "P3"), "responders": [],
        "integration": {"id": str(uuid5(_SPACE, alert.source)), "name": alert.source, "type": "API"},
        "report": report, "actions": [], "entity": alert.labels.get("entity", ""),
        "description": annotations.get("description", ""), "details": alert.labels,
    }  # fmt: skip


def _integration(source: Source) -> str:
    return str(uuid5(_SPACE, source.name))


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
