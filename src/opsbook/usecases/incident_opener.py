"""Which incident something that goes wrong opens or joins, by the policy page. Records nothing, and resolves nothing.

Looked for in this order: the incident that its group belongs to; a live one of the same service, or of a service that
depends on it; one of these that was resolved within the flap window, which is worse again; the storm, while more begins
than people can lead one by one; else a new one. Drills never meet what is real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from opsbook.book.incident_opening import Opening, Subject
from opsbook.book.roster.values import plain_name
from opsbook.ledger import incident_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import INCIDENT_VIEW, Incident, claim_of, incident_of, stream_of
from opsbook.ledger.incident_events import Members, Origin
from opsbook.usecases.followed_policy import Followed, followed
from opsbook.usecases.incident_declaring import roles_at_declaring, takes_command, tasks_of
from opsbook.usecases.incident_rating import reconsidered
from opsbook.usecases.incident_said import Declaration
from opsbook.usecases.incident_writes import declaring, imagined, joined, member_writes, of, together, without
from opsbook.usecases.ledger_ports import EngineLedger, Write
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.update_due import with_due

# A storm: so many incidents may begin by themselves within the window, the next joins them in one for all.
MOST_OPENED = 3
WINDOW = timedelta(minutes=5)
STORM = "storm"  # the tag of an incident that stands for many
BY = "policy"  # who gives roles and declares where no person does
ENGINES = frozenset({BY, "router", "pager"})  # under whose names the engine records
_MOST_LIVE = 500  # rows that are looked at
_LATEST = 50
_NAMED_IN_TITLE = 3
_LONGEST = 300


class Cause(Struct, frozen=True):
    """Something that goes wrong. `key` is what the answer tells it by; `numbers` are incidents that it belonged to;
    `may_open` is False where it only joins one of those. `why` is a sentence."""

    key: str
    origin: Origin
    title: str
    severity: str
    severity_why: str
    service: str | None
    started_at: datetime
    why: str
    members: Members = Members()
    numbers: tuple[int, ...] = ()
    is_drill: bool = False
    may_open: bool = True


class Settled(Struct, frozen=True):
    """What is to be recorded of incidents and their members, and the number of each cause's incident by its key."""

    writes: tuple[Write, ...] = ()
    numbers: dict[str, int] = {}


class Opener:
    """What settles causes; `flap` is the window in which what was resolved is worse again instead of new."""

    def __init__(
        self, ledger: EngineLedger, book: Callable[[], Book], *, flap: timedelta, new_id: Callable[[], str]
    ) -> None:
        self._ledger = ledger
        self._book = book
        self._flap = flap
        self._new_id = new_id
        self._known: tuple[int, tuple[Opening, ...]] = (-1, ())

    @property
    def ledger(self) -> EngineLedger:
        """Where incidents are."""
        return self._ledger

    def openings(self, subject: Subject) -> list[Opening]:
        """What opens an incident by itself, by the book as it is now; reads nothing while that is the same."""
        book = self._book()
        if book.number != self._known[0]:
            self._known = (book.number, openings_of(book))
        return [each for each in self._known[1] if each.subject == subject]

    def gives_command(self) -> bool:
        """Whether whoever acknowledges leads, by the book."""
        return takes_command(self.follows())

    def follows(self) -> Followed:
        """The policy that incidents are answered by now."""
        return followed(self._book())

    def settle(self, causes: Sequence[Cause], now: datetime) -> Settled:
        """What becomes of causes, in their order."""
        if not causes:
            return Settled()
        work = _Work(self._ledger, self._book(), now, flap=self._flap, new_id=self._new_id)
        numbers = {cause.key: number for cause in causes if (number := work.settle(cause)) is not None}
        return Settled(tuple(work.writes()), numbers)


def openings_of(book: Book) -> tuple[Opening, ...]:
    """What opens an incident by itself, in the order of the book's pages."""
    policies = (facts.policy for _, facts in sorted(book.facts.items()) if facts.policy is not None)
    return tuple(each for policy in policies for each in policy.openings)


def related(book: Book, service: str) -> frozenset[str]:
    """The services that one depends on, and those that depend on it, by what their runbooks say, as plain names."""
    wanted, found = plain_name(service), set[str]()
    for name, path in book.services.items():
        facts = book.facts.get(path)
        needs = {plain_name(each) for each in facts.depends_on} if facts is not None else set()
        if plain_name(name) == wanted:
            found |= needs
        elif wanted in needs:
            found.add(plain_name(name))
    return frozenset(found)


