"""A YAML tree asked by keys, each answer with its place; what is not there or is of another shape is nothing.

Never raises, whatever the tree: an author may have written a list where a mapping belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsbook.book.discovery.found import Told
from opsbook.ground.errors import Span
from opsbook.ground.yaml_nodes import Node, Scalar, SourceLines

_NOTHING: dict[str, Node] = {}


class Located:
    """A file: its path and lines, for turning nodes into places."""

    __slots__ = ("path", "source")

    def __init__(self, path: str, source: SourceLines) -> None:
        self.path = path
        self.source = source

    def place(self, node: Node | None) -> Span:
        """Where a node begins: its first scalar; the top of the file for one without any."""
        scalar = first_scalar(node)
        if scalar is None:
            return Span(self.path, 1, 1)
        return Span(self.path, scalar.line, scalar.column, scalar.start, scalar.end)

    def key_place(self, key: str, node: Node | None) -> Span:
        """Where the key above a node stands: the tree keeps places of values alone, so the lines are looked at."""
        first = first_scalar(node)
        # A key whose value is empty has its scalar right behind it, in its own line.
        row = min(first.line if first else 1, len(self.source.lines)) - 1
        pattern = re.compile(rf"""[\s{{,-]*(["']?){re.escape(key)}\1\s*:""")
        for at in range(row, max(row - 200, -1), -1):
            match = pattern.match(self.source.lines[at])
            if match:
                column = match[0].index(key)
                start = self.source.byte_at(at, column)
                return Span(self.path, at + 1, column + 1, start, start + len(key.encode("utf-8", "replace")))
        return self.place(node)

    def told(self, scalar: Scalar, text: str | None = None) -> Told:
        """The scalar's words, or others that were made of them, at its place."""
        return Told(scalar.text if text is None else text, self.place(scalar))


def first_scalar(node: Node | None) -> Scalar | None:
    """The first scalar within a node, however deep it stands, or None."""
    for _ in range(200):  # an alias may make a ring
        if isinstance(node, Scalar) or node is None:
            return node
        values = list(node.values()) if isinstance(node, dict) else node
        node = values[0] if values else None
    return None


def at(node: Node | None, *keys: str) -> Node | None:
    """What stands under the keys, one within the other, or None."""
    for key in keys:
        if not isinstance(node, dict):
            return None
        node = node.get(key)
    return node


def mapping(node: Node | None, *keys: str) -> dict[str, Node]:
    """The mapping under the keys; empty where there is none."""
    found = at(node, *keys)
    return found if isinstance(found, dict) else _NOTHING


def items(node: Node | None, *keys: str) -> list[Node]:
    """The list under the keys; empty where there is none."""
    found = at(node, *keys)
    return found if isinstance(found, list) else []


def scalar(node: Node | None, *keys: str) -> Scalar | None:
    """The scalar under the keys, or None; one without text is None too."""
    found = at(node, *keys)
    return found if isinstance(found, Scalar) and found.text else None


def text(node: Node | None, *keys: str) -> str:
    """The text under the keys, or ""."""
    found = scalar(node, *keys)
    return found.text if found else ""


def scalars(node: Node | None, *keys: str) -> list[Scalar]:
    """The scalars of a list, or the one scalar that stands in its place."""
    found = at(node, *keys)
    if isinstance(found, Scalar):
        return [found] if found.text else []
    return [item for item in found if isinstance(item, Scalar)] if isinstance(found, list) else []


def pairs(node: Node | None, *keys: str) -> Iterator[tuple[str, str]]:
    """Names and texts of a mapping, or of a list of `NAME=text` as Compose has them."""
    found = at(node, *keys)
    if isinstance(found, dict):
        yield from ((key, value.text) for key, value in found.items() if isinstance(value, Scalar))
    for item in found if isinstance(found, list) else ():
        if isinstance(item, Scalar):
            name, _, value = item.text.partition("=")
            yield name, value


def whole_number(words: str) -> int | None:
    """The number that the words are, where they are one that anything counts with."""
    return int(words) if words.isascii() and words.isdigit() and len(words) < 8 else None
