"""`empty-command`: a command block with nothing to run. Its step would succeed without having done anything."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import fence_of, parts_of
from opsbook.ground.errors import Finding


@page_rule("empty-command", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for _, step, command in parts_of(page).commands:
        if command.code.commands or command.code.output:
            continue
        yield page.finding(
            "empty-command",
            "error",
            fence_of(page, command),
            f"{command.code.why_not or 'The command block is empty.'}",
            fix=f"Write the command of step {step.number}, or remove the block.",
        )
