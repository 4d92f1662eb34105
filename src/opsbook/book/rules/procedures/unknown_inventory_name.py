"""`unknown-inventory-name`: a command that goes to a host which opsbook.toml does not list. It may be gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.book.shell_texts import scripts
from opsbook.ground.errors import Finding
from opsbook.ground.guesses import closest
from opsbook.ground.pattern import Pattern

_PROGRAMS = frozenset({"ssh", "scp", "rsync", "sftp", "mosh", "ping"})
_VALUED = Pattern(r"-[bcDeEFiIJLlmOopQRSWw]")
_HERE = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})


@page_rule("unknown-inventory-name", "info")
def check(page: Page, around: Around) -> Iterator[Finding]:
    targets = around.settings.targets
    if not targets or not any(program in parts_of(page).text for program in _PROGRAMS):
        return
    for script in scripts(page):
        for name, start, end in _hosts(script.text):
            if name in targets or name.partition(".")[0] in targets or name in _HERE:
                continue
            near = closest(name, sorted(targets))
            yield page.finding(
                "unknown-inventory-name",
                "info",
                script.place(page, start, end),
                f"The host '{name}' is not in opsbook.toml.",
                fix=f"Did you mean '{near}'?" if near else "Mend the name, or add the host.",
            )


def _hosts(script: str) -> Iterator[tuple[str, int, int]]:
    """The hosts that remote programs go to: name and byte range; variables and placeholders are nobody's names."""
    if not any(program in script for program in _PROGRAMS):
        return
    from opsbook.book.shell.walk import read  # within: most scripts stay on the machine

    for command in read(script).commands:
        name = command.name.rpartition("/")[2]
        if name not in _PROGRAMS:
            continue
        skip = False
        for word in command.words[1:]:
            if skip or word.text.startswith("-"):
                skip = not skip and _VALUED().fullmatch(word.text) is not None
                continue
            host = _host(word.text, name)
            if host and re.fullmatch(r"[A-Za-z0-9][\w.-]*", host):
                yield host, word.start, word.end
            if name in ("ssh", "mosh", "sftp", "ping"):
                break


def _host(word: str, program: str) -> str | None:
    """The host in `user@host`, `host:path`; of scp and rsync only words with a colon name one."""
    if program in ("scp", "rsync") and ":" not in word:
        return None
    return word.partition(":")[0].rpartition("@")[2]
