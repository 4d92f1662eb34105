"""Scalars and one-line flow mappings read at a cursor; refuses (`Unreadable`) the YAML it is not sure of."""

from __future__ import annotations

import re
from functools import cache

from opsbook.ground.yaml_cursor import Cursor
from opsbook.ground.yaml_nodes import NULLS, Node, Scalar
from opsbook.ground.yaml_scalars import fold, folded_block, literal_block, unescape

_UNSURE_STARTS = frozenset("&*!%@`,]}")


@cache
def _quotes() -> dict[str, re.Pattern[str]]:
    return {
        '"': re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL),
        "'": re.compile(r"'([^']*+(?:''[^']*+)*+)'"),
    }


@cache
def _block_header() -> re.Pattern[str]:
    return re.compile(r"([|>])(?:([+-])([1-9])?|([1-9])([+-])?)? *(?: #.*)?$")


@cache
def _flow_entry() -> re.Pattern[str]:
    return re.compile(
        r" *(?:(\w[\w./-]*)|\"([^\"\\]*)\"|'([^']*)') *: +"
        r"(?:\"([^\"\\]*+(?:\\.[^\"\\]*+)*+)\"|'([^']*+(?:''[^']*+)*+)'|([\w./+][^,{}\[\]#:\t\"']*?)) *([,}])"
    )


def read_value(cursor: Cursor, column: int, indent: int) -> Node:
    """The scalar or flow mapping at this column of the row; `indent` is that of the block around it."""
    line = cursor.lines[cursor.row]
    first = line[column]
    if first == '"' or first == "'":
        return _quoted(cursor, column, indent)
    if first == "|" or first == ">":
        return _block_scalar(cursor, column, indent)
    if (first == "{" or first == "[") and not (cursor.is_tolerant and line.startswith("{{", column)):
        return _flow(cursor, column)
    if not cursor.is_tolerant and (
        first in _UNSURE_STARTS or (first in "-?:" and line[column + 1 : column + 2] in ("", " "))
    ):
        raise cursor.unsure("YAML beyond plain blocks", column)
    return _plain(cursor, column)


def _plain(cursor: Cursor, column: int) -> Scalar:
    text, row = _plain_text(cursor, column), cursor.row
    cursor.row += 1
    return cursor.scalar("" if text in NULLS else text, (row, column), (row, column + len(text)))


def _plain_text(cursor: Cursor, column: int) -> str:
    text = cursor.lines[cursor.row][column:]
    # In a template " #" may stand within an action; only after the last one it surely begins a comment.
    comment = text.find(" #", max(text.rfind("}}"), 0) if cursor.is_tolerant else 0)
    if comment >= 0:
        text = text[:comment]
    text = text.rstrip(" ")
    if not cursor.is_tolerant and (": " in text or text[-1:] == ":" or "\t" in text):
        raise cursor.unsure("a colon or tab in a plain scalar", column)
    return text


def continued(cursor: Cursor, node: Node, indent: int) -> Node:
    """The plain scalar with the deeper lines that belong to it, read again from its first line.

    A line is deeper than `indent` after a value; only after a plain scalar may that be.
    """
    if not isinstance(node, Scalar) or node.style or node.start == node.end:
        if not cursor.is_tolerant:
            raise cursor.unsure("an odd indentation")
        skip_deeper(cursor, indent)
        return node
    start = (node.line - 1, node.column - 1)
    cursor.row = start[0]
    texts, end = _deeper_texts(cursor, start[1], indent)
    if cursor.next_indent() > indent:
        if not cursor.is_tolerant:
            raise cursor.unsure("an odd indentation")
        skip_deeper(cursor, indent)
    return cursor.scalar(fold(texts), start, end)


def _deeper_texts(cursor: Cursor, column: int, indent: int) -> tuple[list[str], tuple[int, int]]:
    texts: list[str] = []
    end = (cursor.row, column)
    while cursor.row < cursor.count:
        line = cursor.lines[cursor.row]
        content = line.lstrip(" ")
        if texts and content:
            column = len(line) - len(content)
            if column <= indent or content[0] == "#":
                break
        texts.append(_plain_text(cursor, column) if content else "")
        if content:
            end = (cursor.row, column + len(texts[-1]))
            if end[1] < len(line.rstrip(" ")):  # a comment ends the scalar
                cursor.row += 1
                break
        cursor.row += 1
    while not texts[-1]:
        texts.pop()
    return texts, end


def skip_deeper(cursor: Cursor, indent: int) -> None:
    """Moves on to the next line that is indented no deeper."""
    while cursor.next_indent() > indent:
        cursor.row += 1


def _quoted(cursor: Cursor, column: int, indent: int) -> Scalar:
    row = cursor.row
    line = cursor.lines[row]
    quote = line[column]
    close = line.find(quote, column + 1)
    if close == len(line) - 1 and "\\" not in line:  # by far the most common: one line, no escape
        cursor.row += 1
        return cursor.scalar(line[column + 1 : close], (row, column + 1), (row, close), quote)
    match = _quotes()[quote].match(line, column)
    if match is None:
        return _quoted_over_lines(cursor, column, indent)
    if not _is_comment(line[match.end() :]):
        if not cursor.is_tolerant:
            raise cursor.unsure("text after a quoted scalar", match.end())
        return _plain(cursor, column)
    text = _unquoted(cursor, match[1], quote)
    cursor.row += 1
    return cursor.scalar(text, (row, column + 1), (row, match.end() - 1), quote)


def _is_comment(rest: str) -> bool:
    """Nothing but blanks, or a comment with a blank before it."""
    content = rest.lstrip(" ")
    return not content or (content[0] == "#" and len(content) < len(rest))


