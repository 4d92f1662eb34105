"""`step-placeholder`: a slot such as `<pod>` in a command of a step. The shell reads it as a redirection, or as is."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of, range_of
from opsbook.book.placeholders import SUBSTITUTIONS
from opsbook.ground.errors import Finding

_MEANT = {"angle": "would be read by the shell as a redirection", "square": "would be read by the shell as a pattern"}


@page_rule("step-placeholder", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for _, _, command in parts_of(page).commands:
        for slot in command.code.placeholders:
            if slot.form in SUBSTITUTIONS:
                continue
            yield page.finding(
                "step-placeholder",
                "error",
                range_of(page.document, command, slot.start, slot.end),
                f"The placeholder {slot.text} {_MEANT.get(slot.form, 'is filled in by nobody')}.",
                fix=f'Declare a parameter and write "${slot.variable}".',
            )
