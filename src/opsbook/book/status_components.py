"""What the public status page shows, as a policy page says it: its words, and a table of components. Shows nothing.

A table with the columns Component and Services, under a heading that speaks of the status page; what is not listed is
never public:

    | Component | Services | Description |
    | --- | --- | --- |
    | Paying | Payment API, Ledger | Cards and invoices |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from opsbook.book.metadata import plain_key
from opsbook.book.page import Page, Section
from opsbook.book.roster.surroundings import field_cell
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Cell, Table, plain_text, read_tables
from opsbook.ground.slugs import github_slug

# How far health checks speak for a component while no person does: never, at most degraded, or an outage too.
Measured = Literal["never", "degraded", "outage"]
MOST_NAMED = 200  # letters of a name; what is longer is cut

_HEADINGS = re.compile(r"status[ -]?page|public status", re.I)
_COMPONENT = ("component", "components", "name", "what customers see", "public name")
_SERVICES = ("services", "service", "made of", "runs on", "runbooks")
_DESCRIPTION = ("description", "meaning", "what it is", "what it does")
_GROUP = ("group", "area", "section")
_NOTHING = frozenset({"", "-", "–", "—", "none", "n/a", "nothing"})
_TITLE = ("title", "name", "heading")
_INTRO = ("introduction", "intro", "about", "description")
_CONTACT = ("contact", "support", "help")
_MEASURED = ("health checks", "from health checks", "measured", "probes", "automatic")
_WORDS: tuple[tuple[str, Measured], ...] = (
    ("never", "never"), ("not shown", "never"), ("none", "never"), ("no", "never"), ("off", "never"),
    ("outage", "outage"), ("degraded", "degraded"),
)  # fmt: skip


class Shown(Struct, frozen=True, gc=False):
    """A service that a component is made of: its name as written, and its byte range."""

    name: str
    start: int
    end: int


class Component(Struct, frozen=True):
    """A row of the table: what customers call it, the services it is made of, and where it is written."""

    name: str
    services: tuple[Shown, ...]
    start: int
    end: int
    line: int
    description: str = ""
    group: str = ""

    @property
    def key(self) -> str:
        """Its name as it is compared."""
        return component_key(self.name)


class StatusPage(Struct, frozen=True):
    """What the public page says of itself and shows. `repeated` are rows whose name stands further up already."""

    components: tuple[Component, ...] = ()
    title: str = ""
    introduction: str = ""
    contact: str = ""
    measured: Measured = "degraded"
    repeated: tuple[Component, ...] = ()


def component_key(name: str) -> str:
    """A component's name as it is compared: letter case and spaces make no other one."""
    return " ".join(name.split()).casefold()


def read_status_page(page: Page) -> StatusPage | None:
    """What a policy page says of the public status page; None where it lists no component and tells no words of it."""
    if page.kind != "policy" or not re.search(rb"status[ -]?page|public status", page.document.content, re.I):
        return None
    sections = list(_sections(page))
    rows: dict[str, Component] = {}
    repeated: list[Component] = []
    for table in read_tables(page.document):
        if any(each.start <= table.start < each.stop for each in sections):
            for row in _rows(page, table):
                if rows.setdefault(row.key, row) is not row:
                    repeated.append(row)
    told = dict(_told(page, sections))
    if not rows and not told:
        return None
    return StatusPage(
        tuple(rows.values()), told.get("title", ""), told.get("introduction", ""), told.get("contact", ""),
        _measured(told.get("measured", "")), tuple(repeated),
    )  # fmt: skip


def _sections(page: Page) -> Iterator[Section]:
    """The sections that speak of the status page, each with those below it."""
    for section in page.sections:
        if _HEADINGS.search(section.title):
            yield section


def _rows(page: Page, table: Table) -> Iterator[Component]:
    named, services = table.column(*_COMPONENT), table.column(*_SERVICES)
    if named is None or services is None:
        return
    description, group = table.column(*_DESCRIPTION), table.column(*_GROUP)
    for row in table.rows:
        cell = row[named]
        if is_unfilled(cell.text) or not cell.text:
            continue
        told = ["" if at is None or is_unfilled(row[at].text) else row[at].text for at in (description, group)]
        yield Component(
            cell.text[:MOST_NAMED], tuple(_services(page, row[services])), cell.start, cell.end,
            page.document.line(cell.start), *told,
        )  # fmt: skip


def _services(page: Page, cell: Cell) -> Iterator[Shown]:
    """The names in a cell, parted by commas, each with its place."""
    raw, at = page.document.content[cell.start : cell.end], cell.start
    for piece in raw.split(b","):
        name = plain_text(piece.decode("utf-8", errors="replace").strip())
        lead = len(piece) - len(piece.lstrip())
        if name.lower() not in _NOTHING and not is_unfilled(name):
            yield Shown(name, at + lead, at + lead + len(piece.strip()))
        at += len(piece) + 1


def _told(page: Page, sections: list[Section]) -> Iterator[tuple[str, str]]:
    """What bold labels in those sections say, the first of each."""
    known = set()
    for section in sections:
        for field in page.fields_within(section.body, section.stop):
            key = plain_key(field.name)
            part = next((part for part, words in _PARTS if key in words), None)
            cell = field_cell(page, field)
            if part is not None and part not in known and cell.text and not is_unfilled(cell.text):
                known.add(part)
                yield part, plain_text(cell.text).strip("<>")


_PARTS = (("title", _TITLE), ("introduction", _INTRO), ("contact", _CONTACT), ("measured", _MEASURED))


def _measured(text: str) -> Measured:
    words = text.lower()
    return next((meant for word, meant in _WORDS if re.search(rf"\b{word}\b", words)), "degraded")


def service_key(name: str) -> str:
    """A service's name as it is compared: as in the address of its page."""
    return github_slug(name)
