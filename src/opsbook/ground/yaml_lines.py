"""Block YAML read line by line, with every place; refuses (`Unreadable`) whatever it is not sure of.

Why not libyaml alone: importing PyYAML takes as long as reading all rule files of our corpora (about 25 ms
each), and it cannot read templates. What this reader accepts it reads as libyaml does: a test compares them
on the corpora and on mutated texts. Anchors, tags, complex keys and flow over many lines are not accepted.
"""

from __future__ import annotations

import re
from functools import cache

from opsbook.ground.yaml_cursor import Cursor
from opsbook.ground.yaml_nodes import Node, Scalar, SourceLines, Unreadable
from opsbook.ground.yaml_values import continued, read_value, skip_deeper

DEPTH_LIMIT = 60
"""Deeper nesting is refused: real rule files have 8 levels, and Python's own stack ends near 1000."""

_PLAIN = bytes((9, 10, *range(32, 127)))


@cache
def key_pattern() -> re.Pattern[str]:
    """A simple key, its colon and the blanks after it."""
    # libyaml takes keys of up to 1024 characters on one line.
    return re.compile(r"""(?:(\w[\w./-]{0,200})|"([^"\\]{0,200})"|'([^']{0,200})') *:(?: +|$)""")


@cache
def _odd_character() -> re.Pattern[str]:
    """A line break other than line feed, or a character that YAML does not allow."""
    return re.compile(
        "\r(?!\n)|[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    )


def read_block_yaml(source: SourceLines) -> list[Node]:
    """The documents of the text. Raises Unreadable at the first line that is not certainly block YAML."""
    if not source.is_ascii or "\r" in source.text or source.text.encode().translate(None, _PLAIN):
        odd = _odd_character().search(source.text)
        if odd:
            row, column = source.place_of(odd.start())
            raise Unreadable("an unusual character", row + 1, column + 1)
    cursor = Cursor(source)
    found: list[Node] = []
    is_open = True
    while True:
        indent = cursor.next_indent()
        if indent >= 0:
            if not is_open:
                raise cursor.unsure("a second root", indent)
            found.append(read_block(cursor, indent))
            is_open = False
        elif cursor.row >= cursor.count:
            return found
        elif cursor.lines[cursor.row].rstrip(" ") == "---":
            cursor.row += 1
            is_open = True
        else:
            raise cursor.unsure("a document marker")


def read_block_part(source: SourceLines, scalar: Scalar) -> Node:
    """The YAML written within a `|` block of the text, places as in the whole text. Raises Unreadable."""
    cursor = Cursor(source)
    cursor.row = scalar.line - 1
    cursor.count = source.row_of_byte(scalar.end) + 1
    cursor.depth = 1
    node = read_block(cursor, cursor.next_indent())
    if cursor.next_indent() >= 0:
        raise cursor.unsure("a second root")
    return node


def read_block(cursor: Cursor, indent: int) -> Node:
    """The collection or scalar that starts on this row at this column."""
    if cursor.depth > DEPTH_LIMIT:
        if not cursor.is_tolerant:
            raise cursor.unsure("nesting deeper than 60 levels", indent)
        cursor.row += 1
        skip_deeper(cursor, indent - 1)
        return {}
    cursor.depth += 1
    line = cursor.lines[cursor.row]
    node: Node
    if _is_dash(line, indent):
        node = _sequence(cursor, indent)
    elif key_pattern().match(line, indent):
        node = read_mapping(cursor, indent)
    elif cursor.depth == 1 and not cursor.is_tolerant:
        raise cursor.unsure("a document that is a mere scalar", indent)
    else:
        node = read_value(cursor, indent, indent - 1)
        if cursor.next_indent() >= indent:
            node = continued(cursor, node, indent - 1)
    cursor.depth -= 1
    return node


def _is_dash(line: str, column: int) -> bool:
    return line.startswith("-", column) and line[column + 1 : column + 2] in ("", " ")


def read_mapping(cursor: Cursor, indent: int) -> dict[str, Node]:
    """The mapping whose first key stands on this row at this column."""
    key_at = key_pattern().match
    found: dict[str, Node] = {}
    while True:
        match = key_at(cursor.lines[cursor.row], indent)
        if match:
            key = match[1] or match[2] or match[3] or ""
            found[key] = _value_of_key(cursor, match.end(), indent)
        elif not cursor.is_tolerant:
            raise cursor.unsure("not a key", indent)
        elif _is_dash(cursor.lines[cursor.row], indent):
            return found
        else:
            cursor.row += 1
        following = cursor.next_indent()
        if following > indent:
            if match:
                found[key] = continued(cursor, found[key], indent)
            else:
                skip_deeper(cursor, indent)
            following = cursor.next_indent()
        if following < indent:
            return found


def _value_of_key(cursor: Cursor, column: int, indent: int) -> Node:
    row = cursor.row
    line = cursor.lines[row]
    if column < len(line) and line[column] != "#":
        return read_value(cursor, column, indent)
    cursor.row += 1
    following = cursor.next_indent()
    if following > indent:
        return read_block(cursor, following)
    # A list may stand as deep as its key.
    if following == indent and _is_dash(cursor.lines[cursor.row], indent):
        return _sequence(cursor, indent)
    place = (row, len(line[:column].rstrip(" ")))
    return cursor.scalar("", place, place)


def _sequence(cursor: Cursor, indent: int) -> list[Node]:
    found: list[Node] = []
    while True:
        row = cursor.row
        line = cursor.lines[row]
        if not _is_dash(line, indent):
            return found
        rest = line[indent + 1 :].lstrip(" ")
        if rest and rest[0] != "#":
            found.append(read_block(cursor, len(line) - len(rest)))
        else:
            cursor.row += 1
            following = cursor.next_indent()
            is_below = following > indent
            dash = (row, indent + 1)
            found.append(read_block(cursor, following) if is_below else cursor.scalar("", dash, dash))
        following = cursor.next_indent()
        if following > indent:
            if not cursor.is_tolerant:
                raise cursor.unsure("an odd indentation", following)
            skip_deeper(cursor, indent)
            following = cursor.next_indent()
        if following < indent:
            return found
