"""Declaring an incident: one form, filled in from what it is about, with the severity worked out as it is filled in.

Decides nothing: the matrix of the policy page says how grave it is, and the verb declares it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Template

from opsbook.book.impact import Impact
from opsbook.book.impact_matrix import Rating, rated
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.forms import fields_of, go_on, several
from opsbook.entrypoints.web.incident_acts import time_in
from opsbook.entrypoints.web.incident_impact import functions_of, impact_in
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ledger.incident_events import Members
from opsbook.usecases.desk import Desk
from opsbook.usecases.followed_policy import followed
from opsbook.usecases.incident_acts import Declaration
from opsbook.usecases.run_names import run_name

Asks = Request[Any, Any, Any]
READS = {"act": "read"}
MANY = ("alert", "page", "run", "service")  # what an incident may be declared from, by the address
FIELDS = ("title", "summary", "severity", "why", "started_at", "war_room", "users", "users_pct", "functions", "data",
          "security", "workaround", "drill", "triage")  # fmt: skip


@get("/incidents/new", opt=READS, sync_to_thread=True)
def declare_page(request: Asks) -> Response[Any]:
    """The form, filled in from the alert, page, run or service that the address names."""
    asked = request.query_params
    chosen = {name: asked.getall(name, []) for name in MANY}
    given = {name: asked.get(name, "") for name in FIELDS}
    return shown_form(request, {**_told_by(desk_of(request), chosen), **_written(given)}, chosen)


def _written(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if value}


def _told_by(desk: Desk, chosen: dict[str, list[str]]) -> dict[str, str]:
    """What is known of what it is declared from: a title, since when, and the service, which is added to the chosen."""
    told: dict[str, str] = {}
    services = chosen["service"]
    with suppress(Usage, Failure):
        for id_ in chosen["alert"]:
            alert = desk.alert_desk.alerts.find(id_)
            told.setdefault("title", alert.annotations.get("summary") or alert.labels.get("alertname") or "")
            told.setdefault("started_at", f"{alert.starts_at:%Y-%m-%dT%H:%M:%S}")
            if alert.is_drill:
                told["drill"] = "on"
            services += [alert.service] if alert.service else []
        for id_ in chosen["page"]:
            woke = desk.alert_desk.pages.find(id_)
            told.setdefault("title", woke.subject)
            told.setdefault("started_at", f"{woke.opened_at:%Y-%m-%dT%H:%M:%S}")
            services += [woke.service] if woke.service else []
        for id_ in chosen["run"]:
            run = desk.runs.find(id_)
            name = run_name(desk.library.snapshot(), run.plan.path, run.plan.service, run.plan.title)
            told.setdefault("title", f"{name}: {run.why}" if run.why else f"{name} did not succeed")
            services += [run.plan.service] if run.plan.service else []
    chosen["service"] = list(dict.fromkeys(services))
    return told


def shown_form(
    request: Asks, given: Mapping[str, str], chosen: Mapping[str, list[str]], *, status: int = 200, wrong: str = ""
) -> Response[Any]:
    """The form with what was given, and how grave that is."""
    desk = desk_of(request)
    known = sorted(desk.library.snapshot().services)
    shown = page(
        request, "incident_new.html", place="Incidents", status=status, given={**dict.fromkeys(FIELDS, ""), **given},
        chosen=chosen, wrong=wrong, services=known,
        unknown=[each for each in chosen.get("service", ()) if each not in known],
        **_severity(request, given, chosen), now=desk.now(),
        why_not="" if may(request, "respond") else why_not(request, "respond"),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _severity(request: Asks, given: Mapping[str, str], chosen: Mapping[str, list[str]]) -> dict[str, Any]:
    """The rating of what is given so far, with the impact and the page that says so."""
    follows = followed(desk_of(request).library.snapshot())
    try:
        impact = impact_in(given, {"functions": [given.get("functions", "")]}, Impact())
    except Usage as wrong:
        return {"impact": Impact(), "rating": Rating("", str(wrong)), "follows": follows, "matrix": None,
                "known_functions": functions_of(follows)}  # fmt: skip
    rating = rated(impact, follows.policy, follows.path)
    row = next((each for each in follows.policy.severities if each.level == rating.severity), None)
    return {"impact": impact, "rating": rating, "follows": follows, "matrix": row,
            "known_functions": functions_of(follows)}  # fmt: skip


@get("/fragments/incident-severity", opt=READS, sync_to_thread=True)
def severity_fragment(request: Asks) -> Template:
    """What the fields of an impact come to, while they are filled in."""
    given = {name: value for name, value in request.query_params.items() if name in FIELDS}
    return page(request, "incident_severity.html", **_severity(request, given, {}))


@post("/incidents/new", opt={"act": "respond"}, status_code=200)
async def declare(request: Asks) -> Response[Any]:
    """Declares the incident and shows it; or shows how grave it is, where the form asks for that."""
    fields = await fields_of(request)
    chosen = {name: [each for each in await several(request, name) if each] for name in MANY}
    return await asyncio.to_thread(_declared, request, fields, chosen)


def _declared(request: Asks, fields: dict[str, str], chosen: dict[str, list[str]]) -> Response[Any]:
    given = {name: fields.get(name, "").strip() for name in FIELDS if name in fields}
    if fields.get("do") == "rate":
        return shown_form(request, given, chosen)
    try:
        impact = impact_in(given, {"functions": [given.get("functions", "")]}, Impact())
        said = Declaration(
            given.get("title", ""), given.get("severity", ""), given.get("why", ""), impact,
            Members(tuple(chosen["alert"]), tuple(chosen["page"]), tuple(chosen["run"]), tuple(chosen["service"])),
            summary=given.get("summary", ""), started_at=time_in(given.get("started_at", "")),
            origin="alerts" if chosen["alert"] else "run" if chosen["run"] else "person",
            is_drill=given.get("drill") == "on", is_triage=given.get("triage") == "on",
            war_room=given.get("war_room", ""),
        )  # fmt: skip
        made = desk_of(request).incident_desk.incidents.declare(said, me_of(request).name)
    except (Refusal, Usage, Failure) as wrong:
        return shown_form(request, given, chosen, status=status_of(wrong), wrong=str(wrong))
    return go_on(f"/incidents/{made.number}")


ROUTES = (declare_page, severity_fragment, declare)
