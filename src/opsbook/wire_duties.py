"""What whoever asks once is told of duty: the pages, the calendars that they name, who has proven their contacts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opsbook.config import Config
from opsbook.usecases.ports import BookSource
from opsbook.wire_ledger import build_ledger, has_ledger

if TYPE_CHECKING:
    from opsbook.usecases.alerting_ports import Addresses
    from opsbook.usecases.library import Book


@contextmanager
def people_reached(config: Config, book: Book) -> Iterator[Addresses]:
    """How people are reached: by the pages, and by what they told Opsbook alone where there is a ledger."""
    from opsbook.ground.errors import Usage
    from opsbook.usecases.page_plan import BookAddresses

    try:
        ledger = build_ledger(config, is_new_welcome=False)
    except Usage:
        yield BookAddresses(book)
        return
    try:
        from opsbook.alert_parts import build_contacts

        yield build_contacts(ledger, lambda: book)
    finally:
        ledger.close()


def build_duty_book(config: Config, *, with_services: bool = True) -> Book:
    """As much of the book as tells who is on call, with what the calendars say that it names: read now, where their
    copies are not fresh."""
    from msgspec.structs import replace

    from opsbook.adapters.book_disk.git_marks import GitFolder
    from opsbook.usecases.duty_book import duty_book
    from opsbook.usecases.imported_calendars import calendars_of
    from opsbook.wire import build_book
    from opsbook.wire_calendars import build_calendars

    commit = GitFolder(config.root).marks().commit
    book = duty_book(build_book(config), commit=commit, with_services=with_services)
    return replace(book, calendars=build_calendars(config).current(book)) if calendars_of(book) else book


def verified_people(config: Config, source: BookSource) -> dict[str, bool]:
    """By name, as it is compared, whether somebody on the book's pages has verified a contact; empty where there is no
    ledger, and none is made. Raises Refusal, Usage or Failure where it cannot be read now."""
    if not has_ledger(config):
        return {}
    ledger = build_ledger(config)
    try:
        if not ledger.streams("person/"):
            return {}
        from opsbook.alert_parts import build_contacts
        from opsbook.usecases.duty_book import duty_book

        book = duty_book(source, with_services=False)
        return build_contacts(ledger, lambda: book).verified()
    finally:
        ledger.close()
