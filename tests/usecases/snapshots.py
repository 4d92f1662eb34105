"""A snapshot of a book in memory, with the facts of every page, as a library would have it."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.book.whole_reading import TODAY, Shelf

from opsbook.book.lint import LintSettings
from opsbook.usecases.following import State, make_book
from opsbook.usecases.library import Book
from opsbook.usecases.lint import Scope
from opsbook.usecases.page_facts import Deriving

AT = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)


def snapshot(pages: dict[str, str | bytes]) -> Book:
    """The whole snapshot of these pages."""
    shelf = Shelf({path: text.encode() if isinstance(text, str) else text for path, text in pages.items()})
    scope = Scope(TODAY, LintSettings())
    files = shelf.pages()
    deriving = Deriving(shelf, files, scope)
    known = {file.path: deriving.derive(file, shelf.read(file.path)) for file in files}
    return make_book(1, State(tuple(files), "c0ffee", shelf, lambda _: scope, ""), known, deriving)
