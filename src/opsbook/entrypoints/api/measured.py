"""Probes by the API: their health, what they read, and asking them now. Judges nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from litestar.exceptions import ClientException, NotFoundException
from msgspec import Meta, Struct

from opsbook.book.probe import Probe
from opsbook.entrypoints.api import models
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.streams import health_model, reading_model
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ledger.health import Health

DAY = timedelta(days=1)
LONGEST = timedelta(days=92)  # a little more than is kept


class ReadingsQuery(Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """Which stretch of time is asked for."""

    start: Annotated[datetime, Meta(tz=True, description="When it begins; else a day before its end.")] | None = None
    end: Annotated[datetime, Meta(tz=True, description="When it ends; else now.")] | None = None
    count: Annotated[int, Meta(ge=1, le=2_000, description="Into how many stretches it is cut.")] = 288


class LastQuery(Struct, forbid_unknown_fields=True):
    """How many readings are asked for."""

    limit: Annotated[int, Meta(ge=1, le=1_000, description="How many readings at most.")] = 100


@operation("GET", "/probes", models.Probes, group="probes")
def probes(request: Asks) -> dict[str, Any]:
    """Every probe of the book with its health"""
    desk = desk_of(request)
    healths = desk.watch.healths()
    known = desk.watch.probes()
    return {"probes": [health_model(probe, healths.get(key) or Health(key)) for key, probe in sorted(known.items())]}


def probe_of(request: Asks) -> Probe:
    """The probe whose key stands in the address."""
    key = request.path_params["key"]
    probe = desk_of(request).watch.probes().get(key)
    if probe is None:
        raise NotFoundException(f"The book has no probe '{key}'. GET /api/v1/probes lists them.")
    return probe


@operation("GET", "/probes/{key}", models.ProbeState, group="probes")
def probe(request: Asks) -> dict[str, Any]:
    """A probe with its health"""
    found = probe_of(request)
    return health_model(found, desk_of(request).watch.healths().get(found.key) or Health(found.key))


@operation("GET", "/probes/{key}/last", models.Readings, query=LastQuery, group="probes")
def last(request: Asks, query: LastQuery) -> dict[str, Any]:
    """The last readings of a probe, the newest first"""
    found = probe_of(request)
    readings = desk_of(request).samples.last(found.key, query.limit)
    return {"probe": found.key, "readings": [reading_model(reading) for reading in readings]}


@operation("GET", "/probes/{key}/readings", models.ReadingBuckets, query=ReadingsQuery, group="probes")
def readings(request: Asks, query: ReadingsQuery) -> dict[str, Any]:
    """What a probe read between two times, rolled up"""
    found, desk = probe_of(request), desk_of(request)
    try:
        end = (query.end or desk.now()).astimezone(UTC)
        start = (query.start or end - DAY).astimezone(UTC)
        is_fine = timedelta(0) < end - start <= LONGEST
    except OverflowError:
        is_fine = False
    if not is_fine:
        raise ClientException(f"'from' lies before 'to', and they are at most {LONGEST.days} days apart.")
    return {
        "probe": found.key, "start": start, "end": end,
        "buckets": desk.samples.buckets(found.key, start, end, query.count),
    }  # fmt: skip


@operation("POST", "/probes/{key}/ask", models.Asked, act="probe", status=202, group="probes")
def ask(request: Asks) -> dict[str, Any]:
    """Asks a probe now, besides its turn; its reading comes by the stream of health"""
    found = probe_of(request)
    desk_of(request).watch.ask_now([found.key])
    return {"probe": found.key, "asked": True}


ROUTES = (probes, probe, last, readings, ask)
