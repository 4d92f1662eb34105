"""What a page says is watched: metrics, alerts, dashboards and logs, out of tables, headings with labels, and runbooks.

A table is known by its columns, in any order and with other words for them; an item may also be a heading with labels
or a `Field | Value` table below it. What is not filled in is counted and left out. Asks no monitoring system.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.fields import Field
from opsbook.book.kinds import is_drill_path
from opsbook.book.links import fragment, targets
from opsbook.book.lint import Around
from opsbook.book.metadata import plain_key
from opsbook.book.monitoring_text import said, service_told, words_of
from opsbook.book.monitoring_words import HINTS, RUNBOOK_LABELS, WORDS
from opsbook.book.page import Page, Section, stem
from opsbook.book.roster.surroundings import field_cell
from opsbook.book.rule_pages_values import read_fenced
from opsbook.book.runbook import named_alerts
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Cell, Table, read_tables
from opsbook.ground.pattern import Pattern


class Pointer(Struct, frozen=True, gc=False):
    """What a cell leads to: its words, the address as written (empty for none), and the page and anchor of the
    repository that the address means (empty when it leads outside or nowhere)."""

    text: str = ""
    href: str = ""
    path: str = ""
    anchor: str = ""


class Metric(Struct, frozen=True, gc=False):
    """A metric as a page tells it; what is not told is empty. `line` and `anchor` are where it stands; `marks` are
    labels that may name its service, where nothing says so outright."""

    name: str
    line: int
    anchor: str
    service: str = ""
    expression: str = ""
    unit: str = ""
    meaning: str = ""
    normal: str = ""
    type: str = ""
    marks: tuple[str, ...] = ()


class AlertNote(Struct, frozen=True, gc=False):
    """An alert as a page tells it: `hold` is how long its condition must last. As in Metric otherwise."""

    name: str
    line: int
    anchor: str
    service: str = ""
    expression: str = ""
    threshold: str = ""
    hold: str = ""
    severity: str = ""
    meaning: str = ""
    response: str = ""
    runbook: Pointer = Pointer()
    marks: tuple[str, ...] = ()


class Dashboard(Struct, frozen=True, gc=False):
    """A dashboard as a page tells it. As in Metric otherwise."""

    name: str
    line: int
    anchor: str
    service: str = ""
    location: Pointer = Pointer()
    access: str = ""
    shows: str = ""


class LogPlace(Struct, frozen=True, gc=False):
    """Where logs lie, how they are read and for how long they are kept. As in Metric otherwise."""

    name: str
    line: int
    anchor: str
    service: str = ""
    location: Pointer = Pointer()
    access: str = ""
    kept: str = ""


class Monitoring(Struct, frozen=True):
    """What one page says is watched; `unfilled` counts the rows that still are the template's."""

    metrics: tuple[Metric, ...] = ()
    alerts: tuple[AlertNote, ...] = ()
    dashboards: tuple[Dashboard, ...] = ()
    logs: tuple[LogPlace, ...] = ()
    unfilled: int = 0


Item = Metric | AlertNote | Dashboard | LogPlace
_KINDS: dict[str, type[Metric] | type[AlertNote] | type[Dashboard] | type[LogPlace]] = {
    "metric": Metric, "alert": AlertNote, "dashboard": Dashboard, "log": LogPlace,
}  # fmt: skip
_POINTERS = frozenset({"location", "runbook"})
_BARE = Pattern(r"https?://[^\s<>)|`\"']+")
_PAIR_HEADS = frozenset({"field", "property", "attribute", "key", ""})
_NOTHING = re.compile(r"(?:there (?:is|are) none|none|no|nothing|n/a|-|–|—)\b", re.I)
_FOLDERS = frozenset({"monitoring", "observability", "alerting", "dashboards", "metrics"})
_STEMS = Pattern(r"metric|alert|dashboard|monitoring|observability|^logging|^logs?$")
# A heading is an item when it has this much of one: a title alone tells nothing.
_TELLING = {
    "alert": frozenset({"expression", "threshold", "severity", "meaning", "response", "runbook"}),
    "metric": frozenset({"expression", "unit", "type", "normal"}),
    "dashboard": frozenset({"location"}),
    "log": frozenset({"location", "kept"}),
}


