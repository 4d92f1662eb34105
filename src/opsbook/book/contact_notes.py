"""The contacts of a page with whom each names, so that they can be resolved without the page. Resolves nobody."""

from __future__ import annotations

from msgspec import Struct

from opsbook.book.page import Page
from opsbook.book.roster.values import Reference
from opsbook.book.roster.words import references
from opsbook.book.runbook import contacts
from opsbook.book.tables import Cell, plain_text


class ContactNote(Struct, frozen=True, gc=False):
    """A contact as written, in words, with its line and section; its bytes on the page are [start, end)."""

    role: str
    contact: str
    line: int
    anchor: str
    start: int
    end: int
    references: tuple[Reference, ...] = ()


def contact_notes(page: Page) -> tuple[ContactNote, ...]:
    """The contacts of a page, in order; the tables of a policy are a roster, and have none."""
    if page.kind == "policy":
        return ()
    return tuple(
        ContactNote(
            contact.role,
            plain_text(contact.contact).strip("<>"),
            page.document.line(contact.start),
            section.anchor if (section := page.section_at(contact.start)) else "",
            contact.value_start,
            contact.value_end,
            references(page.document, Cell(contact.contact, contact.value_start, contact.value_end)),
        )
        for contact in contacts(page)
    )