def _unquoted(cursor: Cursor, raw: str, quote: str) -> str:
    if quote == "'":
        return raw.replace("''", "'")
    try:
        return unescape(raw)
    except ValueError as wrong:
        if cursor.is_tolerant:
            return raw
        raise cursor.unsure(str(wrong)) from None


def _quoted_over_lines(cursor: Cursor, column: int, indent: int) -> Scalar:
    start = cursor.row
    line = cursor.lines[start]
    quote = line[column]
    raws = [line[column + 1 :].rstrip(" \t")]
    # An escaped line break, or an escaped blank that rstrip has taken, is left to libyaml.
    while not raws[-1].endswith("\\") and cursor.row + 1 < cursor.count:
        cursor.row += 1
        line = cursor.lines[cursor.row]
        content = line.lstrip(" ")
        shift = len(line) - len(content)
        if content and (shift <= indent or content[0] == "\t"):
            break
        match = _quotes()[quote].match(quote + content)
        if match is None:
            raws.append(content.rstrip(" \t"))
            continue
        if not _is_comment(content[match.end() - 1 :]):
            break
        text = _unquoted(cursor, fold([*raws, match[1]], is_closed=True), quote)
        end = (cursor.row, shift + match.end() - 2)
        cursor.row += 1
        return cursor.scalar(text, (start, column + 1), end, quote)
    cursor.row = start
    if not cursor.is_tolerant:
        raise cursor.unsure("a quoted scalar over many lines", column)
    return _plain(cursor, column)


def _block_scalar(cursor: Cursor, column: int, indent: int) -> Scalar:
    row = cursor.row
    line = cursor.lines[row]
    header = _block_header().match(line, column)
    digit = header and (header[3] or header[4])
    if header is None or (digit and not line[:column].rstrip(" ").endswith(":")):
        if not cursor.is_tolerant:
            raise cursor.unsure("an odd block scalar", column)
        return _plain(cursor, column)
    cursor.row += 1
    content_indent = indent + int(digit) if digit else _content_indent(cursor, indent)
    lines, rows = _block_lines(cursor, content_indent)
    at_end = bool(lines) and cursor.row >= cursor.count == len(cursor.lines)
    if at_end and not lines[-1].strip(" ") and not cursor.is_tolerant:
        raise cursor.unsure("blanks that end the file within a block scalar")
    build = literal_block if header[1] == "|" else folded_block
    text = build(lines, header[2] or header[5] or "", at_end=at_end)
    if not rows:
        return cursor.scalar(text, (row, column), (row, column), header[1])
    first, last = (cursor.originals[at] for at in (rows[0], rows[-1]))
    start = (rows[0], len(first) - len(first.lstrip(" ")))
    return cursor.scalar(text, start, (rows[-1], len(last)), header[1])


def _content_indent(cursor: Cursor, indent: int) -> int:
    """The indentation of the first line with content below a block scalar's header."""
    widest = 0
    for row in range(cursor.row, cursor.count):
        line = cursor.lines[row]
        content = line.lstrip(" ")
        if not content:
            widest = max(widest, len(line))
            continue
        found = len(line) - len(content)
        if found <= indent:
            break
        if (widest > found or content[0] == "\t") and not cursor.is_tolerant:
            raise cursor.unsure("an odd indentation of a block scalar", found)
        return found
    return max(indent + 1, widest)


def _block_lines(cursor: Cursor, indent: int) -> tuple[list[str], list[int]]:
    """The lines of a block scalar without their indentation, and the first and last row that is not blank."""
    prefix = " " * indent
    lines: list[str] = []
    rows: list[int] = []
    while cursor.row < cursor.count:
        line = cursor.lines[cursor.row]
        if line.startswith(prefix):
            lines.append(line[indent:])
            if line.strip(" "):
                rows[1 if rows else 0 :] = [cursor.row]
        elif not line.strip(" "):
            original = cursor.originals[cursor.row]
            if original is line or original.startswith(prefix):
                lines.append(original[indent:])
        else:
            content = line.lstrip(" ")
            if content[0] == "\t" and not cursor.is_tolerant:
                raise cursor.unsure("a tab as indentation", len(line) - len(content))
            break
        cursor.row += 1
    return lines, rows


def _flow(cursor: Cursor, column: int) -> Node:
    line = cursor.lines[cursor.row]
    found: dict[str, Node] = {}
    if line.startswith(("{}", "[]"), column):
        position = column + 2
    elif line[column] == "{":
        position = _flow_entries(cursor, column + 1, found)
    else:
        position = -1
    if position < 0 or not _is_comment(line[position:]):
        if not cursor.is_tolerant:
            raise cursor.unsure("flow beyond simple pairs on one line", column)
        return _plain(cursor, column)
    cursor.row += 1
    return [] if line[column] == "[" else found


def _flow_entries(cursor: Cursor, position: int, found: dict[str, Node]) -> int:
    """Fills `found` with the pairs up to the closing brace; the column after it, or -1."""
    line, row, entry = cursor.lines[cursor.row], cursor.row, _flow_entry()
    while True:
        match = entry.match(line, position)
        if match is None:
            return -1
        group, quote = (4, '"') if match[4] is not None else (5, "'") if match[5] is not None else (6, "")
        raw = match[group]
        text = _unquoted(cursor, raw, quote) if quote else ("" if raw in NULLS else raw)
        key = match[1] or match[2] or match[3] or ""
        found[key] = cursor.scalar(text, (row, match.start(group)), (row, match.end(group)), quote)
        position = match.end()
        if match[7] == "}":
            return position
