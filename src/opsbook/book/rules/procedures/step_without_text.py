"""`step-without-text`: a step that does not say what it does. Whoever runs it cannot tell whether it should be run."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import first_line, parts_of
from opsbook.ground.errors import Finding


@page_rule("step-without-text", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    steps = parts_of(page).steps
    for _, step in steps:
        if not step.text and not step.fields and step.written:
            yield page.finding(
                "step-without-text",
                "error",
                first_line(page, step.start, step.end),
                f"Step {step.number} has no text.",
                fix="Say in a few words what it does.",
            )
