"""From PAGE#ANCHOR to a plan: finds the page and those that it links to, and says all that is wrong at once.

Asks a finder for pages, and reads no file; decides nothing about who may start.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha1
from urllib.parse import unquote

from msgspec import Struct

from opsbook.book.grammar import RunOn
from opsbook.book.lint import Around, LintSettings
from opsbook.book.page import PAGE_ENDINGS, Page
from opsbook.book.plan import Plan, PlannedParameter
from opsbook.book.planner import Known, Planning, planned, procedure_at, read_on
from opsbook.book.procedure import Procedure, procedures_of
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.usecases.run_ports import Inventory
from opsbook.usecases.run_rules import HINDERING


class Source(Struct, frozen=True):
    """A page as it lies there now: its commit is None where it is not committed as it is. `editor` changed it last;
    `raw` are its bytes, where they are not those that the page was read from."""

    page: Page
    commit: str | None
    editor: str = ""
    is_protected: bool = False  # the commit is on a protected branch
    service: str | None = None
    raw: bytes = b""

    @property
    def content(self) -> bytes:
        """The bytes of the page."""
        return self.raw or self.page.document.content

    @property
    def blob(self) -> str:
        """The name that git has for these bytes."""
        return sha1(b"blob %d\0" % len(self.content) + self.content, usedforsecurity=False).hexdigest()


class Form(Struct, frozen=True):
    """What must be known before a start: parameters in their order, with defaults; what would be run; `why_not` in
    sentences, empty where it can be started."""

    path: str
    anchor: str
    title: str
    parameters: tuple[PlannedParameter, ...]
    defaults: dict[str, str]
    required: frozenset[str]
    plan: Plan | None
    why_not: tuple[str, ...] = ()
    commit: str | None = None
    danger: str = ""
    service: str | None = None


class Prepared(Struct, frozen=True):
    """A procedure with its plan as far as it goes, and the pages that it was made of."""

    source: Source
    procedure: Procedure
    planning: Planning
    sources: tuple[Source, ...]

    @property
    def key(self) -> str:
        """PATH#ANCHOR, by which a procedure is trusted, listed and locked."""
        return f"{self.planning.plan.path}#{self.planning.plan.anchor}"

    @property
    def commit(self) -> str | None:
        """The commit of the page; None where any page that is run is not committed as it is."""
        return None if any(each.commit is None for each in self.sources) else self.source.commit

    @property
    def editor(self) -> str:
        """Who changed any of the pages last."""
        return "; ".join(dict.fromkeys(each.editor for each in self.sources if each.editor))


Find = Callable[[str], Source]


def prepared(
    where: str, find: Find, inventory: Inventory, *, values: Mapping[str, str], on: str | None = None
) -> Prepared:
    """The procedure at PAGE#ANCHOR with its plan; raises Usage where there is none."""
    name, _, anchor = where.partition("#")
    source = find(name)
    procedure, ending = _procedure(source.page, anchor)
    sources = {source.page.path: source}
    links = _Links(find, sources)
    known = Known(inventory.hosts, inventory.groups, inventory.approvers, links.follow)
    planning = planned(
        source.page, procedure, ending, known, given=values, on=_on(on), around=Around(date.min, LintSettings()),
        service=source.service or source.page.service, checks=HINDERING,
    )  # fmt: skip
    pages = {page.path for page in planning.pages}
    return Prepared(source, procedure, planning, tuple(each for path, each in sources.items() if path in pages))


def _on(on: str | None) -> RunOn | None:
    if on is None:
        return None
    read = read_on(on)
    if isinstance(read, str):
        raise Usage(read)
    return read


def _procedure(page: Page, anchor: str) -> tuple[Procedure, str]:
    """The procedure that an anchor names, or why there is none."""
    found = procedure_at(page, anchor)
    if found is not None:
        procedure, ending = found
        if ending and not (procedure.rollback if ending == "/rollback" else procedure.verification):
            raise Usage(f"'{procedure.title}' in {page.path} has no {ending[1:]}.")
        return found
    anchors = [each.anchor for each in procedures_of(page)]
    if not anchors:
        raise Usage(f"The page '{page.path}' has no procedure: there are no steps under any of its headings.")
    if not anchor:
        raise Usage(f"The page '{page.path}' has {len(anchors)} procedures. Say which: {_listed(anchors)}.")
    if page.section(anchor) is not None:
        raise Usage(f"'#{anchor}' in '{page.path}' is no procedure: it has no steps. There are {_listed(anchors)}.")
    near = closest(anchor, anchors)
    guess = f"Did you mean '#{near}'?" if near else f"There are {_listed(anchors)}."
    raise Usage(f"The page '{page.path}' has no procedure '#{anchor}'. {guess}")


def _listed(anchors: list[str]) -> str:
    return ", ".join(f"#{anchor}" for anchor in anchors[:12]) + (" and others" if len(anchors) > 12 else "")


class _Links:
    """Follows links from page to page through the finder, and keeps what it found."""

    def __init__(self, find: Find, sources: dict[str, Source]) -> None:
        self._find = find
        self._sources = sources

    def follow(self, page: Page, href: str) -> Page | None:
        """The page that a link leads to, by its path alone: a page of the same name elsewhere is not meant."""
        path = unquote(href.partition("#")[0].partition("?")[0])
        if not path:
            return page
        folder = "" if path.startswith("/") else posixpath.dirname(page.path)
        wanted = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
        bare = wanted.removesuffix(".html")
        for candidate in dict.fromkeys((wanted, *(bare + ending for ending in PAGE_ENDINGS), f"{bare}/index.md")):
            known = self._sources.get(candidate) or self._found(candidate)
            if known is not None:
                return known.page
        return None

    def _found(self, path: str) -> Source | None:
        if path.startswith("../") or not path.lower().endswith(PAGE_ENDINGS):
            return None
        try:
            source = self._find(path)
        except (Usage, Failure):
            return None
        if source.page.path != path:
            return None
        self._sources[path] = source
        return source


def form_of(found: Prepared) -> Form:
    """What a start asks for."""
    planning = found.planning
    plan = planning.plan
    return Form(
        plan.path, plan.anchor, plan.title, planning.wanted.parameters, planning.wanted.defaults,
        planning.wanted.required, None if planning.hindrances else plan,
        tuple(map(str, planning.hindrances)), found.commit, plan.danger, plan.service,
    )  # fmt: skip


def plan_of(found: Prepared) -> Plan:
    """The plan, where nothing speaks against it: raises Refusal for what stands on the pages, Usage for the values."""
    planning = found.planning
    if planning.hindrances:
        raise Refusal(f"'{planning.plan.title}' cannot be run:\n" + "\n".join(map(str, planning.hindrances)))
    if planning.wrong_values:
        raise Usage("\n".join(planning.wrong_values))
    return planning.plan
