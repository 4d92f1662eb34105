"""The timeline of an incident: its entries as one scrolls, one by itself, and what people do with them.

Whatever may be told of an entry is told here; who may do what is `authority`'s, and what comes of it `incident_acts`'s.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Template
from msgspec import Struct

from opsbook.book.instants import read_instant
from opsbook.book.rendering import quote_path
from opsbook.entrypoints.shown.timeline_view import (
    GROUPS,
    PICTURES,
    WORDS,
    ShownEntry,
    address_of,
    anchor_of,
    shown_entry,
    zone_of,
    zone_options,
)
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.files import POLICY
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.entrypoints.web.uploads import LARGEST_FORM, OTHER, files_of
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ledger.incident import Incident
from opsbook.usecases.incident_timeline import KINDS, TimelineEntry

Asks = Request[Any, Any, Any]
READS, RESPONDS = {"act": "read"}, {"act": "respond"}
AT_ONCE = 60  # entries that are asked for at once
MOST_PINNED = 30
WRITTEN_KINDS = ("note", "decision", "command", "deploy", "change")  # what people write themselves
_AHEAD = timedelta(minutes=10)
_NIGHT = timedelta(hours=6)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")


class Narrowed(Struct, frozen=True):
    """What the timeline is narrowed to, as the address says it, and the zone that times are told in."""

    kinds: tuple[str, ...] = ()
    words: str = ""
    only_pinned: bool = False
    zone: str = "UTC"

    @property
    def is_narrowed(self) -> bool:
        """Whether some entries are left out."""
        return bool(self.kinds or self.words or self.only_pinned)

    def query(self, **more: str) -> str:
        """The same for an address, with what else it says."""
        told: list[tuple[str, str]] = [("kind", kind) for kind in self.kinds]
        told += [("q", self.words)] if self.words else []
        told += [("pinned", "1")] if self.only_pinned else []
        told += [("zone", self.zone)] if self.zone != "UTC" else []
        return urlencode([*told, *more.items()])


def narrowed_by(request: Asks) -> Narrowed:
    """What an address asks for; what it names that there is not is passed over."""
    asked = request.query_params
    kinds = tuple(dict.fromkeys(kind for each in asked.getall("kind", []) for kind in each.split(",") if kind in KINDS))
    return Narrowed(kinds, asked.get("q", "").strip()[:200], asked.get("pinned", "") == "1",
                    zone_of(asked.get("zone", ""))[0])  # fmt: skip


def incident_in(request: Asks) -> Incident:
    """The incident that the address names."""
    return desk_of(request).incident_desk.incidents.find(str(request.path_params["incident"]))


@get("/incidents/{incident:str}/timeline", opt=READS, sync_to_thread=True)
def timeline_page(request: Asks) -> Template:
    """The timeline, newest first: a part of the incident's page where a script asks for it, else a page of its own."""
    return shown_timeline(request, incident_in(request))


