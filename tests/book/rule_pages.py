"""Reads the page of a lint rule as its test: the small books in it, and what must be found in each. Lints nothing.

See CONTRIBUTING.md, "A new lint rule", for how such a page is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

EXAMPLE_FENCE = 4  # backticks; fewer is a quotation for the reader, more is a quotation of an example
_FENCE = re.compile(r"(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)$")
_HEADING = re.compile(r"#{1,6}\s+(?P<title>.*?)\s*#*$")
_ATTRIBUTE = re.compile(r'([a-z_]+(?:\.[a-z_]+)*)=("[^"]*"|\S+)(?:\s+|$)')
_RULES = r"(?P<rules>\[[a-z][a-z0-9-]*\](?: \[[a-z][a-z0-9-]*\])*)"
_MARKS = {
    # A comment shows in code blocks and in front matter, where `#` opens one.
    "markdown": re.compile(rf" ?(?:<!-- {_RULES} -->|# {_RULES.replace('rules', 'coded')})(?= *$)"),
    "other": re.compile(rf" ?# {_RULES}$"),
}


class Mistake(ValueError):
    """A page of a rule that cannot be read as its test, with the line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


class Example(NamedTuple):
    """A small book: its files without the markers, what is set, and what must be found, as (path, line, rule)."""

    heading: str
    line: int
    files: dict[str, str]
    settings: dict[str, str]
    expected: frozenset[tuple[str, int, str]]


class _Fence(NamedTuple):
    heading: str
    heading_line: int
    line: int
    language: str
    attributes: dict[str, str]
    text: str


def read_examples(page: str) -> list[Example]:
    """The small books of a rule's page, one for each heading that has fences; raises Mistake."""
    examples: dict[int, Example] = {}
    for fence in _fences(page):
        attributes = dict(fence.attributes)
        path = attributes.pop("path", "")
        if not path or path.startswith("/") or ".." in path.split("/"):
            raise Mistake(fence.line, "an example fence tells path=… within the repository")
        fresh = Example(fence.heading, fence.heading_line, {}, attributes, frozenset())
        example = examples.setdefault(fence.heading_line, fresh)
        if example is not fresh and attributes:
            raise Mistake(fence.line, "settings stand on the first fence of a heading")
        if path in example.files:
            raise Mistake(fence.line, f"{path} is there twice under one heading")
        text, marked = unmarked(fence.text, fence.language)
        example.files[path] = text
        found = {(path, line, rule) for line, rule in marked}
        examples[fence.heading_line] = example._replace(expected=example.expected | found)
    return list(examples.values())


def unmarked(text: str, language: str) -> tuple[str, list[tuple[int, str]]]:
    """A file without its markers, as many lines as before, and the (line, rule) of each marker.

    One space before a marker goes with it; two more would stay, and are a line break in Markdown.
    """
    mark = _MARKS["markdown" if language in ("markdown", "md") else "other"]
    lines: list[str] = []
    marked: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        found = mark.search(line)
        lines.append(line[: found.start()] if found else line)
        if found:
            marked += [(number, rule) for rule in re.findall(r"\[(.*?)\]", found[found.lastgroup or "rules"])]
    return "\n".join(lines), marked


def _fences(page: str) -> Iterator[_Fence]:
    heading, heading_line = "", 0
    lines = page.split("\n")
    index = 0
    while index < len(lines):
        line = lines[index]
        opening = _FENCE.match(line)
        title = _HEADING.match(line)
        if title:
            heading, heading_line = title["title"], index + 1
        if not opening:
            index += 1
            continue
        end = _end(lines, index, opening["ticks"])
        if opening["ticks"] == "`" * EXAMPLE_FENCE:
            language, attributes = _info(opening["info"].strip(), index + 1)
            text = "".join(f"{inner}\n" for inner in lines[index + 1 : end])
            yield _Fence(heading, heading_line, index + 1, language, attributes, text)
        index = end + 1


def _end(lines: list[str], start: int, ticks: str) -> int:
    closing = re.compile(rf" {{0,3}}{re.escape(ticks[0])}{{{len(ticks)},}}\s*$")
    for index in range(start + 1, len(lines)):
        if closing.match(lines[index]):
            return index
    raise Mistake(start + 1, "this fence is never closed")


def _info(info: str, line: int) -> tuple[str, dict[str, str]]:
    language, _, rest = info.partition(" ")
    attributes = {name: value.strip('"') for name, value in _ATTRIBUTE.findall(rest)}
    unread = _ATTRIBUTE.sub("", rest).strip()
    if not language or "=" in language or unread:
        raise Mistake(line, f"the words after a fence are a language and key=value: '{unread or info}' is neither")
    return language, attributes
