"""The graphs of a service and the states of alerts, as a monitoring server tells them: parts of pages that are asked
for once a page is there, and a page of their own for whoever has no scripts. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get
from litestar.response import Redirect, Template
from msgspec import Struct

from opsbook.entrypoints.shown.graph import DASHES, Picture, picture
from opsbook.entrypoints.web.answering import desk_of, page, service_in
from opsbook.entrypoints.web.graph_insets import ON_PAGE, last_hour, span_in, state_id, watched_of
from opsbook.entrypoints.web.service_pages import no_service
from opsbook.usecases.graphs import SPANS, AlertState, Looked, States
from opsbook.usecases.monitoring import monitoring
from opsbook.usecases.service_names import named_service

READ = {"act": "read"}
Asks = Request[Any, Any, Any]
TONES = {"firing": "bad", "pending": "warn", "inactive": ""}


class StateShown(Struct, frozen=True):
    """An alert with the word for its state; `id` is that of the place beside its name, as `state_id` makes it."""

    name: str
    id: str
    words: str
    tone: str


@get("/services/{service:str}/graphs", opt=READ, sync_to_thread=True)
def graphs_page(request: Asks) -> Response[Any]:
    """The graphs of a service: a part of its page, or a page of their own."""
    desk, written = desk_of(request), service_in(request)
    book = desk.library.snapshot()
    name = named_service(book, written)
    if name is None:
        return no_service(request, book, written)
    if name != written:
        return Redirect(f"/services/{quote(name, safe='')}/graphs")
    found, span = watched_of(desk, name), span_in(request)
    is_part = "hx-request" in request.headers
    asked = found.graphs[:ON_PAGE] if is_part else found.graphs
    looked = desk.graphs.look(asked, span)
    shown = page(
        request, "graphs_part.html" if is_part else "graphs.html", place="Monitoring", service=name,
        title=book.facts[book.services[name]].title, looked=looked, span=span, spans=SPANS, is_part=is_part,
        pictures=pictures(looked), more=len(found.graphs) - len(asked) + found.more, now=desk.now(), found=found,
        is_configured=desk.graphs.is_configured, dashes=DASHES, tones=TONES,
        states=() if is_part else states_shown(desk.graphs.states(), found.alerts),
        links=() if is_part else last_hour(desk, name),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


@get("/services/{service:str}/alert-states", opt=READ, sync_to_thread=True)
def service_states(request: Asks) -> Response[Any]:
    """The states of the alerts of a service: a line, and a word beside each alert that the page names."""
    desk, written = desk_of(request), service_in(request)
    book = desk.library.snapshot()
    name = named_service(book, written)
    if name is None:
        return no_service(request, book, written)
    return _states(request, watched_of(desk, name).alerts, service=name)


@get("/fragments/alert-states", opt=READ, sync_to_thread=True)
def all_states(request: Asks) -> Template:
    """The states of all alerts that the book tells of, beside their names."""
    book = desk_of(request).library.snapshot()
    return _states(request, [told.alert.name for told in monitoring(book).alerts], service="")


def _states(request: Asks, alerts: Iterable[str], *, service: str) -> Template:
    desk = desk_of(request)
    states = desk.graphs.states()
    shown = page(
        request, "alert_states.html", states=states_shown(states, alerts), away=states.away, service=service,
        tried_at=states.tried_at, now=desk.now(),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def states_shown(states: States, alerts: Iterable[str]) -> list[StateShown]:
    """The states of alerts in words; alerts that the server does not know are left out."""
    found = []
    for alert in dict.fromkeys(alerts):
        state = states.of(alert)
        if state is not None:
            found.append(StateShown(alert, state_id(alert), _words(state), TONES[state.state]))
    return found


def _words(state: AlertState) -> str:
    return f"{state.count} {state.state}" if state.count > 1 else state.state


def pictures(looked: Looked) -> list[Picture]:
    """The graphs as pictures: those whose alerts fire first, then those that are pending, else in their order."""
    drawn = [picture(each, looked, id_=f"ob-graph-{number}") for number, each in enumerate(looked.graphs)]
    order: Mapping[str, int] = {"firing": 0, "pending": 1}
    return sorted(drawn, key=lambda each: order.get(each.state, 2))


ROUTES = (graphs_page, service_states, all_states)
