"""`link-escapes-repository`: a relative link that climbs above the root. It works on one machine and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.links import targets
from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("link-escapes-repository", "error")
def check(page: Page, around: Around) -> Iterator[Finding]:
    for link, target in targets(page, around):
        if target.verdict == "escapes-repository":
            yield page.finding(
                "link-escapes-repository",
                "error",
                (link.start, link.end),
                f"The link '{link.href}' leads out of the repository.",
                fix="Link to a file of this repository, or write the full web address.",
                target=link.href,
            )
