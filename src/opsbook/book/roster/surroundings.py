"""What stands around a table: the sections above it and their labels. Reads no table."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.fields import Field
from opsbook.book.page import Page, Section
from opsbook.book.tables import Cell, plain_text


def chain(page: Page, section: Section | None) -> Iterator[Section]:
    """A section and those around it, from the inside out."""
    while section is not None:
        yield section
        inner = section
        around = [s for s in page.sections if s.start < inner.start and s.stop >= inner.stop and s.level < inner.level]
        section = around[-1] if around else None


def label_cell(page: Page, section: Section | None, keys: tuple[str, ...]) -> Cell | None:
    """The value of the first label of these names in a section's own text, with its place."""
    if section is None:
        return None
    for field in page.fields_within(section.body, section.end):
        if field.key in keys:
            return field_cell(page, field)
    return None


def field_cell(page: Page, field: Field) -> Cell:
    """A label's value as if it stood in a table."""
    raw = page.document.content[field.value_start : field.value_end]
    start = field.value_start + len(raw) - len(raw.lstrip())
    end = max(start, field.value_start + len(raw.rstrip()))
    return Cell(plain_text(page.document.source(start, end)), start, end)


def inherited_cell(page: Page, section: Section | None, keys: tuple[str, ...]) -> Cell | None:
    """As `label_cell`, and else of the sections around."""
    found = (label_cell(page, each, keys) for each in chain(page, section))
    return next((cell for cell in found if cell is not None), None)
