"""`empty-section`: a heading with nothing under it. It promises an answer to whoever is woken, and has none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page, Section
from opsbook.ground.errors import Finding

# Patterns left to the cache of `re`: few sections need them, and all lints start with this file.
_STEP = r"(?i:step|phase|stage)\s+\d|\d+(?:\.\d+)*[.):]?\s"
_OPENS_NOTHING = (b"<", b"[", *(b"%d" % digit for digit in range(10)))
_NOTHING = rb"(?:\s|[-*_]|\d+[.)]|\[ \]|<!--(?:(?!-->)(?s:.))*-->)*"


@page_rule("empty-section", "warning")
def check(page: Page, around: Around) -> Iterator[Finding]:
    sections = page.sections
    for at, section in enumerate(sections):
        # What a section with deeper ones says is theirs: where they are all empty, it is they that lack it.
        if section.end == section.stop and _is_empty(page, section) and not _stands_alone(page, at):
            if page.kind == "template":
                return
            yield page.finding(
                "empty-section",
                "warning",
                (section.start, section.body),
                f"The section '{section.title}' has nothing in it.",
                fix="Write what belongs there, or delete the heading.",
            )


def _stands_alone(page: Page, at: int) -> bool:
    """Whether a heading needs no text: the page's title, a step, a signature in code, or one that only groups.

    People who use one level of heading for all write `# Steps` before `# 1. …`, and a title before its sections.
    """
    section = page.sections[at]
    if not section.title or (at == 0 and section.level == 1 and len(page.sections) > 1):
        return True
    if re.match(_STEP, section.title) and len(section.title.split()) > 2:
        return True
    if page.document.source(section.start, section.body).lstrip("# \t").startswith("`"):
        return True
    following = page.sections[at + 1] if at + 1 < len(page.sections) else None
    return following is not None and section.slot == "steps" and re.match(_STEP, following.title) is not None


def _is_empty(page: Page, section: Section) -> bool:
    """Whether a section's own text is space, comments, and marks of bullets, numbers and boxes."""
    text = page.document.content[section.body : section.end].lstrip(b"\r\n\t -*_")
    if not text:
        return True
    return text[:1] in _OPENS_NOTHING and re.fullmatch(_NOTHING, text) is not None
