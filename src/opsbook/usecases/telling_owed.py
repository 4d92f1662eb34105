"""To whom a status update is owed, as what is recorded with its publication; and what is taken back of it. Sends
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from opsbook.ledger import telling_events as events
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import StatusUpdate
from opsbook.ledger.telling import TELLING_VIEW, Telling, group_of, stream_of, telling_of
from opsbook.ledger.view import Kept
from opsbook.usecases.channel_names import shown_as
from opsbook.usecases.ledger_ports import EngineLedger, Timer, Write

DUE = "due"  # the timer of a telling: when it is looked at again
ROWS = 500

Owed = Callable[[Incident, StatusUpdate, datetime], list[Write]]
Subscribers = Callable[[Incident, StatusUpdate], Iterable[tuple[str, str]]]  # ids of subscriptions, as people see them


def owed_to(subscribers: Subscribers) -> Owed:
    """What gives the writes for an update: to each of its channels and to each subscriber, once. A drill is told on the
    channels of those who work here, and nobody else's."""

    def owed(incident: Incident, update: StatusUpdate, at: datetime) -> list[Write]:
        if incident.is_drill and update.audience == "customers":
            return []
        made = [_write(incident, update, "channel", name, shown=shown_as(name), at=at) for name in update.channels]
        if not incident.is_drill:
            made += [_write(incident, update, "subscription", id, shown=shown, at=at)
                     for id, shown in subscribers(incident, update)]  # fmt: skip
        return list({each.stream: each for each in made}.values())

    return owed


def telling_id(incident: str, update: int, to: str, name: str) -> str:
    """What the handing over of an update to a receiver is called for ever, so that it is owed once."""
    return f"{incident}-{update}-{sha256(f'{to} {name}'.encode()).hexdigest()[:10]}"


def _write(
    incident: Incident, update: StatusUpdate, to: events.To, name: str, *, shown: str, at: datetime
) -> Write:
    stream = stream_of(telling_id(incident.id, update.id, to, name))
    draft = events.owed(
        incident=incident.id, update=update.id, to=to, name=name, shown=shown, audience=update.audience
    )
    return Write(stream, (draft,), 0, (Timer(stream, DUE, at),))


def tellings(ledger: EngineLedger, incident: str, update: int) -> list[Telling]:
    """Who gets an update, and how far that is; in the order in which they were owed."""
    return [telling_of(kept) for kept in reversed(list(_rows(ledger, group_of(incident, update))))]


def withdrawn(ledger: EngineLedger, incident: Incident, update: int, at: datetime) -> list[Write]:
    """What is recorded where an update is withdrawn: nobody gets it who has not got it."""
    return [_dropped(each, "The update was withdrawn.") for each in _open(ledger, incident.id, update)]


def _dropped(telling: Telling, why: str) -> Write:
    return Write(stream_of(telling.id), (events.settled("dropped", why),), telling.number, (), (DUE,))


def _open(ledger: EngineLedger, incident: str, update: int) -> Sequence[Telling]:
    return [each for each in tellings(ledger, incident, update) if not each.is_over]


def _rows(ledger: EngineLedger, group: str) -> Iterator[Kept]:
    before: int | None = None
    while found := ledger.rows(TELLING_VIEW.name, group=group, before=before, limit=ROWS):
        yield from found
        before = found[-1].first
