"""`step-placeholder`: a slot such as `<pod>` in a command of a step. The shell reads it as a redirection, or as is."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of, range_of
from opsbook.book.placeholders import SUBSTITUTIONS, Placeholder
from opsbook.book.steps import Command
from opsbook.ground.errors import Finding

_READ = {"angle": "would be read by the shell as a redirection", "square": "would be read by the shell as a pattern"}


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
                f"The placeholder {slot.text} {_would(command, slot)}.",
                fix=f'Declare a parameter and write "${slot.variable}".',
            )


def _would(command: Command, slot: Placeholder) -> str:
    """What becomes of a slot that nobody fills in; within quotes a shell reads it as it stands."""
    before = command.text.encode("utf-8", "surrogatepass")[: slot.start].rpartition(b"\n")[2]
    is_quoted = any(before.count(mark) % 2 for mark in (b'"', b"'"))
    return "is filled in by nobody" if is_quoted else _READ.get(slot.form, "is filled in by nobody")
