"""`unknown-field`: a misspelt label, such as **Timout:**. What it asks for would silently not be done."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.labels import misspelt
from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.ground.errors import Edit, Finding


@page_rule("unknown-field", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for _, step, found in parts_of(page).fields:
        if found.is_known:
            continue
        meant = misspelt(found.field.key, is_near=step is None)
        if meant is None:
            continue
        field = found.field
        at = page.document.content.find(found.label.encode(), field.start, field.end)
        edits = [Edit(at, at + len(found.label.encode()), meant)] if at >= 0 else []
        yield page.finding(
            "unknown-field",
            "error",
            (field.start, field.end),
            f"There is no field **{found.label}:**.",
            fix=f"Did you mean **{meant}:**?",
            edits=edits,
        )
