"""What a run is called where many are listed: of which service or page it is, and its procedure. Asks no ledger."""

from __future__ import annotations

from opsbook.usecases.library import Book


def run_name(book: Book, path: str, service: str | None, title: str) -> str:
    """`Web · Production`: many runbooks have a procedure of the same name. A page that is gone is told by its file."""
    page = book.facts.get(path)
    whose = service or (page.title if page else "") or path.rpartition("/")[2].rpartition(".")[0]
    return title if not whose or whose.casefold() == title.casefold() else f"{whose} · {title}"
