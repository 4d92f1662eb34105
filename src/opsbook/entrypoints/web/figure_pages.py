"""The figures of incidents as a page with charts and a table, and what is like an incident. Counts nothing itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.response import Template

from opsbook.entrypoints.figured import figures_csv, figures_of, similar_to, zone_asked
from opsbook.entrypoints.shown.bars import bars, share
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.ground.errors import Usage
from opsbook.usecases.similar_incidents import remedies

READ = {"act": "read"}
SPANS = {"30": "30 days", "90": "90 days", "365": "A year", "1825": "Five years"}
USUAL = "90"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LISTED = 25
Asks = Request[Any, Any, Any]


@get("/incidents/figures", opt=READ, sync_to_thread=True)
def figures_page(request: Asks) -> Template:
    """How often, how grave, how long, and what helped."""
    desk = desk_of(request)
    days, zone, wrong = _days(request), request.query_params.get("zone", "UTC"), ""
    try:
        time_zone = zone_asked(zone)
    except Usage as told:
        wrong, zone, time_zone = str(told), "UTC", zone_asked("UTC")
    until = desk.now()
    found = figures_of(
        desk.incident_desk, desk.library.snapshot(), until - timedelta(days=int(days)), until, now=until,
        time_zone=time_zone, service=request.query_params.get("service", "")[:200],
    )  # fmt: skip
    hours = [(f"{hour:02}", count, 0) for hour, count in enumerate(found.hours)]
    week = [(name, count, 0) for name, count in zip(DAYS, found.weekdays, strict=True)]
    shown = page(
        request, "figures.html", place="Incidents", found=found, days=days, spans=SPANS, listed=LISTED, share=share,
        zone=zone, wrong=wrong, service=request.query_params.get("service", ""),
        months_chart=bars([(name[2:], count, 0) for name, count in found.months], name="Incidents by month",
                          id_="by-month", words=("incidents", "")),
        hours_chart=bars(hours, name="Incidents by hour", id_="by-hour", words=("incidents", "")),
        week_chart=bars(week, name="Incidents by day of the week", id_="by-weekday", words=("incidents", "")),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


@get("/incidents/figures.csv", opt=READ, sync_to_thread=True)
def figures_table(request: Asks) -> Response[str]:
    """What the figures are made of, a row an incident."""
    desk = desk_of(request)
    since = desk.now() - timedelta(days=int(_days(request)))
    return Response(
        figures_csv(desk.incident_desk, since, desk.now()), media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="incidents.csv"', "Cache-Control": "no-store"},
    )  # fmt: skip


@get("/incidents/{number:str}/similar", opt=READ, sync_to_thread=True)
def similar_part(request: Asks) -> Template:
    """What is like an incident: a part of its page, or a page of its own where scripts are off."""
    held = desk_of(request).incident_desk
    try:
        incident = held.incidents.find(str(request.path_params["number"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong
    found, _ = similar_to(held.likeness, held.cases.of(incident))
    name = "similar_part.html" if "hx-request" in request.headers else "similar.html"
    return page(request, name, place="Incidents", incident=incident, found=found, remedies=remedies(found))


def _days(request: Asks) -> str:
    asked = request.query_params.get("days", USUAL)
    return asked if asked in SPANS else USUAL


ROUTES = (figures_page, figures_table, similar_part)
