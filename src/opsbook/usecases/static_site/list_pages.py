"""The pages of lists of an exported site: services, procedures, monitoring, incidents and coverage, by the book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsbook.usecases.library import Book
from opsbook.usecases.lint import Scope
from opsbook.usecases.static_site.book_pages import PageMaker

if TYPE_CHECKING:
    from opsbook.usecases.static_site import Site


def list_pages(book: Book, maker: PageMaker, site: Site, *, scope: Scope) -> list[tuple[str, bytes]]:
    """The files of all lists: names and contents."""
    return []
