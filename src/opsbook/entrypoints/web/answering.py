"""How every page of the web door is answered: a template with what all pages share. Knows no page of its own."""

from __future__ import annotations

from typing import Any, cast

from litestar import Request, Response
from litestar.response import Template
from litestar.response.base import ASGIResponse

from opsbook import __version__
from opsbook.entrypoints.gates.asked import asked
from opsbook.usecases.authority import ACTS, Actor, decide
from opsbook.usecases.desk import Desk
from opsbook.usecases.run_names import run_name

# The places of the navigation, in order: the words and the address.
PLACES = (
    ("Now", "/"),
    ("Alerts", "/alerts"),
    ("On call", "/oncall"),
    ("Book", "/book"),
    ("Procedures", "/procedures"),
    ("Runs", "/runs"),
    ("Monitoring", "/monitoring"),
    ("Incidents", "/incidents"),
    ("Coverage", "/coverage"),
)
# Further places that the palette leads to by their words.
MORE_PLACES = (
    ("Declare an incident", "/incidents/new"),
    ("Pages: who was woken", "/pages"),
    ("Page somebody", "/pages/new"),
    ("Silences", "/silences"),
    ("New silence", "/silences/new"),
    ("Senders and heartbeats", "/inlets"),
    ("Who is paged if", "/oncall#if"),
    ("How paging goes", "/paging"),
    ("Proposals to review", "/proposals"),
    ("Figures of incidents", "/incidents/figures"),
    ("Public status page", "/status"),
    ("Planned work", "/maintenance"),
    ("Action items", "/incidents/actions"),
    ("Reading paths", "/paths"),
    ("Drills", "/drills"),
)


class Filled(Template):
    """A template that is filled in already, in the thread of its route: filling it later would hold up the loop."""

    def __init__(self, request: Request[Any, Any, Any], name: str, context: dict[str, Any], status: int) -> None:
        super().__init__(name, status_code=status)
        engine = cast(Any, request.app.template_engine)
        self.body: bytes = engine.get_template(name).render(**context).encode()

    def to_asgi_response(self, app: Any, request: Any, **more: Any) -> ASGIResponse:
        """The page as it was filled in."""
        whole = Response(
            self.body, status_code=self.status_code, headers=self.headers, cookies=self.cookies,
            media_type="text/html",
        )  # fmt: skip
        return whole.to_asgi_response(app, request, **more)


def desk_of(request: Request[Any, Any, Any]) -> Desk:
    """The desk that this server serves."""
    return cast(Desk, request.app.state["desk"])


def service_in(request: Request[Any, Any, Any]) -> str:
    """The name of a service in the address, as somebody wrote it; slashes in it may stand as they are, or as %2F."""
    return str(request.path_params["service"]).replace("%2F", "/")


def actor_of(request: Request[Any, Any, Any]) -> Actor | None:
    """Who asks; None for nobody in particular."""
    return asked(request.scope).actor


def may(request: Request[Any, Any, Any], act: str) -> bool:
    """Whether who asks may do an act: for showing a button only; the guard decides anew when it is pressed."""
    who = asked(request.scope)
    return decide(who.actor, act, reads_are_open=who.reads_are_open).is_allowed


def why_not(request: Request[Any, Any, Any], act: str) -> str:
    """Why whoever asks may not do an act, in a few words."""
    if asked(request.scope).trouble:
        return "has to wait until the ledger answers"
    actor = actor_of(request)
    if actor is None:
        return "sign in first"
    least = ACTS.get(act, "admin")
    needed, own = (f"{'an' if role[0] in 'aeiou' else 'a'} {role}" for role in (least, actor.role))
    # An incident has roles of the same names: that somebody is its Operator says nothing of the account.
    return f"needs {needed}'s account, and yours is {own}'s: ask an admin"


def page(
    request: Request[Any, Any, Any], template: str, /, *, place: str = "", status: int = 200, **more: Any
) -> Template:
    """The page of a template; `place` is the entry of the navigation that it belongs to.

    Every template has `actor` (or None for nobody in particular), `csrf` for its forms, `may("act")` for buttons,
    `name_of(…)` for what a run, its plan or its form is called.
    """
    who = asked(request.scope)
    shared = {
        "version": __version__,
        "book_name": desk_of(request).name,
        "places": PLACES,
        "palette_places": (*PLACES, *MORE_PLACES),
        "place": place,
        "path": request.url.path,
        "actor": who.actor,
        "csrf": who.csrf,
        "may": lambda act: may(request, act),
        "name_of": lambda of: run_name(desk_of(request).library.snapshot(), of.path, of.service, of.title),
    }
    return Filled(request, template, {**shared, **more}, status)
