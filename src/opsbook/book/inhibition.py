"""Which alerts are quiet while others fire, from the tables of a policy page. Looks at no alert.

A table with the columns While and Quiet, and Same for the labels that both must agree in:

    | While | Quiet | Same |
    | --- | --- | --- |
    | ClusterDown | severity="warning" | cluster |

A cell holds matchers, or plain names of alerts, of which any is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from opsbook.book.matchers import Matcher, Misread, holds_of_anything, read_matchers
from opsbook.book.page import Page
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Cell, Table, read_tables

_WHILE = ("while", "while this fires", "while firing", "when", "when this fires", "if", "source")
_QUIET = ("quiet", "quiet then", "then quiet", "is quiet", "silent", "mute", "muted", "inhibits", "suppress", "target")
_SAME = ("same", "same labels", "with the same", "on the same", "for the same", "equal", "equal labels")
_NAME = re.compile(r"[A-Za-z_][\w:.-]*")
_NONE = frozenset({"", "-", "–", "—", "none", "any", "n/a"})


class Inhibition(Struct, frozen=True):
    """While an alert that matches `source` fires, those that match `target` and have the same values of the labels
    `same` wake nobody. `line` is where that is written."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    same: tuple[str, ...]
    line: int


class Flaw(Struct, frozen=True):
    """What is wrong with a cell, in sentences, how to mend it, and the bytes of the cell."""

    message: str
    fix: str
    start: int
    end: int


def read_inhibitions(page: Page) -> tuple[list[Inhibition], list[Flaw]]:
    """The rows that can be followed, and what is wrong with the others; those that nobody filled in are passed over."""
    found: list[Inhibition] = []
    flaws: list[Flaw] = []
    if page.kind != "policy" or not re.search(rb"quiet|silent|mute|inhibit|suppress", page.document.content, re.I):
        return found, flaws
    for table in read_tables(page.document):
        columns = _columns(page, table)
        if columns is None:
            continue
        for row in table.rows:
            read = list(_row(page, *(row[at] if at is not None else None for at in columns)))
            flaws += [each for each in read if isinstance(each, Flaw)]
            if read and not any(isinstance(each, Flaw) for each in read):
                found += [each for each in read if isinstance(each, Inhibition)]
    return found, flaws


def _columns(page: Page, table: Table) -> tuple[int | None, ...] | None:
    """The columns While, Quiet and Same; None for a table of something else. Its words tell it by themselves, or the
    title that it stands under."""
    columns = tuple(table.column(*words) for words in (_WHILE, _QUIET, _SAME))
    if columns[0] is None or columns[1] is None:
        return None
    section = page.section_at(table.start)
    is_titled = section is not None and "inhibit" in section.title.lower()
    is_plain = table.columns[columns[0]].startswith("while") and "quiet" in table.columns[columns[1]]
    return columns if is_titled or is_plain else None


def _row(page: Page, source: Cell | None, target: Cell | None, same: Cell | None) -> Iterator[Inhibition | Flaw]:
    assert source is not None and target is not None  # `_columns` found them
    if bool(source.text) != bool(target.text) and not is_unfilled(source.text or target.text):
        missing = "While" if target.text else "Quiet"
        where = target if target.text else source
        fix = "Fill it in, or take the row out."
        yield Flaw(f"The row says nothing in {missing}, so nothing is quiet by it.", fix, where.start, where.end)
    if is_unfilled(source.text) or is_unfilled(target.text):
        return
    sides = [_matchers(page, cell) for cell in (source, target)]
    labels = [name.strip(" `*") for name in re.split(r",|\band\b", same.text)] if same is not None else []
    labels = [name for name in labels if name.lower() not in _NONE]
    wrong = [name for name in labels if not _NAME.fullmatch(name)]
    yield from (side for side in sides if isinstance(side, Flaw))
    if wrong and same is not None:
        message = f"'{wrong[0]}' is no name of a label that both alerts must have the same value of."
        fix = "Write names of labels, parted by commas, such as `cluster, service`."
        yield Flaw(message, fix, same.start, same.end)
    quieted = sides[1]
    if not isinstance(quieted, Flaw) and not labels and holds_of_anything(quieted):
        message = "Every alert would be quiet while this one fires, wherever it is."
        fix = "Name in Quiet what is to be quiet, or in Same the labels that both agree in."
        yield Flaw(message, fix, target.start, target.end)
    if not isinstance(sides[0], Flaw) and not isinstance(quieted, Flaw):
        yield Inhibition(sides[0], quieted, tuple(dict.fromkeys(labels)), page.document.line(source.start))


def _matchers(page: Page, cell: Cell) -> tuple[Matcher, ...] | Flaw:
    text = _source(page, cell)
    names = [name.strip() for name in re.split(r",|\bor\b", text.replace("`", ""))]
    if all(_NAME.fullmatch(name) for name in names):
        value = names[0] if len(names) == 1 else "|".join(map(re.escape, names)).replace(r"\-", "-")
        return (Matcher("alertname", value, is_regex=len(names) > 1),)
    read = read_matchers(text)
    fix = 'Write matchers as in `alertname="ApiDown", cluster=~"eu-.*"`, or names of alerts.'
    if isinstance(read, Misread):
        return Flaw(f"'{text}' is no matcher, at its letter {read.column}: {read.why}", fix, cell.start, cell.end)
    if not read:
        return Flaw(f"'{text}' holds no matcher.", fix, cell.start, cell.end)
    return read


def _source(page: Page, cell: Cell) -> str:
    """A cell as it is written, without code marks around; a bar in a cell is written with a backslash."""
    raw = page.document.source(cell.start, cell.end).replace("\\|", "|").strip()
    for mark in ("``", "`"):
        if raw.startswith(mark) and raw.endswith(mark) and len(raw) > 2 * len(mark):
            return raw[len(mark) : -len(mark)].strip()
    return ", ".join(re.findall(r"`([^`]+)`", raw)) if re.fullmatch(r"(`[^`]+`[\s,]*)+(and\s+)?", raw) else raw
