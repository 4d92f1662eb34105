"""How paging goes: the report as a page, with its charts. Counts nothing itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request, get
from litestar.response import Template

from opsbook.book.roster.values import plain_name
from opsbook.entrypoints.shown.bars import bars, share
from opsbook.entrypoints.web.alert_pages import WORDS
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.usecases.desk import Desk
from opsbook.usecases.paging_report import PagingReport, paging_report

SPANS = {"7": "A week", "30": "30 days", "90": "90 days"}
USUAL = "30"
MOST_ROWS = 20_000  # alerts, and pages, that are looked through
LISTED = 25


@get("/paging", opt={"act": "read"}, sync_to_thread=True)
def paging_page(request: Request[Any, Any, Any]) -> Template:
    """The report of the last days."""
    asked = request.query_params.get("days", USUAL)
    days = asked if asked in SPANS else USUAL
    report = report_of(desk_of(request), int(days))
    by_day = [(f"{each.day:%d %b}", each.pages, each.night_pages) for each in report.days]
    fired = [(f"{each.day:%d %b}", each.alerts, 0) for each in report.days]
    shown = page(
        request, "paging.html", place="Alerts", report=report, days=days, spans=SPANS, listed=LISTED, share=share,
        pages_chart=bars(by_day, name="Pages by day", id_="pages-by-day", words=("pages", "at night")),
        alerts_chart=bars(fired, name="Alerts by day", id_="alerts-by-day", words=("alerts", "")), **WORDS,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def report_of(desk: Desk, days: int) -> PagingReport:
    """The report of the last days, by the clocks of those who were woken."""
    until = desk.now()
    held = desk.alert_desk
    alerts = held.alerts.select(is_open=None, limit=MOST_ROWS)
    pages = held.pages.select(is_open=None, limit=MOST_ROWS)
    known = {plain_name(name): each for each in held.contacts.people() for name in (each.name, each.handle) if name}

    def zone(person: str) -> str:
        found = known.get(plain_name(person))
        return found.time_zone if found is not None else "UTC"

    def name(person: str) -> str:
        found = known.get(plain_name(person))
        return found.name or found.handle if found is not None else person

    return paging_report(alerts, pages, until - timedelta(days=days), until, zones=zone, names=name)


ROUTES = (paging_page,)
