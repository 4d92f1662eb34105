"""Alert rules found by lines in what is no YAML: templates of Helm and Jinja, broken files. Never raises."""

from __future__ import annotations

import re
from functools import cache

from opsbook.ground.yaml_cursor import Cursor
from opsbook.ground.yaml_lines import read_mapping
from opsbook.ground.yaml_nodes import Node, Scalar, SourceLines, Unreadable

LooseRule = tuple[dict[str, Node], str]
"""A rule's mapping and the name of its group."""

_RULE_KEYS = frozenset(("alert", "record", "expr", "for", "labels", "annotations", "keep_firing_for"))


@cache
def _template_lines() -> re.Pattern[str]:
    """Whole lines of actions that leave nothing, or foreign lines, in the rendered text."""
    # The lengths are bounded so that an action nobody closes costs no more than its page.
    comment = r"\{\{-?\s*/\*(?:(?!\*/).){0,5000}\*/\s*-?\}\}"
    words = "if|else|end|range|with|define|block|template|include|tpl|toYaml|break|continue|fail"
    control = r"\{\{-?\s*(?:(?:" + words + r")(?!\w)|\$\w+(?:\s*,\s*\$\w+)?\s*:?=)(?:(?!\}\}).){0,5000}\}\}"
    piped = r"\{\{(?:(?!\}\})[^\n]){0,1000}\b(?:n?indent|toYaml)\b(?:(?!\}\})[^\n]){0,1000}\}\}"
    jinja = r"\{%(?:(?!%\}).){0,5000}%\}|\{#(?:(?!#\}).){0,5000}#\}"
    line = rf"^[ \t]*(?:(?:{comment}|{control}|{piped}|{jinja})[ \t]*)+\r?$"
    return re.compile(line, re.MULTILINE | re.DOTALL)


@cache
def _first_key() -> re.Pattern[str]:
    return re.compile(r"""[ \t]*(-[ \t]+)?["']?([A-Za-z_]+)["']? *:(?=\s|$)""")


@cache
def _helm_mark() -> re.Pattern[str]:
    """What only Helm or Jinja writes; Prometheus' own templates are no sign, they stand in any rule file."""
    return re.compile(
        r"\{\{[^{}\n]*\.(?:Values|Release|Chart|Files|Capabilities)\b"
        r"|\{\{-? *(?:include|toYaml|tpl) |\{\{ *`|\{%"
    )


@cache
def _opened() -> re.Pattern[str]:
    """An action of a template that makes the file, not one that Prometheus runs: its author forgot the quotes."""
    return re.compile(r"\{\{(?!-?\s*(?:\$(?:labels|value|external\w+)\b|\}\}))|\{%")


def is_template(source: SourceLines, line: int, column: int) -> bool:
    """Whether the text is a template rather than a broken file, given where it could not be read as YAML."""
    text = source.lines[line - 1] if 0 < line <= len(source.lines) else ""
    opened = _opened().match
    return bool(opened(text[column - 1 :]) or opened(text.lstrip()) or _helm_mark().search(source.text))


def read_loosely(source: SourceLines) -> tuple[list[LooseRule], int]:
    """The alert rules as far as lines show them, and how many recording rules there are."""
    found = read_all_loosely(source)
    alerts = [(mapping, group) for mapping, group, _ in found if "record" not in mapping]
    return alerts, len(found) - len(alerts)


def read_all_loosely(source: SourceLines) -> list[tuple[dict[str, Node], str, str]]:
    """The alert rules and recording rules as far as lines show them, each with its group's name and interval."""
    cursor = Cursor(source, blanked=_without_template_lines(source))
    rules: list[tuple[dict[str, Node], str, str]] = []
    group = interval = ""
    row = 0
    while row < cursor.count:
        match = _first_key().match(cursor.lines[row])
        if match and match[1] and match[2] == "name":
            group, interval = cursor.lines[row][match.end() :].strip(" \"'"), ""
        elif match and match[2] == "interval":
            interval = cursor.lines[row][match.end() :].strip(" \"'")
        if not match or not (match[2] in ("alert", "record") or (match[1] and match[2] in _RULE_KEYS)):
            row += 1
            continue
        mapping = _mapping_at(cursor, row, match.start(2) - _is_quoted(match))
        row = max(cursor.row, row + 1)
        if "record" in mapping or (isinstance(mapping.get("alert"), Scalar) and len(mapping) > 1):
            rules.append((mapping, group, interval))
    return rules


def _is_quoted(match: re.Match[str]) -> bool:
    return match.string[match.start(2) - 1 : match.start(2)] in ('"', "'")


def _mapping_at(cursor: Cursor, row: int, column: int) -> dict[str, Node]:
    cursor.row, cursor.depth = row, 0
    try:
        return read_mapping(cursor, column)
    except Unreadable:
        return {}


def _without_template_lines(source: SourceLines) -> list[str]:
    """The lines with those of pure template control left blank, so that every row keeps its number."""
    lines = list(source.lines)
    for match in _template_lines().finditer(source.text):
        first, _ = source.place_of(match.start())
        last, _ = source.place_of(match.end())
        lines[first : last + 1] = [""] * (last - first + 1)
    # A tab is no indentation in YAML; one blank for each keeps the columns.
    return [_untabbed(line) if line[:1].isspace() and "\t" in line else line for line in lines]


def _untabbed(line: str) -> str:
    content = line.lstrip()
    return " " * (len(line) - len(content)) + content
