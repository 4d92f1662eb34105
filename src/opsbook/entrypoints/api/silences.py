"""Silences by the API: listed, made, changed, expired, made again. Each operation is one verb."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar.exceptions import ClientException, NotFoundException

from opsbook.entrypoints.api import silence_models as models
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage
from opsbook.ledger.matchers import matchers_of
from opsbook.ledger.silence import Silence
from opsbook.usecases.silence_shown import matched, silence_model
from opsbook.usecases.silences import Silences


def silences_of(request: Asks) -> Silences:
    """The silences of this server."""
    return desk_of(request).alert_desk.silences


def named(request: Asks) -> Silence:
    """The silence that the address names; raises 404 where there is none."""
    try:
        return silences_of(request).find(str(request.path_params["silence"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


def shown(request: Asks, silences: Sequence[Silence]) -> list[dict[str, Any]]:
    """The silences as JSON has them."""
    desk = desk_of(request)
    counts = matched(silences, (alert.labels for alert in desk.alert_desk.board.look().alerts)) if silences else {}
    return [silence_model(each, desk.now(), counts[each.id]) for each in silences]


@operation("GET", "/silences", models.SilenceList, query=models.SilencesQuery, group="alerts")
def silence_list(request: Asks, query: models.SilencesQuery) -> dict[str, Any]:
    """Silences, the last changed first"""
    states = ("active", "pending") if query.state is None else (query.state,)
    try:
        wanted = matchers_of([query.match]) if query.match else ()
    except Usage as wrong:
        raise ClientException(str(wrong)) from wrong
    return {"silences": shown(request, silences_of(request).select(matchers=wanted, states=states))}


@operation("GET", "/silences/{silence}", models.SilenceModel, group="alerts")
def silence(request: Asks) -> dict[str, Any]:
    """A silence"""
    return shown(request, [named(request)])[0]


@operation("POST", "/silences", models.SilenceModel, act="respond", body=models.SilenceBody, status=201, group="alerts")
def add_silence(request: Asks, body: models.SilenceBody) -> dict[str, Any]:
    """Makes a silence: alerts that match wake nobody for a while"""
    return _added(request, body)


@operation("POST", "/silences/{silence}", models.SilenceModel, act="respond", body=models.SilenceBody, also=(409,),
           group="alerts")  # fmt: skip
def change_silence(request: Asks, body: models.SilenceBody) -> dict[str, Any]:
    """Makes a silence another; with other matchers it ends, and a new one takes its place"""
    return _added(request, body, named(request))


@operation("POST", "/silences/{silence}/expire", models.SilenceModel, act="respond", also=(409,), group="alerts")
def expire_silence(request: Asks) -> dict[str, Any]:
    """Ends a silence now"""
    return shown(request, [silences_of(request).expire(named(request).id, signed_in(request).name)])[0]


@operation("POST", "/silences/{silence}/again", models.SilenceModel, act="respond", also=(409,), group="alerts")
def silence_again(request: Asks) -> dict[str, Any]:
    """Makes a silence again that was expired, until the same end"""
    return shown(request, [silences_of(request).again(named(request).id, signed_in(request).name)])[0]


def _added(request: Asks, body: models.SilenceBody, before: Silence | None = None) -> dict[str, Any]:
    starts_at = before.starts_at if before is not None else desk_of(request).now()
    made = silences_of(request).add(
        matchers_of([body.match]), starts_at=body.starts_at or starts_at, ends_at=body.ends_at,
        by=signed_in(request).name, comment=body.comment, rule=body.rule, time_zone=body.time_zone, kind=body.kind,
        remind_at=body.remind_at, id=before.id if before is not None else "",
    )  # fmt: skip
    return shown(request, [made])[0]


ROUTES = (silence_list, silence, add_silence, change_silence, expire_silence, silence_again)
