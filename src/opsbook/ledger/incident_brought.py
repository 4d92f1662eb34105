"""What an event becomes that was recorded in a file while the ledger was away, and is brought into it. Records nothing.

`brought` in the facts tells the event that it was: `mark` names that one for ever, so that it is brought once; `at` is
when it was recorded there, `by` who brought it. When it happened is kept as `happened_at`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import Draft, Event

LATE = "incident-late/"  # notes for the number of an incident that the file does not hold
BROUGHT = "brought"
# A correction tells when its entry happened, and not when it was made.
_OF_ANOTHER = frozenset({kinds.CORRECTED})


def mark_of(event: Event) -> str:
    """What names an event wherever it is brought to: the hash that it had where it was recorded first."""
    return str(event.facts.get(BROUGHT, {}).get("mark") or event.hash)


def marks(events: Iterable[Event]) -> dict[str, int]:
    """The numbers of events by their marks."""
    return {mark_of(event): event.number for event in events}


def brought_draft(event: Event, by: str, *, entries: Mapping[str, str], numbers: Mapping[int, int]) -> Draft:
    """The event as it is recorded where it is brought to. `entries` are the keys that entries of the timeline have
    there, `numbers` those of incidents, by what they were in the file."""
    facts: dict[str, Any] = dict(event.facts)
    if event.kind not in _OF_ANOTHER:
        facts["happened_at"] = facts.get("happened_at") or event.at.isoformat()
    if "entry" in facts:
        facts["entry"] = entries.get(facts["entry"], facts["entry"])
    for name in ("other", "incident"):
        if isinstance(facts.get(name), int):
            facts[name] = numbers.get(facts[name], facts[name])
    before = facts.get(BROUGHT, {})
    facts[BROUGHT] = {"mark": mark_of(event), "at": before.get("at") or event.at.isoformat(), "by": by}
    return Draft(event.kind, facts)
