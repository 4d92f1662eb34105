"""`unquoted-parameter`: a parameter without quotes. A space or a `*` in its value becomes more arguments."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.book.shell_texts import scripts
from opsbook.ground.errors import Edit, Finding


@page_rule("unquoted-parameter", "warning")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    if not any(procedure.declared for procedure in parts_of(page).procedures):
        return
    for script in scripts(page):
        names = frozenset(parameter.name for parameter in script.procedure.declared)
        if not names or "$" not in script.text:
            continue
        from opsbook.book.shell.parameters import unquoted_parameters  # within: most pages hold no variable

        for use in unquoted_parameters(script.text, names):
            start, end = script.place(page, use.start, use.end)
            written = page.document.source(start, end)
            # A slip in finding the place must not become a splice in the wrong one.
            edits = (
                [Edit(start, start, '"'), Edit(end, end, '"')]
                if written.startswith("$") and use.name in written
                else []
            )
            yield page.finding(
                "unquoted-parameter",
                "warning",
                (start, end),
                f"${use.name} is not quoted, so the shell splits its value and expands `*` in it.",
                fix=f'Write "{written}".',
                edits=edits,
            )
