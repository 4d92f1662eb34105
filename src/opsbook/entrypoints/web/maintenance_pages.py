"""Planned work that customers are told of, for those who plan it: what is announced, and the form. Silences nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from litestar import Request, Response, get, post

from opsbook.book.roster.calendar import zone_of
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.entrypoints.web.silence_pages import stretch
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ledger.silence import Silence

Asks = Request[Any, Any, Any]
_LOCAL = "%Y-%m-%dT%H:%M"
_BLANK = {"id": "", "title": "", "body": "", "starts": "", "ends": "", "for": "", "zone": "UTC", "silence": ""}


@get("/maintenance", opt={"act": "read"}, sync_to_thread=True)
def maintenance_page(request: Asks) -> Response[Any]:
    """What is announced, and a form that is filled in from the planned work or the silence that the address names."""
    asked, desk = request.query_params, desk_of(request)
    given: dict[str, Any] = {}
    if asked.get("from"):
        found = desk.maintenances.find(asked["from"])
        given = {
            "id": found.id, "title": found.title, "body": found.body, "components": found.components,
            "starts": found.starts_at.strftime(_LOCAL), "ends": found.ends_at.strftime(_LOCAL),
            "silence": found.silence,
        }  # fmt: skip
    elif asked.get("silence"):
        given = _of_silence(desk.alert_desk.silences.find(asked["silence"]))
    return _shown(request, given)


def _of_silence(silence: Silence) -> dict[str, Any]:
    """The times of a silence. Its reason is for people inside, so customers' words are written anew."""
    zone = zone_of(silence.time_zone) or UTC
    return {
        "starts": silence.starts_at.astimezone(zone).strftime(_LOCAL), "zone": silence.time_zone,
        "ends": silence.ends_at.astimezone(zone).strftime(_LOCAL), "silence": silence.id,
    }  # fmt: skip


def _shown(request: Asks, given: Mapping[str, Any], *, status: int = 200, wrong: str = "") -> Response[Any]:
    desk = desk_of(request)
    shown = page(
        request, "maintenance.html", place="Incidents", status=status, wrong=wrong, now=desk.now(),
        given={**_BLANK, "components": (), **given}, known=desk.maintenances.components(),
        planned=desk.maintenances.all(), over=desk.maintenances.all(("completed", "cancelled"))[-20:],
        why_not="" if may(request, "respond") else why_not(request, "respond"),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


@post("/maintenance", opt={"act": "respond"}, status_code=200)
async def announce(request: Asks) -> Response[Any]:
    """Announces what the form says."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_announced, request, fields)


def _announced(request: Asks, fields: dict[str, str]) -> Response[Any]:
    desk = desk_of(request)
    names = desk.maintenances.components()
    chosen = tuple(name for at, name in enumerate(names) if fields.get(f"component-{at}"))
    given = {name: fields.get(name, "") for name in _BLANK}
    try:
        starts_at, ends_at = stretch(given, desk.now())
        desk.maintenances.announce(
            given["title"], me_of(request).name, starts_at=starts_at, ends_at=ends_at, body=given["body"],
            components=chosen, silence=given["silence"], id=given["id"],
        )  # fmt: skip
    except (Refusal, Usage, Failure) as why:
        return _shown(request, {**given, "components": chosen}, status=status_of(why), wrong=str(why))
    return go_on("/maintenance")


@post("/maintenance/{maintenance:str}", opt={"act": "respond"}, status_code=200)
async def end_maintenance(request: Asks) -> Response[Any]:
    """It is over now, or does not take place."""
    await fields_of(request)
    return await asyncio.to_thread(_ended, request)


def _ended(request: Asks) -> Response[Any]:
    try:
        desk_of(request).maintenances.end(str(request.path_params["maintenance"]), me_of(request).name)
    except (Refusal, Usage, Failure) as why:
        return _shown(request, {}, status=status_of(why), wrong=str(why))
    return go_on("/maintenance")


ROUTES = (maintenance_page, announce, end_maintenance)
