"""Silences: those that hold, are to come and are over; the form of a new one with what it would hold. Suppresses
nothing: it records what people want."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import Request, Response, get, post
from msgspec import Struct

from opsbook.book.roster.calendar import zone_of
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.alert_pages import WORDS
from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.entrypoints.web.label_filter import Filter, filter_of
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ledger.matchers import Matcher, written, written_one
from opsbook.ledger.silence import Silence
from opsbook.usecases.alert_board import Listed
from opsbook.usecases.desk import Desk

Asks = Request[Any, Any, Any]
READS = {"act": "read"}
RESPONDS = {"act": "respond"}
SHOWN = 200
MOST_PREVIEWED = 50
LASTS = "2h"
TABS = {"": ("Holding", ("active",)), "pending": ("To come", ("pending",)), "expired": ("Over", ("expired",))}
# How often a silence begins again: what the form offers, and the rule.
RULES: dict[str, str] = {
    "": "once",
    "FREQ=DAILY": "every day",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": "on working days",
    "FREQ=WEEKLY": "every week",
    "FREQ=MONTHLY": "every month",
}
_LOCAL = "%Y-%m-%dT%H:%M"


class Held(Struct, frozen=True):
    """A silence as the list shows it: its matchers as text, each by itself, and what it holds now."""

    silence: Silence
    matchers: tuple[str, ...]
    text: str
    alerts: tuple[Listed, ...]


@get("/silences", opt=READS, sync_to_thread=True)
def silences_page(request: Asks) -> Response[Any]:
    """The silences, those that hold first."""
    return shown_silences(request)


def shown_silences(request: Asks, *, status: int = 200, wrong: str = "") -> Response[Any]:
    """The list of one state; with what was not done, and why."""
    desk = desk_of(request)
    tab = request.query_params.get("state", "")
    tab = tab if tab in TABS else ""
    silences = desk.alert_desk.silences
    found = {name: silences.select(states=states) for name, (_, states) in TABS.items()}
    alerts = desk.alert_desk.board.look().alerts
    shown = page(
        request, "silences.html", place="Alerts", status=status, tab=tab, tabs=TABS, now=desk.now(), wrong=wrong,
        counts={name: len(each) for name, each in found.items()}, rules=RULES,
        held=[_held(each, alerts) for each in found[tab][:SHOWN]], has_any=any(found.values()),
        why_not="" if may(request, "respond") else why_not(request, "respond"), **WORDS,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _held(silence: Silence, alerts: Sequence[Listed]) -> Held:
    said = Filter("", silence.matchers)
    matching = tuple(each for each in alerts if said.holds(each.matched_labels)) if silence.expired_at is None else ()
    return Held(silence, tuple(map(written_one, silence.matchers)), written(silence.matchers), matching)


@get("/silences/new", opt=READS, sync_to_thread=True)
def new_silence_page(request: Asks) -> Response[Any]:
    """The form, filled in from the alerts, the matchers or the silence that the address names."""
    desk, asked = desk_of(request), request.query_params
    given = {"match": asked.get("match", ""), "for": LASTS, "comment": "", "kind": asked.get("kind", "silence")}
    ids = asked.getall("alert", [])
    if ids:
        alerts = [desk.alert_desk.alerts.find(each) for each in ids[:SHOWN]]
        given["match"] = proposed([alert.matched_labels for alert in alerts])
    if asked.get("from"):
        given |= _as_given(desk.alert_desk.silences.find(asked["from"]))
    return shown_form(request, given)


def proposed(of: Sequence[Mapping[str, str]]) -> str:
    """The matchers of what several alerts have in common; of one alert, all of its labels."""
    common = dict(of[0])
    for labels in of[1:]:
        common = {name: value for name, value in common.items() if labels.get(name) == value}
    return written([Matcher(name, value) for name, value in sorted(common.items())])[1:-1].replace('",', '", ')


def _as_given(silence: Silence) -> dict[str, str]:
    zone = zone_of(silence.time_zone) or UTC
    return {
        "id": silence.id if silence.expired_at is None else "", "match": written(silence.matchers),
        "starts": silence.starts_at.astimezone(zone).strftime(_LOCAL), "for": "",
        "ends": silence.ends_at.astimezone(zone).strftime(_LOCAL), "comment": silence.comment, "rule": silence.rule,
        "zone": silence.time_zone, "kind": silence.kind,
    }  # fmt: skip


def shown_form(
    request: Asks, given: Mapping[str, str], *, status: int = 200, wrong: str = "", is_asked: bool = False
) -> Response[Any]:
    """The form with what was given, and what it would hold of what is open now."""
    desk = desk_of(request)
    said = filter_of(given.get("match", ""))
    would = _would_hold(desk, said) if said.matchers else []
    known = {"id": "", "starts": "", "ends": "", "for": "", "rule": "", "zone": "UTC", "comment": "", "kind": "silence"}
    shown = page(
        request, "silence_form.html", place="Alerts", status=status, given={**known, **given}, said=said, would=would,
        most=MOST_PREVIEWED, rules=RULES, wrong=wrong, is_asked=is_asked, now=desk.now(),
        why_not="" if may(request, "respond") else why_not(request, "respond"), **WORDS,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _would_hold(desk: Desk, said: Filter) -> list[Listed]:
    return [each for each in desk.alert_desk.board.look().alerts if said.holds(each.matched_labels)]


@post("/silences", opt=RESPONDS, status_code=200)
async def add_silence(request: Asks) -> Response[Any]:
    """Makes the silence that the form describes, or shows what it would hold, where the form asks for that."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_added, request, fields)


