"""The first page: what can be done with this book. Knows no service yet."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.response import Template

from opsbook.entrypoints.verbs import VERBS
from opsbook.entrypoints.web.answering import page


@get("/", opt={"act": "read", "kept": "book"}, sync_to_thread=True)
def now_page(request: Request[Any, Any, Any]) -> Template:
    """The page at the root."""
    verbs = [verb for section in VERBS.values() for verb in section.items()]
    return page(request, "now.html", place="Now", book=request.app.state["config"].book, verbs=verbs)


ROUTES = (now_page,)
