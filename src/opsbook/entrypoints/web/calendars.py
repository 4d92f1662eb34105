"""Calendars at a secret address, for programs that cannot sign in: `/calendars/SECRET.ics`. Decides nothing."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException

from opsbook.book.roster.ics import MEDIA
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Usage
from opsbook.usecases.authority import PUBLIC
from opsbook.usecases.duty_calendar import duty_calendar


@get("/calendars/{name:str}", opt={"act": PUBLIC}, sync_to_thread=True)
def shared_calendar(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The calendar of an address; 404 for one that was never made, or was revoked."""
    desk = desk_of(request)
    secret = str(request.path_params["name"]).removesuffix(".ics")
    shared = desk.alert_desk.calendars.by_secret(secret)
    if shared is None:
        raise NotFoundException("There is no such calendar; its address may have been revoked.")
    try:
        found = duty_calendar(
            desk.library.snapshot(), shared.about, desk.now(), catch_all=desk.alert_desk.catch_all
        )
    except Usage as gone:
        raise NotFoundException(str(gone)) from gone
    return as_calendar(request, found)


def as_calendar(request: Request[Any, Any, Any], found: bytes) -> Response[bytes]:
    """A calendar as it is answered: nothing at all to whoever has it already."""
    etag = f'"{digest_of(found)}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(found, media_type=MEDIA, headers=headers)


ROUTES = (shared_calendar,)
