"""The verbs of incidents: declare, acknowledge, lead, note, rate, move, join, part. They record what people want.

Each is decided on the incident as it is, and recorded or refused; where somebody else was quicker it is decided anew.
Where a caller says what version their change was based on (`expected`) and the same field was changed since, it is
refused with who changed it to what: nothing is overwritten unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from opsbook.book.impact import Impact
from opsbook.ground.errors import Conflict
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import EntryKind, IncidentState, Members, Origin
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.pages import Pages


class FieldConflict(Conflict):
    """Somebody changed the same field since: `by` whom, what is there `now`, and what `mine` would have been."""

    def __init__(self, message: str, *, field: str, by: str, now: object, mine: object) -> None:
        super().__init__(message)
        self.field, self.by, self.now, self.mine = field, by, now, mine


class Declaration(Struct, frozen=True):
    """What whoever declares an incident says. Without `severity` it is what the impact comes to by the matrix of the
    policy page, else P2; with both the severity is an override, and needs `severity_why`. `is_triage`: nobody is sure
    yet that it is one."""

    title: str
    severity: str = ""
    severity_why: str = ""
    impact: Impact = Impact()
    members: Members = Members()
    summary: str = ""
    started_at: datetime | None = None
    origin: Origin = "person"
    is_drill: bool = False
    is_triage: bool = False
    war_room: str = ""


class Incidents:
    """The incidents of a ledger; `nudge` wakes the engine. Everywhere `named` is a number, `INC-14`, or an id; raises
    Usage, with a guess, where it names none."""

    def __init__(
        self, ledger: EngineLedger, book: Callable[[], Book], pages: Pages, *, now: Callable[[], datetime],
        chance: Callable[[int], bytes], nudge: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._book = book
        self._pages = pages
        self._now = now
        self._chance = chance
        self._nudge = nudge

    def declare(self, said: Declaration, by: str) -> Incident:
        """A new incident with the next number, the policy's roles and tasks, and the war room of the page."""
        raise NotImplementedError

    def find(self, named: str | int) -> Incident:
        """The incident of that number, former number, name or id."""
        raise NotImplementedError

    def select(
        self, *, is_live: bool | None = None, statuses: Sequence[str] = (), severities: Sequence[str] = (),
        service: str = "", words: str = "", with_drills: bool = True, since: datetime | None = None,
        until: datetime | None = None, before: int | None = None, limit: int = 100,
    ) -> list[Incident]:  # fmt: skip
        """Incidents, live ones first, then the last declared first; those with numbers below `before`."""
        raise NotImplementedError

    def acknowledge(self, named: str | int, by: str, *, via: str = "web", why: str = "") -> Incident:
        """Somebody takes care of it: they are the commander where nobody is, and its open pages are acknowledged."""
        raise NotImplementedError

    def note(
        self, named: str | int, by: str, text: str, *, kind: EntryKind = "note", happened_at: datetime | None = None,
        files: Sequence[tuple[str, str, bytes]] = (), link: str = "", key: str = "",
    ) -> Incident:  # fmt: skip
        """An entry of the timeline. `files` are names, media types and bytes."""
        raise NotImplementedError

    def correct(
        self, named: str | int, by: str, entry: str, why: str, *, text: str | None = None,
        happened_at: datetime | None = None, is_struck: bool = False,
    ) -> Incident:  # fmt: skip
        """Puts an entry right, by its key; what it said stays to be seen."""
        raise NotImplementedError

    def pin(self, named: str | int, by: str, entry: str, is_pinned: bool = True) -> Incident:
        """Puts an entry on top of the timeline, or lets it go back to its place."""
        raise NotImplementedError

    def rate(
        self, named: str | int, by: str, *, severity: str = "", impact: Impact | None = None, why: str = "",
        expected: int | None = None,
    ) -> Incident:  # fmt: skip
        """How grave it is: by what is declared of its impact, or against the matrix with a reason."""
        raise NotImplementedError

    def move(
        self, named: str | int, by: str, state: IncidentState | str, *, why: str = "",
        happened_at: datetime | None = None, expected: int | None = None,
    ) -> Incident:  # fmt: skip
        """Another state, in the user's words or the finer ones (`incident_moves.WORDS`). Resolving it gives its open
        pages an end, and its report is written."""
        raise NotImplementedError

    def edit(
        self, named: str | int, by: str, field: str, value: object, *, why: str = "", expected: int | None = None
    ) -> Incident:
        """Another value of a field of `EDITABLE`; times in their order."""
        raise NotImplementedError

    def assign(self, named: str | int, by: str, role: str, person: str, *, why: str = "") -> Incident:
        """Gives somebody a role; what only one has is handed over."""
        raise NotImplementedError

    def release(self, named: str | int, by: str, role: str, person: str, *, why: str = "") -> Incident:
        """Takes a role from somebody."""
        raise NotImplementedError

    def add_task(self, named: str | int, by: str, text: str, *, role: str = "", owner: str = "") -> Incident:
        """One more thing to do."""
        raise NotImplementedError

    def set_task(self, named: str | int, by: str, task: int, state: str, *, owner: str = "", why: str = "") -> Incident:
        """A task is done, open again, dropped, or somebody's."""
        raise NotImplementedError

    def call(self, named: str | int, by: str, person: str, why: str) -> Incident:
        """Pages somebody to join; whether they answered is in their page."""
        raise NotImplementedError

    def attach(self, named: str | int, by: str, members: Members, why: str = "") -> Incident:
        """Alerts, pages, runs, services belong to it from now on; they leave another that they belonged to."""
        raise NotImplementedError

    def detach(self, named: str | int, by: str, members: Members, why: str = "") -> Incident:
        """They do not belong to it any more."""
        raise NotImplementedError

    def merge(self, named: str | int, into: str | int, by: str, why: str = "") -> Incident:
        """It is the same as another, which gets what belongs to it; gives that other."""
        raise NotImplementedError

    def duplicate(self, named: str | int, of: str | int, by: str, why: str = "") -> Incident:
        """It was declared twice: it is dismissed, and says of which it is a duplicate."""
        raise NotImplementedError

    def split(self, named: str | int, by: str, members: Members, *, title: str, why: str = "") -> Incident:
        """A new incident of a part of what belongs to it; gives the new one."""
        raise NotImplementedError

    def promise(
        self, named: str | int, by: str, text: str, *, owner: str = "", due: str = "", kind: str = "", proof: str = "",
    ) -> Incident:  # fmt: skip
        """An action item; it goes into the report with a box."""
        raise NotImplementedError

    def set_promise(
        self, named: str | int, by: str, action: int, state: str, *, why: str = "", **told: str,
    ) -> Incident:  # fmt: skip
        """An action item is in progress, done, verified, dropped (with a reason), or somebody else's or later due."""
        raise NotImplementedError

    def file(self, digest: str) -> bytes | None:
        """The bytes of a file of an entry."""
        raise NotImplementedError
