"""The verb unreachable: what keeps people from being woken, and is known before anybody is to be. Asks no receiver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.reach import Directory
from opsbook.book.roster.words import reference_of
from opsbook.usecases.alerting_ports import Addresses
from opsbook.usecases.contact_forms import from_page
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.ways import Ways


def unreachable(book: Book, addresses: Addresses, ways: Ways, catch_all: Sequence[str]) -> tuple[str, ...]:
    """What is missing, each in a sentence; nothing of a book that knows neither people nor escalations: it pages nobody
    yet."""
    directory = directory_of(book)
    if not directory.people and not directory.escalations:
        return ()
    return (*_mail(directory, ways), *_catch_all(directory, addresses, catch_all))


def _mail(directory: Directory, ways: Ways) -> Iterator[str]:
    people = {person.name or person.handle: person.contacts for _, person in directory.people.values()}
    mailed = [name for name, contacts in people.items() if any(_is_mail(*each) for each in contacts)]
    if mailed and ways.why_not("email"):
        who = f"{len(mailed)} people of the book have e-mail addresses" if len(mailed) > 1 else (
            f"{mailed[0]} has an e-mail address"
        )  # fmt: skip
        yield f"No e-mail is sent: {who}, and opsbook.toml has no 'notify.smtp', the mail server."


def _is_mail(column: str, text: str) -> bool:
    read = from_page(column, text)
    return read is not None and read[0] == "email"


def _catch_all(directory: Directory, addresses: Addresses, catch_all: Sequence[str]) -> Iterator[str]:
    escalations = [each for _, each in directory.escalations.values()]
    if not catch_all and not (escalations and all(each.catch_all for each in escalations)):
        yield (
            "'paging.catch_all' of opsbook.toml is empty: what no escalation pages anybody for, or everybody was asked"
            " in vain, wakes nobody."
        )
    for name in catch_all:
        if not directory.is_known(reference_of(name)) and not addresses.reachable(name).contacts:
            meant = f"'paging.catch_all' of opsbook.toml names '{name}'"
            yield f"{meant}, which is nobody that the book knows or that told Opsbook how to be reached."
