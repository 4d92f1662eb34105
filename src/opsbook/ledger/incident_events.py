"""The events of an incident: their kinds, and a draft of each. Folds nothing, and decides nothing.

Each incident has a stream of its own, `incident/ID`. Its short number is claimed by the first event of
`incident-number/N`, recorded in the same transaction, so that no two incidents have one; what its sender calls it, by
the first of `incident-key/DIGEST`, so that one that is declared twice is one. `happened_at` in the facts is
when something happened, where that is not when it was recorded.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from opsbook.book.impact import Impact
from opsbook.ledger.event import Draft

INCIDENTS = "incident/"
NUMBERS = "incident-number/"
KEYS = "incident-key/"

IncidentState = Literal[
    "triage", "investigating", "identified", "mitigating", "monitoring", "resolved", "closed", "dismissed", "merged",
]  # fmt: skip
EntryKind = Literal["note", "decision", "command", "deploy", "change", "file", "chat"]
Origin = Literal["person", "alerts", "run", "health"]

DECLARED = "IncidentDeclared"
NUMBERED = "IncidentNumbered"
KEYED = "IncidentKeyed"
RENUMBERED = "IncidentRenumbered"
MOVED = "IncidentMoved"
RATED = "IncidentRated"
EDITED = "IncidentEdited"
ACKNOWLEDGED = "IncidentAcknowledged"
ROLE_GIVEN = "IncidentRoleGiven"
ROLE_RELEASED = "IncidentRoleReleased"
TASK_SET = "IncidentTaskSet"
ATTACHED = "IncidentAttached"
DETACHED = "IncidentDetached"
CALLED = "IncidentPersonCalled"
NOTED = "IncidentNoted"
CORRECTED = "IncidentEntryCorrected"
PINNED = "IncidentEntryPinned"
RELATED = "IncidentRelated"
UPDATE_DRAFTED = "StatusUpdateDrafted"
UPDATE_APPROVED = "StatusUpdateApproved"
UPDATE_PUBLISHED = "StatusUpdatePublished"
UPDATE_WITHDRAWN = "StatusUpdateWithdrawn"
UPDATE_DUE = "StatusUpdateDue"
UPDATE_MISSED = "StatusUpdateMissed"
UPDATE_UNDELIVERED = "StatusUpdateUndelivered"
ACTION_SET = "ActionItemSet"
WRITTEN = "IncidentWritten"
REVIEWED = "PostMortemMoved"


class KeptFile(Struct, frozen=True):
    """A file or picture of an entry: its bytes lie beside the events as the attachment `incident-file/DIGEST`."""

    name: str
    media_type: str
    size_bytes: int
    digest: str


class Members(Struct, frozen=True):
    """What belongs to an incident, by ids of alerts, pages and runs, and names of services."""

    alerts: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


def declared(
    *, number: int, title: str, state: IncidentState, severity: str, severity_why: str, rated: str = "",
    impact: Impact | None = None, members: Members | None = None, origin: Origin = "person", summary: str = "",
    started_at: datetime | None = None, detected_at: datetime | None = None, is_drill: bool = False,
    policy: str = "", commit: str | None = None, happened_at: datetime | None = None,
) -> Draft:  # fmt: skip
    """Somebody, or a policy, says that there is an incident. `rated` is the severity that the declared impact comes to
    by the matrix, where `severity` was chosen otherwise; `policy` is the path of the page that it follows, at
    `commit`."""
    return Draft(DECLARED, {
        "number": number, "title": title, "state": state, "severity": severity, "severity_why": severity_why,
        "rated": rated, "impact": msgspec.to_builtins(impact or Impact()),
        **msgspec.to_builtins(members or Members()), "origin": origin, "summary": summary,
        "started_at": _time(started_at), "detected_at": _time(detected_at), "is_drill": is_drill, "policy": policy,
        "commit": commit, "happened_at": _time(happened_at),
    })  # fmt: skip


def numbered(incident: str) -> Draft:
    """The first event of `incident-number/N`: the number is that incident's."""
    return Draft(NUMBERED, {"incident": incident})


