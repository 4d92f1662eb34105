"""The public status page: what everybody may see, signed in or not. Shows nothing that is not in a `PublicStatus`.

It shares no layout, no style and no error page with the pages inside, and sets no cookie. Its JSON may be read by pages
of other sites.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from msgspec.structs import replace

from opsbook.config import Config
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Failure
from opsbook.status_parts import links_of
from opsbook.usecases.authority import PUBLIC
from opsbook.usecases.public_site import media_type
from opsbook.usecases.public_site.html import missing_page
from opsbook.usecases.public_site.statuspage import FILES
from opsbook.usecases.public_site.words import Links
from opsbook.usecases.public_status import PublicStatus

Asks = Request[Any, Any, Any]
OPEN = {"act": PUBLIC}
SUBSCRIBE = "/status/subscribe"
KEPT_S = 15  # how long others may keep an answer, in seconds
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
_FOR_OTHERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
UNKNOWN = b"How all is cannot be told now. Try again in a minute.\n"


@get("/status", opt=OPEN, sync_to_thread=True)
def status_home(request: Asks) -> Response[bytes]:
    """The first page."""
    return _answer(request, "index.html")


@get("/status/history", opt=OPEN, sync_to_thread=True)
def status_history(request: Asks) -> Response[bytes]:
    """What was within the last 90 days."""
    return _answer(request, "history.html")


@get("/status/incidents/{public_id:str}", opt=OPEN, sync_to_thread=True)
def status_incident(request: Asks) -> Response[bytes]:
    """One incident, by the id that everybody may know."""
    return _answer(request, f"incidents/{request.path_params['public_id']}.html")


@get(
    ["/status/feed.atom", "/status/feed.rss", "/status/badge.svg", "/status/icon.svg", "/status/style.css",
     "/status/status.js", *(f"/status/{name}" for name in FILES)],
    opt=OPEN, sync_to_thread=True,
)  # fmt: skip
def status_file(request: Asks) -> Response[bytes]:
    """A feed, the badge, the style, or JSON in the shape of Statuspage's."""
    return _answer(request, request.url.path.removeprefix("/status/"))


def _answer(request: Asks, name: str) -> Response[bytes]:
    try:
        public, links = desk_of(request).public, public_links(request)
        content = public.file(name, links)
        if content is None:
            return _missing(public.status(), links)
    except Failure:  # why is nobody's business here; the pages inside say it
        return _with_headers(name, Response(UNKNOWN, status_code=503, media_type="text/plain"), kept=False)
    return _with_headers(name, Response(content, media_type=media_type(name)), kept=True)


def _missing(status: PublicStatus, links: Links) -> Response[bytes]:
    made = Response(missing_page(status, links), status_code=404, media_type=media_type("index.html"))
    return _with_headers("index.html", made, kept=False)


def _with_headers(name: str, response: Response[bytes], *, kept: bool) -> Response[bytes]:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = f"public, max-age={KEPT_S}" if kept else "no-store"
    if not name.endswith(".html"):
        for header, value in _FOR_OTHERS.items():
            response.headers[header] = value
    return response


def public_answer(content: bytes, *, status: int) -> Response[bytes]:
    """A page of ours beside these, with all that a public page carries; nobody keeps it."""
    made = _with_headers("index.html", Response(content, status_code=status, media_type="text/html"), kept=False)
    made.headers["Referrer-Policy"] = "same-origin"  # with none a browser sends forms as if from nowhere: Origin: null
    return made


def public_links(request: Asks) -> Links:
    """How the public pages name one another."""
    config: Config = request.app.state["config"]
    base = "" if config.status_url or config.public_url else f"{request.base_url}".rstrip("/") + "/status"
    has_form = any(route.path == SUBSCRIBE for route in request.app.routes)
    return replace(links_of(config, base, is_static=False), subscribe=SUBSCRIBE if has_form else "")


ROUTES = (status_home, status_history, status_incident, status_file)