class _Work:
    """Incidents as they are and as they are to be, while causes are settled."""

    def __init__(
        self, ledger: EngineLedger, book: Book, now: datetime, *, flap: timedelta, new_id: Callable[[], str]
    ) -> None:
        self._ledger, self._book, self._now, self._flap, self._new_id = ledger, book, now, flap, new_id
        self._follows: Followed = followed(book)
        self._held: dict[int, Incident] = {}
        self._before: dict[int, int] = {}  # versions as they are recorded
        self._drafts: dict[int, list[Draft]] = {}
        self._further: list[Write] = []
        self._by_service: dict[str, set[int]] = {}  # plain names → numbers
        for rows in (
            ledger.rows(INCIDENT_VIEW.name, is_open=True, limit=_MOST_LIVE),
            ledger.rows(INCIDENT_VIEW.name, limit=_LATEST),
        ):
            for kept in rows:
                self._hold(incident_of(kept))

    def settle(self, cause: Cause) -> int | None:
        """The number of the incident of a cause; None where it opens none and there is none."""
        found = self._of_group(cause)
        if found is None and cause.may_open:
            found = self._of_service(cause) or self._storm(cause)
        if found is None:
            return self._declared(cause).number if cause.may_open else None
        if not found.is_live:
            why = f"It is worse again: {cause.why}"[:_LONGEST]
            self._add(found.number, events.moved("investigating", why))
        self._join(found.number, cause)
        return found.number

    def writes(self) -> list[Write]:
        """All that is to be recorded."""
        own = []
        for number, drafts in self._drafts.items():
            incident = self._held[number]
            write = Write(stream_of(incident.id), tuple(_in_one(drafts)), self._before[number])
            own.append(with_due(self._book, incident, write))
        return joined([*own, *self._further])

    # -- which one ----------------------------------------------------------------------------------------------

    def _of_group(self, cause: Cause) -> Incident | None:
        found = [each for number in cause.numbers if (each := self._read(number)) is not None]
        return next((each for each in found if self._can_take(each, cause)), None)

    def _of_service(self, cause: Cause) -> Incident | None:
        if not cause.service:
            return None
        for names in ({plain_name(cause.service)}, related(self._book, cause.service)):
            numbers = {number for name in names for number in self._by_service.get(name, ())}
            fit = [each for number in numbers if self._can_take(each := self._held[number], cause)]
            if fit:
                return max(fit, key=_preference)
        return None

    def _can_take(self, incident: Incident, cause: Cause) -> bool:
        if incident.is_drill != cause.is_drill:
            return False
        if incident.is_live:
            return True
        return incident.state == "resolved" and incident.resolved_at is not None and (
            incident.resolved_at >= self._now - self._flap
        )  # fmt: skip

    def _storm(self, cause: Cause) -> Incident | None:
        """The incident for many, where too many began lately; a new one where there is none."""
        since = self._now - WINDOW
        own = [each for each in self._held.values() if each.is_drill == cause.is_drill and each.origin != "person"]
        going_on = [each for each in own if each.is_live and STORM in each.tags and each.changed_at > since]
        if going_on:
            return going_on[-1]
        if sum(1 for each in own if each.declared_at > since) < MOST_OPENED:
            return None
        made = self._declared(cause, title=_storm_title([cause.service] if cause.service else []))
        why = "More began at once than people can lead one by one."
        self._add(made.number, events.edited("tags", [], [STORM], why))
        return self._held[made.number]

    def _read(self, number: int) -> Incident | None:
        if number not in self._held:
            kept = self._ledger.latest(INCIDENT_VIEW.name, [str(number)]).get(str(number))
            if kept is None:
                return None
            self._hold(incident_of(kept))
        return self._held[number]

    def _hold(self, incident: Incident) -> None:
        self._held[incident.number] = incident
        self._before[incident.number] = incident.version
        self._concerns(incident.number, incident.services)

    def _concerns(self, number: int, services: Iterable[str]) -> None:
        for service in services:
            self._by_service.setdefault(plain_name(service), set()).add(number)

    # -- what is recorded ---------------------------------------------------------------------------------------

    def _declared(self, cause: Cause, title: str = "") -> Incident:
        number = max(self._held, default=0) + 1
        while self._ledger.read(claim_of(number)):
            number += 1
        id, follows = self._new_id(), self._follows
        services = (cause.service,) if cause.service else ()
        members = Members(cause.members.alerts, cause.members.pages, cause.members.runs, services)
        said = Declaration(
            title or cause.title[:_LONGEST], cause.severity, cause.severity_why, members=members,
            started_at=cause.started_at, origin=cause.origin, is_drill=cause.is_drill,
        )  # fmt: skip
        # A drill is for those alone who take part: nobody gets a role in it, and its reminders, for being on call.
        roles = [] if cause.is_drill else roles_at_declaring(follows, directory_of(self._book), BY, self._now)
        writes = declaring(
            said, id=id, number=number, at=self._now, severity=cause.severity, severity_why=cause.severity_why,
            follows=follows, tasks=list(tasks_of(follows, cause.severity)),
            roles=[each for each in roles if each[1] != BY], detected_at=cause.started_at,
        )  # fmt: skip
        own = next(each for each in writes if each.stream == stream_of(id))
        self._held[number] = imagined(None, id, own.drafts, at=self._now, by=BY)
        self._before[number] = 0
        self._concerns(number, services)
        self._drafts[number] = list(own.drafts)
        self._further += [each for each in writes if each is not own]
        return self._held[number]

    def _join(self, number: int, cause: Cause) -> None:
        incident = self._held[number]
        services = (cause.service,) if cause.service else ()
        theirs = Members(cause.members.alerts, cause.members.pages, cause.members.runs, services)
        new = without(theirs, of(incident))
        if any((new.alerts, new.pages, new.runs, new.services)):
            self._add(number, events.attached(new, cause.why))
            self._further += member_writes(new, number, cause.why)
            self._concerns(number, new.services)
        for draft in reconsidered(self._held[number], cause.severity, cause.why, self._follows):
            self._add(number, draft)
        self._retitle(number)

    def _retitle(self, number: int) -> None:
        """A storm is called by what it is about by now, unless a person called it something else."""
        incident = self._held[number]
        if STORM not in incident.tags or incident.edited_by.get("title", (BY, 0))[0] not in ENGINES:
            return
        title = _storm_title(incident.services)
        if title == incident.title:
            return
        edited = [at for at, each in enumerate(self._drafts.get(number, ())) if each.facts.get("field") == "title"]
        if edited:  # of one transaction only the last title is told
            before = self._drafts[number].pop(edited[0]).facts["before"]
            self._held[number] = incident
        else:
            before = incident.title
        self._add(number, events.edited("title", before, title, "More services are concerned."))

    def _add(self, number: int, draft: Draft) -> None:
        incident = self._held[number]
        self._drafts.setdefault(number, []).append(draft)
        self._held[number] = imagined(incident, incident.id, [draft], at=self._now, by=BY)


