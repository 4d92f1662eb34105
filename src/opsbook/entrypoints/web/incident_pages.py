"""Incidents as the book keeps them, and the policy by which they are answered. Decides nothing."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template

from opsbook.book.rendering import book_address
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.turning import turned
from opsbook.usecases.incidents import find_report, incidents

RECORDS = 100
READ = {"act": "read", "kept": "book"}


@get("/incidents", opt=READ, sync_to_thread=True)
def incidents_page(request: Request[Any, Any, Any]) -> Template:
    """Every report of the book, open ones first, and the policy."""
    desk = desk_of(request)
    book = desk.library.snapshot()
    found = incidents(book, desk.now().date())
    # A post-mortem stands in the row of its incident.
    rows = [record for record in found.records if record.report.kind == "incident" or not record.partner]
    part, turn = turned(request, rows, RECORDS)
    return page(
        request, "incidents.html", place="Incidents", found=found, records=part, turn=turn, todo=found.todo,
        open_count=sum(1 for record in rows if record.report.state == "open"), is_whole=book.is_whole,
    )  # fmt: skip


@get("/incidents/{name:str}", opt={"act": "read"}, sync_to_thread=True)
def incident_page(request: Request[Any, Any, Any]) -> Redirect:
    """To the page of a report, by the name of its file."""
    name = request.path_params["name"]
    book = desk_of(request).library.snapshot()
    path, guess = find_report(book, name)
    if path is None:
        meant = f" Did you mean '{guess}'?" if guess else ""
        raise NotFoundException(f"The book has no incident '{name}'.{meant}")
    return Redirect(book_address(path), status_code=302)


ROUTES = (incidents_page, incident_page)
