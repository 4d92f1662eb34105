"""The rules that stand on a page, each part with its text to the byte and its place: what is exported, and where an
import changes something. Writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.fields import Field
from opsbook.book.metadata import plain_key
from opsbook.book.monitoring import kind_hint, kind_of_table
from opsbook.book.monitoring_words import WORDS
from opsbook.book.page import Page, Section
from opsbook.book.rule_pages_values import read_code, read_fenced, read_name, read_text
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Cell, Table, read_tables


class Part(Struct, frozen=True, gc=False):
    """A part of a rule as the page tells it: its text, its source as written, and the byte range [start, end) of that.

    `form` is line (behind a label), fence (in a block below the label) or cell (in a table). `stop` is where the next
    label may be put, `indent` how far lines below the first stand in, -1 where the label is no bullet.
    """

    text: str
    source: str
    start: int
    end: int
    form: str
    stop: int
    indent: int = 2


class PageRule(Struct, frozen=True, kw_only=True):
    """A rule of a page. `group` is the rule group that the page or a section around names, empty where none does;
    `lacks` are the parts that its table has no column for."""

    kind: str
    name: str
    path: str
    line: int
    anchor: str
    parts: Mapping[str, Part]
    group: str = ""
    form: str = "heading"
    body: int = 0
    columns: tuple[str, ...] = ()

    def text(self, part: str) -> str:
        """What is told of a part; empty for nothing."""
        found = self.parts.get(part)
        return found.text if found is not None else ""


class PageGroup(Struct, frozen=True, kw_only=True):
    """A rule group that a page names, with its settings and labels as written."""

    name: str
    line: int
    settings: Mapping[str, str] = {}
    labels: str = ""


# The labels of the parts of a rule, as a machine writes them.
LABELS: dict[str, str] = {
    "alert": "Alert", "record": "Record", "expression": "Expression", "hold": "For", "keep_firing": "Keep Firing For",
    "severity": "Severity", "labels": "Labels", "summary": "Summary", "meaning": "Meaning", "response": "Response",
    "runbook": "Runbook", "dashboard": "Dashboard", "dashboard_url": "Dashboard URL", "annotations": "Annotations",
}  # fmt: skip
GROUP_LABELS = ("rule group", "alert group")
SETTING_LABELS = {
    "interval": "Interval", "limit": "Limit", "query_offset": "Query Offset", "evaluation_delay": "Evaluation Delay",
    "partial_response_strategy": "Partial Response",
}  # fmt: skip
_WORDS: dict[str, str] = {
    word: part for part, words in WORDS["alert"].items() if part not in ("name", "service") for word in reversed(words)
}  # fmt: skip
_WORDS |= {
    "alert": "alert", "record": "record", "keep firing for": "keep_firing", "labels": "labels", "summary": "summary",
    "annotations": "annotations", "dashboard": "dashboard", "dashboard url": "dashboard_url", "for": "hold",
}  # fmt: skip
_PAIR_HEADS = frozenset({"field", "property", "attribute", "key", ""})
_TELLING = frozenset({"expression", "threshold", "severity", "runbook", "hold", "response", "meaning"})


def may_hold_rules(content: bytes, names: frozenset[bytes]) -> bool:
    """Whether a page may hold rules of these names; cheap, for the choice of the pages that are read."""
    if b"Rule Group" in content or b"rule group" in content.lower():
        return True
    return not names.isdisjoint(re.findall(rb"[\w:]+", content))


def read_page_rules(page: Page) -> tuple[PageRule, ...]:
    """The rules of a page in their order: headings with labels and rows of tables."""
    if page.kind in ("runbook", "template", "incident", "post-mortem"):
        return ()
    found = [*_of_headings(page), *_of_tables(page)]
    return tuple(sorted(found, key=lambda rule: rule.line))


def read_page_groups(page: Page) -> tuple[PageGroup, ...]:
    """The rule groups that a page names, in order."""
    return tuple(group for section in page.sections if (group := _group(page, section)) is not None)


def _group(page: Page, section: Section) -> PageGroup | None:
    """The group that a section's own labels name."""
    labels = {field.key: field for field in page.fields_within(section.body, section.end)}
    field = next((labels[key] for key in GROUP_LABELS if key in labels), None)
    if field is None or _is_rule(labels):
        return None
    settings = {}
    for key, label in SETTING_LABELS.items():
        if label.lower() in labels:
            settings[key] = read_name(part_of(page, labels[label.lower()]).text)
    own = labels.get("group labels")
    return PageGroup(
        name=read_name(part_of(page, field).text), line=page.document.line(field.start), settings=settings,
        labels=part_of(page, own).source if own is not None else "",
    )  # fmt: skip


