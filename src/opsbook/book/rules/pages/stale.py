"""`stale`: a page whose review is overdue. A runbook that nobody looked at for a year lies at the worst moment."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.freshness import review_of
from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding

# A report tells what was, and a template has no date of its own: neither grows old.
_TIMELESS = frozenset({"incident", "post-mortem", "template"})


@page_rule("stale", "warning")
def check(page: Page, around: Around) -> Iterator[Finding]:
    review = review_of(page, around.settings.stale_days)
    if review is None or around.today <= review.due or page.kind in _TIMELESS:
        return
    yield page.finding(
        "stale",
        "warning",
        (review.start, review.end),
        f"The review was due on {review.due.isoformat()} ({review.why}).",
        fix="Read the page against the running system, mend it, and write today's date.",
    )
