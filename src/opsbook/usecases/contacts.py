"""The verb contacts: whom the contacts of a page mean at an instant, and how to reach them. Contacts nobody."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.book.contact_notes import ContactNote
from opsbook.book.reach import Directory, Meant
from opsbook.ground.errors import Usage
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of, meant_model


class ResolvedContact(Struct, frozen=True):
    """A contact of a page with whom it means now; `meant` is empty where it is an address or words alone."""

    path: str
    note: ContactNote
    meant: tuple[Meant, ...]

    @property
    def is_resolved(self) -> bool:
        """Whether somebody or some place is reached by it, as far as the book tells."""
        return any(each.people or each.meaning in ("channel", "address") for each in self.meant)


_ADDRESS = re.compile(
    r"(?:mailto:)?([^\s@<>|,;]+@[^\s@<>|,;]+\.[A-Za-z]{2,})|((?:https?|tel|sms):[^\s<>|,;]+)|(\+[\d ()/.-]{6,}\d)"
)


def contacts(book: Book, path: str, at: datetime, directory: Directory | None = None) -> tuple[ResolvedContact, ...]:
    """The contacts of a page, in order. Raises Usage for a page that is not there. `directory` spares making one."""
    facts = book.facts.get(path)
    if facts is None:
        raise Usage(f"There is no page '{path}' in the book.")
    if not facts.contacts:
        return ()
    directory = directory or directory_of(book)
    return tuple(ResolvedContact(path, note, _meant(directory, note, at)) for note in facts.contacts)


def _meant(directory: Directory, note: ContactNote, at: datetime) -> tuple[Meant, ...]:
    """What each name of a contact means. Beside a name that is known, and in prose, other words mean nobody; a handle
    that no page knows is a mistake everywhere."""
    found = [(each, directory.meant(each, at)) for each in note.references if each.form != "slot"]
    known = [meant for _, meant in found if meant.meaning not in ("text", "unknown")]
    if known:
        return tuple(known)
    is_prose = any(reference.form == "text" for reference, _ in found)
    unknown = [(reference, meant) for reference, meant in found if meant.meaning == "unknown"]
    return tuple(meant for reference, meant in unknown if reference.form == "handle" or not is_prose)


def addresses_in(text: str) -> list[str]:
    """The addresses in a contact's words as links have them: `mailto:…`, `tel:…`, or a web address."""
    found = []
    for mail, url, phone in _ADDRESS.findall(text):
        found.append(f"mailto:{mail}" if mail else url or "tel:" + re.sub(r"[^\d+]", "", phone))
    return found


def contacts_model(found: tuple[ResolvedContact, ...]) -> dict[str, Any]:
    """The contacts as plain values; `start` and `end` are the contact's bytes on the page."""
    return {
        "contacts": [
            {"role": each.note.role, "contact": each.note.contact, "path": each.path, "line": each.note.line,
             "anchor": each.note.anchor, "start": each.note.start, "end": each.note.end,
             "resolved": each.is_resolved, "means": [meant_model(meant) for meant in each.meant],
             "addresses": addresses_in(each.note.contact)}
            for each in found
        ]
    }  # fmt: skip