def _is_rule(labels: Mapping[str, Field]) -> bool:
    return "expression" in labels


def group_of(page: Page, at: int) -> str:
    """The name of the group that section `at` lies in, empty for none."""
    while at >= 0:
        group = _group(page, page.sections[at])
        if group is not None:
            return group.name
        at = page.parents[at]
    return ""


# -- headings ------------------------------------------------------------------------------------------------------


def _of_headings(page: Page) -> Iterator[PageRule]:
    for at, section in enumerate(page.sections):
        parts = _labels(page, section)
        told = {part for part, each in parts.items() if each.text}
        if not told or (_TELLING.isdisjoint(told) and "alert" not in told):
            continue
        kind = "record" if "record" in parts else "alert"
        if kind == "alert" and "alert" not in parts and kind_hint(page, section) != "alert":
            continue
        named = parts.get("alert") or parts.get("record")
        name = read_name(named.text) if named is not None else section.title.strip("`")
        if is_unfilled(name) and named is None:
            continue
        yield PageRule(
            kind=kind, name=name, path=page.path, line=page.document.line(section.start), anchor=section.anchor,
            parts=parts, group=group_of(page, at), body=section.body,
        )  # fmt: skip


def _labels(page: Page, section: Section) -> dict[str, Part]:
    """The parts that a section's labels and two-column tables tell, the first of each."""
    found: dict[str, Part] = {}
    for field in page.fields_within(section.body, section.end):
        part = _WORDS.get(plain_key(field.name))
        if part is not None:
            found.setdefault(part, part_of(page, field))
    for table in read_tables(page.document, section.body, section.end):
        if len(table.columns) == 2 and table.columns[0] in _PAIR_HEADS:
            for key, value in table.rows:
                part = _WORDS.get(plain_key(key.text))
                if part is not None:
                    found.setdefault(part, cell_part(page, value, table))
    return {part: _if_filled(each) for part, each in found.items()}


def _if_filled(part: Part) -> Part:
    """The part, without a text where it still is the template's."""
    return replace(part, text="") if part.form != "fence" and is_unfilled(part.source) else part


def part_of(page: Page, field: Field) -> Part:
    """The value of a label, which may be a fenced block below it."""
    document = page.document
    raw = document.content[field.value_start : field.value_end]
    start = field.value_start
    end = max(start, start + len(raw.rstrip()))
    indent = -1
    blocks = [field.block + 1] if field.item < 0 else list(document.inside(field.item))
    if field.item >= 0:
        item = document.blocks[field.item].start
        indent = document.blocks[field.item + 1].start - item
    if not raw.strip():
        for index in blocks:
            if index < len(document.blocks) and document.blocks[index].kind == "code":
                block = document.blocks[index]
                text = read_fenced(block.info, block.text)
                return Part(text, document.source(start, block.end), start, block.end, "fence", block.end, indent)
    source = document.source(start, end)
    return Part(read_text(source, max(indent, 0)), source, start, end, "line", end, indent)


# -- tables --------------------------------------------------------------------------------------------------------


def cell_part(page: Page, cell: Cell, table: Table) -> Part:
    """The value of a cell; a bar in it is written as `\\|`."""
    source = page.document.source(cell.start, cell.end)
    plain = source.replace("\\|", "|")
    text = read_code(plain)
    return Part(text if text is not None else read_text(plain), source, cell.start, cell.end, "cell", table.end)


def _of_tables(page: Page) -> Iterator[PageRule]:
    for table in read_tables(page.document):
        section = page.section_at(table.start)
        kind, named = kind_of_table(page, table, section)
        if kind != "alert" or named is None:
            continue
        columns: dict[str, int] = {}
        for at, head in enumerate(table.columns):
            part = _WORDS.get(head)
            if part is not None and at != named and part not in ("alert", "record"):
                columns.setdefault("meaning" if part == "summary" and "meaning" not in table.columns else part, at)
        if _TELLING.isdisjoint(columns):
            continue
        at = page.section_index(section.start) if section else -1
        for row in table.rows:
            name = cell_part(page, row[named], table).text
            if is_unfilled(row[named].text):
                continue
            parts = {part: _if_filled(cell_part(page, row[column], table)) for part, column in columns.items()}
            yield PageRule(
                kind="alert", name=_linked(name), path=page.path, line=page.document.line(row[named].start),
                anchor=section.anchor if section else "", group=group_of(page, at), form="row",
                parts=parts, columns=tuple(columns),
            )  # fmt: skip


def _linked(name: str) -> str:
    """A name without the link that it is."""
    found = re.fullmatch(r"\[(.+)\]\([^)]*\)", name)
    return (found[1] if found else name).strip("`* ")
