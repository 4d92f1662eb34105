"""The book while it is served: whole snapshots of it, each page's facts worked out once. Declares; reads no disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from opsbook.book.contact_notes import ContactNote
from opsbook.book.incident_policy import Policy
from opsbook.book.incidents import Report
from opsbook.book.lint import Around, Outline
from opsbook.book.monitoring import Monitoring
from opsbook.book.page import Page
from opsbook.book.probe import Probe
from opsbook.book.roster.values import Imported
from opsbook.ground.errors import Finding
from opsbook.usecases.coverage import ServiceCoverage, SlotPlace
from opsbook.usecases.ports import BookSource, PageFile, Unreadable


class ProcedureBrief(Struct, frozen=True, gc=False):
    """A procedure in a list: where it is, how many steps it has and how many of them run as written.

    `by_hand` counts the steps that a person does, `unfilled` those that still are the template's.
    """

    anchor: str
    title: str
    line: int
    steps: int
    runnable: int
    has_verification: bool
    has_rollback: bool
    why_not: str | None  # why its first step that cannot run as written cannot
    practised: str | None  # the day written on the page, YYYY-MM-DD
    by_hand: int = 0
    unfilled: int = 0


class PageFacts(Struct, frozen=True):
    """What every list needs of a page; derived from its bytes, so it is kept beside the ledger between starts.

    `digest` names the bytes (what an edit is based on). `findings` are those of the rules that see one page. `slots`
    are a runbook's; `monitoring`, `report` and `policy` are None for a page that is about something else. `depends_on`
    are the services that a runbook says its own needs.
    """

    path: str
    digest: str
    kind: str
    title: str
    service: str | None
    owner: str | None
    last_updated: str | None
    outline: Outline
    findings: tuple[Finding, ...] = ()
    coverage: ServiceCoverage | None = None
    probes: tuple[Probe, ...] = ()
    procedures: tuple[ProcedureBrief, ...] = ()
    slots: tuple[SlotPlace, ...] = ()
    contacts: tuple[ContactNote, ...] = ()
    monitoring: Monitoring | None = None
    report: Report | None = None
    policy: Policy | None = None
    depends_on: tuple[str, ...] = ()


class Book(Struct, frozen=True):
    """One whole state of the book: never half of one change and half of another.

    `number` grows by one with each. `facts` may still be incomplete after a cold start; then `is_whole` is False and
    `findings` holds only what is known. `services` maps the name in an address (`api-service`) to its runbook's path.
    `linked_from` maps a path to the pages that link to it, `calendars` the address of a calendar to what it says.
    """

    number: int
    commit: str | None
    files: Mapping[str, PageFile]
    facts: Mapping[str, PageFacts] = {}
    findings: tuple[Finding, ...] = ()
    services: Mapping[str, str] = {}
    linked_from: Mapping[str, tuple[str, ...]] = {}
    is_whole: bool = False
    calendars: Mapping[str, Imported] = {}


class BookOnDisk(BookSource, Protocol):
    """A book where it lies, which may be another at the next look."""

    def read_as(self, file: PageFile) -> bytes | Unreadable | None:
        """A page's bytes, if it still is the file that was listed, before and after it was read; else None."""
        ...

    def read_beside(self, path: str) -> bytes | Unreadable:
        """The bytes of another file of the repository that a page may show, such as an image: nothing hidden, nothing
        that lies or leads outside."""
        ...


class Library(BookSource, Protocol):
    """A book that is followed while it changes. As a BookSource it reads from the snapshot in force."""

    def snapshot(self) -> Book:
        """The snapshot in force; answers at once."""
        ...

    def page(self, path: str) -> Page:
        """A page of the snapshot, parsed (the last ones are kept); raises Usage when there is none, Failure when it
        cannot be read."""
        ...

    def around(self) -> Around:
        """What rules and links may know besides a page, for the snapshot and for today."""
        ...

    def findings_in(self, path: str, raw: bytes) -> list[Finding]:
        """What the rules would say of a page if it had these bytes; for an edit that is not saved yet."""
        ...

    def wait_whole(self, timeout_s: float) -> bool:
        """Waits until every page of the snapshot was read; False when the time is over first."""
        ...

    def look(self) -> Book:
        """Looks at the disk now instead of when it is told of a change, and returns the snapshot then in force."""
        ...

    def look_soon(self) -> None:
        """As `look`, and does not wait for it."""
        ...

    def on_change(self, tell: Callable[[Book], None]) -> None:
        """Has `tell` called, from the library's own thread, with each new snapshot, and with the same one when what
        keeps it from being followed began or ended."""
        ...

    def trouble(self) -> str | None:
        """What keeps the book from being followed, as a sentence; None when all is well."""
        ...

    def close(self) -> None:
        """Stops following; what was worked out is kept for the next start."""
        ...