def read_monitoring(page: Page, around: Around) -> Monitoring | None:
    """What the page says is watched, or None for a page that is about something else."""
    if page.kind == "runbook":
        found = list(_of_runbook(page, around))
    elif _is_about_monitoring(page) and not is_drill_path(page.path):
        found = list(_of_tables(page, around)) + list(_of_headings(page, around)) + list(_of_links(page, around))
    else:
        return None
    items = {(type(item), item.line, item.name): item for item in found if item is not None}
    unfilled = sum(1 for item in found if item is None)
    if not items and not unfilled:
        return None
    ordered = sorted(items.values(), key=lambda item: item.line)
    return Monitoring(
        tuple(item for item in ordered if isinstance(item, Metric)),
        tuple(item for item in ordered if isinstance(item, AlertNote)),
        tuple(item for item in ordered if isinstance(item, Dashboard)),
        tuple(item for item in ordered if isinstance(item, LogPlace)),
        unfilled,
    )


def _is_about_monitoring(page: Page) -> bool:
    if page.kind in ("metrics", "alerts", "dashboards"):
        return True
    if page.kind not in ("page", "procedure"):
        return False
    return not _FOLDERS.isdisjoint(page.path.lower().split("/")[:-1]) or bool(_STEMS().search(stem(page.path).lower()))


# -- tables --------------------------------------------------------------------------------------------------------


def _of_tables(page: Page, around: Around) -> Iterator[Item | None]:
    for table in read_tables(page.document):
        section = page.section_at(table.start)
        kind, named = kind_of_table(page, table, section)
        if not kind or named is None:
            continue
        columns = {part: table.column(*words) for part, words in WORDS[kind].items() if part != "name"}
        if all(column is None or column == named for column in columns.values()):
            continue
        for row in table.rows:
            cells = {part: row[at] for part, at in columns.items() if at is not None and at != named}
            yield _item(page, around, kind, (row[named], cells))


def kind_of_table(page: Page, table: Table, section: Section | None) -> tuple[str, int | None]:
    """The kind of thing that a table lists and the column of its names: the first column that is headed by a kind, or
    one headed Name where the headings above say what is listed."""
    heads = [(table.columns.index(word), kind) for kind, parts in WORDS.items() for word in parts["name"]
             if word in table.columns]  # fmt: skip
    if heads:
        at, kind = min(heads)
        return kind, at
    named = table.column("name", "title")
    return (kind_hint(page, section), named) if named is not None else ("", None)


def kind_hint(page: Page, section: Section | None) -> str:
    """The kind of thing that the headings above say is listed, from the inside out, then the page's own kind."""
    titles = []
    index = page.section_index(section.start) if section else -1
    while index >= 0:
        titles.append(page.sections[index].title)
        index = page.parents[index]
    for title in (*titles, page.title):
        words = set(re.findall(r"[a-z]+", title.lower()))
        for kind, marks in HINTS:
            if any(mark in words or f"{mark}s" in words or (" " in mark and mark in title.lower()) for mark in marks):
                return kind
    return {"metrics": "metric", "alerts": "alert", "dashboards": "dashboard"}.get(page.kind, "")


