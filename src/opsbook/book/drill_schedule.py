"""Which procedures are to be practised how often, as pages say it: a table of a policy or an index page, the label
`**Drill:** every 90 days on sandbox-1, @ada` at a procedure, or `ops.drill` of its front matter. Never raises, and
never asks what day it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from opsbook.book.drill_plan import PlannedDrill
from opsbook.book.links import resolve, targets
from opsbook.book.lint import Around
from opsbook.book.metadata import plain_key
from opsbook.book.page import Page
from opsbook.book.procedure import procedures_of
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Cell, Table, plain_text, read_tables
from opsbook.ground.durations import after, read_duration

TABLES, LABELS = ("index", "policy"), ("runbook", "procedure", "alert-runbook")
_PROCEDURE = ("procedure", "procedures", "drill", "drills")
_EVERY = ("every", "how often", "practise every", "practised every", "drill every")
_ON = ("on", "target", "run on", "where", "sandbox")
_WHO = ("who", "owner", "person", "people", "volunteers", "reminds")
_WITH = ("with", "parameters", "values")
_KEYS = ("drill", "drills", "practise", "practice")
_HOST = re.compile(r"\s+on\s+`?([\w.@:/-]+)`?\s*$", re.I)
_VALUE = re.compile(r"""([A-Za-z_]\w{0,99})\s*=\s*(?:"([^"]*)"|([^\s,;"]+))""")
_LONGEST_DAYS, _MOST = 3660, 500
_SOME_DAY = date(2024, 1, 1)
_FIX = "Write such as `every 90 days`, `monthly` or `every 2 weeks`."


def read_drill_schedule(page: Page, around: Around) -> tuple[PlannedDrill, ...]:
    """All that a page says of it, in reading order, at most 500."""
    content = page.document.content
    if page.kind in TABLES:
        # Every head that is read has one of these in it; most pages have no such table.
        lowered = content.lower()
        found = list(_of_tables(page, around)) if b"proc" in lowered or b"drill" in lowered else []
    elif page.kind in LABELS and (b"rill" in content or b"ractise" in content or b"ractice" in content):
        found = [*_of_front_matter(page), *_of_labels(page)]
    else:
        return ()
    return tuple(found[:_MOST])


def _of_tables(page: Page, around: Around) -> Iterator[PlannedDrill]:
    for table in read_tables(page.document):
        named, every = table.column(*_PROCEDURE), table.column(*_EVERY)
        if named is None or every is None:
            continue
        for row in table.rows:
            if not is_unfilled(row[named].text) and not is_unfilled(row[every].text):
                yield _of_row(page, around, table, row, named=row[named], every=row[every])


def _of_row(
    page: Page, around: Around, table: Table, row: tuple[Cell, ...], *, named: Cell, every: Cell
) -> PlannedDrill:
    def cell(*names: str) -> str:
        column = table.column(*names)
        text = row[column].text if column is not None else ""
        return "" if is_unfilled(text) or text in ("-", "–", "—") else text

    path, anchor, fault = _procedure(page, around, named)
    wrong = _unreadable(every.text)
    return PlannedDrill(
        path, anchor, named.text, every.text, page.path, page.document.line(named.start), _host(cell(*_ON)),
        _people(cell(*_WHO)), _values(cell(*_WITH)), fault or wrong,
        "Link to it, as `[Restore](../procedures/restore.md#restore)`." if fault else _FIX if wrong else "",
    )  # fmt: skip


def _procedure(page: Page, around: Around, cell: Cell) -> tuple[str, str, str]:
    """The path and the anchor that a cell names, by a link or as PATH#ANCHOR; else why there is none."""
    for link, target in targets(page, around):
        if cell.start <= link.start < cell.end:
            if target.verdict in ("ok", "broken-anchor"):
                return target.path or page.path, target.anchor or link.href.partition("#")[2], ""
            return "", "", "" if target.verdict == "broken-link" else f"'{cell.text}' leads to no page of the book."
    words = plain_text(cell.text)
    if ".md" in words and " " not in words:
        target = resolve(page, words, around)
        if target.verdict == "ok" and target.path:
            return target.path, target.anchor, ""
        return "", "", f"There is no page '{words}'."
    return "", "", f"'{words}' does not say where the procedure stands."


def _of_front_matter(page: Page) -> Iterator[PlannedDrill]:
    ops = page.metadata.front.get("ops") if page.document.front else None
    told = ops.get("drill") if isinstance(ops, Mapping) else None
    if not isinstance(told, Mapping) or not told.get("schedule"):
        return
    every = str(told["schedule"])
    wrong = _unreadable(every)
    given = told.get("params")
    values = tuple((str(name), str(value)) for name, value in given.items()) if isinstance(given, Mapping) else ()
    at = page.document.content.find(b"drill", page.document.front_start)
    line = page.document.line(max(at, 0))
    who = _people(str(told.get("who") or ""))
    for each in procedures_of(page):
        yield PlannedDrill(
            page.path, each.anchor, each.title, every, page.path, line, _host(str(told.get("target") or "")), who,
            values, wrong, _FIX if wrong else "",
        )  # fmt: skip


def _of_labels(page: Page) -> Iterator[PlannedDrill]:
    procedures = procedures_of(page)
    for field in page.fields:
        value = field.value(page.document)
        if plain_key(field.name) not in _KEYS or is_unfilled(value) or not procedures:
            continue
        within = [each for each in procedures if each.start <= field.start < each.end]
        # Above them all it speaks for the only one that there is.
        of = max(within, key=lambda each: each.start) if within else procedures[0] if len(procedures) == 1 else None
        every, *who = value.split(",")
        host = _HOST.search(every)
        every = every[: host.start()] if host is not None else every
        wrong = _unreadable(plain_text(every))
        fault = wrong if of is not None else f"'{plain_text(value)}' stands at none of the page's procedures."
        yield PlannedDrill(
            page.path, of.anchor if of is not None else "", of.title if of is not None else page.title,
            plain_text(every), page.path, page.document.line(field.start), host.group(1) if host is not None else "",
            _people(",".join(who)), (), fault, _FIX if fault == wrong and wrong else "Write it below its heading.",
        )  # fmt: skip


def _unreadable(every: str) -> str:
    """Why a length cannot be how often something is practised; empty where it can."""
    length = read_duration(every)
    if length is None or after(_SOME_DAY, every) is None:
        return f"'{every[:80]}' does not say how often it is practised."
    if not 1 <= length.days <= _LONGEST_DAYS:
        return f"'{every[:80]}' is no time to practise in: at least a day, and at most ten years."
    return ""


def _host(text: str) -> str:
    words = plain_text(text).split()
    return words[0].strip(",;") if words else ""


def _people(text: str) -> tuple[str, ...]:
    found = (plain_text(part).removeprefix("and ").strip() for part in re.split(r"[,;&]", text))
    return tuple(dict.fromkeys(each for each in found if each))


def _values(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, quoted or bare) for name, quoted, bare in _VALUE.findall(text))
