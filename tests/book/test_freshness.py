"""When a page must be read again is told by every form that pages use; without a date it never grows stale."""

from __future__ import annotations

from datetime import date

import pytest
from tests.book.whole_reading import page_of

from opsbook.book.freshness import review_of

DAYS = 180


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("**Last Updated:** 2026-01-01", "2026-06-30"),
        ("---\nlast_reviewed_on: 2026-01-01\nreview_in: 3 months\n---\n", "2026-04-01"),
        ("---\nlast_reviewed_on: 2026-01-31\nreview_in: 1 month\n---\n", "2026-02-28"),
        ("---\nlast_verified: 2026-01-01\nreview_cycle: quarterly\n---\n", "2026-04-01"),
        ("**Last Reviewed:** 1 January 2026  \n**Review Cycle:** annually", "2027-01-01"),
        ("**Last Verified:** 2026-01-01\n**Review every:** 30 days", "2026-01-31"),
        ("**Last Updated:** 2026-01-01\n**Review cycle:** when we like", "2026-06-30"),
        ("**Next Review:** 2026-05-01", "2026-05-01"),
        ("**Last Updated:** 2026-01-01\n**Review by:** 2026-02-01", "2026-02-01"),
        ("**Next Review:** TBD\n**Last Updated:** 2026-01-01", "2026-06-30"),
        ("| Field | Value |\n|-|-|\n| Last Updated | 2026-01-01 |", "2026-06-30"),
        ("Last updated: 2026-01-01", "2026-06-30"),
        ("**Last Updated:** [Date]\n**Last Tested:** 2026-01-01", "2026-06-30"),
        ("---\nlastmod: 2026-01-01T09:30:00Z\n---\n", "2026-06-30"),
        ("**Date:** 2026-01-01", None),
        ("**Last Updated:** [Date]", None),
        ("**Review cycle:** quarterly", None),
        ("**Last Updated:** 9999-12-31", None),
        ("", None),
    ],
)
def test_the_day_after_which_a_page_is_stale(text, due):
    review = review_of(page_of(text), DAYS)
    assert (review.due.isoformat() if review else None) == due


def test_a_review_tells_why_and_where():
    text = "---\nlast_reviewed_on: 2026-01-01\nreview_in: 3 months\n---\n"
    review = review_of(page_of(text), DAYS)
    assert review is not None
    assert review.why == "last reviewed on 2026-01-01, review in 3 months"
    assert text[review.start : review.end] == "last_reviewed_on: 2026-01-01"


def test_without_a_cycle_the_days_are_the_teams():
    review = review_of(page_of("**Last Updated:** 2026-01-01"), 30)
    assert review is not None and review.due == date(2026, 1, 31)
    assert review.why == "last updated 2026-01-01, and no review cycle: 30 days"