def _item(
    page: Page, around: Around, kind: str, found: tuple[Cell, Mapping[str, Cell]], *, anchor: str | None = None
) -> Item | None:
    """The item of a name and its parts; None where the name is not filled in."""
    name, cells = found
    text = words_of(name.text)
    if is_unfilled(text):
        return None
    parts: dict[str, str | Pointer] = {}
    for part, cell in cells.items():
        if is_unfilled(cell.text):
            continue
        parts[part] = _pointer(page, around, cell) if part in _POINTERS else said(page, cell)
    if anchor is None:
        section = page.section_at(name.start)
        anchor = section.anchor if section else ""
    location = "location" in WORDS[kind] and "location" not in parts
    if location and (led := _pointer(page, around, name)).href:
        parts["location"] = led  # the name itself is the link
    line = page.document.line(name.start)
    return _KINDS[kind](text, line, anchor, **parts)  # type: ignore[arg-type]


def _with_service(item: Item | None, labels: Cell | None, page: Page) -> Item | None:
    """The item with the service that its rule's labels tell, where the page names none in so many words."""
    if labels is None or not isinstance(item, Metric | AlertNote) or item.service:
        return item
    service, marks = service_told(page.document.source(labels.start, labels.end))
    return replace(item, service=service, marks=marks)


def _pointer(page: Page, around: Around, cell: Cell) -> Pointer:
    for link, target in targets(page, around):
        if link.start >= cell.end:
            break
        if link.start >= cell.start and link.form != "image":
            path = target.path or (page.path if target.verdict in ("ok", "broken-anchor") else "")
            is_here = target.verdict in ("ok", "broken-anchor")
            anchor = (target.anchor or fragment(link.href)) if is_here else ""
            return Pointer(said(page, cell), link.href, path if is_here else "", anchor)
    bare = _BARE().search(cell.text)
    return Pointer(said(page, cell), bare.group().rstrip(".,;") if bare else "")


# -- headings and lists --------------------------------------------------------------------------------------------


def _of_headings(page: Page, around: Around) -> Iterator[Item | None]:
    """Headings with labels or a `Field | Value` table of their own, one item each."""
    for section in page.sections:
        labels = _labels(page, section)
        if not labels:
            continue
        kind = "alert" if "alert" in labels else kind_hint(page, section)
        if not kind:
            continue
        parts = {part: labels[word] for part, words in WORDS[kind].items() for word in reversed(words)
                 if word in labels and part != "name"}  # fmt: skip
        if _TELLING[kind].isdisjoint(parts):
            continue
        own = next((labels[word] for word in WORDS[kind]["name"] if word in labels), None)
        name = own or Cell(section.title.strip("`"), section.start, section.body)
        item = _item(page, around, kind, (name, parts), anchor=section.anchor)
        yield (item := _with_service(item, labels.get("labels"), page))
        if isinstance(item, AlertNote):
            yield _dashboard_of(page, around, item, labels)


def _dashboard_of(page: Page, around: Around, alert: AlertNote, labels: Mapping[str, Cell]) -> Item | None:
    """The dashboard that an alert's own label leads to; the alert again, which is told once, where there is none."""
    cell = next((labels[word] for word in ("dashboard url", "dashboard") if word in labels), None)
    location = _pointer(page, around, cell) if cell is not None else Pointer()
    if not location.href:
        return alert
    name = location.text if location.text and not is_address(location.text) else alert.name
    line = page.document.line(cell.start) if cell else alert.line
    return Dashboard(name, line, alert.anchor, alert.service, location)


def _labels(page: Page, section: Section) -> dict[str, Cell]:
    """What is told of a section by bold labels and by two-column tables in its own text."""
    found: dict[str, Cell] = {}
    for field in page.fields_within(section.body, section.end):
        found.setdefault(plain_key(field.name), _value_cell(page, field))
    for table in read_tables(page.document, section.body, section.end):
        if len(table.columns) == 2 and table.columns[0] in _PAIR_HEADS:
            for key, value in table.rows:
                found.setdefault(plain_key(key.text), value)
    return found


