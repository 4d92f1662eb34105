"""What is known of an incident, as the sentences that a status update puts into its template.

Customers are told in the names of the public status page alone, and none of what is only ours: no title, no entry of
the timeline, no name of a person or a service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from opsbook.book.status_components import StatusPage, service_key
from opsbook.book.update_templates import Audience
from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import Event
from opsbook.ledger.incident import Incident

MOST_WORDS = 400  # characters of an entry that are put into an update
_MEANWHILE = {
    "full": "There is a way around it.", "partial": "There is a way around part of it.",
    "none": "There is no way around it yet.",
}  # fmt: skip
_DATA = {"at risk": "data are at risk", "corrupted": "data are wrong", "lost": "data were lost",
         "exposed": "data could be seen by others"}  # fmt: skip


def known_of(
    incident: Incident, audience: Audience, *, events: Sequence[Event] = (), components: Sequence[str] = (),
    next_due: datetime | None = None,
) -> dict[str, str]:  # fmt: skip
    """By the names of `update_templates.asked` what an audience may be told; what nobody knows is left out.
    `components` are the public names of what is hindered, `events` those of the incident's own stream."""
    found = {
        "status": incident.status,
        "since": told(incident.started_at or (incident.declared_at if audience != "customers" else None)),
        "resolved": told(incident.resolved_at), "next": told(next_due),
        "users": _users(incident), "meanwhile": _MEANWHILE.get(incident.impact.workaround, ""),
    }  # fmt: skip
    if audience == "customers":
        impact = _listed(incident.impact.functions, " do not work") or _listed(components, " do not work properly")
        found |= {"services": _listed(components), "impact": impact}
        found["title"] = f"Problem with {_listed(components)}" if components else ""
        found["since"] = found["since"] or told(incident.declared_at)
    else:
        found |= dict(_inner(incident, events))
    return {name: value for name, value in found.items() if value}


def components_of(pages: Sequence[StatusPage | None], services: Sequence[str]) -> tuple[str, ...]:
    """The public names of what is made of any of these services, by the tables of the policy pages; none of a service
    that no table lists, for that is never public."""
    hindered = {service_key(name) for name in services}
    found = (
        component.name for page in pages if page is not None for component in page.components
        if hindered & {service_key(each.name) for each in component.services}
    )  # fmt: skip
    return tuple(dict.fromkeys(found))


def _inner(incident: Incident, events: Sequence[Event]) -> Iterator[tuple[str, str]]:
    """What those who work here are told besides."""
    impact = incident.impact
    share = _users(incident)
    hindered = share and f"{share} {'are' if share.endswith('users') else 'is'} hindered"
    said = impact.users.strip().rstrip(".") or hindered
    parts = [said, _listed(impact.functions, " do not work"), _DATA.get(impact.data, "")]
    sentence = "; ".join(part for part in parts if part)
    yield "severity", incident.severity
    yield "number", incident.name
    yield "title", incident.title
    yield "services", _listed(incident.services)
    yield "impact", f"{sentence[:1].upper()}{sentence[1:]}" if sentence else incident.summary
    yield "business", impact.business
    doing = _doing(incident, events)
    known = (incident.root_cause, incident.cause, _identified(events), _last(events, incident.pins), incident.summary)
    yield "known", next((words for words in known if words and words != doing), "")
    yield "doing", doing
    yield "resolution", incident.resolution
    yield "commander", ", ".join(_commanders(incident))
    yield "war_room", incident.war_room


def _doing(incident: Incident, events: Sequence[Event]) -> str:
    decided = _last(events, ())
    return decided or _listed([task.text for task in incident.tasks if task.state == "open" and task.owner][:3])


def _commanders(incident: Incident) -> list[str]:
    return [held.person for held in incident.roles if held.until is None and "commander" in held.role.lower()]


def _identified(events: Sequence[Event]) -> str:
    """What was said when the cause was found, the last time."""
    moved = (each.facts for each in reversed(events) if each.kind == kinds.MOVED)
    return next((str(facts["why"]) for facts in moved if facts["state"] == "identified" and facts["why"]), "")


def _last(events: Sequence[Event], pins: Sequence[str]) -> str:
    """The words of the entry that was pinned last, else of the last decision, as they were corrected."""
    texts = dict(_entries(events))
    for pin in reversed(pins):
        if pin in texts:
            return texts[pin][1]
    return next((text for kind, text in reversed(texts.values()) if kind == "decision"), "")


def _entries(events: Sequence[Event]) -> Iterator[tuple[str, tuple[str, str]]]:
    corrections: Mapping[str, Mapping[str, object]] = {
        str(each.facts["entry"]): each.facts for each in events if each.kind == kinds.CORRECTED
    }
    for event in events:
        key = f"{event.stream}:{event.number}"
        changed = corrections.get(key, {})
        if event.kind == kinds.NOTED and not changed.get("is_struck"):
            text = str(changed.get("text") or event.facts["text"])
            yield key, (event.facts["kind"], " ".join(text.split())[:MOST_WORDS])


def _users(incident: Incident) -> str:
    share = incident.impact.users_pct
    if share is None:
        return ""
    return "everybody" if share >= 100 else "nobody" if share <= 0 else f"about {share:g} % of the users"


def _listed(names: Sequence[str], more: str = "") -> str:
    """`A, B and C`, with words behind it; empty for none."""
    kept = [name.strip() for name in names if name.strip()]
    if not kept:
        return ""
    joined = kept[0] if len(kept) == 1 else f"{', '.join(kept[:-1])} and {kept[-1]}"
    return f"{joined}{more if len(kept) > 1 else more.replace(' do not', ' does not')}"


def told(at: datetime | None) -> str:
    """A time as it stands in an update: `2026-11-26 03:10 UTC`; empty for None."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at is not None else ""
