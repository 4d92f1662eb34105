"""Who is on call, now and on each day; who is paged if; escalations as pictures; calendars. Pages nobody."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.response import Template
from msgspec import Struct

from opsbook.book.plan_words import length_words
from opsbook.book.roster.calendar import zone_of
from opsbook.entrypoints.duties import asked_instant
from opsbook.entrypoints.shown.policy_picture import Rung, picture
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.alert_pages import WORDS
from opsbook.entrypoints.web.answering import actor_of, desk_of, page
from opsbook.entrypoints.web.forms import fields_of, own_address
from opsbook.entrypoints.web.sign_in import NO_STORE
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.usecases.desk import Desk
from opsbook.usecases.duty_calendar import About, duty_calendar
from opsbook.usecases.on_duty import shared_zone
from opsbook.usecases.oncall import Escalation, directory_of, oncall
from opsbook.usecases.oncall_calendar import calendar, month_of, week_of
from opsbook.usecases.page_plan import PagePlan, page_plan

Asks = Request[Any, Any, Any]
SEVERITIES = ("P0", "P1", "P2", "P3")
VIEWS = {"week": "Week", "month": "Month"}


class If(Struct, frozen=True):
    """What is asked by "who is paged if": the form's fields, and the answer, or what is wrong with the question.
    `note` is what is odd about the time, such as clocks that skip it."""

    service: str
    severity: str
    at: str
    zone: str
    plan: PagePlan | None = None
    wrong: str = ""
    note: str = ""


@get("/oncall", opt={"act": "read"}, sync_to_thread=True)
def oncall_page(request: Asks) -> Template:
    """Who is on call now and next, on each day of a week or month, and whom a page would wake."""
    return shown_oncall(request)


def shown_oncall(request: Asks, *, status: int = 200, wrong: str = "", secret_at: str = "") -> Template:
    """The page; with a calendar's secret address, which is told this once, or what was not done and why."""
    desk, asked = desk_of(request), request.query_params
    book, now = desk.library.snapshot(), desk.now()
    view = asked.get("view", "week")
    view = view if view in VIEWS else "week"
    day = _day(asked.get("day", ""), now.date())
    first, count = month_of(day) if view == "month" else (week_of(day), 7)
    found = oncall(book, now, catch_all=desk.alert_desk.catch_all)
    shown = page(
        request, "oncall.html", place="On call", status=status, found=found, is_whole=book.is_whole, view=view,
        views=VIEWS, day=day, first=first, lanes=calendar(book, first, count), today=now.date(),
        day_names=_names(first),
        before=_month_before(day) if view == "month" else day - timedelta(days=7),
        after=_month_after(day) if view == "month" else day + timedelta(days=7), count=count,
        query=lambda **more: _query({"view": view, "day": day.isoformat(), **more}), asks=_if(desk, request),
        pictures=[drawn(each, number) for number, each in enumerate(found.escalations)], severities_asked=SEVERITIES,
        services=sorted(book.services), wrong=wrong, secret_at=secret_at, abouts=abouts(desk), **WORDS,
        shared=desk.alert_desk.calendars.select(actor.name) if (actor := actor_of(request)) else [],
    )  # fmt: skip
    if secret_at:
        shown.headers.update(NO_STORE)
    return shown


def abouts(desk: Desk) -> list[tuple[str, str]]:
    """Whose calendar can be had: the value of a form, and words."""
    directory = directory_of(desk.library.snapshot())
    found = [("all", "everything")]
    for kind, names in (
        ("schedule", [each.name for _, each in directory.schedules.values()]),
        ("person", [each.name or each.handle for _, each in directory.people.values()]),
        ("team", [each.name for _, each in directory.teams.values()]),
    ):
        found += [(f"{kind} {name}", f"{kind} {name}") for name in dict.fromkeys(names)]
    return found


@post("/oncall", opt={"act": "own-account"}, status_code=200)
async def share_calendar(request: Asks) -> Response[Any]:
    """Makes or ends a secret address of a calendar, for programs that cannot sign in."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_shared, request, fields)


def _shared(request: Asks, fields: dict[str, str]) -> Response[Any]:
    desk, me = desk_of(request), me_of(request)
    try:
        if fields.get("end"):
            desk.alert_desk.calendars.revoke(fields["end"], me.name, may_all=me.role == "admin")
            return shown_oncall(request)
        return shown_oncall(request, secret_at=new_address(request, fields.get("of", "all")))
    except (Refusal, Usage, Failure) as wrong:
        return shown_oncall(request, status=status_of(wrong), wrong=str(wrong))


def new_address(request: Asks, of: str) -> str:
    """A new secret address for whose calendar a form chose; raises Usage for a name that the book does not know."""
    desk, (kind, _, name) = desk_of(request), of.partition(" ")
    about = About(cast(Any, kind), name)
    duty_calendar(desk.library.snapshot(), about, desk.now())
    secret, _ = desk.alert_desk.calendars.share(about, me_of(request).name)
    return f"{own_address(request)}/calendars/{secret}.ics"


def _query(of: dict[str, Any]) -> str:
    return "/oncall?" + urlencode({name: value for name, value in of.items() if value})


def _names(first: date) -> list[str]:
    return [f"{first + timedelta(days=number):%a}" for number in range(7)]


def _day(text: str, otherwise: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return day if date(1971, 1, 1) <= day <= date(2199, 12, 31) else otherwise


def _month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _if(desk: Desk, request: Asks) -> If:
    """The question of the form, answered where there is one."""
    asked = request.query_params
    service, severity = asked.get("service", ""), asked.get("severity", "")
    book = desk.library.snapshot()
    at, zone = asked.get("at", ""), asked.get("zone", "").strip() or shared_zone(book)
    question = If(service, severity or "P1", at, zone)
    if not severity:
        return question
    held = desk.alert_desk
    try:
        if zone_of(zone) is None:
            raise Usage(f"There is no time zone '{zone[:60]}'; write one as Europe/Berlin or UTC.")
        instant = asked_instant(at or "now", zone, desk.now())
        plan = page_plan(
            book, service or None, severity, instant.at, addresses=held.addresses, commit=book.commit,
            catch_all=held.catch_all, why_not=held.ways.why_not_by,
        )  # fmt: skip
    except (Usage, Refusal) as wrong:
        return If(service, severity, at, zone, wrong=str(wrong))
    return If(service, severity, at, zone, plan, note=instant.note)


def drawn(escalation: Escalation, number: int) -> str:
    """An escalation as a picture, with whom each level reaches now."""
    rungs = [
        Rung(
            "at once" if not level.after else f"+{length_words(level.after.total_seconds())}",
            f"Level {level.number}", ", ".join(each.name for each in level.meant) or "nobody",
            _reached(level.meant),
        )
        for level in escalation.levels
    ]  # fmt: skip
    if escalation.catch_all:
        named = ", ".join(each.name for each in escalation.catch_all)
        rungs.append(Rung("at last", "Catch-all", named, _reached(escalation.catch_all), is_last=True))
    repeat = escalation.policy.repeat
    note = f"All of it once more, {repeat} {'time' if repeat == 1 else 'times'}, before the end." if repeat else ""
    return picture(rungs, name=f"{escalation.policy.name}, level by level", id_=f"ob-policy-{number}", note=note)


def _reached(meant: Any) -> str:
    """Whom a level reaches now, by name; a channel or an address is itself."""
    names: list[str] = []
    for each in meant:
        names += [one.name for one in each.people] or ([each.name] if each.meaning in ("channel", "address") else [])
    return ", ".join(dict.fromkeys(names))


ROUTES = (oncall_page, share_calendar)