def keyed(incident: str, key: str) -> Draft:
    """The first event of `incident-key/DIGEST`: what was declared under that key is that incident."""
    return Draft(KEYED, {"incident": incident, "key": key})


def renumbered(number: int, why: str) -> Draft:
    """It has another number: the one that it was declared with was another's where it was brought to."""
    return Draft(RENUMBERED, {"number": number, "why": why})


def moved(state: IncidentState, why: str = "", happened_at: datetime | None = None) -> Draft:
    """It is in another state, since `happened_at`."""
    return Draft(MOVED, {"state": state, "why": why, "happened_at": _time(happened_at)})


def rated(
    severity: str, why: str, *, by_matrix: str = "", is_override: bool = False, impact: Impact | None = None,
) -> Draft:  # fmt: skip
    """How grave it is and why; `by_matrix` is what the impact comes to, `is_override` where a person says otherwise;
    `impact` where that was declared anew."""
    told = {"impact": msgspec.to_builtins(impact)} if impact is not None else {}
    return Draft(RATED, {"severity": severity, "why": why, "by_matrix": by_matrix, "is_override": is_override, **told})


def edited(field: str, before: Any, value: Any, why: str = "") -> Draft:
    """A field says something else: see EDITABLE in `incident`. Both are plain JSON values."""
    return Draft(EDITED, {"field": field, "before": before, "value": value, "why": why})


def acknowledged(by: str, via: str, why: str = "") -> Draft:
    """Somebody takes care of it."""
    return Draft(ACKNOWLEDGED, {"by": by, "via": via, "why": why})


def role_given(role: str, person: str, instead_of: str = "", why: str = "") -> Draft:
    """Somebody has a role from now on, handed over by `instead_of` where it had somebody."""
    return Draft(ROLE_GIVEN, {"role": role, "person": person, "instead_of": instead_of, "why": why})


def role_released(role: str, person: str, why: str = "") -> Draft:
    """Somebody has a role no longer."""
    return Draft(ROLE_RELEASED, {"role": role, "person": person, "why": why})


def task_set(
    task: int, text: str, state: str, *, role: str = "", owner: str = "", origin: str = "", why: str = "",
) -> Draft:  # fmt: skip
    """A task is there, or is another: `state` is open, done or dropped; `origin` is where the page says it
    (`path#anchor`), empty for one that a person added."""
    return Draft(TASK_SET, {"task": task, "text": text, "state": state, "role": role, "owner": owner, "origin": origin,
                            "why": why})  # fmt: skip


# Why a run belongs to an incident from its beginning on. The run's own first event tells of it.
BY_ITS_START = "It was started for this incident."


def attached(members: Members, why: str) -> Draft:
    """These belong to it from now on."""
    return Draft(ATTACHED, {**msgspec.to_builtins(members), "why": why})


def detached(members: Members, why: str) -> Draft:
    """These do not belong to it any more."""
    return Draft(DETACHED, {**msgspec.to_builtins(members), "why": why})


def called(person: str, page: str, why: str) -> Draft:
    """Somebody is called in, by that page."""
    return Draft(CALLED, {"person": person, "page": page, "why": why})


def noted(
    text: str, kind: EntryKind = "note", *, happened_at: datetime | None = None, files: tuple[KeptFile, ...] = (),
    link: str = "", key: str = "",
) -> Draft:  # fmt: skip
    """An entry of the timeline that a person writes. `key` is what its sender calls it, so that one that is sent twice
    is one."""
    return Draft(NOTED, {"text": text, "kind": kind, "happened_at": _time(happened_at),
                         "files": msgspec.to_builtins(files), "link": link, "key": key})  # fmt: skip


