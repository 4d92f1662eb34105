"""A report or post-mortem out of the book's own template: what is known is put where the template asks for it, by
splices; what nobody knows stays a slot, which lint reports. No heading and no label is added or changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from opsbook.book.escapes import in_title
from opsbook.book.incidents import LABELS
from opsbook.book.metadata import plain_key
from opsbook.book.page import Page, Reading, Section, read_page
from opsbook.book.report_parts import Line, Todo, action_rows, bullets, listed, timeline_lines, timeline_rows
from opsbook.book.severity import read_severity
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Table, read_tables
from opsbook.book.templates import Template, fill
from opsbook.ground.errors import Edit
from opsbook.ground.splices import apply


class Told(Struct, frozen=True):
    """What is known, as Markdown that was escaped already, but for the title. `labels` are values by what they tell
    (see `incidents.LABELS` and _MORE); `texts` are paragraphs by slot, `lists` bullets by what they list (see _LISTS).
    What is empty is unknown."""

    title: str
    labels: Mapping[str, str] = {}
    timeline: tuple[Line, ...] = ()
    texts: Mapping[str, str] = {}
    lists: Mapping[str, tuple[str, ...]] = {}
    actions: tuple[Todo, ...] = ()


# Labels that say more than `incidents.LABELS` reads; the longer name is asked first.
_MORE: dict[str, tuple[str, ...]] = {
    "commander": ("incident commander", "commander", "incident lead"),
    "detected": ("detected", "detected at", "detection time"),
    "mitigated": ("mitigated", "mitigated at"),
    "business": ("business impact", "impact on the business", "revenue impact"),
    "meeting": ("meeting", "review meeting", "post mortem meeting", "postmortem meeting", "review date"),
    "incident": ("incident", "incident report", "incident link", "related incident", "report"),
    "number": ("incident id", "incident number", "id", "number", "reference"),
    "due": ("due", "due date", "deadline"),
    "updated": ("last updated", "updated"),
    "cause": ("cause", "cause category"),
}  # fmt: skip
_SLOTS_OF_LABELS = ("root-cause", "resolution", "lessons-learned", "overview", "cause")
_LISTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("factors", re.compile(r"contribut|factors", re.I)),
    ("well", re.compile(r"\bwell\b|went right|worked\b(?! on)", re.I)),
    ("wrong", re.compile(r"went (?:wrong|poorly|badly)|\bbad(?:ly)?\b|did(?: not|n.t) (?:go|work)|improve$", re.I)),
    ("lucky", re.compile(r"\bluck", re.I)),
    ("changes", re.compile(r"runbook (?:changes|updates)", re.I)),
    ("services", re.compile(r"^(?:affected|impacted) (?:services|systems|components)", re.I)),
)
_PLAIN = re.compile(r"^[ \t>]*(?:[-*+][ \t]+)?([A-Z][A-Za-z /-]{1,40}?):[ \t]+(\S.*?)[ \t\r\\]*$", re.M)
_SAME: dict[str, tuple[str, ...]] = {"Resolved": ("resolved", "closed", "fixed", "done", "complete", "completed")}


def report_page(template: Template, told: Told, reading: Reading | None = None) -> bytes:
    """The page; the template's bytes everywhere but where it asks for something that is known."""
    first = read_page("template.md", template.content, reading)
    values = _values(first, told)
    content, _ = fill(template, in_title(told.title), values, {})
    content = apply(content, list(_beside(read_page("template.md", content, reading), values)))[0]
    page = read_page("template.md", content, reading)
    made, _ = apply(content, list(_sections(page, told)))
    return made


def _values(page: Page, told: Told) -> dict[str, str]:
    """The values by the plain names of the template's labels."""
    found: dict[str, str] = {}
    words = {word: part for part, names in LABELS.items() for word in names}
    words |= {word: part for part, names in _MORE.items() for word in names if told.labels.get(part)}
    for key, written in _written(page):
        value = told.labels.get(words.get(key, ""), "")
        if not value:
            slot = page.reading.headings.slot(key) or ""
            value = told.texts.get(slot, "") if slot in _SLOTS_OF_LABELS else ""
            value = "" if "\n" in value else value
        chosen = _chosen(written, value) if value else ""
        if chosen:
            found[key] = chosen
    return found


