"""`duplicate-procedure`: two procedures of one name on a page. Which one a link means then hangs on their order."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import first_line, parts_of
from opsbook.ground.errors import Finding
from opsbook.ground.slugs import github_slug


@page_rule("duplicate-procedure", "warning")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    procedures = parts_of(page).procedures
    if len(procedures) < 2:
        return
    first: dict[str, int] = {}
    for procedure in procedures:
        slug = github_slug(procedure.title)
        if procedure.anchor != slug and not procedure.anchor.removeprefix(slug).strip("-_").isdecimal():
            continue  # it has an id of its own
        known = first.setdefault(slug, procedure.start)
        if known == procedure.start:
            continue
        yield page.finding(
            "duplicate-procedure",
            "warning",
            first_line(page, procedure.start, procedure.end),
            f"'{procedure.title}' is also the name of the procedure on line {page.document.line(known)}, so this one "
            f"is '#{procedure.anchor}' until their order changes.",
            fix="Give each a name of its own.",
        )
