"""The contacts of somebody put together: those of the book's page and their own, in order. Asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from opsbook.book.roster.values import Person as Listed
from opsbook.book.roster.values import plain_name
from opsbook.ledger.person import Person
from opsbook.usecases import contact_forms as forms
from opsbook.usecases.alerting_ports import Contact, ContactRule, Reachable


def key_of(listed: Listed) -> str:
    """By what somebody of the book is known in the ledger: their handle, else their name."""
    return plain_name(listed.handle or listed.name).replace("/", "-")


def joined(
    listed: Listed, person: Person, address_of: Callable[[str], str], mark: Callable[[str], str]
) -> Reachable:
    """Somebody with the contacts of the book first and their own behind. `address_of` gives the address of a private
    one ("" where it is forgotten), `mark` what tells addresses apart."""
    found = list(_of_book(listed))
    for own in person.contacts:
        address = address_of(own.id)
        if address:
            found.append(Contact(own.id, own.kind, address, own.masked, "private"))
    contacts = tuple(_as_known(contact, person, mark) for contact in found)
    own_rules = tuple(ContactRule(contact, after_s, urgency) for contact, after_s, urgency in person.rules)
    rules = own_rules or _rules_of_book(listed, contacts)
    known = {contact.id for contact in contacts}
    return Reachable(
        listed.name or listed.handle, key_of(listed), contacts,
        tuple(rule for rule in rules if rule.contact in known),
        person.time_zone or listed.time_zone or "UTC", person.quiet or listed.quiet,
    )  # fmt: skip


def _rules_of_book(listed: Listed, contacts: Sequence[Contact]) -> tuple[ContactRule, ...]:
    """What the page says of how they want to be reached; a kind means the first contact of it."""
    first: dict[str, str] = {}
    for contact in contacts:
        first.setdefault(contact.kind, contact.id)
    return tuple(ContactRule(first[rule.kind], rule.after_s) for rule in listed.rules if rule.kind in first)


def _of_book(listed: Listed) -> list[Contact]:
    found: list[Contact] = []
    counted: dict[str, int] = {}
    for column, text in listed.contacts:
        read = forms.from_page(column, text)
        if read is None:
            continue
        kind, address = read
        counted[kind] = counted.get(kind, 0) + 1
        name = kind if counted[kind] == 1 else f"{kind}-{counted[kind]}"
        found.append(Contact(name, kind, address, forms.masked(kind, address), "book"))
    return found


def _as_known(contact: Contact, person: Person, mark: Callable[[str], str]) -> Contact:
    """A contact with what the ledger knows of it; what was proven of another address counts for nothing."""
    proof = person.verified.get(contact.id)
    verified_at: datetime | None = None
    if proof is not None and proof.address_hash == mark(contact.address):
        verified_at = proof.at
    return Contact(
        contact.id, contact.kind, contact.address, contact.masked, contact.origin, verified_at,
        contact.id in person.failing, contact.id not in person.off,
    )  # fmt: skip
