"""`resolved-without-root-cause`: an incident is closed and its cause is not written. It will come back unexplained."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page, Section
from opsbook.book.slots import is_unfilled
from opsbook.ground.errors import Finding

_OVER = ("resolved", "closed", "fixed", "completed", "done")
_CAUSES = frozenset({"root-cause", "cause"})


@page_rule("resolved-without-root-cause", "error", "incident", "post-mortem")
def check(page: Page, around: Around) -> Iterator[Finding]:
    place = _resolved_place(page)
    if place is None:
        return
    causes = [section for section in page.sections if section.slot in _CAUSES]
    if any(_is_told(page, section) for section in causes) or _is_labelled(page):
        return
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


def _is_told(page: Page, section: Section) -> bool:
    """Whether any line of the section, headings and comments aside, says something."""
    document = page.document
    for index in range(*page.blocks(section.body, section.stop)):
        block = document.blocks[index]
        if block.kind in ("paragraph", "code", "cell"):
            lines = document.source(block.start, block.end).splitlines()
            if any(not is_unfilled(line.strip(" >-*\t")) for line in lines):
                return True
        elif block.kind == "html" and not document.source(block.start, block.end).lstrip().startswith("<!--"):
            return True
    return False


def _is_labelled(page: Page) -> bool:
    """Whether a bold label stands for the section, with a value or with blocks under its bullet."""
    meaning, document = page.reading.headings.slot, page.document
    for field in page.fields:
        if meaning(field.name) not in _CAUSES:
            continue
        has_blocks = field.item >= 0 and document.stop(field.item) > field.block + 1
        if has_blocks or not is_unfilled(field.value(document)):
            return True
    return False
