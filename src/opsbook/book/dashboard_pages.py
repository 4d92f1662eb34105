"""Dashboards as sections of a page: written where there is none, and brought up to date where there is one.

Of a section the heading, the line of its uid and the table of its panels are the machine's; all else is people's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from opsbook.book.dashboards import Board, Panel
from opsbook.book.page import Page, read_page
from opsbook.book.tables import Table, read_tables
from opsbook.ground.errors import Edit, Span


class BoardTold(Struct, frozen=True):
    """A dashboard as a section of a page tells it: the panels' titles and expressions with their lines, and the byte
    ranges of what is the machine's: its title, and the table."""

    title: str
    uid: str
    span: Span
    panels: tuple[tuple[str, str, int], ...]
    named: tuple[int, int]
    table: tuple[int, int] | None
    end: int
    written: str


NEW_PAGE = "# Dashboards\n\nWhere to look. What the numbers mean stands with the metrics and alerts.\n"


def boards_on(page: Page) -> Iterator[BoardTold]:
    """The sections of a page that have the uid of a dashboard."""
    for section in page.sections:
        field = next((each for each in page.fields_within(section.body, section.end) if each.key == "uid"), None)
        if field is None:
            continue
        uid = page.document.source(field.value_start, field.value_end).strip().strip("`")
        table = next((each for each in read_tables(page.document, section.body, section.end)
                      if each.columns[:2] == ("panel", "expression")), None)  # fmt: skip
        heading = page.document.source(section.start, section.body)
        named = section.title if section.title in heading else heading.split("\n")[0].lstrip("#").strip()
        start = section.start + len(heading[: heading.find(named)].encode())
        yield BoardTold(
            section.title, uid, page.span(section.start, section.body), tuple(_panels(page, table)),
            (start, start + len(named.encode())),
            (table.start, table.end) if table else None, section.end, named,
        )  # fmt: skip


def _panels(page: Page, table: Table | None) -> Iterator[tuple[str, str, int]]:
    for row in table.rows if table else ():
        yield re.sub(r"\\([\\`*_\[\]<>|])", r"\1", row[0].text), row[1].text, page.document.line(row[0].start)


def with_boards(path: str, raw: bytes | None, boards: Sequence[Board], grafana: str = "") -> bytes:
    """The page with these dashboards on it; as it was where nothing of them changed."""
    text = NEW_PAGE.encode() if raw is None else raw
    for board in boards:
        text = _with_board(path, text, board, grafana)
    return text


def _with_board(path: str, raw: bytes, board: Board, grafana: str) -> bytes:
    page = read_page(path, raw)
    known = next((each for each in boards_on(page) if board.uid and each.uid == board.uid), None)
    if known is None:
        return _added(page, raw, board, grafana)
    edits = []
    if known.title != _title(board.title) and not is_written_as(known, board):
        edits.append(Edit(*known.named, _heading(board.title)))
    table = _table(board)
    if known.table is None and table:
        edits.append(Edit(known.end, known.end, f"\n{table}" if raw[: known.end].endswith(b"\n") else f"\n\n{table}"))
    elif known.table is not None and raw[slice(*known.table)].decode("utf-8", "replace").strip() != table.strip():
        edits.append(Edit(*known.table, table.rstrip("\n") + ("\n" if raw[: known.table[1]].endswith(b"\n") else "")))
    for edit in sorted(edits, key=lambda each: -each.start):
        raw = raw[: edit.start] + edit.text.encode() + raw[edit.end :]
    return raw


def _added(page: Page, raw: bytes, board: Board, grafana: str) -> bytes:
    """With a section of its own, below a heading Dashboards where there is one, else at the end."""
    parent = next((each for each in page.sections if each.level == 2 and each.title.lower() == "dashboards"), None)
    at = parent.stop if parent is not None else len(raw)
    written = _section(board, 3 if parent is not None else 2, grafana)
    before, after = raw[:at].rstrip(b"\n"), raw[at:].lstrip(b"\n")
    return before + b"\n\n" + written.encode() + (b"\n" + after if after else b"")


def is_written_as(told: BoardTold, board: Board) -> bool:
    """Whether a section has the title of the dashboard as it is written here."""
    return told.written == _heading(board.title)


def _section(board: Board, level: int, grafana: str) -> str:
    lines = [f"{'#' * level} {_heading(board.title)}", ""]
    if grafana and board.uid:
        lines.append(f"- **Location:** {grafana.rstrip('/')}/d/{board.uid}")
    if board.uid:
        lines.append(f"- **UID:** `{board.uid}`")
    lines.append(f"- **Shows:** {_shows(board)}")
    table = _table(board)
    return "\n".join([*lines, "", table]) if table else "\n".join(lines) + "\n"


def _shows(board: Board) -> str:
    rows = list(dict.fromkeys(panel.row for panel in board.panels if panel.row))
    named = rows or list(dict.fromkeys(panel.title for panel in board.panels if panel.title))
    return _cell(", ".join(named[:6]) + (" and more" if len(named) > 6 else "")) or "nothing yet"


def _table(board: Board) -> str:
    rows = [f"| {_cell(_named(panel))} | {_code(text)} | {_cell(panel.unit)} |"
            for panel in board.panels for text in panel.expressions]  # fmt: skip
    return "\n".join(["| Panel | Expression | Unit |", "| --- | --- | --- |", *rows]) + "\n" if rows else ""


def _named(panel: Panel) -> str:
    return panel.title or "(no title)"


def _title(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().strip("#").strip() or "Dashboard"


def _heading(text: str) -> str:
    """The title so that it means nothing else in a heading."""
    return re.sub(r"([\\`*_\[\]<>&#~])", r"\\\1", _title(text))


def _cell(text: str) -> str:
    """Text that means nothing else in a table."""
    plain = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"([\\`*\[\]<>|]|(?<!\w)_|_(?!\w))", r"\\\1", plain)


def _code(text: str) -> str:
    plain = re.sub(r"\s+", " ", text).strip().replace("|", "\\|")
    longest = max((len(each) for each in re.findall("`+", plain)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{plain}{space}{fence}"

