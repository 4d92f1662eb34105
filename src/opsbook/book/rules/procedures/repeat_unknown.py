"""`repeat-unknown`: a step that others depend on and that does not say whether it may be repeated after a crash."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import first_line, parts_of
from opsbook.book.procedure import Procedure
from opsbook.book.steps import Step
from opsbook.ground.errors import Finding


@page_rule("repeat-unknown", "info")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    # Said only where the author has begun to say it: nobody writes Repeat on every step of every runbook.
    speaking = {
        procedure.anchor for procedure, _, found in parts_of(page).fields if found.label in ("Repeat", "Capture")
    }
    for procedure in parts_of(page).procedures:
        if procedure.anchor not in speaking or procedure.field("Repeat"):
            continue
        says_repeat = any(step.field("Repeat") for step in procedure.steps)
        for at, step in enumerate(procedure.steps):
            if step.kind != "command" or step.field("Repeat") or _only_reads(step):
                continue
            if (says_repeat and at < len(procedure.steps) - 1) or _is_used_later(procedure, at):
                yield page.finding(
                    "repeat-unknown",
                    "info",
                    first_line(page, step.start, step.end),
                    f"Later steps depend on step {step.number}, and nothing says whether it may be repeated.",
                    fix="Add **Repeat:** safe, ask or never; with 'done if `check`' a crash is settled without asking.",
                )


def _only_reads(step: Step) -> bool:
    from opsbook.book.read_only import only_reads  # inside: few authors write Repeat

    return all(only_reads(text.text) for command in step.commands for text in command.code.commands)


def _is_used_later(procedure: Procedure, at: int) -> bool:
    """Whether a value that the step captures is used behind it."""
    names = [
        name
        for field in procedure.steps[at].fields
        if field.label == "Capture"
        for name in re.findall(r"`\$?([A-Z][A-Z0-9_]*)`", field.value)
    ]
    later = [command.text for step in procedure.steps[at + 1 :] for command in step.commands]
    return any(re.search(rf"\$\{{?{name}\b", text) for name in names for text in later)
