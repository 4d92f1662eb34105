"""Who is on call, who would be paged, and calendars of it, by the API. Decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Response
from litestar.exceptions import ClientException
from msgspec import Meta, Struct

from opsbook.book.roster.ics import MEDIA
from opsbook.entrypoints.api import list_models as models
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.duties import asked_instant, asked_severity
from opsbook.entrypoints.web.answering import desk_of
from opsbook.entrypoints.web.calendars import as_calendar
from opsbook.entrypoints.web.report_pages import report_of
from opsbook.ground.errors import Usage
from opsbook.usecases.desk import Desk
from opsbook.usecases.duty_calendar import KINDS, About, duty_calendar
from opsbook.usecases.library import Book
from opsbook.usecases.matching import severity_words
from opsbook.usecases.on_duty import duty_model, on_duty, shared_zone, with_reach
from opsbook.usecases.oncall import oncall, oncall_model
from opsbook.usecases.page_plan import page_plan, plan_model
from opsbook.usecases.paging_report import paging_report_model
from opsbook.usecases.shared_calendars import shared_model

When = Annotated[str, Meta(max_length=100, description="The instant; RFC 3339, or as `tomorrow 03:10`; else now.")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class OnCallQuery(Struct, forbid_unknown_fields=True):
    """Whose duty, and when."""

    at: When = "now"
    service: Name | None = None
    schedule: Name | None = None
    team: Name | None = None


class PlanQuery(Struct, forbid_unknown_fields=True):
    """What would be wrong, and when."""

    severity: Annotated[str, Meta(max_length=40, description="P0 to P3, or a word that means one.")] = "P1"
    service: Name | None = None
    at: When = "now"


class CalendarQuery(Struct, forbid_unknown_fields=True):
    """Whose calendar; none of them: all schedules."""

    person: Name | None = None
    team: Name | None = None
    service: Name | None = None
    schedule: Name | None = None


class NewCalendar(Struct, forbid_unknown_fields=True):
    """Whose calendar is to have an address that needs no sign-in."""

    of: Literal["person", "team", "service", "schedule", "all"] = "all"
    name: Annotated[str, Meta(max_length=200)] = ""


@operation("GET", "/oncall", models.OnCallModel, query=OnCallQuery, group="lists", also=(404,))
def on_call(request: Asks, query: OnCallQuery) -> dict[str, Any]:
    """Who is on call, until when and by what; every schedule, and whom each escalation reaches"""
    desk = desk_of(request)
    book = desk.library.snapshot()
    at = _instant(desk, book, query.at)
    answer = on_duty(
        book, at, service=query.service, schedule=query.schedule, team=query.team, catch_all=desk.alert_desk.catch_all
    )
    answer = with_reach(answer, desk.alert_desk.addresses, desk.alert_desk.ways.why_not_by)
    whole = oncall_model(oncall(book, at, catch_all=desk.alert_desk.catch_all))
    return {"schedules": whole["schedules"], "escalations": whole["escalations"], "known": whole["people"],
            **duty_model(answer)}  # fmt: skip


@operation("GET", "/page-plan", models.PagePlanModel, query=PlanQuery, group="lists", also=(404,))
def plan(request: Asks, query: PlanQuery) -> dict[str, Any]:
    """Who would be paged for a service and a severity, when, by what, and why"""
    desk = desk_of(request)
    book = desk.library.snapshot()
    try:
        severity = asked_severity(query.severity, severity_words(book, desk.scope().settings.severities))
    except Usage as wrong:
        raise ClientException(str(wrong)) from wrong
    at = _instant(desk, book, query.at)
    quiet = request.app.state["config"].quiet_severities
    found = page_plan(
        book, query.service, severity, at, addresses=desk.alert_desk.addresses, commit=book.commit,
        catch_all=desk.alert_desk.catch_all, quiet=quiet, why_not=desk.alert_desk.ways.why_not_by,
    )  # fmt: skip
    return plan_model(found)


class ReportQuery(Struct, forbid_unknown_fields=True):
    """Of which time."""

    days: Annotated[int, Meta(ge=1, le=366, description="How many days back.")] = 30


@operation("GET", "/paging-report", models.PagingReportModel, query=ReportQuery, group="lists")
def report(request: Asks, query: ReportQuery) -> dict[str, Any]:
    """How fast pages are answered, what wakes whom at night, which alerts are noise, what arrives"""
    return paging_report_model(report_of(desk_of(request), query.days))


@operation("GET", "/oncall.ics", bytes, query=CalendarQuery, group="lists", media=MEDIA, also=(304, 404))
def calendar(request: Asks, query: CalendarQuery) -> Response[bytes]:
    """The shifts as iCalendar, from 30 days ago to a year ahead"""
    desk = desk_of(request)
    named = [About(kind, name) for kind in KINDS if kind != "all" and (name := getattr(query, kind))]
    if len(named) > 1:
        raise ClientException("Ask for the calendar of one: a person, a team, a service or a schedule.")
    about = named[0] if named else About()
    found = duty_calendar(desk.library.snapshot(), about, desk.now(), catch_all=desk.alert_desk.catch_all)
    return as_calendar(request, found)


@operation("GET", "/calendars", models.CalendarsModel, act="own-account", group="lists")
def calendars(request: Asks) -> dict[str, Any]:
    """The secret addresses of calendars that whoever asks has made; the addresses themselves are not told again"""
    return calendars_of(request)


def calendars_of(request: Asks) -> dict[str, Any]:
    """Those of whoever asks, as plain values."""
    shared = desk_of(request).alert_desk.calendars.select(signed_in(request).name)
    return {"calendars": [shared_model(each) for each in shared]}


@operation("POST", "/calendars", models.NewCalendarModel, act="own-account", body=NewCalendar, status=201,
           group="lists")  # fmt: skip
def share(request: Asks, body: NewCalendar) -> dict[str, Any]:
    """Makes a secret address of a calendar, for programs that cannot sign in; it is told this once"""
    desk = desk_of(request)
    about = About(body.of, body.name)
    duty_calendar(desk.library.snapshot(), about, desk.now())  # raises for a name that the book does not know
    secret, shared = desk.alert_desk.calendars.share(about, signed_in(request).name)
    return shared_model(shared, f"{str(request.base_url).rstrip('/')}/calendars/{secret}.ics")


@operation("DELETE", "/calendars/{calendar}", models.CalendarsModel, act="own-account", also=(409,), group="lists")
def revoke(request: Asks) -> dict[str, Any]:
    """Ends a secret address of a calendar at once, and tells those that are left"""
    actor = signed_in(request)
    named = str(request.path_params["calendar"])
    desk_of(request).alert_desk.calendars.revoke(named, actor.name, may_all=actor.role == "admin")
    return calendars_of(request)


def _instant(desk: Desk, book: Book, text: str) -> datetime:
    try:
        return asked_instant(text, shared_zone(book), desk.now()).at
    except Usage as wrong:
        raise ClientException(str(wrong)) from wrong


ROUTES = (on_call, plan, report, calendar, calendars, share, revoke)