def _added(request: Asks, fields: dict[str, str]) -> Response[Any]:
    desk = desk_of(request)
    given = {name: value for name, value in fields.items() if name not in ("csrf", "do")}
    said = filter_of(given.get("match", ""))
    if said.wrong or fields.get("do") == "preview":
        return shown_form(request, given, status=400 if said.wrong else 200, is_asked=True)
    try:
        starts_at, ends_at = stretch(given, desk.now())
        ends_s = (ends_at - starts_at).total_seconds()
        silence = desk.alert_desk.silences.add(
            said.matchers, starts_at=starts_at, ends_at=ends_at, by=me_of(request).name, id=given.get("id", ""),
            comment=given.get("comment", "").strip(), rule=given.get("rule", "").strip(),
            time_zone=given.get("zone", "").strip() or "UTC", kind=given.get("kind", "silence"),
            remind_at=ends_at - timedelta(seconds=min(900.0, ends_s / 4)) if given.get("remind") else None,
        )  # fmt: skip
    except (Refusal, Usage, Failure) as wrong:
        return shown_form(request, given, status=status_of(wrong), wrong=str(wrong), is_asked=True)
    tab = "?state=pending" if silence.starts_at > desk.now() and not silence.rule else ""
    return go_on(f"/silences{tab}#silence-{silence.id}")


def stretch(given: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """From when to when a silence holds, as a form tells it: a beginning or now, and a length or an end. Raises Usage
    for what is no time."""
    zone = zone_of(given.get("zone", "").strip() or "UTC")
    if zone is None:
        raise Usage(f"There is no time zone '{given['zone'][:60]}'; write one as Europe/Berlin or UTC.")

    def read(name: str, words: str) -> datetime | None:
        text = given.get(name, "").strip()
        if not text:
            return None
        try:
            return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Usage(f"The {words} '{text[:40]}' is no time; write it as 2026-11-27T02:00.") from None

    starts_at, ends_at = read("starts", "beginning") or now, read("ends", "end")
    words = given.get("for", "").strip()
    length = read_duration(words) if words else None
    if words and length is None:
        raise Usage(f"'{words[:40]}' is no length of time; write it as 30m, 2h or 1d.")
    if length is not None:
        return starts_at, starts_at + length
    if ends_at is None:
        raise Usage("Say for how long it holds, or until when.")
    return starts_at, ends_at


@post("/silences/{silence:str}", opt=RESPONDS, status_code=200)
async def end_silence(request: Asks) -> Response[Any]:
    """Ends a silence now."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_ended, request, fields)


def _ended(request: Asks, fields: dict[str, str]) -> Response[Any]:
    try:
        if fields.get("do") != "expire":
            raise Usage("Choose what is to be done.")
        desk_of(request).alert_desk.silences.expire(str(request.path_params["silence"]), me_of(request).name)
    except (Refusal, Usage, Failure) as wrong:
        return shown_silences(request, status=status_of(wrong), wrong=str(wrong))
    return go_on("/silences")


ROUTES = (silences_page, new_silence_page, add_silence, end_silence)
