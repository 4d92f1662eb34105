"""What the events of an incident's own stream say on its timeline, kind by kind. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import Event
from opsbook.ledger.incident_events import KeptFile
from opsbook.ledger.incident_values import STATUS
from opsbook.usecases.timeline_entry import TimelineEntry, Told, because, counted, entry_of, time_in

Facts = Mapping[str, Any]
# Fields that are about what goes on; the others are what the report says.
LIVE_FIELDS = {
    "title": "The title", "summary": "The summary", "started_at": "When it started", "detected_at":
    "When it was noticed", "war_room": "The war room",
}  # fmt: skip
_REPORT_FIELDS = {
    "cause": "The kind of cause", "root_cause": "The root cause", "resolution": "The resolution", "tags": "The tags",
    "lessons": "What was learned", "factors": "What contributed", "went_well": "What went well",
    "went_badly": "What went badly", "lucky": "Where luck helped",
}  # fmt: skip


class OwnTeller:
    """Tells the incident's own events; what came before is kept where a later event does not say it itself."""

    def __init__(self) -> None:
        self._state = ""
        self._tasks: dict[Any, str] = {}
        self._wanted: TimelineEntry | None = None  # the tasks that the page wanted last
        self._many = 0
        self._audiences: dict[Any, tuple[str, str]] = {}

    def take(self, event: Event) -> list[TimelineEntry]:
        """The entries that an event makes, none where it says nothing new."""
        if event.kind == kinds.NOTED:  # by far the most
            return [_noted(event)]
        if event.kind == kinds.TASK_SET and event.facts.get("origin") and event.facts.get("task") not in self._tasks:
            return [self._wanted_by_page(event, event.facts)]
        told = self._told(event, event.facts)
        return [entry_of(event, told)] if told is not None else []

    def _told(self, event: Event, facts: Facts) -> Told | None:
        if event.kind == kinds.DECLARED:
            self._state = str(facts.get("state", ""))
            return _declared(event, facts)
        if event.kind == kinds.MOVED:
            before, self._state = self._state, str(facts.get("state", ""))
            return Told("status", because(_move(before, self._state), facts.get("why")), at=time_in(
                facts.get("happened_at")))  # fmt: skip
        if event.kind == kinds.TASK_SET:
            return self._task(facts)
        if event.kind == kinds.UPDATE_DRAFTED:
            self._audiences[facts.get("update")] = (str(facts.get("audience", "")), str(facts.get("body", "")))
            return None  # nobody is told anything yet, and drafts are written anew with every change
        if event.kind in (kinds.UPDATE_APPROVED, kinds.UPDATE_PUBLISHED, kinds.UPDATE_WITHDRAWN):
            return self._update(event.kind, event.actor, facts)
        teller = _TELLERS.get(event.kind)
        return teller(event, facts) if teller is not None else None

    def _wanted_by_page(self, event: Event, facts: Facts) -> TimelineEntry:
        """What the page wants done from a moment on, as one entry: that of the first of these tasks."""
        made, first = entry_of(event, self._task(facts)), self._wanted
        if first is None or (first.recorded_at, first.actor) != (made.recorded_at, made.actor):
            self._wanted, self._many = made, 1
            return made
        self._many += 1
        return replace(first, text=f"{self._many} tasks to do, as the policy page has them.", changed=event.position)

    def _task(self, facts: Facts) -> Told:
        task, state, text = facts.get("task"), facts.get("state"), str(facts.get("text", ""))
        before, self._tasks[task] = self._tasks.get(task), str(state)
        owner = f" ({facts['owner']})" if facts.get("owner") else ""
        is_again = before not in (None, "open")
        words = {"done": "Done", "dropped": "Dropped"}.get(str(state), "Open again" if is_again else "To do")
        why = f": {facts['why']}" if facts.get("why") else ""
        return Told("task", f"{words}: {text}{owner}{why}")

    def _update(self, kind: str, actor: str, facts: Facts) -> Told:
        number = facts.get("update")
        audience, body = self._audiences.get(number, ("", ""))
        named = f"Status update {number}" + (f" to {audience}" if audience else "")
        if kind == kinds.UPDATE_APPROVED:
            return Told("update", f"{named} approved by {facts.get('by') or actor}.")
        if kind == kinds.UPDATE_WITHDRAWN:
            return Told("update", because(f"{named} withdrawn", facts.get("why")))
        return Told("update", f"{named} sent:\n{body}" if body else f"{named} sent.")


def _noted(event: Event) -> TimelineEntry:
    facts = event.facts
    files = facts.get("files")
    told = Told(
        facts.get("kind") or "note", str(facts.get("text") or ""), str(facts.get("link") or ""),
        time_in(facts.get("happened_at")), msgspec.convert(files, tuple[KeptFile, ...]) if files else (),
    )  # fmt: skip
    return entry_of(event, told)


def _move(before: str, state: str) -> str:
    """`Investigating → Mitigating (monitoring)`: the user's word, and the finer one where it says more."""
    return f"{_state(before)} → {_state(state)}" if before and before != state else _state(state)


def _state(state: str) -> str:
    word = STATUS.get(state, state)  # type: ignore[call-overload]
    return str(word) if word.lower() == state or word == state else f"{word} ({state})"


def _declared(event: Event, facts: Facts) -> Told:
    drill = "Drill" if facts.get("is_drill") else "Incident"
    how = {"alerts": " by policy, from alerts", "run": " from a run", "health": " from health"}
    words = f"{drill} INC-{facts.get('number')} declared{how.get(str(facts.get('origin')), '')}: {facts.get('title')}"
    why = f", {facts['severity_why']}" if facts.get("severity_why") else ""
    told = f"{words} ({facts.get('severity')}{why})"
    summary = f"\n{facts['summary']}" if facts.get("summary") else ""
    return Told("declared", told + summary, at=time_in(facts.get("happened_at")))


