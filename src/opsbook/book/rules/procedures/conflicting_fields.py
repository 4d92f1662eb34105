"""`conflicting-fields`: a step that says two things of the same: fence against label, or a label twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import fence_of, parts_of
from opsbook.book.steps import Step, StepField
from opsbook.ground.errors import Finding

# A step may say these once; of Expect, Capture, Ask, Secrets and Danger there may be several.
_ONCE = frozenset({
    "Run on", "Time limit", "Retry", "Repeat", "Approval", "When", "One at a time", "Dry run", "Undo steps",
})  # fmt: skip


@page_rule("conflicting-fields", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    parts = parts_of(page)
    if not parts.fields:
        return
    from opsbook.book.field_values import fence_values  # within: most pages hold nothing for the grammar
    from opsbook.book.grammar import Retry

    for step, command, fence, _ in fence_values(page):
        said = _said(step, "Time limit")
        if isinstance(said, timedelta) and fence.timeout not in (None, said):
            yield _finding(page, fence_of(page, command), "timeout", step.field("Time limit"))
        said = _said(step, "Retry")
        if isinstance(said, Retry) and fence.retries not in (None, said.times):
            yield _finding(page, fence_of(page, command), "retries", step.field("Retry"))
    for _, step in parts.steps:
        values: dict[str, str] = {}
        for found in step.fields:
            if found.label in _ONCE and values.setdefault(found.label, found.value) != found.value:
                yield page.finding(
                    "conflicting-fields",
                    "error",
                    (found.field.start, found.field.end),
                    f"Step {step.number} has already said '{values[found.label]}' as its {found.label}.",
                    fix="Keep one of the two.",
                )


def _said(step: Step, label: str) -> object:
    from opsbook.book.field_values import value_of  # within: as above

    found = step.field(label)
    return None if found is None else value_of(found, step)


def _finding(page: Page, place: tuple[int, int], key: str, found: StepField | None) -> Finding:
    said = f"**{found.field.name}:** {found.value}" if found else ""
    message = f"The fence's {key} and the step's {said} disagree."
    return page.finding("conflicting-fields", "error", place, message, fix="Keep one of the two.")
