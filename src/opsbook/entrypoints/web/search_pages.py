"""The search page, and the hits alone as the palette shows them. Translates; the index finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from litestar import Request, get
from litestar.response import Template

from opsbook.book.search import Hit, SearchAnswer
from opsbook.entrypoints.web.answering import desk_of, page

LONGEST = 4_000  # characters; a pasted error is long, a pasted file is no question
FEWEST, USUAL, MOST = 1, 20, 100
MOST_WORDS = 6  # of those that stand nowhere; a pasted log has many


@get("/search", opt={"act": "read"}, sync_to_thread=True)
def search_page(request: Request[Any, Any, Any]) -> Template:
    """What answers the words in `q`: a page, or the hits alone where a script asks for them."""
    query = request.query_params.get("q", "").strip()[:LONGEST]
    desk = desk_of(request)
    answer = desk.index.search(query, _limit(request)) if query else SearchAnswer((), "none")
    is_part = request.headers.get("hx-request") == "true"
    return page(
        request, "search_hits.html" if is_part else "search.html", query=query, answer=answer, pieces=pieces,
        address=address, unknown=answer.unknown[:MOST_WORDS], services=sorted(desk.library.snapshot().services),
    )  # fmt: skip


def _limit(request: Request[Any, Any, Any]) -> int:
    with suppress(ValueError):
        return min(max(int(request.query_params.get("limit", USUAL)), FEWEST), MOST)
    return USUAL


def address(hit: Hit) -> str:
    """Where a hit leads: the section on its page."""
    return f"/book/{quote(hit.path)}" + (f"#{quote(hit.anchor)}" if hit.anchor else "")


def pieces(hit: Hit) -> Iterator[tuple[str, bool]]:
    """The snippet in pieces, each with whether it is what was looked for."""
    at = 0
    for start, end in hit.marks:
        yield hit.snippet[at:start], False
        yield hit.snippet[start:end], True
        at = end
    yield hit.snippet[at:], False


ROUTES = (search_page,)
