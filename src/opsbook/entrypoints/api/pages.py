"""Pages and notifications by the API: who was woken, by what, and what became of it. Each operation is one verb."""

from __future__ import annotations

from typing import Any

from litestar.exceptions import NotFoundException

from opsbook.entrypoints.api import page_models as models
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage
from opsbook.ledger.page import Page
from opsbook.usecases.page_shown import notification_model, page_brief, page_model
from opsbook.usecases.pages import Pages


def pages_of(request: Asks) -> Pages:
    """The pages of this server."""
    return desk_of(request).alert_desk.pages


def named(request: Asks) -> Page:
    """The page that the address names; raises 404 where there is none."""
    try:
        return pages_of(request).find(str(request.path_params["paged"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


@operation("GET", "/notifications", models.NotificationList, query=models.NotificationsQuery, group="pages",
           also=(404,))  # fmt: skip
def notifications(request: Asks, query: models.NotificationsQuery) -> dict[str, Any]:
    """Messages that somebody is to get, or got, each with its attempts, the last owed first"""
    try:
        found = pages_of(request).notifications(person=query.person, page=query.page, limit=query.limit)
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong
    return {"notifications": [notification_model(each) for each in found]}


@operation("GET", "/paging/pages", models.PageList, query=models.PagesQuery, group="pages")
def page_list(request: Asks, query: models.PagesQuery) -> dict[str, Any]:
    """Pages, the last begun first"""
    found = pages_of(request).select(is_open=query.open, group=query.group, limit=query.limit)
    return {"pages": [page_brief(page) for page in found]}


@operation("POST", "/paging/pages", models.PageModel, act="respond", body=models.SendBody, status=201, also=(409,),
           group="pages")  # fmt: skip
def send(request: Asks, body: models.SendBody) -> dict[str, Any]:
    """Wakes somebody by hand"""
    by = signed_in(request).name
    found = pages_of(request).wake(
        ", ".join(body.to), body.subject, by, severity=body.severity, service=body.service
    )  # fmt: skip
    return page_model(found)


@operation("GET", "/paging/pages/{paged}", models.PageModel, group="pages")
def show(request: Asks) -> dict[str, Any]:
    """A page with its levels, and every message with its attempts"""
    return page_model(named(request))


@operation("POST", "/paging/pages/{paged}/ack", models.PageModel, act="respond", body=models.AckBody, also=(409,),
           group="pages")  # fmt: skip
def ack(request: Asks, body: models.AckBody) -> dict[str, Any]:
    """Takes care of a page: nobody else is woken for it"""
    by = signed_in(request).name
    return page_model(pages_of(request).acknowledge(named(request).id, by, via="api", why=body.why, for_s=body.for_s))


@operation("POST", "/paging/pages/{paged}/escalate", models.PageModel, act="respond", body=models.PassOnBody,
           also=(409,), group="pages")  # fmt: skip
def escalate(request: Asks, body: models.PassOnBody) -> dict[str, Any]:
    """Passes a page on: it is the next level's turn at once"""
    by = signed_in(request).name
    return page_model(pages_of(request).escalate(named(request).id, by, via="api", why=body.why))


@operation("POST", "/paging/pages/{paged}/resolve", models.PageModel, act="respond", body=models.PassOnBody,
           also=(409,), group="pages")  # fmt: skip
def resolve(request: Asks, body: models.PassOnBody) -> dict[str, Any]:
    """Says that a page is over, and all alerts of it"""
    return page_model(pages_of(request).resolve(named(request).id, signed_in(request).name, body.why))


@operation("POST", "/paging/pages/{paged}/cancel", models.PageModel, act="respond", body=models.CancelBody, also=(409,),
           group="pages")  # fmt: skip
def cancel(request: Asks, body: models.CancelBody) -> dict[str, Any]:
    """Wakes nobody any more for a page"""
    return page_model(pages_of(request).cancel(named(request).id, signed_in(request).name, body.why))


ROUTES = (notifications, page_list, send, show, ack, escalate, resolve, cancel)
