"""One page as the book sees it: kind, title, sections with their slots, fields, anchors. Reading never raises.

Everything beyond the blocks is worked out when first asked for, so that a lint of thousands of pages pays only for
what its rules look at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from msgspec import Struct

from opsbook.book.fields import Field, read_fields
from opsbook.book.headings import SATISFIED_BY, Headings, shipped_headings
from opsbook.book.kinds import PROFILES, Clues, Profile, decide_kind, is_drill_path
from opsbook.book.metadata import ALERT_KEYS, OWNER_KEYS, SERVICE_KEYS, UPDATED_KEYS, Datum, Metadata, read_metadata
from opsbook.ground.durations import read_date
from opsbook.ground.errors import Edit, Finding, Severity, Span
from opsbook.ground.markdown import Block, Document, parse
from opsbook.ground.slugs import attribute_id, github_slug, mkdocs_slug, numbered

PAGE_ENDINGS = (".md", ".markdown", ".mdown", ".mkd", ".html.md.erb", ".md.erb")


class Reading(Struct, frozen=True):
    """How pages are to be read: the heading synonyms, kinds by path, and whose anchors are meant.

    `kinds` are pairs of a path's glob and the kind that the configuration gives it, the last that matches wins;
    `anchors` is github, mkdocs, myst or site.
    """

    headings: Headings
    kinds: tuple[tuple[str, str], ...] = ()
    anchors: str = "github"


class Section(Struct, frozen=True, gc=False):
    """A heading and what it governs, by bytes: the heading is [start, body), its own text [body, end), and with its
    deeper sections [body, stop)."""

    title: str
    anchor: str
    level: int
    slot: str | None
    start: int
    body: int
    end: int
    stop: int


class Page:
    """A page of the book; equal input gives equal answers, and nothing here changes once asked."""

    def __init__(self, path: str, document: Document, reading: Reading) -> None:
        self.path = path
        self.document = document
        self.reading = reading

    # -- what stands in it ------------------------------------------------------------------------------------

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        return read_fields(self.document)

    @cached_property
    def _fields_by_block(self) -> dict[int, list[Field]]:
        found: dict[int, list[Field]] = {}
        for field in self.fields:
            found.setdefault(field.block, []).append(field)
        return found

    def fields_of(self, block: int) -> list[Field]:
        """The labels in the paragraph at an index, in order."""
        return self._fields_by_block.get(block, [])

    def fields_within(self, start: int, end: int) -> tuple[Field, ...]:
        """The labels that start within a byte range, in order."""
        low = bisect_left(self.fields, start, key=_field_start)
        return self.fields[low : bisect_left(self.fields, end, low, key=_field_start)]

    @cached_property
    def metadata(self) -> Metadata:
        return read_metadata(self.document, self.fields)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        headings = self.document.headings
        size = len(self.document.content)
        slot = self.reading.headings.slot
        anchors, titles = self.heading_anchors, [text.strip() for text, _ in self._heading_ids]
        stops = _stops(headings, size)
        return tuple(
            Section(
                titles[i],
                anchors[i],
                h.level,
                slot(titles[i]),
                h.start,
                h.end,
                headings[i + 1].start if i + 1 < len(headings) else size,
                stops[i],
            )
            for i, h in enumerate(headings)
        )

    @cached_property
    def parents(self) -> list[int]:
        """For each section the index of the section that it lies in, -1 for the outermost."""
        parents: list[int] = []
        open_at: list[int] = []
        for index, section in enumerate(self.sections):
            while open_at and self.sections[open_at[-1]].level >= section.level:
                open_at.pop()
            parents.append(open_at[-1] if open_at else -1)
            open_at.append(index)
        return parents

    @cached_property
    def children(self) -> list[list[int]]:
        """For each section the indices of the sections directly in it, in order."""
        children: list[list[int]] = [[] for _ in self.sections]
        for index, parent in enumerate(self.parents):
            if parent >= 0:
                children[parent].append(index)
        return children

    def family(self, at: int) -> list[int]:
        """The indices of the sections that lie beside section `at`, itself among them, in order."""
        parent = self.parents[at]
        return self.children[parent] if parent >= 0 else self._outermost

    @cached_property
    def _outermost(self) -> list[int]:
        return [index for index, parent in enumerate(self.parents) if parent < 0]

    def slot_above(self, at: int) -> str | None:
        """The slot of the nearest section around section `at` that has one."""
        at = self.parents[at]
        while at >= 0 and self.sections[at].slot is None:
            at = self.parents[at]
        return self.sections[at].slot if at >= 0 else None

    @cached_property
    def _heading_ids(self) -> list[tuple[str, str | None]]:
        """Each heading's text without a trailing `{#id}`, and that id: whoever writes one means it, on any host."""
        return [attribute_id(heading.text) for heading in self.document.headings]

    @cached_property
    def heading_anchors(self) -> list[str]:
        """The anchor of each heading, in order, by the rules of the code host or site builder in force."""
        if self.reading.anchors == "mkdocs":
            return numbered([own or mkdocs_slug(text) for text, own in self._heading_ids], "_")
        return numbered([own or github_slug(text) for text, own in self._heading_ids])

    @cached_property
    def anchors(self) -> frozenset[str]:
        """Everything that a `#fragment` may name here: headings and HTML ids."""
        names = set(self.heading_anchors)
        names.update(self.document.html_names)
        if any(own for _, own in self._heading_ids):  # the host that knows no `{#id}` makes a slug of all of it
            names.update(numbered([github_slug(heading.text) for heading in self.document.headings]))
        if self.reading.anchors in ("mkdocs", "site"):  # a site may be built by either rule
            texts = [text for text, _ in self._heading_ids]
            names.update(numbered([github_slug(text) for text in texts]))
            names.update(numbered([mkdocs_slug(text) for text in texts], "_"))
        return frozenset(names)

    # -- what it is -------------------------------------------------------------------------------------------

    @cached_property
    def title(self) -> str:
        """The first level-1 heading, else the front matter's title, else the first heading, else the file's name."""
        for section in self.sections:
            if section.level == 1 and section.title and not section.title.startswith(("<%", "{{")):
                return section.title
        declared = self.metadata.front.get("title")
        if isinstance(declared, str) and declared.strip():
            return declared.strip()
        return self.sections[0].title if self.sections and self.sections[0].title else stem(self.path)

    @property
    def title_place(self) -> tuple[int, int]:
        """Where a finding about the page as a whole stands: its level-1 heading, else its first byte."""
        title = next((heading for heading in self.document.headings if heading.level == 1), None)
        return (title.start, title.end) if title else (0, 0)

    @cached_property
    def kind(self) -> str:
        for glob, configured in reversed(self.reading.kinds):
            if fnmatchcase(self.path, glob):
                return configured
        front = self.metadata.front
        declared = front.get("kind") or front.get("type")
        return decide_kind(
            Clues(
                self.path,
                self.title,
                declared if isinstance(declared, str) else None,
                self.heading_slots,
                self.metadata.first(*SERVICE_KEYS) is not None,
                self.metadata.first("alert", "alert name", "alertname") is not None,
                bool(self.document.ordered or self.document.codes),
            )
        )

    @property
    def profile(self) -> Profile:
        return PROFILES[self.kind]

    @cached_property
    def heading_slots(self) -> frozenset[str]:
        return frozenset(section.slot for section in self.sections if section.slot)

    @cached_property
    def slots(self) -> frozenset[str]:
        """The slots that the page fills, by a heading, a bold label, or a slot that stands for another."""
        slot = self.reading.headings.slot
        own = set(self.heading_slots)
        own.update(found for field in self.fields if (found := slot(field.name)))
        own.update([wanted for wanted, others in SATISFIED_BY.items() if not own.isdisjoint(others)])
        return frozenset(own)

    @cached_property
    def service(self) -> str | None:
        """The service's name as written; for a runbook without the field, its title without the word Runbook."""
        datum = self.metadata.first(*SERVICE_KEYS)
        if datum and not is_slot_text(datum.value):
            return datum.value.strip("`*")
        if self.kind != "runbook":
            return None
        if is_slot_text(self.title) or "[" in self.title:
            return None
        title = self.title
        for word in (" Runbook", " runbook", " Run Book", " - Runbook"):
            title = title.removesuffix(word)
        title = title.removeprefix("Runbook: ").removeprefix("Runbook - ").strip(" -–—:")
        return title or stem(self.path)

    @cached_property
    def owner(self) -> Datum | None:
        datum = self.metadata.first(*OWNER_KEYS)
        return None if datum is None or is_slot_text(datum.value) else datum

    @cached_property
    def last_updated(self) -> tuple[str, Datum] | None:
        """The date written on the page as YYYY-MM-DD, and where; None when none is readable."""
        for key in (*UPDATED_KEYS, "date"):
            datum = self.metadata.first(key)
            day = read_date(datum.value) if datum else None
            if datum and day:
                return day.isoformat(), datum
        return None

    @cached_property
    def alert_names(self) -> tuple[str, ...]:
        """The alerts that the page's metadata names, as written."""
        datum = self.metadata.first(*ALERT_KEYS)
        if datum is None or is_drill_path(self.path):
            return ()
        parts = [part.strip(" `*\"'") for part in datum.value.split(",") if not is_slot_text(part)]
        if any("`" in part for part in parts):  # words around the names, which stand in code
            parts = datum.value.split("`")[1::2]
        return tuple(name for part in parts if (name := part.strip(" []")))

    # -- finding one's way ------------------------------------------------------------------------------------

    def section_at(self, offset: int) -> Section | None:
        """The innermost section that holds a byte, or None before the first heading."""
        index = self.section_index(offset)
        return self.sections[index] if index >= 0 else None

    def section_index(self, offset: int) -> int:
        """The index of the innermost section that holds a byte, -1 before the first heading."""
        return bisect_right(self._section_starts, offset) - 1

    @cached_property
    def _section_starts(self) -> list[int]:
        return [section.start for section in self.sections]

    def section(self, anchor: str) -> Section | None:
        return next((section for section in self.sections if section.anchor == anchor), None)

    def blocks(self, start: int, end: int) -> tuple[int, int]:
        """The indices [low, high) of the blocks that start within a byte range."""
        low = self.document.index_at(start)
        return low, self.document.index_at(end, low)

    def span(self, start: int, end: int) -> Span:
        return self.document.span(self.path, start, end)

    def finding(
        self,
        rule: str,
        severity: Severity,
        place: tuple[int, int],
        message: str,
        *,
        fix: str | None = None,
        target: str | None = None,
        edits: Sequence[Edit] = (),
    ) -> Finding:
        """A finding at a byte range of this page."""
        return Finding(rule, severity, self.span(*place), message, fix, target, tuple(edits))


def read_page(path: str, raw: bytes, reading: Reading | None = None) -> Page:
    """The page in these bytes, whatever they are."""
    return Page(path, parse(raw), reading or default_reading())


def default_reading() -> Reading:
    """Reading with the shipped synonyms and GitHub's anchors."""
    return Reading(shipped_headings())


def stem(path: str) -> str:
    """A page's file name without its endings."""
    name = path.rsplit("/", 1)[-1]
    for ending in PAGE_ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def is_slot_text(value: str) -> bool:
    """Whether a value is nothing but an unfilled slot of a template, such as `[Team/Person]`."""
    value = value.strip()
    return len(value) > 2 and value[0] == "[" and value[-1] == "]" and "]" not in value[1:-1]


def _field_start(field: Field) -> int:
    return field.start


def _stops(headings: list[Block], size: int) -> list[int]:
    """Where each section ends with its deeper ones: the start of the next heading of its level or above."""
    stops = [size] * len(headings)
    open_at: list[int] = []
    for index, heading in enumerate(headings):
        while open_at and headings[open_at[-1]].level >= heading.level:
            stops[open_at.pop()] = heading.start
        open_at.append(index)
    return stops
