"""What is recorded of incidents and of what belongs to them, in one transaction. Builds it; records nothing.

Alerts, pages and runs know their incident by an event in their own streams, so membership is always written on both
sides. Whoever already writes to one of those streams joins both with `joined`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from opsbook.book.incident_policy import Channel
from opsbook.ledger import alert_events, page_events, run_events
from opsbook.ledger import incident_events as events
from opsbook.ledger.alert import Alert
from opsbook.ledger.alert import stream_of as alert_stream
from opsbook.ledger.event import NO_HASH, Draft, Event
from opsbook.ledger.incident import Incident, after, claim_of, stream_of
from opsbook.ledger.incident_events import Members
from opsbook.ledger.page import stream_of as page_stream
from opsbook.ledger.run import stream_of as run_stream
from opsbook.usecases.followed_policy import Followed
from opsbook.usecases.incident_said import Declaration
from opsbook.usecases.ledger_ports import Write

# Labels of a channel where people meet, the first of these that the page has.
_WAR_ROOMS = ("incident channel", "war room", "video call", "bridge", "conference bridge", "call", "channel", "zoom",
              "meeting", "slack channel", "chat")  # fmt: skip


class Task(Protocol):
    """Something that the policy page wants done; see `checklists`."""

    @property
    def text(self) -> str:
        """What is to be done."""
        ...

    @property
    def role(self) -> str:
        """Whose it is, empty for everybody's."""
        ...

    @property
    def origin(self) -> str:
        """Where the page says it, `path#anchor`."""
        ...


def declaring(
    said: Declaration, *, id: str, number: int, at: datetime, severity: str, severity_why: str, rated: str = "",
    follows: Followed | None = None, tasks: Sequence[Task] = (), roles: Sequence[tuple[str, str, str]] = (),
    detected_at: datetime | None = None,
) -> list[Write]:  # fmt: skip
    """All that is recorded at once where an incident is declared: its first events, the claim of its number, and on
    each of its members that it belongs to it. `roles` are role, person and why, `rated` what the impact comes to."""
    follows = follows or Followed()
    state: events.IncidentState = "triage" if said.is_triage else "investigating"
    drafts = [events.declared(
        number=number, title=said.title, state=state, severity=severity, severity_why=severity_why, rated=rated,
        impact=said.impact, members=said.members, origin=said.origin, summary=said.summary, started_at=said.started_at,
        detected_at=detected_at, is_drill=said.is_drill, policy=follows.path, commit=follows.commit,
    )]  # fmt: skip
    room = said.war_room or war_room(follows.policy.channels)
    if room:
        why = "" if said.war_room else f"by {follows.path}"
        drafts.append(events.edited("war_room", "", room, why))
    drafts += [events.role_given(role, person, why=why) for role, person, why in roles]
    drafts += task_drafts(tasks)
    return [
        Write(stream_of(id), tuple(drafts), 0),
        Write(claim_of(number), (events.numbered(id),), 0),
        *member_writes(said.members, number),
    ]


def attaching(
    incident: Incident, members: Members, why: str = "", *, leaving: Iterable[tuple[Incident, Members]] = ()
) -> list[Write]:
    """That these belong to an incident from now on; `leaving` are others that they belonged to, with which of them."""
    new = without(members, of(incident))
    if is_none(new):
        return []
    writes = [Write(stream_of(incident.id), (events.attached(new, why),), incident.version)]
    for other, theirs in leaving:
        told = f"It belongs to {incident.name} now." + (f" {why}" if why else "")
        writes.append(Write(stream_of(other.id), (events.detached(theirs, told),), other.version))
    return [*writes, *member_writes(new, incident.number, why)]


def detaching(incident: Incident, members: Members, why: str = "") -> list[Write]:
    """That these do not belong to it any more."""
    theirs = both(members, of(incident))
    if is_none(theirs):
        return []
    return [
        Write(stream_of(incident.id), (events.detached(theirs, why),), incident.version),
        *member_writes(theirs, None, why),
    ]


def member_writes(members: Members, number: int | None, why: str = "") -> list[Write]:
    """What alerts, pages and runs are told of their incident; their streams must be there. Nothing else depends on how
    far those are, so they are not asked."""
    return [
        *(Write(alert_stream(each), (alert_events.attached(number, why),)) for each in members.alerts),
        *(Write(page_stream(each), (page_events.attached(number, why),)) for each in members.pages),
        *(Write(run_stream(each), (run_events.run_attached(number, why),)) for each in members.runs),
    ]


def task_drafts(tasks: Iterable[Task], first: int = 1) -> list[Draft]:
    """The tasks of a page as an incident's own, numbered from `first`."""
    return [
        events.task_set(count, task.text, "open", role=task.role, origin=task.origin)
        for count, task in enumerate(tasks, first)
    ]


def war_room(channels: Iterable[Channel]) -> str:
    """Where people meet, by what the page says; empty where it says nothing."""
    by_name = {" ".join(each.name.lower().split()): each.place for each in channels}
    return next((by_name[name] for name in _WAR_ROOMS if name in by_name), "")


def joined(writes: Iterable[Write]) -> list[Write]:
    """These with one for each stream, as `record` wants them: what is drafted of a stream in the order given."""
    made: dict[str, Write] = {}
    for write in writes:
        known = made.get(write.stream)
        if known is None:
            made[write.stream] = write
            continue
        expected = known.expected if known.expected is not None else write.expected
        made[write.stream] = Write(
            write.stream, (*known.drafts, *write.drafts), expected, (*known.set_timers, *write.set_timers),
            (*known.clear_timers, *write.clear_timers),
        )  # fmt: skip
    return list(made.values())


def imagined(incident: Incident | None, id: str, drafts: Iterable[Draft], *, at: datetime, by: str) -> Incident:
    """The incident as it is once these are recorded."""
    for draft in drafts:
        number = incident.version + 1 if incident is not None else 1
        event = Event(stream_of(id), number, 0, at, by, draft.kind, draft.facts, NO_HASH, NO_HASH)
        incident = after(incident, event)
    assert incident is not None
    return incident


# -- members -------------------------------------------------------------------------------------------------------


def of(incident: Incident) -> Members:
    """What belongs to an incident."""
    return Members(incident.alerts, incident.pages, incident.runs, incident.services)


def of_alerts(alerts: Iterable[Alert]) -> Members:
    """These alerts with their services and the pages that they are of."""
    found = list(alerts)
    return Members(
        tuple(each.id for each in found), tuple(dict.fromkeys(each.page for each in found if each.page)), (),
        tuple(dict.fromkeys(each.service for each in found if each.service)),
    )  # fmt: skip


def together(*several: Members) -> Members:
    """All of these, none twice."""
    return Members(*(
        tuple(dict.fromkeys(each for members in several for each in getattr(members, name))) for name in _PARTS
    ))  # fmt: skip


def without(members: Members, others: Members) -> Members:
    """Those of them that are none of the others."""
    return Members(*(
        tuple(each for each in getattr(members, name) if each not in getattr(others, name)) for name in _PARTS
    ))  # fmt: skip


def both(members: Members, others: Members) -> Members:
    """Those of them that are of the others too."""
    return without(members, without(members, others))


def is_none(members: Members) -> bool:
    """Whether there is none."""
    return not any(getattr(members, name) for name in _PARTS)


_PARTS = ("alerts", "pages", "runs", "services")
