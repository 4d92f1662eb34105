"""`sudo-may-prompt`: `sudo` without `-n` in a procedure that runs unattended. It would wait for a password for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.shell_texts import scripts
from opsbook.ground.errors import Edit, Finding


@page_rule("sudo-may-prompt", "warning")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    if not page.document.front or not _is_unattended(page):
        return
    for script in scripts(page):
        if "sudo" not in script.text:
            continue
        from opsbook.book.shell.names import uses_sudo_without_n  # within: most pages say no sudo

        for word in uses_sudo_without_n(script.text):
            start, end = script.place(page, word.start, word.end)
            is_plain = page.document.source(start, end) == "sudo"
            yield page.finding(
                "sudo-may-prompt",
                "warning",
                (start, end),
                "This procedure runs unattended, and `sudo` without -n may ask for a password.",
                fix="Write sudo -n, which fails at once where a password is needed.",
                edits=[Edit(end, end, " -n")] if is_plain else [],
            )


def _is_unattended(page: Page) -> bool:
    """Whether the front matter has the page's procedures run on a schedule, as drills, or as trusted ones."""
    ops = page.metadata.front.get("ops")
    return isinstance(ops, Mapping) and bool(ops.get("drill") or ops.get("schedule") or ops.get("trusted"))
