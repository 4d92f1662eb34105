"""What every list needs of a page, worked out of its bytes, with what that answer depends on. Reads through ports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import partial

import msgspec
from msgspec import Struct

from opsbook.book.contact_notes import contact_notes
from opsbook.book.incident_policy import read_policy
from opsbook.book.incidents import read_report
from opsbook.book.lint import Around, lint_page
from opsbook.book.metadata import DEPENDS_KEYS, OWNER_KEYS, PRACTISED_KEYS
from opsbook.book.monitoring import read_monitoring
from opsbook.book.outline import outline_of
from opsbook.book.page import Page, read_page
from opsbook.book.probe import probes_of
from opsbook.book.procedure import Procedure, procedures_of
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import plain_text
from opsbook.ground.digests import digest_of as digest_of
from opsbook.ground.durations import read_date
from opsbook.ground.errors import Finding
from opsbook.usecases.chosen_rules import ChosenRules
from opsbook.usecases.coverage import service_coverage, slot_places
from opsbook.usecases.library import BookOnDisk, PageFacts, ProcedureBrief
from opsbook.usecases.lint import Scope, as_wanted, surroundings, unreadable
from opsbook.usecases.ports import BookSource, PageFile, Unreadable
from opsbook.usecases.practice import as_asked, by_page

PEOPLE = "policy"  # the kind of pages whose people are asked for their contacts


class Derived(Struct, frozen=True):
    """The facts of a page and what they hold for: the file as it was, the answers about other paths, whether they are
    those of one day alone, when its procedures were last practised, by anchor, and of a page of people who had verified
    a contact. Of a page that cannot be read there is only the finding that says so."""

    file: PageFile
    facts: PageFacts | None
    looked_for: tuple[tuple[str, bool], ...] = ()
    asked_day: bool = False
    unread: Finding | None = None
    practised: tuple[tuple[str, date], ...] = ()
    verified: tuple[tuple[str, bool], ...] = ()


class Deriving:
    """Works out the facts of pages with one scope and one set of pages around them."""

    def __init__(self, source: BookSource, files: Sequence[PageFile], scope: Scope) -> None:
        self.source = source
        self.scope = scope
        self.around = surroundings(source, files, scope)
        self.rules = ChosenRules(scope.select, scope.ignore, scope.severities)
        self._practised = by_page(scope.settings.practised)
        self._verified = as_asked(scope.settings.verified)

    def derive(self, file: PageFile, raw: bytes | Unreadable) -> Derived:
        """What these bytes say; `file` is what they were read from."""
        if isinstance(raw, Unreadable):
            found = [unreadable(raw)] if self.rules.has("unreadable-page") else []
            return Derived(file, None, unread=next(as_wanted(found, self.scope), None))
        around = self.around
        around.looked_for = {}
        around.asked_day = False
        page = read_page(file.path, raw, self.source.reading)
        facts = facts_of(page, raw, around, tuple(self.findings(page)))
        return Derived(
            file, facts, tuple(around.looked_for.items()), around.asked_day,
            practised=self._practised.get(file.path, ()), verified=self._verified if page.kind == PEOPLE else (),
        )  # fmt: skip

    def findings(self, page: Page) -> list[Finding]:
        """What the rules that see one page say of it, as gravely as is wanted."""
        return list(as_wanted(lint_page(page, self.rules.of_page(page), self.around), self.scope))


def facts_of(page: Page, raw: bytes, around: Around, findings: tuple[Finding, ...]) -> PageFacts:
    """The facts of a page that was read from `raw`."""
    updated = page.last_updated
    return PageFacts(
        page.path,
        digest_of(raw),
        page.kind,
        page.title,
        page.service,
        _owner(page, around),
        updated[0] if updated else None,
        outline_of(page, around),
        findings,
        service_coverage(page, around.settings) if page.kind == "runbook" else None,
        probes_of(page),
        _briefs(page),
        slot_places(page, around.settings),
        contact_notes(page),
        read_monitoring(page, around),
        read_report(page, around.settings.severities),
        read_policy(page),
        _depends_on(page),
    )


def derive_part(source: BookOnDisk, scope: Scope, around: Sequence[PageFile], files: Sequence[PageFile]) -> bytes:
    """The derived facts of some files of the book as msgpack, each packed on its own, for another process.

    A file that is not what was listed any more is left out. `around` are all files of the book.
    """
    deriving = Deriving(source, around, scope)
    packed: list[msgspec.Raw] = []
    for file in files:
        raw = source.read_as(file)
        if raw is not None:
            packed.append(msgspec.Raw(msgspec.msgpack.encode(deriving.derive(file, raw))))
    return msgspec.msgpack.encode(packed)


def unpack_part(answer: bytes) -> list[msgspec.Raw]:
    """The packed facts in an answer of `derive_part`; each is read on its own, so that no one call takes long."""
    return msgspec.msgpack.decode(answer, type=list[msgspec.Raw])


unpack = partial(msgspec.msgpack.decode, type=Derived)


def _owner(page: Page, around: Around) -> str | None:
    if page.owner is not None:
        return page.owner.value
    return around.owner_of(page.path) if page.metadata.first(*OWNER_KEYS) is None else None


def _briefs(page: Page) -> tuple[ProcedureBrief, ...]:
    procedures = procedures_of(page)
    if not procedures:
        return ()
    practised = _practised(page)
    return tuple(_brief(page, procedure, practised) for procedure in procedures)


def _brief(page: Page, procedure: Procedure, practised: str | None) -> ProcedureBrief:
    steps = procedure.steps
    return ProcedureBrief(
        procedure.anchor,
        procedure.title,
        page.document.line(procedure.start),
        len(steps),
        sum(1 for step in steps if step.runnable),
        bool(procedure.verification),
        bool(procedure.rollback),
        next((step.why_not for step in steps if not step.runnable), None),
        practised,
        sum(1 for step in steps if step.kind == "manual"),
        sum(1 for step in steps if is_unfilled(step.text)),
    )


def _depends_on(page: Page) -> tuple[str, ...]:
    """The services that a runbook says it needs, as written, without the marks of links and code."""
    datum = page.metadata.first(*DEPENDS_KEYS) if page.kind == "runbook" else None
    names = re.split(r",|;|\band\b", plain_text(datum.value)) if datum is not None else []
    return tuple(name for each in names if (name := each.strip(" .`*")) and not is_unfilled(each))


def _practised(page: Page) -> str | None:
    """The day on which the page says that it was last practised."""
    datum = page.metadata.first(*PRACTISED_KEYS)
    day = read_date(datum.value) if datum else None
    return day.isoformat() if day else None
