"""`text-substitution`: `{{x}}`, `${{x}}`, `%x%` or `@x@` in a command. Nothing is ever pasted into a command."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of, range_of
from opsbook.book.placeholders import SUBSTITUTIONS
from opsbook.ground.errors import Finding


@page_rule("text-substitution", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for _, _, command in parts_of(page).commands:
        for slot in command.code.placeholders:
            if slot.form in SUBSTITUTIONS:
                yield page.finding(
                    "text-substitution",
                    "error",
                    range_of(page.document, command, slot.start, slot.end),
                    f"{slot.text} is text substitution, which is never done.",
                    fix=f'Declare a parameter and write "${slot.variable}".',
                )