def corrected(
    entry: str, why: str, *, text: str | None = None, happened_at: datetime | None = None, is_struck: bool = False,
) -> Draft:  # fmt: skip
    """An entry of the timeline, by its key, was wrong: what it should say, or when it happened, or that it is struck
    out. What it said is kept and shown."""
    return Draft(CORRECTED, {"entry": entry, "why": why, "text": text, "happened_at": _time(happened_at),
                             "is_struck": is_struck})  # fmt: skip


def pinned(entry: str, is_pinned: bool) -> Draft:
    """An entry of the timeline stands on top, or does not any more."""
    return Draft(PINNED, {"entry": entry, "is_pinned": is_pinned})


def related(
    how: Literal["merged into", "merged from", "duplicate of", "split from", "split into", "parent"], other: int,
    why: str,
) -> Draft:  # fmt: skip
    """It belongs together with another, by number."""
    return Draft(RELATED, {"how": how, "other": other, "why": why})


def update_drafted(
    update: int, *, audience: str, body: str, channels: tuple[str, ...] = (), template: str = "",
    components: dict[str, str] | None = None, next_due: datetime | None = None, corrects: int = 0,
) -> Draft:  # fmt: skip
    """A status update, or a draft of it as it is by now. `template` is where its words come from
    (`path#anchor@commit`); `components` are states of components of the public status page by name; `next_due` is when
    the next one is promised; `corrects` is the update that it puts right."""
    return Draft(UPDATE_DRAFTED, {
        "update": update, "audience": audience, "body": body, "channels": list(channels), "template": template,
        "components": components or {}, "next_due": _time(next_due), "corrects": corrects,
    })  # fmt: skip


def update_approved(update: int, by: str) -> Draft:
    """Somebody with the right to says that it may be sent as it is."""
    return Draft(UPDATE_APPROVED, {"update": update, "by": by})


def update_published(update: int, deliveries: tuple[str, ...]) -> Draft:
    """It is told from now on; `deliveries` are the streams of those that hand it over."""
    return Draft(UPDATE_PUBLISHED, {"update": update, "deliveries": list(deliveries)})


def update_withdrawn(update: int, why: str) -> Draft:
    """It is not sent, or not shown any more."""
    return Draft(UPDATE_WITHDRAWN, {"update": update, "why": why})


def update_due(at: datetime | None, why: str) -> Draft:
    """When the next status update is due; None: none is."""
    return Draft(UPDATE_DUE, {"at": _time(at), "why": why})


def update_missed(due: datetime, told: str) -> Draft:
    """An update was not sent when it was due, and `told` was reminded."""
    return Draft(UPDATE_MISSED, {"due": _time(due), "told": told})


def update_undelivered(update: int, to: str, why: str) -> Draft:
    """An update could not be handed to one whom it was owed to, and is not tried again; `to` is as people see it."""
    return Draft(UPDATE_UNDELIVERED, {"update": update, "to": to, "why": why})


def action_set(
    action: int, text: str, state: str, *, owner: str = "", due: str = "", kind: str = "", proof: str = "",
    why: str = "",
) -> Draft:  # fmt: skip
    """Something is to be done, or it is another by now: `state` is open, in progress, done, verified or dropped; `due`
    is a day (YYYY-MM-DD); `kind` prevent, detect, mitigate, process or document; `proof` what proves it done."""
    return Draft(ACTION_SET, {"action": action, "text": text, "state": state, "owner": owner, "due": due, "kind": kind,
                              "proof": proof, "why": why})  # fmt: skip


def written(what: Literal["report", "post-mortem", "patch"], path: str, proposal: str, why: str = "") -> Draft:
    """A page of the book is proposed for it; see `proposal_events`."""
    return Draft(WRITTEN, {"what": what, "path": path, "proposal": proposal, "why": why})


def reviewed(state: str, *, owner: str = "", due: str = "", why: str = "") -> Draft:
    """The post-mortem is due on a day, is somebody's, or is in another state: due, draft, in review, reviewed or
    waived."""
    return Draft(REVIEWED, {"state": state, "owner": owner, "due": due, "why": why})


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
