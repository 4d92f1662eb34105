"""What the book says how to do: every procedure, and what is missing of each service. Decides nothing."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.response import Template

from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.practice import practice_of
from opsbook.entrypoints.web.turning import turned
from opsbook.usecases.procedures import procedures

PAGES = 60


@get("/procedures", opt={"act": "read", "kept": "book"}, sync_to_thread=True)
def procedures_page(request: Request[Any, Any, Any]) -> Template:
    """Every procedure of the book, by service and by page."""
    desk = desk_of(request)
    book = desk.library.snapshot()
    found = procedures(book)
    slugs = {path: slug for slug, path in book.services.items()}
    part, turn = turned(request, [*found.services, *found.shared], PAGES)
    return page(
        request, "procedures.html", place="Procedures", pages=part, turn=turn, slugs=slugs,
        runs_at={each.path: practice_of(desk, each.path, [p.anchor for p in each.procedures]) for each in part},
        why_no_run="" if may(request, "run") else why_not(request, "run"), now=desk.now(),
        lacking=[each for each in found.services if each.lacks], is_whole=book.is_whole,
    )  # fmt: skip


ROUTES = (procedures_page,)
