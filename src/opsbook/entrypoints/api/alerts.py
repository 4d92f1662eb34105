"""Alerts by the API: listed, told, acknowledged, ended, noted. Each operation is one verb."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

import msgspec
from litestar import Response
from litestar.exceptions import ClientException, NotFoundException

from opsbook.entrypoints.api import alert_models as models
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage
from opsbook.ground.guesses import closest
from opsbook.ledger.alert import Alert
from opsbook.ledger.matchers import Matcher, matchers_of, matches
from opsbook.usecases.alert_board import grouped, select
from opsbook.usecases.alert_shown import alert_model, alert_whole
from opsbook.usecases.alerts import Alerts
from opsbook.usecases.first_steps import first_steps

VIA = "api"
STATUSES = get_args(models.Status)


def alerts_of(request: Asks) -> Alerts:
    """The alerts of this server."""
    return desk_of(request).alert_desk.alerts


def named(request: Asks) -> Alert:
    """The alert that the address names; raises 404 where there is none."""
    try:
        return alerts_of(request).find(str(request.path_params["alert"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


def _one(request: Asks) -> Alert:
    """The alert that the address names, to do something with it; raises 404 where there is none, and 409 where several
    open ones have that name."""
    try:
        return alerts_of(request).one(str(request.path_params["alert"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


def _matchers(request: Asks) -> tuple[Matcher, ...]:
    """The matchers that are asked for; raises 400, with the column, for what is none."""
    try:
        return matchers_of([each for each in request.query_params.getall("match", []) if each.strip()])
    except Usage as wrong:
        raise ClientException(str(wrong)) from wrong


def _statuses(request: Asks) -> list[str]:
    """The statuses that are asked for; raises 400, with a guess, for one that is none."""
    words = [word.strip() for each in request.query_params.getall("status", []) for word in each.split(",")]
    for word in filter(None, words):
        if word not in STATUSES:
            near = closest(word, STATUSES)
            guess = f"Did you mean '{near}'?" if near else f"There are {', '.join(STATUSES)}."
            raise ClientException(f"There is no status '{word[:40]}'. {guess}")
    return [word for word in words if word]


@operation("GET", "/alerts", models.AlertList, query=models.AlertsQuery, group="alerts")
def alert_list(request: Asks, query: models.AlertsQuery) -> Response[bytes]:
    """Alerts: all that is open, and what ended within a day; with a limit those that began last"""
    matchers, status = _matchers(request), _statuses(request)
    verbs = alerts_of(request)
    found: Iterable[Alert]
    if query.limit is None and query.before is None:
        found = verbs.listed(matchers=matchers, status=status)
    else:
        found = verbs.select(
            matchers=matchers, status=status, is_open=None, before=query.before, limit=query.limit or 1000
        )
    encoded = b",".join(msgspec.json.encode(alert_model(each)) for each in found)  # one by one: there may be very many
    return Response(b'{"alerts":[' + encoded + b"]}", media_type="application/json")


@operation("GET", "/alert-groups", models.GroupList, query=models.AlertsQuery, group="alerts")
def group_list(request: Asks, query: models.AlertsQuery) -> dict[str, Any]:
    """Open alerts by the groups in which they wake people, those that need somebody first"""
    matchers = _matchers(request)
    looked = desk_of(request).alert_desk.board.look()
    wanted = select(looked.alerts, _statuses(request), lambda each: matches(matchers, each.labels))
    return {"groups": [
        {"group": each.key, "status": each.status, "severity": each.severity, "newest_at": each.newest_at,
         "page": each.page or None, "alerts": [alert.id for alert in each.alerts]}
        for each in grouped(wanted)[: query.limit]
    ]}  # fmt: skip


@operation("GET", "/alerts/{alert}", models.AlertWhole, group="alerts")
def show(request: Asks) -> dict[str, Any]:
    """An alert with its section's first steps, its history, and how it behaved before"""
    return whole(request, named(request))


def whole(request: Asks, alert: Alert) -> dict[str, Any]:
    """The alert with everything that is told of one."""
    verbs, library = alerts_of(request), desk_of(request).library
    steps: Sequence[str] = first_steps(library, alert.place) if alert.place is not None else ()
    return alert_whole(alert, verbs.events(alert), verbs.noise(alert), steps)


@operation("POST", "/alerts", models.AlertList, act="respond", body=models.ManyBody, also=(409,), group="alerts")
def act_on_many(request: Asks, body: models.ManyBody) -> dict[str, Any]:
    """Does something with several alerts at once, all or none; a page or a group means its alerts"""
    verbs, by = alerts_of(request), signed_in(request).name
    if body.do == "acknowledge":
        done = verbs.acknowledge(body.alerts, by, via=VIA, why=body.why, for_s=body.for_s,
                                 all_of_name=body.all_of_name)  # fmt: skip
    else:
        verb = {"unacknowledge": verbs.unacknowledge, "resolve": verbs.resolve, "reopen": verbs.reopen}[body.do]
        done = verb(body.alerts, by, body.why, all_of_name=body.all_of_name)
    return {"alerts": [alert_model(each) for each in done]}


@operation("POST", "/alerts/{alert}/acknowledge", models.AlertModel, act="respond", body=models.AcknowledgeBody,
           also=(409,), group="alerts")  # fmt: skip
def acknowledge(request: Asks, body: models.AcknowledgeBody) -> dict[str, Any]:
    """Takes care of an alert, and of its page"""
    by = signed_in(request).name
    done = alerts_of(request).acknowledge([_one(request).id], by, via=VIA, why=body.why, for_s=body.for_s)
    return alert_model(done[0])


@operation("POST", "/alerts/{alert}/unacknowledge", models.AlertModel, act="respond", body=models.AnswerBody,
           also=(409,), group="alerts")  # fmt: skip
def unacknowledge(request: Asks, body: models.AnswerBody) -> dict[str, Any]:
    """Takes an acknowledgement back; people are woken again"""
    return alert_model(alerts_of(request).unacknowledge([_one(request).id], signed_in(request).name, body.why)[0])


@operation("POST", "/alerts/{alert}/resolve", models.AlertModel, act="respond", body=models.AnswerBody, also=(409,),
           group="alerts")  # fmt: skip
def resolve(request: Asks, body: models.AnswerBody) -> dict[str, Any]:
    """Says that an alert is over; it opens again where its sender says otherwise"""
    return alert_model(alerts_of(request).resolve([_one(request).id], signed_in(request).name, body.why)[0])


@operation("POST", "/alerts/{alert}/reopen", models.AlertModel, act="respond", body=models.AnswerBody, also=(409,),
           group="alerts")  # fmt: skip
def reopen(request: Asks, body: models.AnswerBody) -> dict[str, Any]:
    """Takes back that an alert is over, where a person said so"""
    return alert_model(alerts_of(request).reopen([_one(request).id], signed_in(request).name, body.why)[0])


@operation("POST", "/alerts/{alert}/notes", models.AlertModel, act="respond", body=models.NoteBody, also=(409,),
           group="alerts")  # fmt: skip
def note(request: Asks, body: models.NoteBody) -> dict[str, Any]:
    """Writes something to an alert"""
    return alert_model(alerts_of(request).note(_one(request).id, signed_in(request).name, body.text)[0])


ROUTES = (
    alert_list, group_list, show, act_on_many, acknowledge, unacknowledge, resolve, reopen, note,
)  # fmt: skip
