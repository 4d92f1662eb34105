"""The verbs of incidents: declare, acknowledge, lead, note, rate, move, join, part. They record what people want.

Each is decided on the incident as it is, and recorded or refused; where somebody else was quicker it is decided anew.
Where a caller says what version their change was based on (`expected`) and the same field was changed since, it is
refused with who changed it to what: nothing is overwritten unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from opsbook.book.impact import Impact
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import EntryKind, IncidentState, Members
from opsbook.usecases import (
    incident_declaring,
    incident_entries,
    incident_finding,
    incident_leading,
    incident_members,
    incident_moving,
    incident_promises,
    incident_rating,
    incident_splitting,
)
from opsbook.usecases.incident_board import IncidentBoard
from opsbook.usecases.incident_changing import Desk, unknown_person
from opsbook.usecases.incident_due import Due
from opsbook.usecases.incident_ending import still_wrong
from opsbook.usecases.incident_next import next_steps
from opsbook.usecases.incident_said import Declaration as Declaration
from opsbook.usecases.incident_said import FieldConflict as FieldConflict
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.pages import Pages
from opsbook.usecases.post_mortems import move_post_mortem
from opsbook.usecases.service_names import named_service, unknown_services


class Incidents:
    """The incidents of a ledger; `nudge` wakes the engine. Everywhere `named` is a number, `INC-14`, or an id; raises
    Usage, with a guess, where it names none."""

    def __init__(
        self, ledger: EngineLedger, book: Callable[[], Book], pages: Pages, *, now: Callable[[], datetime],
        chance: Callable[[int], bytes], nudge: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._pages = pages
        self._board = IncidentBoard(ledger)
        self._desk = Desk(ledger, book, self._board, now, chance, nudge)

    def declare(self, said: Declaration, by: str) -> Incident:
        """A new incident with the next number, the policy's roles and tasks, and the war room of the page."""
        return incident_declaring.declare(self._desk, said, by)

    def find(self, named: str | int) -> Incident:
        """The incident of that number, former number, name or id."""
        return self._desk.find(named)

    def select(
        self, *, is_live: bool | None = None, statuses: Sequence[str] = (), severities: Sequence[str] = (),
        service: str = "", words: str = "", with_drills: bool = True, since: datetime | None = None,
        until: datetime | None = None, before: int | None = None, limit: int = 100,
    ) -> list[Incident]:  # fmt: skip
        """Incidents, live ones first, then the last declared first; those with numbers below `before`."""
        known = named_service(self._desk.book(), service) if service else None
        wanted = incident_finding.wanted(
            is_live=is_live, statuses=statuses, severities=severities, service=known or service, words=words,
            with_drills=with_drills, since=since, until=until, before=before,
        )  # fmt: skip
        return self._board.select(wanted, limit)

    def due(self, incident: Incident) -> list[Due]:
        """What is to be done next in an incident, by whom, and what to type for it."""
        return next_steps(self._ledger, self._desk.policy, incident, self._desk.now())

    def acknowledge(self, named: str | int, by: str, *, via: str = "web", why: str = "") -> Incident:
        """Somebody takes care of it: they are the commander where nobody is, and its open pages are acknowledged."""
        return incident_leading.acknowledge(self._desk, self._pages, named, by, via=via, why=why)

    def note(
        self, named: str | int, by: str, text: str, *, kind: EntryKind = "note", happened_at: datetime | None = None,
        files: Sequence[tuple[str, str, bytes]] = (), link: str = "", key: str = "",
    ) -> Incident:  # fmt: skip
        """An entry of the timeline. `files` are names, media types and bytes."""
        return incident_entries.note(
            self._desk, named, by, text, kind=kind, happened_at=happened_at, files=files, link=link, key=key
        )

    def import_chat(self, named: str | int, by: str, said: Sequence[tuple[datetime, str, str]]) -> Incident:
        """Messages of a chat as entries where they happened; see `chat_import.entries_of`. Pasted twice, kept once."""
        return incident_entries.import_chat(self._desk, named, by, said)

    def correct(
        self, named: str | int, by: str, entry: str, why: str, *, text: str | None = None,
        happened_at: datetime | None = None, is_struck: bool = False,
    ) -> Incident:  # fmt: skip
        """Puts an entry right, by its key; what it said stays to be seen."""
        return incident_entries.correct(
            self._desk, named, by, entry, why=why, text=text, happened_at=happened_at, is_struck=is_struck
        )

    def pin(self, named: str | int, by: str, entry: str, is_pinned: bool = True) -> Incident:
        """Puts an entry on top of the timeline, or lets it go back to its place."""
        return incident_entries.pin(self._desk, named, by, entry, is_pinned=is_pinned)

    def rate(
        self, named: str | int, by: str, *, severity: str = "", impact: Impact | None = None, why: str = "",
        expected: int | None = None,
    ) -> Incident:  # fmt: skip
        """How grave it is: by what is declared of its impact, or against the matrix with a reason."""
        return incident_rating.rate(
            self._desk, named, by, severity=severity, impact=impact, why=why, expected=expected
        )

    def move(
        self, named: str | int, by: str, state: IncidentState | str, *, why: str = "",
        happened_at: datetime | None = None, expected: int | None = None,
    ) -> Incident:  # fmt: skip
        """Another state, in the user's words or the finer ones (`incident_moves.WORDS`). Resolving it gives its open
        pages an end, and its report is written."""
        return incident_moving.move(
            self._desk, self._pages, named, by, state=state, why=why, happened_at=happened_at, expected=expected
        )

    def unknown_person(self, person: str) -> str:
        """That no page knows a person, with a guess, so that nothing reaches them; empty for one that is known."""
        return unknown_person(self._desk.directory, person)

    def unknown_services(self, services: Sequence[str]) -> list[str]:
        """A sentence for each of these that no page knows, with a guess."""
        return unknown_services(self._desk.book(), services)

    def still_wrong(self, named: str | int) -> list[str]:
        """What speaks against its being over, in sentences: alerts that still fire, services that are not healthy."""
        return still_wrong(self._ledger, self._desk.find(named))

    def edit(
        self, named: str | int, by: str, field: str, value: object, *, why: str = "", expected: int | None = None
    ) -> Incident:
        """Another value of a field of `EDITABLE`; times in their order."""
        return incident_moving.edit(self._desk, named, by, field, value=value, why=why, expected=expected)

    def waive(self, named: str | int, by: str, why: str) -> Incident:
        """No post-mortem is written for it, for a reason: it can be closed without one."""
        return incident_moving.waive(self._desk, named, by, why)

    def review(
        self, named: str | int, by: str, state: str, *, why: str = "", owner: str = "", due: str = ""
    ) -> Incident:
        """Says how far its post-mortem is; `waived` as `waive` does."""
        if state == "waived":
            return self.waive(named, by, why)
        found = self.find(named)
        move_post_mortem(self._ledger, found, by, state, why=why, now=self._desk.now(), owner=owner, due=due)
        return self._desk.read(found.id)

    def assign(self, named: str | int, by: str, role: str, person: str, *, why: str = "") -> Incident:
        """Gives somebody a role; what only one has is handed over."""
        return incident_leading.assign(self._desk, named, by, role, person=person, why=why)

    def release(self, named: str | int, by: str, role: str, person: str, *, why: str = "") -> Incident:
        """Takes a role from somebody."""
        return incident_leading.release(self._desk, named, by, role, person=person, why=why)

    def add_task(self, named: str | int, by: str, text: str, *, role: str = "", owner: str = "") -> Incident:
        """One more thing to do."""
        return incident_leading.add_task(self._desk, named, by, text, role=role, owner=owner)

    def set_task(self, named: str | int, by: str, task: int, state: str, *, owner: str = "", why: str = "") -> Incident:
        """A task is done, open again, dropped, or somebody's."""
        return incident_leading.set_task(self._desk, named, by, task, state=state, owner=owner, why=why)

    def call(self, named: str | int, by: str, person: str, why: str) -> Incident:
        """Pages somebody to join; whether they answered is in their page."""
        return incident_leading.call(self._desk, self._pages, named, by, person=person, why=why)

    def attach(self, named: str | int, by: str, members: Members, why: str = "") -> Incident:
        """Alerts, pages, runs, services belong to it from now on; they leave another that they belonged to."""
        return incident_members.attach(self._desk, named, by, members, why=why)

    def detach(self, named: str | int, by: str, members: Members, why: str = "") -> Incident:
        """They do not belong to it any more."""
        return incident_members.detach(self._desk, named, by, members, why=why)

    def merge(self, named: str | int, into: str | int, by: str, why: str = "") -> Incident:
        """It is the same as another, which gets what belongs to it; gives that other."""
        return incident_members.merge(self._desk, named, into, by, why=why)

    def duplicate(self, named: str | int, of: str | int, by: str, why: str = "") -> Incident:
        """It was declared twice: it is dismissed, and says of which it is a duplicate."""
        return incident_members.duplicate(self._desk, named, of, by, why=why)

    def split(self, named: str | int, by: str, members: Members, *, title: str, why: str = "") -> Incident:
        """A new incident of a part of what belongs to it; gives the new one."""
        return incident_splitting.split(self._desk, named, by, members, title=title, why=why)

    def promise(
        self, named: str | int, by: str, text: str, *, owner: str = "", due: str = "", kind: str = "", proof: str = "",
    ) -> Incident:  # fmt: skip
        """An action item; it goes into the report with a box."""
        return incident_promises.promise(
            self._desk, named, by, text, owner=owner, due=due, kind=kind, proof=proof
        )

    def set_promise(
        self, named: str | int, by: str, action: int, state: str, *, why: str = "", **told: str,
    ) -> Incident:  # fmt: skip
        """An action item is in progress, done, verified, dropped (with a reason), or somebody else's or later due."""
        return incident_promises.set_promise(self._desk, named, by, action, state=state, why=why, told=told)

    def file(self, digest: str) -> bytes | None:
        """The bytes of a file of an entry."""
        return incident_entries.file(self._ledger, digest)
