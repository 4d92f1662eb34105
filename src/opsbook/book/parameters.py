"""What a procedure must be told before it starts: parameters from its table, and those its commands imply."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from opsbook.book.page import Page
from opsbook.book.steps import Step


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
    assignment of an earlier step, nor a standard variable. `${NAME:-x}` is one with the default `x`."""
    from opsbook.book.shell import variables  # loads the shell grammar: most pages hold no variable

    known = {parameter.name for parameter in declared}
    if has_environment:
        known.add("ENVIRONMENT")
    found: dict[str, Parameter] = {}
    for step in steps:
        for command in step.commands:
            for text in command.code.commands:
                script = variables(text.text)
                for use in script.used:
                    if use.name in known or use.name in found:
                        continue
                    start = command.start + text.place(use.start)
                    found[use.name] = Parameter(
                        use.name, "string", use.default, use.default is None, "", False, start, start + len(use.name)
                    )
                known.update(script.assigned)
        for field in step.fields:
            if field.label in ("Capture", "Ask"):
                known.update(re.findall(r"`([A-Z][A-Z0-9_]*)`", field.value))
    return tuple(found.values())
