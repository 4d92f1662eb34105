"""`unguarded-danger`: a destructive command without **Danger:**, **Undo:** or **Approval:**. One keypress away."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.procedure import Procedure
from opsbook.book.shell_texts import Script, scripts
from opsbook.ground.errors import Finding

_GUARDS = frozenset({"Danger", "Undo", "Approval"})


@page_rule("unguarded-danger", "warning")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for script in scripts(page):
        from opsbook.book.shell.destruction import destructive  # within: pages without commands need no shell parser

        dangers = destructive(script.text)
        if not dangers or _is_guarded(script):
            continue
        for danger in dangers:
            if not danger.comes_back and not _is_plain_removal(danger.what):
                yield page.finding(
                    "unguarded-danger",
                    "warning",
                    script.place(page, danger.start, danger.end),
                    f"'{danger.what}' {danger.why}, and nothing in step {script.step.number} guards it.",
                    fix="Add **Danger:** with the reason, **Undo:** or **Approval:** to the step or the procedure.",
                )


def _is_guarded(script: Script) -> bool:
    """Whether the step, the procedure, or an approval that comes before the step stands in the way."""
    if any(field.label in _GUARDS for field in script.step.fields):
        return True
    if any(field.label in ("Danger", "Approval") for field in script.procedure.fields):
        return True
    return _comes_after_approval(script.procedure, script.step.start)


def _comes_after_approval(procedure: Procedure, start: int) -> bool:
    return any(step.kind == "approval" and step.start < start for step in procedure.steps)


def _is_plain_removal(what: str) -> bool:
    """Whether it is `rm -f` of files called by their names: what is meant by it, and little."""
    words = what.split()
    options = {word for word in words[1:] if word.startswith("-")}
    return words[0] == "rm" and options <= {"-f", "--force", "--"} and not any(mark in what for mark in "*?[…")
