"""`step-without-check`: a step that changes something and that nothing looks at afterwards. Exit 0 is not proof."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsbook.book.changes import ends_with_a_look, has_phase, is_about_looking, is_change, says_that_it_looks
from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import first_line, parts_of
from opsbook.book.procedure import Procedure
from opsbook.book.steps import Step
from opsbook.ground.errors import Finding
from opsbook.ground.pattern import Pattern

_MOST_SHOWN = 60
# How a step begins whose command is only there to be read, though it is not known as one that only looks.
_SEES = Pattern(r"\W*(?:see|show|list|look|find|count|read|print|ask)\b", re.I)


@page_rule("step-without-check", "info")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    known: set[int] = set()  # a step that several procedures share is told once
    for procedure in parts_of(page).procedures:
        for step in _unchecked(page, procedure):
            if step.start not in known:
                known.add(step.start)
                yield page.finding(
                    "step-without-check",
                    "info",
                    first_line(page, step.start, step.end),
                    f"Step '{_title(step)}' runs a command and has no check.",
                    fix="Add **Expect:** to the step, or **Verification:** to the procedure, with what is only so when"
                    " it has worked.",
                )


def _unchecked(page: Page, procedure: Procedure) -> list[Step]:
    """Where some steps are checked, each that is not; where none is, the last, since one reminder is enough."""
    if procedure.verification or procedure.field("Expect") or is_about_looking(procedure):
        return []
    steps = procedure.steps
    lacking = [step for at, step in enumerate(steps) if _changes(step) and not _is_checked(steps, at)]
    if not lacking or has_phase(page, procedure, "verification"):
        return []
    if any(_has_check(step) for step in steps):
        return lacking
    return [] if ends_with_a_look(procedure) else lacking[-1:]


def _is_checked(steps: tuple[Step, ...], at: int) -> bool:
    """By itself, or by the step behind it, which says that it looks."""
    return _has_check(steps[at]) or (at + 1 < len(steps) and says_that_it_looks(steps[at + 1]))


def _has_check(step: Step) -> bool:
    repeat = step.field("Repeat")
    return (
        step.field("Expect") is not None
        or step.field("Verification") is not None
        or any(command.expected is not None for command in step.commands)
        or (repeat is not None and "done if" in repeat.value.lower())
    )


def _changes(step: Step) -> bool:
    # A block in running text is often an example; what has a number somebody means to be done in turn.
    if step.kind != "command" or step.written == 0 or says_that_it_looks(step) or _SEES().match(step.text):
        return False
    return any(map(is_change, step.commands))


def _title(step: Step) -> str:
    title = " ".join(step.text.split("\n", 1)[0].split()).strip("*: ") or step.number
    return title if len(title) <= _MOST_SHOWN else f"{title[:_MOST_SHOWN].rstrip()}…"
