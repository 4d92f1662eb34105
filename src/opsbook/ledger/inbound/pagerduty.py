"""What PagerDuty's senders send, as a Batch: Events API v2 (events and changes) and the older create_event.

Source: PagerDuty's developer documentation, Events API v2 overview and Send change events; Events API v1.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from opsbook.ledger.inbound.loose import Slips, as_labels, as_text, as_time, read_json
from opsbook.ledger.signal import Action, Batch, Signal

FORMAT = "pagerduty"
LONGEST_KEY = 255  # characters of a dedup key
LONGEST_SUMMARY = 1024
NO_KEY = "'routing_key' is missing or blank"
SEVERITIES = ("critical", "error", "warning", "info")
ACTIONS: dict[str, Action] = {"trigger": "firing", "acknowledge": "acknowledged", "resolve": "resolved"}
# Parts of a payload that say what an alert is about; `class` is what it is called.
_LABELS = ("source", "component", "group", "class", "severity")


class Enqueued(Struct, frozen=True):
    """An event as read. `errors` are what its sender is answered, empty where it was taken; `routing_key` is the
    sender's token, and `dedup_key` what later events name this one by."""

    batch: Batch
    routing_key: str
    dedup_key: str
    errors: tuple[str, ...] = ()


def read_event(body: bytes, new_key: str) -> Enqueued:
    """A body of /v2/enqueue; `new_key` is the dedup key of a trigger that has none."""
    value, why = read_json(body)
    if not isinstance(value, dict):
        return _refused(why or "The event is no JSON object.")
    slips, errors = Slips(), []
    word, key = as_text(value.get("event_action")), as_text(value.get("dedup_key"))
    routing_key = as_text(value.get("routing_key"))
    action = ACTIONS.get(word)
    if not routing_key.strip():
        errors.append(NO_KEY)
    if action is None:
        errors.append(f"'event_action' must be one of trigger, acknowledge, resolve; it is '{word[:40]}'")
    if len(key) > LONGEST_KEY:
        errors.append(f"'dedup_key' must be at most {LONGEST_KEY} characters; it has {len(key)}")
    if not key and action not in (None, "firing"):
        errors.append("'dedup_key' is missing or blank")
    given = value.get("payload")
    payload = given if isinstance(given, dict) else {}
    if action == "firing":
        errors += _missing(payload)
    if errors or action is None:
        return _refused(*errors, routing_key=routing_key, key=key)
    key = key or new_key
    signal = _signal(value, payload, slips, action=action, key=key)
    return Enqueued(Batch(FORMAT, (signal,), slips.all()), routing_key, key)


def read_change(body: bytes, new_key: str) -> Enqueued:
    """A body of /v2/change/enqueue: something was changed, which wakes nobody and may explain an alert."""
    value, why = read_json(body)
    if not isinstance(value, dict):
        return _refused(why or "The event is no JSON object.")
    slips = Slips()
    given = value.get("payload")
    payload = given if isinstance(given, dict) else {}
    routing_key = as_text(value.get("routing_key"))
    errors = [] if routing_key.strip() else [NO_KEY]
    if not as_text(payload.get("summary")).strip():
        errors.append("'payload.summary' is missing or blank")
    if errors:
        return _refused(*errors, routing_key=routing_key)
    signal = _signal(value, payload, slips, action="change", key=new_key)
    return Enqueued(Batch(FORMAT, (signal,), slips.all()), routing_key, new_key)


def read_create_event(body: bytes, new_key: str) -> Enqueued:
    """A body of the older /generic/2010-04-15/create_event.json."""
    value, why = read_json(body)
    if not isinstance(value, dict):
        return _refused(why or "The event is no JSON object.")
    details = value.get("details")
    newer = {
        "summary": value.get("description"), "source": value.get("client") or "pagerduty", "custom_details": details,
    }  # fmt: skip
    contexts = value.get("contexts")
    known = contexts if isinstance(contexts, list) else []
    links = [{"href": each.get("href") or each.get("src"), "text": each.get("text")}
             for each in known if isinstance(each, dict)]  # fmt: skip
    word, key = as_text(value.get("event_type")), as_text(value.get("incident_key"))
    routing_key = as_text(value.get("service_key"))
    action = ACTIONS.get(word)
    errors = [] if routing_key.strip() else ["Service key is missing or blank"]
    if action is None:
        errors.append(f"Event type must be one of trigger, acknowledge, resolve; it is '{word[:40]}'")
    if action == "firing" and not as_text(value.get("description")).strip():
        errors.append("Description is missing or blank")
    if action not in (None, "firing") and not key:
        errors.append("Incident key is missing or blank")
    if len(key) > LONGEST_KEY:
        errors.append(f"Incident key must be at most {LONGEST_KEY} characters; it has {len(key)}")
    if errors or action is None:
        return _refused(*errors, routing_key=routing_key, key=key)
    slips, key = Slips(), key or new_key
    outer = {"links": links, "client": value.get("client"), "client_url": value.get("client_url")}
    signal = _signal(outer, newer, slips, action=action, key=key)
    return Enqueued(Batch(FORMAT, (signal,), slips.all()), routing_key, key)


def _missing(payload: dict[str, Any]) -> list[str]:
    errors = [f"'payload.{name}' is missing or blank" for name in ("summary", "source", "severity")
              if not as_text(payload.get(name)).strip()]  # fmt: skip
    severity = as_text(payload.get("severity")).strip()
    if severity and severity not in SEVERITIES:
        errors.append(f"'payload.severity' must be one of {', '.join(SEVERITIES)}; it is '{severity[:40]}'")
    return errors


def _refused(*errors: str, routing_key: str = "", key: str = "") -> Enqueued:
    slips = Slips()
    for each in errors:
        slips.add("body", each)
    return Enqueued(Batch(FORMAT, slips=slips.all()), routing_key, key, errors)


def _signal(value: dict[str, Any], payload: dict[str, Any], slips: Slips, *, action: Action, key: str) -> Signal:
    labels = {name: text for name in _LABELS if (text := as_text(payload.get(name)))}
    if "class" in labels:
        labels["alertname"] = labels["class"]
    annotations = {"summary": text[:LONGEST_SUMMARY]} if (text := as_text(payload.get("summary"))) else {}
    details = payload.get("custom_details")
    named = as_labels(details) if isinstance(details, dict) else None
    for name, text in (named or {}).items():
        if name in ("service", "alertname", "environment", "cluster", "instance", "job"):
            labels.setdefault(name, text)
        annotations.setdefault(name, text)
    if named is None and (text := as_text(details)):
        annotations["details"] = text
    if client := as_text(value.get("client")):
        annotations.setdefault("client", client)
    at, why = as_time(payload.get("timestamp"))
    if at is None and why:
        # Some clients write both +00:00 and Z.
        at, why_not = as_time(as_text(payload.get("timestamp")).removesuffix("Z"))
        if why_not:
            slips.add("payload.timestamp", why)
    generator = as_text(value.get("client_url"))
    return Signal(
        key, action, labels, annotations, starts_at=at, generator=generator, severity=labels.get("severity", ""),
        links=tuple(_links(value)), by=as_text(value.get("client")) if action == "acknowledged" else "",
    )  # fmt: skip


def _links(value: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for part, name, title in (("links", "href", "text"), ("images", "src", "alt")):
        listed = value.get(part)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and (address := as_text(each.get(name))):
                found.append((as_text(each.get(title)) or address, address))
    return found[:50]