def _written(page: Page) -> Iterator[tuple[str, str]]:
    """The labels of a template and what stands behind them: bold, in rows of a table, in plain lines."""
    for field in page.fields:
        yield plain_key(field.name), field.value(page.document)
    for table in read_tables(page.document):
        for row in table.rows:
            if len(row) == 2:
                yield plain_key(row[0].text), row[1].text
    for block in page.document.blocks:
        if block.kind == "paragraph":
            for found in _PLAIN.finditer(page.document.source(block.start, block.end)):
                yield plain_key(found.group(1)), found.group(2)


def _chosen(written: str, value: str) -> str:
    """The value in the words of a slot that lists choices, empty where it lists none of them."""
    choices = [choice.strip(" []*_`") for choice in re.split(r"[/|]|,(?= )", written)]
    if len(choices) < 3 or not written.lstrip(" *_`").startswith("["):
        return value
    for choice in choices:
        lowered = choice.lower()
        if lowered == value.lower() or lowered in _SAME.get(value, ()):
            return choice
        if value[:1] == "P" and read_severity(choice) == value:
            return choice
    return ""


def _beside(page: Page, values: Mapping[str, str]) -> Iterator[Edit]:
    """The splices behind labels that are not bold."""
    for table in read_tables(page.document):
        for row in table.rows:
            value = values.get(plain_key(row[0].text), "") if len(row) == 2 else ""
            if value and is_unfilled(row[1].text) and row[1].end > row[1].start:
                yield Edit(row[1].start, row[1].end, value.replace("|", "\\|"))
    for index, block in enumerate(page.document.blocks):
        if block.kind != "paragraph" or page.fields_of(index):
            continue
        source = page.document.source(block.start, block.end)
        for found in _PLAIN.finditer(source):
            value = values.get(plain_key(found.group(1)), "")
            if value and is_unfilled(found.group(2)):
                start = block.start + len(source[: found.start(2)].encode())
                yield Edit(start, start + len(found.group(2).encode()), value)


# -- sections ------------------------------------------------------------------------------------------------------


def _sections(page: Page, told: Told) -> Iterator[Edit]:
    done: set[str] = set()
    for section in page.sections:
        part = _part(section)
        if section.level == 1 or not part or part in done:
            continue
        edits = list(_filled(page, section, part, told))
        if edits:
            done.add(part)
            yield from edits


def _part(section: Section) -> str:
    named = next((name for name, pattern in _LISTS if pattern.search(section.title)), "")
    return named or (section.slot or "")


def _filled(page: Page, section: Section, part: str, told: Told) -> Iterator[Edit]:
    if part == "timeline":
        yield from _timeline(page, section, told.timeline)
    elif part == "prevention":
        yield from _actions(page, section, told.actions)
    elif told.lists.get(part):
        made = bullets(told.lists[part]) if part != "changes" else "\n".join(told.lists[part])
        yield from _put(page, section, made)
    elif told.texts.get(part) and not _is_said(page, section, (told.texts[part], told.labels.get(part, ""))):
        yield from _put(page, section, told.texts[part])


def _is_said(page: Page, section: Section, texts: tuple[str, ...]) -> bool:
    """Whether a label of the section says it already: `- **User Impact:** …`."""
    values = {field.value(page.document).strip() for field in page.fields if section.body <= field.start < section.end}
    return any(text and text.strip() in values for text in texts)


def _timeline(page: Page, section: Section, lines: tuple[Line, ...]) -> Iterator[Edit]:
    if not lines:
        return
    if (edit := _in_table(page, section, lambda table: timeline_rows(table, lines))) is not None:
        yield edit
        return
    index = _unfilled_list(page, section, is_timeline=True)
    sample = page.document.source(*_item(page, index)) if index >= 0 else ""
    yield from _put(page, section, timeline_lines(sample, lines), is_timeline=True)


def _actions(page: Page, section: Section, actions: tuple[Todo, ...]) -> Iterator[Edit]:
    if not actions:
        return
    if (edit := _in_table(page, section, lambda table: action_rows(table, actions))) is not None:
        yield edit
    else:
        yield from _put(page, section, listed(actions))


