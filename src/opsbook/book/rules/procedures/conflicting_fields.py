"""`conflicting-fields`: a step that says two things of the same: fence against label, or a label twice."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import fence_of, parts_of
from opsbook.book.steps import Step
from opsbook.ground.errors import Finding

# A step may say these once; of Expect, Capture, Ask, Secrets and Danger there may be several.
_ONCE = frozenset({
    "Run on", "Time limit", "Retry", "Repeat", "Approval", "When", "One at a time", "Dry run", "Undo steps",
})  # fmt: skip


@page_rule("conflicting-fields", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    parts = parts_of(page)
    if not parts.has_values:
        return
    from opsbook.book.field_values import disagreements  # within: few pages hold a value of the grammar

    for command, key, found in disagreements(page):
        message = f"The fence's {key} and the step's **{found.field.name}:** {found.value} disagree."
        yield _finding(page, fence_of(page, command), message)
    for _, step in parts.steps:
        if len(step.fields) > 1:
            yield from _said_twice(page, step)


def _said_twice(page: Page, step: Step) -> Iterator[Finding]:
    values: dict[str, str] = {}
    for found in step.fields:
        if found.label in _ONCE and values.setdefault(found.label, found.value) != found.value:
            message = f"Step {step.number} has already said '{values[found.label]}' as its {found.label}."
            yield _finding(page, (found.field.start, found.field.end), message)


def _finding(page: Page, place: tuple[int, int], message: str) -> Finding:
    return page.finding("conflicting-fields", "error", place, message, fix="Keep one of the two.")
