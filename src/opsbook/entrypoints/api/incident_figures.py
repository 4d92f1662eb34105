"""Figures and likenesses of incidents by the API. Counts nothing itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.exceptions import ClientException
from msgspec import Meta, Struct

from opsbook.entrypoints.api.incidents import ONE, named
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.figured import figures_csv, figures_model, figures_of, similar_to, stretch, zone_asked
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage


class FiguresQuery(Struct, forbid_unknown_fields=True):
    """Of which time and which incidents; the last 90 days unless said."""

    since: Annotated[datetime, Meta(tz=True)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None
    service: str = ""
    severity: Literal["", "P0", "P1", "P2", "P3"] = ""
    time_zone: Annotated[str, Meta(max_length=100, description="By whose clock hours and months are counted.")] = "UTC"


class CountModel(Struct):
    """How many of one name."""

    name: str
    count: int


class LengthModel(Struct):
    """How long something took, in seconds; `unknown` is of how many nobody knows."""

    name: str
    meaning: str
    count: int
    unknown: int
    mean_s: float | None
    median_s: float | None
    p90_s: float | None


class SectionModel(Struct):
    """How often a section was run for incidents, how often that succeeded, and how often it ended one."""

    path: str
    anchor: str
    title: str
    used: int
    succeeded: int
    ended: int


class FiguresModel(Struct):
    """The figures of a stretch of time; hours are by the hour of the day, weekdays from Monday on."""

    since: datetime
    until: datetime
    time_zone: str
    total: int
    live: int
    severities: list[CountModel]
    services: list[CountModel]
    causes: list[CountModel]
    hours: list[int]
    weekdays: list[int]
    months: list[CountModel]
    lengths: list[LengthModel]
    sections: list[SectionModel]
    actions_open: int
    actions_late: int


class SimilarModel(Struct):
    """Past incidents that are most like one, and what ended those."""

    similar: list[dict[str, Any]]
    remedies: list[dict[str, Any]]


def asked_of(query: FiguresQuery, now: datetime) -> tuple[datetime, datetime, ZoneInfo]:
    """From when until when, by whose clock; raises 400 for what is none: there is such an address."""
    try:
        return *stretch(query.since, query.until, now), zone_asked(query.time_zone)
    except Usage as wrong:
        raise ClientException(str(wrong)) from wrong


@operation("GET", "/incident-figures", FiguresModel, query=FiguresQuery, group="incidents")
def incident_figures(request: Asks, query: FiguresQuery) -> dict[str, Any]:
    """How often, how grave, how long, and what helped"""
    desk = desk_of(request)
    since, until, zone = asked_of(query, desk.now())
    return figures_model(figures_of(
        desk.incident_desk, desk.library.snapshot(), since, until, now=desk.now(),
        time_zone=zone, service=query.service, severity=query.severity,
    ))  # fmt: skip


@operation("GET", "/incident-figures.csv", str, query=FiguresQuery, media="text/csv; charset=utf-8", group="incidents")
def incident_figures_csv(request: Asks, query: FiguresQuery) -> Response[str]:
    """What the figures are made of, a row an incident"""
    since, until, _ = asked_of(query, desk_of(request).now())
    return Response(
        figures_csv(
            desk_of(request).incident_desk, since, until, service=query.service, severity=query.severity
        ), media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="incidents.csv"'},
    )  # fmt: skip


@operation("GET", ONE + "/similar", SimilarModel, group="incidents")
def similar(request: Asks) -> dict[str, Any]:
    """Past incidents that are most like one, and what ended those"""
    held = desk_of(request).incident_desk
    return similar_to(held.likeness, held.cases.of(named(request)))[1]


ROUTES = (incident_figures, incident_figures_csv, similar)
