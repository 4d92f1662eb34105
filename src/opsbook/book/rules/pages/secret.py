"""`secret`: a key, token or password on a page. A repository is copied to more places than anybody remembers."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.secret_shapes import secrets_in
from opsbook.ground.errors import Finding


@page_rule("secret", "error")
def check(page: Page, around: Around) -> Iterator[Finding]:
    for name, found in secrets_in(page.document.content):
        text = found.group().decode("utf-8", "replace")
        if any(fnmatchcase(text, glob) for glob in around.settings.secrets_allowed):
            continue
        yield page.finding(
            "secret",
            "error",
            found.span(),
            f"This looks like {name}." if found.lastindex else f"This looks like {name} ({text[:4]}…).",
            fix="Revoke it, remove it from the history, and say where it is kept. If it is none, allow it in "
            "opsbook.toml (lint.secret_allow).",
        )