def _rated(event: Event, facts: Facts) -> Told:
    by_matrix, severity = facts.get("by_matrix"), facts.get("severity")
    is_against = facts.get("is_override") and by_matrix and by_matrix != severity
    against = f" (the matrix says {by_matrix})" if is_against else ""
    return Told("severity", because(f"Severity {severity}{against}", facts.get("why")))


def _edited(event: Event, facts: Facts) -> Told:
    field, value = str(facts.get("field")), facts.get("value")
    is_live = field in LIVE_FIELDS
    name = LIVE_FIELDS.get(field) or _REPORT_FIELDS.get(field) or field
    said = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "nothing")
    why = f" ({facts['why']})" if facts.get("why") else ""
    return Told("status" if is_live else "report", f"{name}: {said}{why}")


def _acknowledged(event: Event, facts: Facts) -> Told:
    via = f" ({facts['via']})" if facts.get("via") else ""
    return Told("ack", because(f"Acknowledged by {facts.get('by')}{via}", facts.get("why")))


def _role_given(event: Event, facts: Facts) -> Told:
    instead = f", instead of {facts['instead_of']}" if facts.get("instead_of") else ""
    return Told("role", because(f"{facts.get('person')} is {facts.get('role')}{instead}", facts.get("why")))


def _role_released(event: Event, facts: Facts) -> Told:
    return Told("role", because(f"{facts.get('person')} is no longer {facts.get('role')}", facts.get("why")))


def members_words(facts: Facts) -> str:
    """What belongs to it in a few words: `2 alerts, 1 run, services api and web`."""
    told = [counted(len(facts.get(name) or ()), name[:-1]) for name in ("alerts", "pages", "runs") if facts.get(name)]
    services = [str(each) for each in facts.get("services") or ()]
    if services:
        told.append(f"{'service' if len(services) == 1 else 'services'} {', '.join(services)}")
    return ", ".join(told) or "nothing"


def _attached(event: Event, facts: Facts) -> Told | None:
    if facts.get("why") == kinds.BY_ITS_START:
        return None  # that the run was started stands in the timeline by the run's own event
    return Told("relation", because(f"Belongs to it: {members_words(facts)}", facts.get("why")))


def _detached(event: Event, facts: Facts) -> Told:
    return Told("relation", because(f"No longer belongs to it: {members_words(facts)}", facts.get("why")))


def _called(event: Event, facts: Facts) -> Told:
    page = facts.get("page")
    words = because(f"{facts.get('person')} is called in", facts.get("why"))
    return Told("page", words, link=f"/pages/{page}" if page else "")


def _related(event: Event, facts: Facts) -> Told:
    how = str(facts.get("how", "")).capitalize()
    return Told("relation", because(f"{how} INC-{facts.get('other')}", facts.get("why")),
                link=f"/incidents/{facts.get('other')}")  # fmt: skip


def _renumbered(event: Event, facts: Facts) -> Told:
    return Told("relation", because(f"It is INC-{facts.get('number')} now", facts.get("why")))


def _update_missed(event: Event, facts: Facts) -> Told:
    due = time_in(facts.get("due"))
    when = f", which was due at {due:%H:%M} UTC," if due is not None else ""
    told = f" {facts['told']} is reminded." if facts.get("told") else ""
    return Told("update", f"The next status update{when} was not sent.{told}")


def _undelivered(event: Event, facts: Facts) -> Told:
    words = f"Update {facts.get('update')} could not be handed to {facts.get('to')}"
    return Told("update", because(words, facts.get("why")))


def _action_set(event: Event, facts: Facts) -> Told:
    words = "Action item" if facts.get("state") == "open" else f"Action item {facts.get('state')}"
    more = [str(facts["owner"])] if facts.get("owner") else []
    more += [f"due {facts['due']}"] if facts.get("due") else []
    told = f" ({', '.join(more)})" if more else ""
    why = f": {facts['why']}" if facts.get("why") else ""
    return Told("action", f"{words}: {facts.get('text')}{told}{why}")


def _written(event: Event, facts: Facts) -> Told:
    what = str(facts.get("what", "page")).capitalize()
    return Told("report", because(f"{what} proposed: {facts.get('path')}", facts.get("why")))


def _reviewed(event: Event, facts: Facts) -> Told:
    more = [str(facts["owner"])] if facts.get("owner") else []
    more += [f"due {facts['due']}"] if facts.get("due") else []
    told = f" ({', '.join(more)})" if more else ""
    return Told("report", because(f"Post-mortem {facts.get('state')}{told}", facts.get("why")))


_TELLERS: dict[str, Callable[[Event, Facts], Told | None]] = {
    kinds.RATED: _rated,
    kinds.EDITED: _edited,
    kinds.ACKNOWLEDGED: _acknowledged,
    kinds.ROLE_GIVEN: _role_given,
    kinds.ROLE_RELEASED: _role_released,
    kinds.ATTACHED: _attached,
    kinds.DETACHED: _detached,
    kinds.CALLED: _called,
    kinds.RELATED: _related,
    kinds.RENUMBERED: _renumbered,
    kinds.UPDATE_MISSED: _update_missed,
    kinds.UPDATE_UNDELIVERED: _undelivered,
    kinds.ACTION_SET: _action_set,
    kinds.WRITTEN: _written,
    kinds.REVIEWED: _reviewed,
}
