"""`needs-terminal`: a command that waits for a person at a terminal, such as `vi` or `top`. A step has no terminal."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.shell_texts import scripts
from opsbook.ground.errors import Finding

_WHY = {
    "terminal": "needs a terminal, which a step does not have",
    "asks": "asks a question, which nobody answers in a step",
    "never-ends": "runs until someone stops it, so the step never ends",
}


@page_rule("needs-terminal", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for script in scripts(page):
        from opsbook.book.shell.terminal import needs_terminal  # within: pages without commands need no shell parser

        for found in needs_terminal(script.text):
            place = script.place(page, found.start, found.end)
            message = f"'{found.what}' {_WHY[found.kind]}."
            yield page.finding("needs-terminal", "error", place, message, fix=found.instead)