def _in_table(page: Page, section: Section, rows: Callable[[Table], str]) -> Edit | None:
    """What fills the first table of the section that has columns for it, None where none has."""
    for table in read_tables(page.document, section.body, section.stop):
        if made := rows(table):
            return _in_rows(page, table.start, table.end, made)
    return None


def _in_rows(page: Page, start: int, end: int, made: str) -> Edit:
    """The rows of a table that still are the template's give way; rows that say something stay before the new ones."""
    source = page.document.source(start, end).rstrip()
    lines = source.splitlines(keepends=True)
    kept = [line for line in lines[2:] if re.search(r"[^\s|:\-]", line) and not _is_sample_row(line)]
    head = "".join(lines[:2] + kept).rstrip()
    return Edit(start, start + len(source.encode()), head + _ending(page) + made.replace("\n", _ending(page)))


def _is_sample_row(line: str) -> bool:
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
    return all(not cell or is_unfilled(cell) or _SAMPLE.match(cell) for cell in cells)


# What stands for a moment in a template without brackets.
_SAMPLE = re.compile(r"[*_`]*(?:(?:YYYY-MM-DD|DATE)[ T]*)?(?:HH|XX|hh|xx|00):(?:MM|XX|mm|xx|00)\b")


def _put(page: Page, section: Section, made: str, *, is_timeline: bool = False) -> Iterator[Edit]:
    """The splices that put Markdown into a section: in the place of its slots, else behind what it says."""
    document, ending = page.document, _ending(page)
    made = made.replace("\n", ending)
    low, high = page.blocks(section.body, section.end)
    tops = [index for index in document.children(low, high) if document.blocks[index].kind != "heading"]
    open_ = [index for index in tops if _is_open(page, index, is_timeline=is_timeline)]
    if open_:
        first = True
        for index in open_:
            start, end = _bare(page, index)
            yield Edit(start, end, made if first else "")
            first = False
    elif tops:
        _, end = _bare(page, tops[-1])
        yield Edit(end, end, ending * 2 + made)
    else:
        before = "" if document.content[section.body - 1 : section.body] == b"\n" else ending
        rest = document.content[section.body : section.end]
        after = "" if not rest or rest.startswith((b"\n", b"\r\n")) else ending
        yield Edit(section.body, section.body, before + ending + made + ending + after)


def _is_open(page: Page, index: int, *, is_timeline: bool) -> bool:
    """Whether a block is nothing but slots."""
    document = page.document
    block = document.blocks[index]
    if block.kind == "list":
        texts = [_text(page, item) for item in document.inside(index)]
        return all(is_unfilled(text) or bool(is_timeline and _SAMPLE.match(text)) for text in texts)
    if block.kind != "paragraph" or page.fields_of(index):
        return False
    return all(is_unfilled(line.strip(" >\\")) for line in document.source(block.start, block.end).splitlines())


def _unfilled_list(page: Page, section: Section, *, is_timeline: bool) -> int:
    document = page.document
    for index in document.children(*page.blocks(section.body, section.end)):
        if document.blocks[index].kind == "list" and _is_open(page, index, is_timeline=is_timeline):
            return index
    return -1


def _text(page: Page, item: int) -> str:
    source = page.document.source(page.document.blocks[item].start, page.document.blocks[item].end)
    return re.sub(r"^\s*(?:[-*+]|\d+[.)])[ \t]*(?:\[[ xX]\][ \t]+)?", "", source).strip()


def _item(page: Page, index: int) -> tuple[int, int]:
    """The place of the first item of a list."""
    item = next(iter(page.document.inside(index)))
    block = page.document.blocks[item]
    return block.start, block.end


def _bare(page: Page, index: int) -> tuple[int, int]:
    """A block without the blank lines that follow it."""
    block = page.document.blocks[index]
    raw = page.document.content[block.start : block.end]
    return block.start, block.start + len(raw.rstrip())


def _ending(page: Page) -> str:
    return "\r\n" if b"\r\n" in page.document.content else "\n"
