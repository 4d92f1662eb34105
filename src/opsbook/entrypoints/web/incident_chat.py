"""A chat that was copied, pasted into the timeline of an incident: first shown as it was read, then written down."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Template

from opsbook.entrypoints.shown.timeline_view import zone_of
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.entrypoints.web.incident_timeline import incident_in
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.usecases.chat_import import Chat, entries_of, read_chat

Asks = Request[Any, Any, Any]
RESPONDS = {"act": "respond"}
SHOWN = 500  # messages of the preview


@get("/incidents/{incident:str}/chat", opt=RESPONDS, sync_to_thread=True)
def chat_page(request: Asks) -> Template:
    """Where a chat is pasted."""
    return _shown(request, {})


@post("/incidents/{incident:str}/chat", opt=RESPONDS, status_code=200)
async def paste_chat(request: Asks) -> Response[Any]:
    """Shows what was read of it; or writes it down, where it was looked at."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_pasted, request, fields)


def _pasted(request: Asks, fields: dict[str, str]) -> Response[Any]:
    try:
        chat = read_chat(fields.get("text", ""), _day(request, fields), zone_of(fields.get("zone", ""))[1])
        if not chat.messages:
            raise Usage("Nothing of it could be read: a message begins with a time and a name, as in [03:12] ada: …")
        if fields.get("do") != "import":
            return _shown(request, fields, chat=chat)
        incident = incident_in(request)
        desk_of(request).incident_desk.incidents.import_chat(incident.number, me_of(request).name, entries_of(chat))
    except (Refusal, Usage, Failure) as wrong:
        return _shown(request, fields, status=status_of(wrong), wrong=str(wrong))
    return go_on(f"/incidents/{incident.number}/timeline?kind=chat")


def _day(request: Asks, fields: dict[str, str]) -> date:
    words = fields.get("day", "").strip()
    try:
        return date.fromisoformat(words) if words else _begun(request).date()
    except ValueError:
        raise Usage(f"'{words[:20]}' is no day; write it as 2026-03-27.") from None


def _begun(request: Asks) -> datetime:
    incident = incident_in(request)
    return incident.started_at or incident.declared_at


def _shown(
    request: Asks, fields: dict[str, str], *, chat: Chat | None = None, status: int = 200, wrong: str = ""
) -> Template:
    typed = {name: value for name, value in fields.items() if name != "csrf"}
    shown = page(
        request, "incident_chat.html", place="Incidents", status=status, incident=incident_in(request), chat=chat,
        typed=typed, wrong=wrong, day=typed.get("day") or _begun(request).date().isoformat(), most=SHOWN,
        zone=zone_of(typed.get("zone", ""))[0],
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


ROUTES = (chat_page, paste_chat)
