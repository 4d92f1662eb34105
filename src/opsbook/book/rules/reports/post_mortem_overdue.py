"""`post-mortem-overdue`: a post-mortem that is still a draft after its day. What happened is forgotten week by week."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.durations import read_date
from opsbook.ground.errors import Finding

_UNDER_WAY = re.compile(r"(?:draft|in review|review|in progress|open|wip|due)\b", re.I)


@page_rule("post-mortem-overdue", "warning", "post-mortem")
def check(page: Page, around: Around) -> Iterator[Finding]:
    status = page.metadata.first("status", "state")
    due = page.metadata.first("due", "due date", "due by")
    if status is None or due is None or _UNDER_WAY.match(status.value.strip(" `*_")) is None:
        return
    day = read_date(due.value.strip(" `*_"))
    if day is not None and day < around.today:
        yield page.finding(
            "post-mortem-overdue", "warning", (due.start, due.end),
            f"The post-mortem was due on {day} and is '{status.value.strip(' `*_')}'.",
            fix="Review it and set its Status to Reviewed, or agree on another day.",
        )  # fmt: skip