def _preference(incident: Incident) -> tuple[bool, bool, datetime, int]:
    """The one that something joins is the greatest: live, for itself and not for many, declared last."""
    return incident.is_live, STORM not in incident.tags, incident.declared_at, incident.number


def _in_one(drafts: Sequence[Draft]) -> list[Draft]:
    """The same with all that joins told at once: in a storm that is an event for a thousand."""
    joining = [each for each in drafts if each.kind == events.ATTACHED]
    if len(joining) < 2:
        return list(drafts)
    members = together(*(
        Members(*(tuple(each.facts[name]) for name in ("alerts", "pages", "runs", "services"))) for each in joining
    ))  # fmt: skip
    why = f"{joining[0].facts['why']} {len(joining) - 1} more of it {'joins' if len(joining) == 2 else 'join'} too."
    one = events.attached(members, why)
    kept = [each for each in drafts if each is joining[0] or each.kind != events.ATTACHED]
    return [one if each is joining[0] else each for each in kept]


def _storm_title(services: Iterable[str]) -> str:
    names = list(services)
    named = ", ".join(names[:_NAMED_IN_TITLE])
    more = f" and {len(names) - _NAMED_IN_TITLE} more services" if len(names) > _NAMED_IN_TITLE else ""
    return f"Much at once: {named}{more}" if names else "Much at once"
