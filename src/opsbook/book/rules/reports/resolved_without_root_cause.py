"""`resolved-without-root-cause`: an incident is closed and its cause is not written. It will come back unexplained."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.told import CAUSES, is_cause_told
from opsbook.ground.errors import Finding

_OVER = ("resolved", "closed", "fixed", "completed", "done")


@page_rule("resolved-without-root-cause", "error", "incident", "post-mortem")
def check(page: Page, around: Around) -> Iterator[Finding]:
    place = _resolved_place(page)
    if place is None:
        return
    if is_cause_told(page):
        return
    causes = [section for section in page.sections if section.slot in CAUSES]
    if causes:
        place = (causes[0].start, causes[0].body)
    yield page.finding(
        "resolved-without-root-cause",
        "error",
        place,
        f"The incident is resolved, and its root cause is not written{'' if causes else ': there is no such section'}.",
        fix="Write under `## Root Cause` what caused it, or set the status back to Mitigating until it is known.",
    )


def _resolved_place(page: Page) -> tuple[int, int] | None:
    """Where the page says that the incident is over, or None."""
    status = page.metadata.first("status", "incident status", "state")
    if status is not None and status.value.strip(" *_`").lower().startswith(_OVER):
        return status.start, status.end
    from opsbook.book.times import read_time  # only reports need it, and all lints start with this file

    resolved = page.metadata.first("resolved", "resolved at", "resolution time")
    if resolved is not None and read_time(resolved.value) is not None:
        return resolved.start, resolved.end
    return None
