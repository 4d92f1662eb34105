"""What Opsgenie's senders send, as a Batch: the Alert API's create and each action on an alert.

Source: Opsgenie's documentation of the Alert API v2, and its Go and Python clients.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from opsbook.ledger.inbound.loose import Slips, as_labels, as_text, as_time, read_json
from opsbook.ledger.signal import Action, Batch, Signal

FORMAT = "opsgenie"
LONGEST = {"message": 130, "alias": 512, "description": 15_000, "entity": 512, "source": 100, "user": 100,
           "note": 25_000}  # fmt: skip
# Its five priorities by what they mean here: P1 is critical there, P3 moderate, P5 informational.
PRIORITIES = {"P1": "P0", "P2": "P1", "P3": "P2", "P4": "P3", "P5": "P3"}
_LONGEST_LABEL = 200  # characters of a detail that tells alerts apart; longer ones are prose

# What each action of its API is to us; those that change what an open alert says are one.
ACTIONS: dict[str, Action] = {
    "close": "resolved", "acknowledge": "acknowledged", "unacknowledge": "unacknowledged", "snooze": "snoozed",
    "notes": "note", "assign": "note", "escalate": "note", "responders": "note", "teams": "note", "actions": "note",
    "tags": "priority", "details": "priority", "message": "priority", "description": "priority",
    "priority": "priority", "delete": "resolved",
}  # fmt: skip


class Taken(Struct, frozen=True):
    """A request as read; `errors` are by field, what its sender is answered, empty where it was taken."""

    batch: Batch
    alias: str
    errors: dict[str, str] = {}


def read_create(body: bytes, new_alias: str) -> Taken:
    """A body that creates an alert; `new_alias` is that of one that has none."""
    value, why = read_json(body)
    if not isinstance(value, dict):
        return _refused({"body": why or "It is no JSON object."})
    errors = _too_long(value, ("message", "alias", "description", "entity", "source", "user", "note"))
    message = as_text(value.get("message")).strip()
    if not message:
        errors["message"] = "Message can not be empty."
    priority = as_text(value.get("priority")) or "P3"
    if priority not in PRIORITIES:
        errors["priority"] = "Priority must be one of [P1, P2, P3, P4, P5]."
    details = value.get("details")
    if details is not None and not isinstance(details, dict):
        errors["details"] = "Details must be an object of texts."
    if errors:
        return _refused(errors)
    labels, annotations = _details(as_labels(details) or {})
    for name in ("entity", "source"):
        if text := as_text(value.get(name)):
            labels.setdefault(name, text)
    annotations |= {"summary": message, "priority": priority}
    if text := as_text(value.get("description")):
        annotations["description"] = text
    tags = value.get("tags")
    if isinstance(tags, list) and tags:
        annotations["tags"] = ", ".join(filter(None, map(as_text, tags[:20])))
    if names := _names(value.get("responders")):
        annotations["responders"] = names
    alias = as_text(value.get("alias")) or new_alias
    signal = Signal(
        alias, "firing", labels, annotations, severity=PRIORITIES[priority], by=as_text(value.get("user")),
        note=as_text(value.get("note")),
    )  # fmt: skip
    return Taken(Batch(FORMAT, (signal,)), alias)


def read_action(action: str, alias: str, body: bytes, query: dict[str, str]) -> Taken:
    """A request about the alert with that alias, which is none yet that is known here: `action` is one of ACTIONS, and
    `query` what stands behind the question mark, which some senders use in the place of a body."""
    value, why = read_json(body) if body.strip() else ({}, "")
    if not isinstance(value, dict):
        return _refused({"body": why or "It is no JSON object."}, alias)
    value = {**query, **value}
    errors = _too_long(value, ("user", "source", "note", "message", "description"))
    slips, what = Slips(), _what(action, value, errors)
    until, wrong = as_time(value.get("endTime")) if action == "snooze" else (None, "")
    if action == "snooze" and until is None:
        errors["endTime"] = wrong or "End time can not be empty."
    if action == "notes" and not as_text(value.get("note")).strip():
        errors["note"] = "Note can not be empty."
    if errors:
        return _refused(errors, alias)
    signal = Signal(
        alias, ACTIONS[action], what.labels, what.annotations, severity=what.severity, until=until,
        by=as_text(value.get("user")) or as_text(value.get("source")), note=_note(action, value),
    )  # fmt: skip
    return Taken(Batch(FORMAT, (signal,), slips.all()), alias)


class _What(Struct, frozen=True):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    severity: str = ""


def _what(action: str, value: dict[str, Any], errors: dict[str, str]) -> _What:
    """What of an open alert is said anew."""
    if action in ("message", "description"):
        text = as_text(value.get(action)).strip()
        if not text:
            errors[action] = f"{action.title()} can not be empty."
        return _What(annotations={{"message": "summary"}.get(action, action): text})
    if action == "priority":
        priority = as_text(value.get("priority"))
        if priority not in PRIORITIES:
            errors["priority"] = "Priority must be one of [P1, P2, P3, P4, P5]."
        return _What(annotations={"priority": priority}, severity=PRIORITIES.get(priority, ""))
    if action == "details":
        labels, annotations = _details(as_labels(value.get("details")) or {})
        return _What(labels, annotations)
    if action == "tags":
        tags = value.get("tags")
        listed = tags if isinstance(tags, list) else as_text(tags).split(",")
        return _What(annotations={"tags": ", ".join(filter(None, map(as_text, listed)))})
    return _What()


def _note(action: str, value: dict[str, Any]) -> str:
    told = {
        "assign": f"Assigned to {_names([value.get('owner')])}.",
        "escalate": f"Escalated to {_names([value.get('escalation')])}.",
        "responders": f"Asked for {_names([value.get('responder')])}.",
        "teams": f"Asked for {_names([value.get('team')])}.",
        "actions": f"Asked for the action '{as_text(value.get('action'))}'.",
    }.get(action, "")
    return " ".join(filter(None, (told, as_text(value.get("note")))))


def _names(listed: Any) -> str:
    named = []
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict):
            named.append(as_text(each.get("name") or each.get("username") or each.get("id")))
    return ", ".join(filter(None, named))


def _details(details: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Details as labels, where they are short and named like some, and as annotations."""
    labels = {name: text for name, text in details.items()
              if len(text) <= _LONGEST_LABEL and name.isidentifier() and "://" not in text}  # fmt: skip
    return labels, {name: text for name, text in details.items() if name not in labels}


def _too_long(value: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    # What is too long is cut by Opsgenie too, except for an alias, which would then name another alert.
    alias = as_text(value.get("alias"))
    if "alias" in names and len(alias) > LONGEST["alias"]:
        return {"alias": f"Alias should be at most {LONGEST['alias']} characters."}
    return {}


def _refused(errors: dict[str, str], alias: str = "") -> Taken:
    slips = Slips()
    for name, why in errors.items():
        slips.add(name, why)
    return Taken(Batch(FORMAT, slips=slips.all()), alias, errors)
