"""Reading paths in the browser: all of them, one with its sections to tick, and one's own progress. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException

from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.answering import actor_of, desk_of, may, page, why_not
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.usecases.desk import Desk
from opsbook.usecases.reading import Progress, Readings, may_see_others, progress
from opsbook.usecases.reading_paths import ReadingPath, find_path, path_names, reading_path

Asks = Request[Any, Any, Any]
AT = "/paths"
MOST_MINE = 8


def readings_of(desk: Desk) -> Readings:
    """The verbs of reading over the ledger of a desk."""
    return Readings(desk.ledger, desk.now)


def path_of(desk: Desk, kind: str, name: str) -> ReadingPath:
    """The path as the book says it now; raises Usage where there is none."""
    book = desk.library.snapshot()
    return reading_path(book, find_path(book, name, kind), desk.library.page)


@get(AT, opt={"act": "read"}, sync_to_thread=True)
def paths_page(request: Asks) -> Response[Any]:
    """The paths that one is on, then all that there are."""
    desk, actor = desk_of(request), actor_of(request)
    book, readings = desk.library.snapshot(), readings_of(desk)
    names = path_names(book)
    known = {f"{each.kind}/{each.name}": each for each in names}
    me = actor.name if actor is not None else ""
    marks = readings.marks(me)
    mine = [
        progress(reading_path(book, known[key], desk.library.page), marks)
        for key in readings.begun(me)[:MOST_MINE] if key in known
    ]  # fmt: skip
    shown = page(
        request, "paths.html", place="Book", mine=mine, roles=[each for each in names if each.kind == "role"],
        services=[each for each in names if each.kind == "service"], address=address, is_whole=book.is_whole,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


@get(f"{AT}/{{name:str}}", opt={"act": "read"}, sync_to_thread=True)
def named_path(request: Asks) -> Response[Any]:
    """The path of that name, whichever kind it is; where there is none, a guess."""
    try:
        found = find_path(desk_of(request).library.snapshot(), str(request.path_params["name"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong
    return go_on(address(found.kind, found.name))


@get(f"{AT}/{{kind:str}}/{{name:path}}", opt={"act": "read"}, sync_to_thread=True)
def path_page(request: Asks) -> Response[Any]:
    """One path, and how far one is along it."""
    return shown_path(request)


@post(f"{AT}/{{kind:str}}/{{name:path}}", opt={"act": "own-account"}, status_code=200)
async def tick(request: Asks) -> Response[Any]:
    """Notes that a section was read, or takes that back."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_ticked, request, fields)


def _ticked(request: Asks, fields: Mapping[str, str]) -> Response[Any]:
    desk, me = desk_of(request), me_of(request)
    is_read, section = fields.get("do", "") != "unread", fields.get("section", "")
    try:
        made = readings_of(desk).mark(me.name, _asked(request), section, is_read=is_read)
    except (Usage, Refusal, Failure) as wrong:
        return shown_path(request, status=status_of(wrong), wrong=str(wrong))
    at = address(made.path.kind, made.path.name)
    return go_on(f"{at}?did={'read' if is_read else 'unread'}&of={quote(section)}{'#next' if made.next else '#end'}")


def _asked(request: Asks) -> ReadingPath:
    given = request.path_params
    try:
        return path_of(desk_of(request), str(given["kind"]), str(given["name"]).strip("/"))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


def shown_path(request: Asks, *, status: int = 200, wrong: str = "") -> Response[Any]:
    """A path with what one has read of it; who has finished it for whom that is a business."""
    desk, actor = desk_of(request), actor_of(request)
    path, readings = _asked(request), readings_of(desk)
    me, role = (actor.name, actor.role) if actor is not None else ("", "")
    found = progress(path, readings.marks(me))
    shown = page(
        request, "path.html", place="Book", status=status, wrong=wrong, found=found, me=me,
        at=address(path.kind, path.name),
        finished=readings.finished(path) if may_see_others(path, me, role) else None, now=desk.now(),
        undo=_undo(found, request.query_params),
        why_not="" if may(request, "own-account") else why_not(request, "own-account"),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _undo(found: Progress, asked: Mapping[str, str]) -> tuple[str, str, str] | None:
    """What was just done, and what takes it back: the words, the section, the act."""
    step = next((each for each in found.steps if each.section.key == asked.get("of", "")), None)
    if step is None or asked.get("did") not in ("read", "unread") or (asked["did"] == "read") != (step.state == "read"):
        return None
    is_read = asked["did"] == "read"
    words = f"{'Read' if is_read else 'Not read'}: {step.section.title}"
    return words, step.section.key, "unread" if is_read else "read"


def address(kind: str, name: str) -> str:
    """The address of a path."""
    return f"{AT}/{kind}/{quote(name)}"


ROUTES = (paths_page, named_path, path_page, tick)