def _value_cell(page: Page, field: Field) -> Cell:
    """A label's value; where nothing stands behind it, the code block below."""
    cell, document = field_cell(page, field), page.document
    if cell.text:
        return cell
    below = document.inside(field.item) if field.item >= 0 else (field.block + 1,)
    for index in below:
        if index < len(document.blocks) and document.blocks[index].kind == "code":
            block = document.blocks[index]
            return Cell(read_fenced(block.info, block.text).strip(), block.start, block.end)
    return cell


def _of_links(page: Page, around: Around) -> Iterator[Item | None]:
    """Bullets that are a link, or a label with an address, below a heading about dashboards or logs."""
    for section in page.sections:
        kind = kind_hint(page, section)
        if kind not in ("dashboard", "log"):
            continue
        for index in page.document.children(*page.blocks(section.body, section.end)):
            if page.document.blocks[index].kind != "list":
                continue
            for item in page.document.inside(index):
                cell = _bullet(page, item)
                fields = page.fields_of(item + 1)
                if cell and fields and is_address(field_cell(page, fields[0]).text):
                    value = field_cell(page, fields[0])
                    yield _item(page, around, kind, (_name_cell(fields[0]), {"location": value}))
                elif cell and not fields and _opens_with_link(page, cell):
                    yield _linked(page, around, kind, cell)


def is_address(text: str) -> bool:
    """Whether a value begins with a web address."""
    return _BARE().match(text.lstrip("<")) is not None


def _name_cell(field: Field) -> Cell:
    return Cell(field.name, field.start, field.value_start)


def _bullet(page: Page, item: int) -> Cell | None:
    document = page.document
    if document.stop(item) <= item + 1 or document.blocks[item + 1].kind != "paragraph":
        return None
    block = document.blocks[item + 1]
    return Cell(document.source(block.start, block.end).strip(), block.start, block.end)


def _opens_with_link(page: Page, cell: Cell) -> bool:
    return any(link.start == cell.start and link.form == "inline" for link in page.document.links)


def _linked(page: Page, around: Around, kind: str, cell: Cell) -> Item | None:
    """`- [API overview](https://…): requests and errors`."""
    link = next(link for link in page.document.links if link.start == cell.start)
    text = page.document.source(link.start, link.end).partition("](")[0].lstrip("[")
    rest = page.document.source(link.end, cell.end).strip(" \n:-–—.")
    name = Cell(text.strip("*`"), link.start, link.end)
    shown = {"shows": Cell(" ".join(rest.split()), link.end, link.end)} if kind == "dashboard" and rest else {}
    return _item(page, around, kind, (name, shown))


# -- runbooks ------------------------------------------------------------------------------------------------------


def _of_runbook(page: Page, around: Around) -> Iterator[Item | None]:
    """The labels of a runbook's Monitoring section: `Metrics Dashboard`, `Logs`, `Alerts`."""
    kinds = {word: kind for kind, words in RUNBOOK_LABELS.items() for word in words}
    service = page.service or page.title
    for section in page.sections:
        if section.slot != "monitoring" or page.slot_above(page.section_index(section.start)) == "monitoring":
            continue
        for field in page.fields_within(section.body, section.stop):
            kind = kinds.get(plain_key(field.name))
            cell = field_cell(page, field)
            if kind is None or is_unfilled(cell.text) or _NOTHING.match(cell.text):
                continue
            yield from _labelled(page, around, kind, (field, cell, service))


def _labelled(page: Page, around: Around, kind: str, found: tuple[Field, Cell, str]) -> Iterator[Item | None]:
    field, cell, service = found
    section = page.section_at(field.start)
    line, anchor = page.document.line(field.start), section.anchor if section else ""
    pointer = _pointer(page, around, cell)
    if kind == "dashboard":
        yield Dashboard(field.name, line, anchor, service, pointer)
    elif kind == "log":
        yield LogPlace(field.name, line, anchor, service, pointer)
    else:
        end = page.document.blocks[field.item].end if field.item >= 0 else field.value_end
        for name in named_alerts(page.document.source(field.value_start, end)):
            yield AlertNote(name, line, anchor, service)
