"""What belongs to an incident: joined, parted, moved to another; two incidents that are one. Decides no severity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger import incident_events as events
from opsbook.ledger.alert_events import ALERTS
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import Members
from opsbook.ledger.incident_moves import check_move, check_time
from opsbook.ledger.page_events import PAGES
from opsbook.usecases.incident_changing import Desk, cleaned, line, write
from opsbook.usecases.incident_handed import handing
from opsbook.usecases.incident_writes import (
    attaching,
    both,
    detaching,
    is_none,
    member_writes,
    of,
    together,
    without,
)
from opsbook.usecases.ledger_ports import Write
from opsbook.usecases.service_names import named_service

MOST_MEMBERS = 2_000  # of one change
_VIEWS = {"alerts": (ALERTS, "alerts", "alert"), "pages": (PAGES, "pages", "page"), "runs": ("run/", "runs", "run")}


def known_members(desk: Desk, members: Members) -> Members:
    """These with whole ids, services as the book calls them. Raises Usage for what is not there."""
    for ids in (members.alerts, members.pages, members.runs, members.services):
        if len(ids) > MOST_MEMBERS:
            raise Usage(f"These are {len(ids):,}; name at most {MOST_MEMBERS:,} at a time.")
    book = desk.book()
    named = (" ".join(cleaned(each).split()) for each in members.services)
    services = [named_service(book, each) or each for each in named if each]
    found = {name: tuple(dict.fromkeys(_id(desk, name, each) for each in getattr(members, name))) for name in _VIEWS}
    return Members(**found, services=tuple(dict.fromkeys(services)))


def _id(desk: Desk, part: str, written: str) -> str:
    prefix, view, word = _VIEWS[part]
    name = cleaned(written).strip().removeprefix(prefix)
    if name and desk.ledger.row(view, prefix + name) is not None:
        return name
    streams = desk.ledger.streams(prefix + name) if len(name) >= 4 else []
    if len(streams) == 1 and desk.ledger.row(view, streams[0]) is not None:
        return streams[0].removeprefix(prefix)
    if len(streams) > 1:
        raise Usage(f"Several {view} have an id that begins with '{name[:80]}'. Give more of it.")
    raise Usage(f"There is no {word} '{written[:80]}'.")


def with_pages(desk: Desk, members: Members) -> Members:
    """These, and of their alerts the services and pages."""
    services: dict[str, None] = {}
    pages: dict[str, None] = {}
    for id in members.alerts:
        kept = desk.ledger.row("alerts", ALERTS + id)
        if kept is not None:
            document = kept.row.document
            services |= {document["service"]: None} if document.get("service") else {}
            pages |= {document["page"]: None} if document.get("page") else {}
    return together(members, Members((), tuple(pages), (), tuple(services)))


def leaving(desk: Desk, members: Members, other_than: int = 0) -> list[tuple[Incident, Members]]:
    """The other incidents to which some of these belong, with which of them."""
    theirs: dict[int, list[Members]] = {}
    for part, (prefix, view, _) in _VIEWS.items():
        for id in getattr(members, part):
            kept = desk.ledger.row(view, prefix + id)
            number = kept.row.document.get("incident") if kept is not None else None
            if number and number != other_than:
                theirs.setdefault(number, []).append(Members(**{part: (id,)}))
    found = []
    for number, parts in theirs.items():
        incident = desk.find(number)
        left = both(together(*parts), of(incident))
        if not is_none(left):
            found.append((incident, left))
    return found


def leaving_writes(desk: Desk, members: Members, name: str) -> Iterator[Write]:
    """That members of a new incident leave those that they belonged to."""
    for other, left in leaving(desk, members):
        yield from write(other, events.detached(left, f"It belongs to {name} now."))


def attach(desk: Desk, named: str | int, by: str, members: Members, *, why: str) -> Incident:
    """These belong to it from now on."""
    why = line(why, "A reason", is_needed=False)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        wanted = with_pages(desk, known_members(desk, members))
        if is_none(wanted):
            raise Usage("Name an alert, a page, a run or a service.")
        new = without(wanted, of(incident))
        if incident.state in ("merged", "dismissed") and not is_none(new):
            raise Refusal(f"{incident.name} is {incident.state}, so nothing joins it.{_went(incident)}")
        return attaching(incident, new, why, leaving=leaving(desk, new, incident.number))

    return desk.change(named, by, decide)


def detach(desk: Desk, named: str | int, by: str, members: Members, *, why: str) -> Incident:
    """These do not belong to it any more."""
    why = line(why, "A reason", is_needed=False)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        wanted = known_members(desk, members)
        if is_none(wanted):
            raise Usage("Name an alert, a page, a run or a service.")
        writes = detaching(incident, wanted, why)
        if not writes:
            raise Refusal(f"None of these belongs to {incident.name}.")
        return writes

    return desk.change(named, by, decide)


# -- one of two, two of one ------------------------------------------------------------------------------------------


def merge(desk: Desk, named: str | int, into: str | int, by: str, *, why: str) -> Incident:
    """It is the same as another, which gets what belongs to it; gives that other."""
    why = line(why, "A reason", is_needed=False)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        other = _other(desk, incident, into)
        check_move(incident, "merged", at, at)
        told = why or f"It is the same as {other.name}."
        theirs = of(incident)
        drafts: list[Draft] = [events.related("merged into", other.number, told)]
        drafts += [] if is_none(theirs) else [events.detached(theirs, f"It belongs to {other.name} now.")]
        handed = handing(incident, other)
        drafts += [*handed.left, events.moved("merged", told)]
        new = without(theirs, of(other))
        gained: list[Draft] = [events.related("merged from", incident.number, told)]
        gained += [] if is_none(new) else [events.attached(new, f"They belonged to {incident.name}.")]
        gained += [*handed.gained, *_widened(other, incident, at)]
        return [*write(incident, *drafts), *write(other, *gained), *member_writes(theirs, other.number, told)]

    desk.change(named, by, decide)
    return desk.find(into)


def _widened(other: Incident, incident: Incident, at: datetime) -> Iterator[Draft]:
    """What it takes over of one that is the same: since when, where that fits its other times, and how grave it is."""
    name = incident.name
    for field in ("started_at", "detected_at"):
        mine, theirs = getattr(other, field), getattr(incident, field)
        if theirs is None or (mine is not None and mine <= theirs):
            continue
        try:
            check_time(other, field, theirs, at)
        except Usage:
            continue
        told = mine.isoformat() if mine is not None else None
        yield events.edited(field, told, theirs.isoformat(), f"As {name} has it, which is the same.")
        other = replace(other, **{field: theirs})
    if incident.severity < other.severity and other.is_live and not other.is_overridden:
        yield events.rated(incident.severity, f"As grave as {name}, which is the same: {incident.severity_why}")


def duplicate(desk: Desk, named: str | int, original: str | int, by: str, *, why: str) -> Incident:
    """It was declared twice: it is dismissed, what belongs to it goes to the other."""
    why = line(why, "A reason", is_needed=False)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        other = _other(desk, incident, original)
        check_move(incident, "dismissed", at, at)
        told = why or f"It was declared twice, as {other.name} too."
        theirs = of(incident)
        drafts: list[Draft] = [events.related("duplicate of", other.number, told)]
        drafts += [] if is_none(theirs) else [events.detached(theirs, f"It belongs to {other.name} now.")]
        new = without(theirs, of(other))
        gained = [] if is_none(new) else [events.attached(new, f"They belonged to {incident.name}, its duplicate.")]
        handed = handing(incident, other)
        gained += handed.gained
        moved = write(incident, *drafts, *handed.left, events.moved("dismissed", told))
        return [*moved, *write(other, *gained), *member_writes(theirs, other.number, told)]

    return desk.change(named, by, decide)


def _other(desk: Desk, incident: Incident, named: str | int) -> Incident:
    other = desk.find(named)
    if other.id == incident.id:
        raise Usage(f"{incident.name} cannot be the same as itself. Name the other one.")
    if other.state in ("merged", "dismissed", "closed"):
        raise Refusal(f"{other.name} is {other.state}, so nothing is brought together with it.{_went(other)}")
    if other.is_drill != incident.is_drill:
        drill, real = (other, incident) if other.is_drill else (incident, other)
        raise Refusal(f"{drill.name} is a drill and {real.name} is not, so they cannot be one.")
    return other


def _went(incident: Incident) -> str:
    """Where one that is another went; empty for one that is itself."""
    into = next((each for each in reversed(incident.relations) if each.how in ("merged into", "duplicate of")), None)
    return f" It went into INC-{into.other}; name that." if into is not None and incident.state != "closed" else ""