def shown_timeline(
    request: Asks, incident: Incident, *, status: int = 200, wrong: str = "", **typed: str
) -> Template:
    """The timeline of an incident; with what was not done and why, and what was typed for it."""
    asked, narrowed = request.query_params, narrowed_by(request)
    timelines = desk_of(request).incident_desk.timelines
    before, after = asked.get("before", ""), asked.get("after", "")
    position = timelines.news(incident, 1 << 62).position  # before the entries are read, so that none falls between
    found = timelines.select(
        incident, kinds=narrowed.kinds, words=narrowed.words, only_pinned=narrowed.only_pinned, before=before,
        after=after, limit=AT_ONCE + 1,
    )  # fmt: skip
    is_cut = len(found) > AT_ONCE
    part = found[1:] if is_cut and after and not before else found[:AT_ONCE]
    has_older = bool(part) and (is_cut or bool(after)) if not after else bool(part)
    is_first = not before and not after
    pinned = timelines.select(incident, only_pinned=True, limit=MOST_PINNED) if is_first and not narrowed.kinds else []
    is_part = request.headers.get("hx-request") == "true"
    template = "incident_timeline_page.html"
    if is_part:
        template = "incident_timeline_older.html" if before else "incident_timeline_part.html"
    shown = page(
        request, template, place="Incidents", status=status, incident=incident,
        entries=_shown(part, incident, narrowed), pinned=_shown(pinned, incident, narrowed), narrowed=narrowed,
        position=position, now=desk_of(request).now(), older=part[-1].key if has_older else "",
        newer=part[0].key if part and (before or (after and is_cut)) else "", is_first=is_first,
        total=len(timelines.entries(incident)), wrong=wrong, typed=typed, words=WORDS, groups=GROUPS,
        written_kinds=WRITTEN_KINDS,
        why_not="" if may(request, "respond") else why_not(request, "respond"),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    shown.headers["Vary"] = "HX-Request"
    return shown


def _shown(entries: Iterable[TimelineEntry], incident: Incident, narrowed: Narrowed) -> list[ShownEntry]:
    zone = zone_of(narrowed.zone)[1]
    return [shown_entry(each, incident.number, zone) for each in entries]


@get("/fragments/zones", opt=READS, sync_to_thread=True)
def zones_fragment(request: Asks) -> Response[str]:
    """The time zones to choose from, asked for when somebody is about to choose."""
    headers = {"Cache-Control": "private, max-age=86400"}
    return Response(zone_options(), media_type="text/html", headers=headers)


@post("/incidents/{incident:str}/timeline", opt=RESPONDS, status_code=200, request_max_body_size=LARGEST_FORM)
async def write_entry(request: Asks) -> Response[Any]:
    """Writes an entry, with files where there are some; a picture alone needs no words."""
    fields = await fields_of(request)
    try:
        files = await files_of(request, "file")
    except Usage as wrong:
        return await asyncio.to_thread(_refused, request, fields, wrong)
    return await asyncio.to_thread(_written, request, fields, files)


def _written(request: Asks, fields: dict[str, str], files: list[tuple[str, str, bytes]]) -> Response[Any]:
    incident = incident_in(request)
    text, kind = fields.get("text", "").strip(), fields.get("kind", "")
    try:
        if not text and not files:
            raise Usage("There is nothing to write down: say what happened, or add a file.")
        if kind not in WRITTEN_KINDS:
            kind = "note"
        desk_of(request).incident_desk.incidents.note(
            incident.number, me_of(request).name, text, kind="file" if not text else kind,  # type: ignore[arg-type]
            happened_at=_happened(request, fields), files=files, key=fields.get("key", "")[:200],
        )  # fmt: skip
    except (Refusal, Usage, Failure) as wrong:
        return _refused(request, fields, wrong)
    return go_on(_back(incident, fields))


def _refused(request: Asks, fields: dict[str, str], wrong: Exception) -> Response[Any]:
    typed = {name: value for name, value in fields.items() if name != "csrf"}
    return shown_timeline(request, incident_in(request), status=status_of(wrong), wrong=str(wrong), **typed)


def _happened(request: Asks, fields: dict[str, str]) -> datetime | None:
    """When it happened, as it was typed, in the zone that the page is in; None for now."""
    words = fields.get("at", "").strip()
    if not words:
        return None
    instant = read_instant(words, desk_of(request).now(), zone_of(fields.get("zone", ""))[0])
    if instant is None:
        raise Usage(f"'{words[:40]}' is no time; write it as 03:12, or as 2026-03-27 03:12, or leave it empty for now.")
    if instant.at > desk_of(request).now() + _AHEAD and _CLOCK.fullmatch(words):
        before, incident = instant.at - timedelta(days=1), incident_in(request)  # after midnight, 23:58 was yesterday
        if before < (incident.started_at or incident.declared_at) - _NIGHT:
            raise Usage(f"{words} is still to come, and yesterday's is before the incident began. Write its day too,"
                        f" such as {before:%Y-%m-%d} {words}, if that is meant.")  # fmt: skip
        return before
    return instant.at


def _back(incident: Incident, fields: dict[str, str], key: str = "") -> str:
    if key:
        return address_of(incident.number, key)
    return f"/incidents/{incident.number}" + ("/timeline" if fields.get("back") == "timeline" else "#timeline")


@get("/incidents/{incident:str}/timeline/{key:path}", opt=READS, sync_to_thread=True)
def entry_page(request: Asks) -> Template:
    """One entry by itself: what it said before, and what may be done with it."""
    return shown_one(request, incident_in(request))


def shown_one(request: Asks, incident: Incident, *, status: int = 200, wrong: str = "", **typed: str) -> Template:
    """The page of one entry; with what was not done and why, and what was typed for it."""
    key = str(request.path_params["key"]).strip("/")
    entry = desk_of(request).incident_desk.timelines.entry(incident, key)
    if entry is None:
        raise NotFoundException(f"The timeline of {incident.name} has no entry '{key[:100]}'.")
    narrowed = narrowed_by(request)
    shown = page(
        request, "incident_entry.html", place="Incidents", status=status, incident=incident, wrong=wrong, typed=typed,
        one=shown_entry(entry, incident.number, zone_of(narrowed.zone)[1]), narrowed=narrowed,
        now=desk_of(request).now(), local_at=entry.at.astimezone(zone_of(narrowed.zone)[1]).strftime("%Y-%m-%d %H:%M"),
        why_not="" if may(request, "respond") else why_not(request, "respond"), anchor=anchor_of(key),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


@post("/incidents/{incident:str}/timeline/{key:path}", opt=RESPONDS, status_code=200)
async def act_on_entry(request: Asks) -> Response[Any]:
    """Pins an entry, lets it go, puts it right, or strikes it."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_acted, request, fields)


def _acted(request: Asks, fields: dict[str, str]) -> Response[Any]:
    incident, key = incident_in(request), str(request.path_params["key"]).strip("/")
    try:
        _act(request, incident, key, fields)
    except (Refusal, Usage, Failure) as wrong:
        typed = {name: value for name, value in fields.items() if name != "csrf"}
        return shown_one(request, incident, status=status_of(wrong), wrong=str(wrong), **typed)
    return go_on(_back(incident, fields, key))


def _act(request: Asks, incident: Incident, key: str, fields: dict[str, str]) -> None:
    incidents, by, why = desk_of(request).incident_desk.incidents, me_of(request).name, fields.get("why", "").strip()
    did = fields.get("do", "")
    if did in ("pin", "unpin"):
        incidents.pin(incident.number, by, key, did == "pin")
        return
    entry = desk_of(request).incident_desk.timelines.entry(incident, key)
    if entry is None:
        raise Usage("There is no such entry any more.")
    if not why and did in ("correct", "strike"):
        raise Usage("Say why: what an entry said stays to be seen, with the reason that it says something else.")
    if did == "strike":
        incidents.correct(incident.number, by, key, why, is_struck=True)
    elif did == "correct":
        text, at = fields.get("text", "").replace("\r\n", "\n").strip(), _happened(request, fields)
        is_other = text and text != entry.text.strip()
        is_later = at is not None and abs((at - entry.at).total_seconds()) >= 60
        if not (is_other or is_later or entry.is_struck):
            raise Usage("Nothing is different: change what it says, or when it happened.")
        incidents.correct(incident.number, by, key, why, text=text if is_other or entry.is_struck else None,
                          happened_at=at if is_later else None)  # fmt: skip
    else:
        raise Usage("Choose what is to be done.")


@get("/incidents/{incident:str}/files/{digest:str}", opt=READS, sync_to_thread=True)
def entry_file(request: Asks) -> Response[Any]:
    """A file of an entry: a picture to be seen, all else to be saved; neither runs anything."""
    desk, digest = desk_of(request).incident_desk, str(request.path_params["digest"])
    entries = desk.timelines.entries(incident_in(request))
    kept = next((file for each in entries if each.files for file in each.files if file.digest == digest), None)
    raw = desk.incidents.file(digest) if kept is not None else None
    if kept is None or raw is None:
        raise NotFoundException("There is no such file, or it is not kept any more.")
    is_picture = kept.media_type in PICTURES
    how = "inline" if is_picture else "attachment"
    headers = {
        "Content-Security-Policy": POLICY, "ETag": f'"{digest}"',
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote_path(kept.name).replace('/', '_')}",
    }  # fmt: skip
    return Response(raw, media_type=kept.media_type if is_picture else OTHER, headers=headers)


ROUTES = (zones_fragment, timeline_page, write_entry, entry_page, act_on_entry, entry_file)
