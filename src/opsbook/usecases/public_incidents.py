"""Incidents as customers were told of them: of each only what was published for customers. Reads nothing itself.

A drill is never among them, nor is an incident of which customers were told nothing. An incident that is over inside is
over here too, also where nobody said so: a page that says "investigating" for ever is untrue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from opsbook.book.status_components import component_key
from opsbook.ledger.incident_values import Incident, StatusUpdate
from opsbook.usecases.public_status import (
    GRAVITY,
    IMPACT,
    Affected,
    ComponentState,
    PublicIncident,
    PublicPhase,
    PublicUpdate,
    gravest,
    state_of_word,
)

CUSTOMERS = "customers"
LONGEST_TITLE = 120  # letters
_PHASES: dict[str, PublicPhase] = {
    "triage": "investigating", "investigating": "investigating", "identified": "identified",
    "mitigating": "identified", "monitoring": "monitoring", "resolved": "resolved", "closed": "resolved",
    "dismissed": "resolved", "merged": "resolved",
}  # fmt: skip
_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*|\*\*([^*]+)\*\*|__([^_]+)__")
_SENTENCE = re.compile(r"(.+?[.!?])(?:\s|$)")

Names = Mapping[str, tuple[str, str]]  # a component's name as compared → its public id and name


def public_id(kind: str, inside: str) -> str:
    """An id for everybody that tells nothing: the same one always, from which the one used inside cannot be read."""
    return blake2b(f"opsbook public {kind} {inside}".encode(), digest_size=6).hexdigest()


def public_incident(incident: Incident, names: Names, *, is_over: bool) -> PublicIncident | None:
    """What customers know of it; None where that is nothing. `is_over` is False too for one that was merged into
    another that goes on."""
    if incident.is_drill:
        return None
    told = _told(incident.updates)
    if not told:
        return None
    title, updates = "", []
    said: dict[str, ComponentState] = {}
    for shown, first in told:
        heading, body = titled(shown.body)
        title = heading or title or sentence(body)
        affected = tuple(_affected(shown, said, names))
        said.update({each.id: each.after for each in affected})
        at = first.published_at or shown.drafted_at
        corrected = shown.published_at if shown is not first else None
        phase = _PHASES.get(first.during or incident.state, "investigating")
        updates.append(PublicUpdate(
            public_id("update", f"{incident.id}/{first.id}"), at, phase, body, affected, corrected
        ))  # fmt: skip
    resolved = max(incident.resolved_at or updates[-1].at, updates[0].at) if is_over else None
    worst = gravest(each.after for update in updates for each in update.affected)
    changed = max(each.changed_at for each in updates)
    return PublicIncident(
        public_id("incident", incident.id), title or "Incident", "resolved" if is_over else _live(updates[-1].phase),
        IMPACT[worst], updates[0].at, max(changed, resolved) if resolved else changed, tuple(reversed(updates)),
        tuple(said), next((each.at for each in updates if each.phase == "monitoring"), None), resolved,
    )  # fmt: skip


def _told(updates: Sequence[StatusUpdate]) -> list[tuple[StatusUpdate, StatusUpdate]]:
    """What is shown in the order in which it was first told, each with the update that it stands in the place of."""
    by_id = {each.id: each for each in updates if each.audience == CUSTOMERS and each.published_at is not None}
    found = []
    for shown in by_id.values():
        if shown.state != "published":
            continue
        first, seen = shown, {shown.id}
        while first.corrects in by_id and first.corrects not in seen:
            seen.add(first.corrects)
            first = by_id[first.corrects]
        found.append((shown, first))
    return sorted(found, key=lambda pair: (pair[1].published_at or pair[1].drafted_at, pair[1].id))


def titled(body: str) -> tuple[str, str]:
    """The title that an update gives itself by a heading or a bold line at its top, else empty; and the rest."""
    first, _, rest = body.strip().partition("\n")
    found = _HEADING.fullmatch(first.strip())
    if found is None:
        return "", body.strip()
    return shortened(next(each for each in found.groups() if each)), rest.strip()


def sentence(body: str) -> str:
    """The first sentence of a text, shortened where it is long."""
    line = " ".join(body.strip().partition("\n")[0].split())
    found = _SENTENCE.match(line)
    return shortened((found[1] if found else line).rstrip("."))


def shortened(text: str) -> str:
    """A title that is not too long, cut between words."""
    text = " ".join(text.split())
    if len(text) <= LONGEST_TITLE:
        return text
    return text[:LONGEST_TITLE].rsplit(" ", 1)[0] + " …"


def _affected(update: StatusUpdate, said: Mapping[str, ComponentState], names: Names) -> Iterable[Affected]:
    for word, state_word in update.components.items():
        known, state = names.get(component_key(word)), state_of_word(state_word)
        if known is not None and state is not None:
            yield Affected(known[0], known[1], said.get(known[0], "operational"), state)


def _live(phase: PublicPhase) -> PublicPhase:
    """The phase of one that goes on: what was said to be over and is not, is looked into again."""
    return "investigating" if phase == "resolved" else phase


def said_of_components(incidents: Iterable[PublicIncident]) -> dict[str, tuple[ComponentState, PublicUpdate]]:
    """How people say that components are, by public id: of each incident that is not over what it said last, of
    several the gravest. With the update that said so."""
    found: dict[str, tuple[ComponentState, PublicUpdate]] = {}
    for incident in incidents:
        last: dict[str, tuple[ComponentState, PublicUpdate]] = {}
        for update in reversed(incident.updates):
            last.update({each.id: (each.after, update) for each in update.affected})
        for component, said in last.items():
            known = found.get(component)
            if known is None or GRAVITY[said[0]] > GRAVITY[known[0]]:
                found[component] = said
    return found
