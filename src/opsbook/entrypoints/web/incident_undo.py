"""The way back from what was just done to an incident: the address tells what it was, so that it works without scripts.

An address only names what was done; which form undoes it stands here, so that no link can make another form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from litestar import Request
from msgspec import Struct

from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_moves import MOVES

LONGEST = 200


class Undo(Struct, frozen=True):
    """What was done, in words, and the fields of the form that takes it back; none where nothing does."""

    words: str
    fields: dict[str, str] = {}


def undo_of(request: Request[Any, Any, Any], incident: Incident) -> Undo | None:
    """What the address says was just done, where that is still so."""
    asked = request.query_params
    make = _UNDOES.get(asked.get("did", ""))
    return make(incident, {name: str(value)[:LONGEST] for name, value in asked.items()}) if make is not None else None


def _task(incident: Incident, of: Mapping[str, str]) -> Undo | None:
    task = next((each for each in incident.tasks if str(each.id) == of.get("of")), None)
    if task is None:
        return None
    words = {"done": "Done", "dropped": "Dropped"}.get(task.state, "Open again")
    back = "open" if task.state != "open" else "done"
    return Undo(f"{words}: {task.text}", {"do": "task", "task": str(task.id), "state": back})


def _assign(incident: Incident, of: Mapping[str, str]) -> Undo | None:
    role, person, before = of.get("role", ""), of.get("of", ""), of.get("before", "")
    if not any(held.person == person and held.role == role and held.until is None for held in incident.roles):
        return None
    was_held = any(held.person == before and held.role == role for held in incident.roles)
    words = f"{person} is {role} now."
    if before and was_held:
        return Undo(words, {"do": "assign", "role": role, "person": before, "why": "Taken back."})
    return Undo(words, {"do": "release", "role": role, "person": person, "why": "Taken back."})


def _moved(incident: Incident, of: Mapping[str, str]) -> Undo | None:
    before = of.get("of", "")
    if not any(before == state for state in MOVES[incident.state]):
        return Undo(f"It is {incident.status.lower()} now.")
    return Undo(f"It is {incident.state} now.", {"do": "move", "state": before, "why": "Taken back."})


def _member(do: str, words: str) -> Callable[[Incident, Mapping[str, str]], Undo | None]:
    def make(incident: Incident, of: Mapping[str, str]) -> Undo | None:
        kind, id_ = of.get("kind", ""), of.get("of", "")
        if kind not in ("alerts", "pages", "runs", "services") or (id_ in getattr(incident, kind)) != (do == "detach"):
            return None
        return Undo(f"{id_} {words}", {"do": do, "kind": kind, "id": id_, "why": "Taken back."})

    return make


def _called(incident: Incident, of: Mapping[str, str]) -> Undo | None:
    person = of.get("of", "")
    return Undo(f"{person} is being called.") if any(person == each for each, _ in incident.called) else None


_UNDOES: dict[str, Callable[[Incident, Mapping[str, str]], Undo | None]] = {
    "task": _task,
    "assign": _assign,
    "move": _moved,
    "attach": _member("detach", "belongs to it now."),
    "detach": _member("attach", "does not belong to it any more."),
    "acknowledge": lambda incident, of: Undo(f"Acknowledged by {incident.acknowledged_by}."),
    "call": _called,
}
