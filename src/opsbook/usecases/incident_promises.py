"""Action items that begin at an incident, before a page of the book has them. Chases nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from msgspec.structs import replace

from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import incident_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import Promise
from opsbook.usecases.incident_changing import Desk, handle_of, line, prose, write
from opsbook.usecases.ledger_ports import Write

STATES = ("open", "in progress", "done", "verified", "dropped")
KINDS = ("prevent", "detect", "mitigate", "process", "document")
MOST = 200
_TOLD = ("text", "owner", "due", "kind", "proof")


def promise(
    desk: Desk, named: str | int, by: str, text: str, *, owner: str, due: str, kind: str, proof: str
) -> Incident:
    """An action item."""
    told = _checked({"text": text, "owner": owner, "due": due, "kind": kind, "proof": proof}, desk)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        if len(incident.actions) >= MOST:
            raise Refusal(f"{incident.name} has {MOST} action items, and nobody will do more.")
        number = max((each.id for each in incident.actions), default=0) + 1
        return write(incident, _draft(Promise(number, state="open", **told)))

    return desk.change(named, by, decide)


def set_promise(
    desk: Desk, named: str | int, by: str, action: int, *, state: str, why: str, told: dict[str, str]
) -> Incident:
    """An action item is in another state, or is somebody else's, or due on another day."""
    why = line(why, "A reason", is_needed=False)
    state = _one_of(state, STATES, "state of an action item")
    if state == "dropped" and not why:
        raise Usage("Say why it is not done after all.")
    checked = _checked(told, desk)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        found = next((each for each in incident.actions if each.id == action), None)
        if found is None:
            raise Usage(f"{incident.name} has no action item {action}; there are {len(incident.actions)}.")
        made = replace(found, state=state, **checked)
        return write(incident, _draft(made, why)) if made != found else []

    return desk.change(named, by, decide)


def _draft(made: Promise, why: str = "") -> Draft:
    return events.action_set(
        made.id, made.text, made.state, owner=made.owner, due=made.due, kind=made.kind, proof=made.proof, why=why
    )


def _checked(told: dict[str, str], desk: Desk) -> dict[str, str]:
    unknown = next((name for name in told if name not in _TOLD), None)
    if unknown is not None:
        near = closest(unknown, _TOLD)
        raise Usage(f"An action item has no '{unknown[:80]}'." + (f" Did you mean '{near}'?" if near else ""))
    checked = {name: value.strip() for name, value in told.items()}
    if "text" in checked:
        checked["text"] = line(checked["text"], "An action item")
    if checked.get("owner"):
        checked["owner"] = handle_of(desk.directory, checked["owner"])
    if checked.get("due"):
        checked["due"] = _day(checked["due"])
    if checked.get("kind"):
        checked["kind"] = _one_of(checked["kind"], KINDS, "kind of action item")
    if checked.get("proof"):
        checked["proof"] = prose(checked["proof"], "A proof")
    return checked


def _day(written: str) -> str:
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        raise Usage(f"'{written[:80]}' is no day. Write it as 2026-01-31.") from None


def _one_of(written: str, known: Sequence[str], what: str) -> str:
    plain = " ".join(written.lower().replace("-", " ").split())
    if plain not in known:
        near = closest(plain, known)
        told = f" Did you mean '{near}'?" if near else f" There are {', '.join(known)}."
        raise Usage(f"'{written[:80]}' is no {what}.{told}")
    return plain
