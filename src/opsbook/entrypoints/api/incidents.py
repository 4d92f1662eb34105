"""Incidents by the API: declared, led, rated, joined, parted. Each operation is one verb."""

from __future__ import annotations

from typing import Any

from litestar.exceptions import ClientException, NotFoundException

from opsbook.entrypoints.api import incident_models as models
from opsbook.entrypoints.api.incident_answer import IncidentList, IncidentModel, answer, list_answer
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import Members
from opsbook.usecases.incident_acts import Declaration, Incidents

ONE = "/incidents/{incident}"
KEY = "Idempotency-Key"
LONGEST_KEY = 200


def incidents_of(request: Asks) -> Incidents:
    """The incidents of this server."""
    return desk_of(request).incident_desk.incidents


def named(request: Asks) -> Incident:
    """The incident that the address names; raises 404 where there is none."""
    try:
        return incidents_of(request).find(str(request.path_params["incident"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


def by(request: Asks) -> str:
    """Who asks."""
    return signed_in(request).name


def members(body: models.MembersBody | models.DeclareBody | models.SplitBody) -> Members:
    """What a body names."""
    return Members(tuple(body.alerts), tuple(body.pages), tuple(body.runs), tuple(body.services))


@operation("GET", "/incidents", IncidentList, query=models.IncidentsQuery, group="incidents")
def incident_list(request: Asks, query: models.IncidentsQuery) -> dict[str, Any]:
    """Incidents of the ledger and of the book, live ones first, and the policy"""
    return list_answer(request, query)


@operation("POST", "/incidents", IncidentModel, act="respond", body=models.DeclareBody, status=201, also=(409,),
           group="incidents", headers=((KEY, "As `key`: what is sent again with the same one makes no other."),)
)  # fmt: skip
def declare(request: Asks, body: models.DeclareBody) -> dict[str, Any]:
    """Declares an incident; what is sent again under the same Idempotency-Key is answered with the one that it made"""
    key = request.headers.get(KEY, "").strip().strip('"') or body.key
    if len(key) > LONGEST_KEY:
        raise ClientException(f"{KEY} has at most {LONGEST_KEY} letters.")
    said = Declaration(
        title=body.title, severity=body.severity, severity_why=body.severity_why, impact=body.impact,
        members=members(body), summary=body.summary, started_at=body.started_at, is_drill=body.is_drill,
        is_triage=body.is_triage, war_room=body.war_room, key=key,
    )  # fmt: skip
    return answer(request, incidents_of(request).declare(said, by(request)))


@operation("GET", ONE, IncidentModel, group="incidents")
def show(request: Asks) -> dict[str, Any]:
    """An incident with its timeline"""
    return answer(request, named(request))


@operation("POST", ONE + "/acknowledge", IncidentModel, act="respond", body=models.WhyBody, also=(409,),
           group="incidents")  # fmt: skip
def acknowledge(request: Asks, body: models.WhyBody) -> dict[str, Any]:
    """Takes care of an incident, and of its pages"""
    found = named(request)
    return answer(request, incidents_of(request).acknowledge(found.id, by(request), via="api", why=body.why))


@operation("POST", ONE + "/severity", IncidentModel, act="respond", body=models.RateBody, also=(409,),
           group="incidents")  # fmt: skip
def rate(request: Asks, body: models.RateBody) -> dict[str, Any]:
    """Says how grave it is: by its impact, or against the matrix with a reason"""
    return answer(request, incidents_of(request).rate(
        named(request).id, by(request), severity=body.severity, impact=body.impact, why=body.why,
        expected=body.expected,
    ))  # fmt: skip


@operation("POST", ONE + "/status", IncidentModel, act="respond", body=models.StatusBody, also=(409,),
           group="incidents")  # fmt: skip
def move(request: Asks, body: models.StatusBody) -> dict[str, Any]:
    """Moves it to another state"""
    return answer(request, incidents_of(request).move(
        named(request).id, by(request), body.status, why=body.why, happened_at=body.happened_at,
        expected=body.expected,
    ))  # fmt: skip


@operation("POST", ONE + "/resolve", IncidentModel, act="respond", body=models.ResolveBody, also=(409,),
           group="incidents")  # fmt: skip
def resolve(request: Asks, body: models.ResolveBody) -> dict[str, Any]:
    """Says that it is over; its report is written"""
    found = named(request)
    return answer(request, incidents_of(request).move(
        found.id, by(request), "resolved", why=body.why, happened_at=body.happened_at
    ))  # fmt: skip


@operation("POST", ONE + "/reopen", IncidentModel, act="respond", body=models.WhyBody, also=(409,),
           group="incidents")  # fmt: skip
def reopen(request: Asks, body: models.WhyBody) -> dict[str, Any]:
    """Says that it is not over after all"""
    return answer(request, incidents_of(request).move(named(request).id, by(request), "investigating", why=body.why))


@operation("POST", ONE + "/fields", IncidentModel, act="respond", body=models.FieldBody, also=(409,),
           group="incidents")  # fmt: skip
def edit(request: Asks, body: models.FieldBody) -> dict[str, Any]:
    """Another value of one field"""
    return answer(request, incidents_of(request).edit(
        named(request).id, by(request), body.field, body.value, why=body.why, expected=body.expected
    ))  # fmt: skip


@operation("POST", ONE + "/roles", IncidentModel, act="respond", body=models.RoleBody, also=(409,),
           group="incidents")  # fmt: skip
def assign(request: Asks, body: models.RoleBody) -> dict[str, Any]:
    """Gives somebody a role; what only one person has is handed over"""
    found = named(request)
    return answer(request, incidents_of(request).assign(found.id, by(request), body.role, body.person, why=body.why))


@operation("POST", ONE + "/roles/release", IncidentModel, act="respond", body=models.RoleBody, also=(409,),
           group="incidents")  # fmt: skip
def release(request: Asks, body: models.RoleBody) -> dict[str, Any]:
    """Takes a role from somebody"""
    found = named(request)
    return answer(request, incidents_of(request).release(found.id, by(request), body.role, body.person, why=body.why))


@operation("POST", ONE + "/calls", IncidentModel, act="respond", body=models.CallBody, also=(409,),
           group="incidents")  # fmt: skip
def call(request: Asks, body: models.CallBody) -> dict[str, Any]:
    """Calls somebody in: they are paged"""
    return answer(request, incidents_of(request).call(named(request).id, by(request), body.person, body.why))


@operation("POST", ONE + "/members", IncidentModel, act="respond", body=models.MembersBody, also=(409,),
           group="incidents")  # fmt: skip
def attach(request: Asks, body: models.MembersBody) -> dict[str, Any]:
    """Alerts, pages, runs and services belong to it from now on"""
    return answer(request, incidents_of(request).attach(named(request).id, by(request), members(body), body.why))


@operation("POST", ONE + "/members/detach", IncidentModel, act="respond", body=models.MembersBody, also=(409,),
           group="incidents")  # fmt: skip
def detach(request: Asks, body: models.MembersBody) -> dict[str, Any]:
    """They do not belong to it any more"""
    return answer(request, incidents_of(request).detach(named(request).id, by(request), members(body), body.why))


@operation("POST", ONE + "/merge", IncidentModel, act="respond", body=models.IntoBody, also=(409,), group="incidents")
def merge(request: Asks, body: models.IntoBody) -> dict[str, Any]:
    """It is the same as another, which gets what belongs to it; answers that other"""
    found = named(request)
    return answer(request, incidents_of(request).merge(found.id, body.incident, by(request), body.why))


@operation("POST", ONE + "/duplicate", IncidentModel, act="respond", body=models.IntoBody, also=(409,),
           group="incidents")  # fmt: skip
def duplicate(request: Asks, body: models.IntoBody) -> dict[str, Any]:
    """It was declared twice: it is dismissed"""
    found = named(request)
    return answer(request, incidents_of(request).duplicate(found.id, body.incident, by(request), body.why))


@operation("POST", ONE + "/split", IncidentModel, act="respond", body=models.SplitBody, status=201, also=(409,),
           group="incidents")  # fmt: skip
def split(request: Asks, body: models.SplitBody) -> dict[str, Any]:
    """A part of it becomes an incident of its own; answers the new one"""
    return answer(request, incidents_of(request).split(
        named(request).id, by(request), members(body), title=body.title, why=body.why
    ))  # fmt: skip


ROUTES = (
    incident_list, declare, show, acknowledge, rate, move, resolve, reopen, edit, assign, release, call, attach, detach,
    merge, duplicate, split,
)  # fmt: skip
