"""Who is on call, now and on each day; who is paged if; each escalation as a picture. Decides nothing, pages nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, get
from litestar.response import Template
from msgspec import Struct

from opsbook.book.plan_words import length_words
from opsbook.book.roster.calendar import zone_of
from opsbook.entrypoints.shown.policy_picture import Rung, picture
from opsbook.entrypoints.web.alert_pages import WORDS
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.ground.errors import Refusal, Usage
from opsbook.usecases.desk import Desk
from opsbook.usecases.oncall import Escalation, oncall
from opsbook.usecases.oncall_calendar import calendar, month_of, week_of
from opsbook.usecases.page_plan import PagePlan, page_plan

Asks = Request[Any, Any, Any]
SEVERITIES = ("P0", "P1", "P2", "P3")
VIEWS = {"week": "Week", "month": "Month"}
_LOCAL = "%Y-%m-%dT%H:%M"


class If(Struct, frozen=True):
    """What is asked by “who is paged if”: the form's fields, and the answer, or what is wrong with the question."""

    service: str
    severity: str
    at: str
    zone: str
    plan: PagePlan | None = None
    wrong: str = ""


@get("/oncall", opt={"act": "read"}, sync_to_thread=True)
def oncall_page(request: Asks) -> Template:
    """Who is on call now and next, on each day of a week or month, and whom a page would wake."""
    desk, asked = desk_of(request), request.query_params
    book, now = desk.library.snapshot(), desk.now()
    view = asked.get("view", "week")
    view = view if view in VIEWS else "week"
    day = _day(asked.get("day", ""), now.date())
    first, count = month_of(day) if view == "month" else (week_of(day), 7)
    found = oncall(book, now)
    return page(
        request, "oncall.html", place="On call", found=found, is_whole=book.is_whole, view=view, views=VIEWS, day=day,
        first=first, lanes=calendar(book, first, count), today=now.date(), day_names=_names(first),
        before=_month_before(day) if view == "month" else day - timedelta(days=7),
        after=_month_after(day) if view == "month" else day + timedelta(days=7), count=count,
        query=lambda **more: _query({"view": view, "day": day.isoformat(), **more}), asks=_if(desk, request),
        pictures=[drawn(each, number) for number, each in enumerate(found.escalations)], severities_asked=SEVERITIES,
        services=sorted(book.services), **WORDS,
    )  # fmt: skip


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
    at, zone = asked.get("at", ""), asked.get("zone", "") or "UTC"
    question = If(service, severity or "P1", at, zone)
    if not severity:
        return question
    held = desk.alert_desk
    book = desk.library.snapshot()
    try:
        plan = page_plan(
            book, service or None, severity, instant(at, zone, desk.now()), addresses=held.addresses,
            commit=book.commit, catch_all=held.catch_all,
        )  # fmt: skip
    except (Usage, Refusal) as wrong:
        return If(service, severity, at, zone, None, str(wrong))
    return If(service, severity, at, zone, plan)


def instant(text: str, zone: str, now: datetime) -> datetime:
    """The instant of a local time in a zone; now where none is told. Raises Usage for what is no time."""
    known = zone_of(zone)
    if known is None:
        raise Usage(f"There is no time zone '{zone[:60]}'; write one as Europe/Berlin or UTC.")
    if not text.strip():
        return now
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=known).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Usage(f"'{text[:40]}' is no time; write it as 2026-11-27T03:10.") from None


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


ROUTES = (oncall_page,)
