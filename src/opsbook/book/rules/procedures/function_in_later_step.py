"""`function-in-later-step`: a function or alias of one step that a later one calls. Each step is a shell of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.book.shell_texts import scripts
from opsbook.ground.errors import Finding
from opsbook.ground.pattern import Pattern

_DEFINES = Pattern(r"^[ \t]*(?:function[ \t]+\w|[\w-]+[ \t]*\(\)|alias[ \t])", re.M)


@page_rule("function-in-later-step", "warning")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    text = parts_of(page).text
    if not any(sign in text for sign in ("()", "function ", "alias ")) or _DEFINES().search(text) is None:
        return
    from opsbook.book.shell.names import aliases, calls, defined_functions  # within: few pages define a function

    made: dict[str, dict[str, str]] = {}  # by procedure: name → step that defines it
    for script in scripts(page):
        known = made.setdefault(script.procedure.anchor, {})
        own = {found.name for found in (*defined_functions(script.text), *aliases(script.text))}
        foreign = frozenset(known) - own
        for call in calls(script.text, foreign) if foreign else ():
            yield page.finding(
                "function-in-later-step",
                "warning",
                script.place(page, call.start, call.end),
                f"'{call.name}' is defined in step {known[call.name]}, and carries to no other step.",
                fix="Define it in this step too, or make a script of it.",
            )
        known.update((name, script.step.number) for name in own)
