"""`unrecognised-label`: a bold label inside a step that is none of ours. It is shown as a note, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.labels import is_prose, misspelt
from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.ground.errors import Finding


@page_rule("unrecognised-label", "info")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for _, step, found in parts_of(page).fields:
        key = found.field.key
        if step is None or found.is_known or is_prose(key) or misspelt(key):
            continue
        yield page.finding(
            "unrecognised-label",
            "info",
            (found.field.start, found.field.end),
            f"The label **{found.label}:** means nothing to a run; it is kept as a note of step {step.number}.",
            fix="Nothing needs to be done if a note is what it is.",
        )
