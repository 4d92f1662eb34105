"""What a procedure must be told before it starts: parameters from its table, and those its commands imply."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from opsbook.book.page import Page
from opsbook.book.steps import Command, Step
from opsbook.ground.pattern import Pattern

LABELS_WITH_COMMANDS = frozenset({"When", "Repeat", "Undo"})


class Parameter(Struct, frozen=True, gc=False):
    """A parameter by its environment variable. `type` as written (`string` when none is), `default` None when there
    is none. `is_declared` is False for one that only the commands imply; [start, end) is where it stands."""

    name: str
    type: str
    default: str | None
    required: bool
    description: str
    is_declared: bool
    start: int
    end: int


def table_parameters(page: Page, low: int, high: int) -> tuple[Parameter, ...]:
    """The rows of the first table in blocks [low, high) whose first header cell begins with `Param`."""
    document = page.document
    for index in range(low, high):
        if document.blocks[index].kind != "table":
            continue
        rows = [[document.blocks[cell] for cell in document.inside(row)] for row in document.inside(index)]
        heads = [document.source(cell.start, cell.end).strip().lower() for cell in rows[0]] if rows else []
        if heads and heads[0].startswith("param"):
            found = []
            for row in rows[1:]:
                cells = [document.source(cell.start, cell.end).strip() for cell in row]
                cell = dict(zip(heads, cells, strict=False))
                if cells and cells[0].strip("`$ "):
                    found.append(_row(cells, cell, (row[0].start, row[0].end)))
            return tuple(found)
    return ()


def _row(cells: list[str], cell: dict[str, str], place: tuple[int, int]) -> Parameter:
    kind = cell.get("type", "").replace("\\|", "|") or "string"
    default: str | None = cell.get("default", "").strip("`")
    required = (default or "").lower() == "required" or cell.get("required", "").lower() in ("yes", "true", "required")
    if (default or "").lower() in ("required", "", "-", "none", "—", "–"):
        required = required or "default" in cell
        default = None
    return Parameter(cells[0].strip("`$ "), kind, default, required, cell.get("description", ""), True, *place)


def implicit_parameters(
    steps: Sequence[Step], declared: Sequence[Parameter], has_environment: bool
) -> tuple[Parameter, ...]:
    """The upper-case variables that commands use and nothing before them sets: not a parameter, a capture, an
    assignment of an earlier step, nor a standard variable. `${NAME:-x}` is one with the default `x`. Commands of When,
    Repeat and Undo count too, Undo behind everything."""
    known = {parameter.name for parameter in declared}
    if has_environment:
        known.add("ENVIRONMENT")
    found: dict[str, Parameter] = {}
    for step in steps:
        _look_at_labels(step, "When", known, found)
        _look_at(step.commands, known, found)
        _look_at_labels(step, "Repeat", known, found)
        for field in step.fields:
            if field.label in ("Capture", "Ask"):
                known.update(re.findall(r"`([A-Z][A-Z0-9_]*)`", field.value))
    for step in steps:
        _look_at_labels(step, "Undo", known, found)
    return tuple(found.values())


def _look_at(commands: Sequence[Command], known: set[str], found: dict[str, Parameter]) -> None:
    for command in commands:
        for text in command.code.commands:
            if not text.inner and text.language != "python":
                _take(text.text, command.start, text.place, known=known, found=found)


def _look_at_labels(step: Step, label: str, known: set[str], found: dict[str, Parameter]) -> None:
    """The commands in a label's value; most steps have none of these, and most values no variable."""
    for each in step.fields:
        if each.label != label:
            continue
        if "$" in each.value:
            for text in _INLINE().findall(each.value):
                _take(text, each.field.start, lambda _at: 0, known=known, found=found)
        _look_at(each.codes, known, found)


def _take(
    text: str, begins: int, place: Callable[[int], int], *, known: set[str], found: dict[str, Parameter]
) -> None:  # fmt: skip
    """Adds what a script uses to `found`, and that and what it sets to `known`."""
    plain = _plainly_set(text, known)
    if plain is not None:
        known.update(plain)
        return
    from opsbook.book.shell.parameters import variables  # within: most pages hold no variable

    script = variables(text)
    for use in script.used:
        if use.name not in known:
            known.add(use.name)
            start = begins + place(use.start)
            found[use.name] = Parameter(
                use.name, "string", use.default, use.default is None, "", False, start, start + len(use.name)
            )
    known.update(script.assigned)


_INLINE = Pattern(r"`([^`]*\$[^`]*)`")
_USE = Pattern(r"\$\{?[#!]?([A-Z][A-Z0-9_]*)")
# A line that is one assignment and nothing else, and what else may set a variable.
_LINE_SETS = Pattern(
    r"^[ \t]*(?:export[ \t]+)?([A-Z][A-Z0-9_]*)="
    r"""(?:"[^"`\n]*"|'[^'\n]*'|\$\([^()`\n]*\)|\$\{?\w+\}?|<[^<>\n]*>|[^\s"'`$(){}<>;&|\\])*[ \t]*(?:#.*)?$""",
    re.M,
)
_SETS = Pattern(r"(?<![A-Za-z0-9_])[A-Z][A-Z0-9_]*(?:\[[^\]\n]*\])?\+?=")
_SETS_OTHERWISE = Pattern(
    r":=|\b(?:for|select) +[A-Z]\w* +in\b|\b(?:read|mapfile|readarray|getopts|printf)\b[^\n|;]* [A-Z]"
    r"|\b(?:declare|typeset|local|readonly|export)\b[^\n;=]* [A-Z]\w*(?![\w=])"
)
_SETTERS = (":=", "read", "export", "local", "declare", "typeset", "mapfile", "getopts", "printf", "for ", "select")
_REMARK = Pattern(r"^[ \t]*#.*$", re.M)


def _plainly_set(script: str, known: set[str]) -> set[str] | None:
    """What a script sets, where that can be seen without a parser and it uses nothing but what is known; else None.

    Fourteen scripts of fifteen are so, and parsing one costs 0.1 ms.
    """
    may_use, may_set = "$" in script, "=" in script and _SETS().search(script) is not None
    if any(map(script.__contains__, _SETTERS)) and _SETS_OTHERWISE().search(script):
        return None
    if not may_set and not (may_use and _USE().search(script)):
        return set()
    from opsbook.book.shell.parameters import is_standard  # within: most pages hold no variable

    if "#" in script:
        script = _REMARK().sub("", script)
    lines = list(_LINE_SETS().finditer(script)) if may_set else []
    set_at = {found.group(1): found.end() for found in reversed(lines)}
    for use in _USE().finditer(script):
        name = use.group(1)
        if name not in known and use.start() < set_at.get(name, len(script)) and not is_standard(name):
            return None
    return set(set_at) if not may_set or len(_SETS().findall(script)) == len(lines) else None
