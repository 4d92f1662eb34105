"""`invalid-expression`: an expression of PromQL that Prometheus would refuse. Its alert never fires.

Only what is written as code below a label or column for expressions, on a page about monitoring, is taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding

_MAY = re.compile(rb"(?i)\bexpr|\bpromql|\bquery")


@page_rule("invalid-expression", "warning", "metrics", "alerts", "dashboards", "page", "procedure")
def check(page: Page, around: Around) -> Iterator[Finding]:
    if not _MAY.search(page.document.content):
        return
    from opsbook.book.watched import faulty_expressions  # inside: few pages hold expressions

    for start, end, why in faulty_expressions(page, around):
        message = f"Prometheus would refuse this expression: {why}."
        yield page.finding("invalid-expression", "warning", (start, end), message)
