"""JSON that nobody wrote a mapping for: the shapes that monitoring programs send by themselves. Never raises.

A shape is an entry of SHAPES, and nowhere else; the first that knows a value reads it, and what none of them knows is
read by the names that fields commonly have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opsbook.ledger.inbound import loose
from opsbook.ledger.inbound.deploys import read_github, read_gitlab
from opsbook.ledger.inbound.fingerprints import fingerprint, key_of
from opsbook.ledger.inbound.words import action_in, action_of
from opsbook.ledger.signal import Batch, Signal

FORMAT = "json"
MOST_ALERTS = 20_000  # of one body
MOST_ANNOTATIONS = 40
_NAMES: dict[str, tuple[str, ...]] = {
    "title": ("alertname", "title", "name", "subject", "summary", "rule_name", "ruleName"),
    "message": ("message", "description", "text", "body", "details", "msg", "content", "reason", "output"),
    "status": ("status", "state", "alert_status", "event_action", "action", "event", "event_type", "type"),
    "severity": ("severity", "priority", "level", "urgency"),
    "service": ("service", "application", "app", "component", "project"),
    "url": ("url", "link", "alert_url", "incident_url", "href", "generatorURL"),
    "key": ("dedup_key", "dedupKey", "alias", "incident_key", "fingerprint", "alert_id", "incident_id", "key", "id"),
    "starts_at": ("starts_at", "startsAt", "started_at", "startedAt", "timestamp", "time", "date", "at", "created_at"),
    "ends_at": ("ends_at", "endsAt", "ended_at", "resolved_at"),
}  # fmt: skip
# Where an alert came from is part of what it is; other values change from one delivery to the next.
_TELLING = ("host", "hostname", "instance", "environment", "env", "region", "cluster", "job", "group", "source", "node")
_INNER = ("alert", "incident", "event", "payload", "data", "check", "monitor")  # what one alert may be wrapped in


def read(value: Any) -> Batch:
    """The batch of a value in some common shape."""
    slips = loose.Slips()
    items, where = _items(value)
    if len(items) > MOST_ALERTS:
        slips.add("body", f"Only the first {MOST_ALERTS} of {len(items)} alerts were read.")
    signals = []
    for place, item in enumerate(items[:MOST_ALERTS]):
        signal = _signal(item, where.format(place), slips)
        if signal is not None:
            signals.append(signal)
    return Batch(FORMAT, tuple(signals), slips.all())


def names_itself(value: Any) -> tuple[bool, bool]:
    """Whether a value has a key or labels by which an alert is known, and whether it has a title."""
    if not isinstance(value, dict) or "alerts" in value:
        return isinstance(value, list | dict), True
    flat = _flat(value)
    return _is_labelled(value) or bool(_first(flat, "key")), bool(_first(flat, "title"))


def _items(value: Any) -> tuple[list[Any], str]:
    if isinstance(value, list):
        return value, "[{}]"
    if isinstance(value, dict) and isinstance(value.get("alerts"), list):
        return value["alerts"], "alerts[{}]"
    return [value], "body"


def _signal(value: Any, where: str, slips: loose.Slips) -> Signal | None:
    if not isinstance(value, dict):
        slips.add(where, "It is no alert, but something else.")
        return None
    for knows, reads in SHAPES:
        if knows(value):
            found = reads(value, where, slips)
            if found is not None:
                return found
    return _by_names(value, where, slips)


def _is_labelled(value: dict[str, Any]) -> bool:
    return isinstance(value.get("labels"), dict) and bool(value["labels"])


def _read_labelled(value: dict[str, Any], where: str, slips: loose.Slips) -> Signal | None:
    from opsbook.ledger.inbound.alertmanager import read_alert  # inside: it reads by this what is not its own

    status = value.get("status")
    told = action_of(status)[0] if not isinstance(status, dict) else "firing"
    return read_alert({**value, "status": "resolved" if told == "resolved" else "firing"}, where, slips)


def _is_uptime_kuma(value: dict[str, Any]) -> bool:
    return "heartbeat" in value and "monitor" in value


def _read_uptime_kuma(value: dict[str, Any], where: str, slips: loose.Slips) -> Signal | None:
    """louislam/uptime-kuma, server/notification-providers/webhook.js: 0 is down, 1 up, 2 pending, 3 maintenance. Its
    test message, and that of a certificate which ends, have no heartbeat."""
    beat, monitor = value["heartbeat"], value["monitor"]
    beat, monitor = beat if isinstance(beat, dict) else {}, monitor if isinstance(monitor, dict) else {}
    name = loose.as_text(monitor.get("name")) or "Uptime Kuma"
    labels = {"alertname": name, "monitor": loose.as_text(monitor.get("id"))}
    tags = monitor.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, dict) and tag.get("name") and tag.get("value"):
            labels[loose.as_text(tag["name"])] = loose.as_text(tag["value"])
    message = loose.as_text(value.get("msg")) or loose.as_text(beat.get("msg"))
    starts_at, _ = loose.as_time(beat.get("time"))
    labels = {each: text for each, text in labels.items() if text}
    is_up = beat.get("status") in (1, 3)
    return Signal(
        fingerprint(labels), "resolved" if is_up else "firing", labels,
        {"summary": message or name}, starts_at, generator=loose.as_text(monitor.get("url")),
    )  # fmt: skip


SHAPES: tuple[tuple[Callable[[dict[str, Any]], bool], Callable[..., Signal | None]], ...] = (
    (_is_labelled, _read_labelled),
    (_is_uptime_kuma, _read_uptime_kuma),
    (lambda value: "repository" in value and ("deployment" in value or "deployment_status" in value), read_github),
    (lambda value: value.get("object_kind") in ("deployment", "release"), read_gitlab),
)


def _by_names(value: dict[str, Any], where: str, slips: loose.Slips) -> Signal | None:
    flat = _flat(value)
    title, message = _first(flat, "title"), _first(flat, "message")
    key, service = _first(flat, "key"), _first(flat, "service")
    if not (title or message or key):
        slips.add(where, "It has neither a title nor a message nor a key. Add an inlet with a mapping that says where.")
        return None
    labels = {"alertname": title or message or key, "service": service}
    labels |= {name: loose.as_text(flat[name]) for name in _TELLING if _is_scalar(flat.get(name))}
    labels = {name: text for name, text in labels.items() if text}
    used = {name for names in _NAMES.values() for name in names} | set(_TELLING)
    annotations = {"summary": title or message, "description": message if title else ""}
    more = [name for name in flat if name not in used and _is_scalar(flat[name])][:MOST_ANNOTATIONS]
    annotations |= {loose.clean(str(name)): loose.as_text(flat[name]) for name in more}
    action, why = _action(flat, title, message)
    if why:
        slips.add(f"{where}.status", why)
    starts_at, why = loose.as_time(_value(flat, "starts_at"))
    ends_at, _ = loose.as_time(_value(flat, "ends_at"))
    if why:
        slips.add(f"{where}.starts_at", why)
    return Signal(
        key_of(key) if key else fingerprint(labels), action, labels,
        {name: text for name, text in annotations.items() if name and text}, starts_at,
        ends_at if action == "resolved" else None, generator=_first(flat, "url"), severity=_first(flat, "severity"),
    )  # fmt: skip


def _action(flat: dict[str, Any], title: str, message: str) -> tuple[Any, str]:
    """By a field that tells it, else by a word of the title or message in the manner of Gatus' `RESOLVED: …`."""
    for name in _NAMES["status"]:
        told = flat.get(name)
        if isinstance(told, str | bool) and told != "" and (isinstance(told, bool) or action_in(told)):
            return action_of(told)
    for text in (title, message):
        head = text.partition(":")[0] if ":" in text[:60] else text[:30]
        if head and (found := action_in(head)):
            return found, ""
    told = _value(flat, "status")
    return action_of(told if isinstance(told, str) else None)


def _flat(value: dict[str, Any]) -> dict[str, Any]:
    """The fields of an alert and of what it may be wrapped in; those that stand outside win."""
    found: dict[str, Any] = {}
    for name in _INNER:
        inner = value.get(name)
        if isinstance(inner, dict):
            found.update(inner)
    found.update({str(name): each for name, each in value.items() if not isinstance(each, dict)})
    return found


def _value(flat: dict[str, Any], field: str) -> Any:
    return next((flat[name] for name in _NAMES[field] if flat.get(name) not in (None, "")), None)


def _first(flat: dict[str, Any], field: str) -> str:
    found = (loose.as_text(flat[name]) for name in _NAMES[field] if _is_scalar(flat.get(name)))
    return next((text for text in found if text), "")


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
