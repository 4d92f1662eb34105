"""`undeclared-variable`: a `$NAME` that nothing declares. It is asked for at the start, without type or description."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parameters import LABELS_WITH_COMMANDS, implicit_parameters
from opsbook.book.parts import first_line, parts_of
from opsbook.book.procedure import Procedure
from opsbook.book.steps import Step
from opsbook.ground.errors import Finding
from opsbook.ground.pattern import Pattern

_USES = Pattern(r"\$\{?[#!]?[A-Z]")


@page_rule("undeclared-variable", "info")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    parts = parts_of(page)
    if "$" not in parts.text or _USES().search(parts.text) is None:
        return
    for procedure in parts.procedures:
        names = _undeclared(procedure)
        if not names:
            continue
        step = _first_use(procedure, names)
        listed = ", ".join(f"${name}" for name in names[:5]) + (" and others" if len(names) > 5 else "")
        is_one = len(names) == 1
        verb, them = ("is not a parameter", "it") if is_one else ("are not parameters", "them")
        yield page.finding(
            "undeclared-variable",
            "info",
            first_line(page, step.start, step.end),
            f"{listed} {verb}, a captured value or in the step's environment list; a run asks for {them} at the start.",
            fix=f"Declare it: | `{names[0]}` | string | required | what it is |.",
        )


def _undeclared(procedure: Procedure) -> list[str]:
    """The variables that only the commands know, and that have no default there."""
    steps = list(procedure.all_steps())
    if not any(_USES().search(text) for step in steps for text in _texts(step)):
        return []
    implied = implicit_parameters(steps, procedure.declared, procedure.environment is not None)
    names = [each.name for each in implied if each.default is None]
    if not names:
        return []
    given: set[str] = set()
    for step in steps:
        for command in step.commands:
            if "env" in command.info:
                from opsbook.book.grammar import read_attributes  # within: few fences say more than a language

                given.update(read_attributes(command.info).get("env", "").split(","))
    return [name for name in names if name not in given]


def _first_use(procedure: Procedure, names: list[str]) -> Step:
    use = re.compile(r"\$\{?(?:" + "|".join(names) + r")\b")
    steps = list(procedure.all_steps())
    return next((step for step in steps if any(map(use.search, _texts(step)))), steps[0])


def _texts(step: Step) -> Iterator[str]:
    """Where a step may use a variable: its commands, and those of its labels."""
    yield from (command.text for command in step.commands)
    for field in step.fields:
        if field.label in LABELS_WITH_COMMANDS:
            yield field.value
            yield from (command.text for command in field.codes)
