"""Whether a section or a label says anything beyond its template. Asked by rules and by the lists of reports."""

from __future__ import annotations

from opsbook.book.page import Page, Section
from opsbook.book.slots import is_unfilled

CAUSES = frozenset({"root-cause", "cause"})


def is_told(page: Page, section: Section) -> bool:
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


def is_cause_told(page: Page) -> bool:
    """Whether a section or a bold label of the page says what caused what it reports."""
    return any(is_told(page, section) for section in page.sections if section.slot in CAUSES) or _is_labelled(page)


def _is_labelled(page: Page) -> bool:
    """Whether a bold label stands for the section, with a value or with blocks under its bullet."""
    meaning, document = page.reading.headings.slot, page.document
    for field in page.fields:
        if meaning(field.name) not in CAUSES:
            continue
        has_blocks = field.item >= 0 and document.stop(field.item) > field.block + 1
        if has_blocks or not is_unfilled(field.value(document)):
            return True
    return False
