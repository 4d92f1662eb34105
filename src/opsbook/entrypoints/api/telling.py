"""Who is told, by the API: deliveries of an update, subscriptions for admins, planned work. Addresses stay masked."""

from __future__ import annotations

from typing import Any

from litestar.exceptions import NotFoundException

from opsbook.entrypoints.api import telling_models as models
from opsbook.entrypoints.api.incident_entries import number
from opsbook.entrypoints.api.incidents import ONE, by, named
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.telling_models import delivery_model, maintenance_model, subscription_model
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage
from opsbook.ledger.maintenance import Maintenance
from opsbook.usecases.subscriptions import Subscriptions


@operation("GET", ONE + "/updates/{update}/deliveries", models.Deliveries, group="incidents")
def deliveries(request: Asks) -> dict[str, Any]:
    """Who gets an update, and how far that is: each attempt, and why it did not come"""
    incident, update = named(request), number(request, "update")
    if all(each.id != update for each in incident.updates):
        raise NotFoundException(f"{incident.name} has no update {update}.")
    found = desk_of(request).incident_desk.updates.deliveries(incident, update)
    return {"update": update, "deliveries": [delivery_model(each) for each in found]}


def held(request: Asks) -> Subscriptions:
    """The subscriptions of this server."""
    return desk_of(request).incident_desk.subscriptions


@operation("GET", "/subscriptions", models.SubscriptionList, act="administer", query=models.SubscriptionsQuery,
           group="telling")  # fmt: skip
def subscriptions(request: Asks, query: models.SubscriptionsQuery) -> dict[str, Any]:
    """Who subscribed to what is told of incidents, by masks of their addresses"""
    found = held(request).kept.all(query.scope, is_open=None if query.over else True)
    return {"subscriptions": [subscription_model(each) for each in found]}


@operation("POST", "/subscriptions", models.NewSubscriptionModel, act="administer", body=models.SubscribeBody,
           status=201, also=(409,), group="telling")  # fmt: skip
def subscribe(request: Asks, body: models.SubscribeBody) -> dict[str, Any]:
    """Subscribes somebody: a webhook at once, its secret is told this once; an address once its mail is confirmed"""
    made = held(request).ask(
        body.kind, body.address, scope=body.scope, topics=body.topics, by=by(request),
        is_confirmed=body.kind == "webhook",
    )  # fmt: skip
    found = held(request).kept.find(made.id)
    assert found is not None  # it was made just now, and what is over is still found
    return {"subscription": subscription_model(found), "signer": made.signer or None}


@operation("DELETE", "/subscriptions/{subscription}", models.SubscriptionModel, act="administer", also=(409,),
           group="telling")  # fmt: skip
def end_subscription(request: Asks) -> dict[str, Any]:
    """Ends a subscription; its address is forgotten"""
    id = str(request.path_params["subscription"])
    found = held(request).kept.find(id)
    if found is None or found.state == "ended":
        raise NotFoundException("There is no such subscription any more.")
    return subscription_model(held(request).end(id, by(request)))


def planned(request: Asks) -> Maintenance:
    """The planned work that the address names; raises 404 where there is none."""
    try:
        return desk_of(request).maintenances.find(str(request.path_params["maintenance"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


@operation("GET", "/maintenances", models.MaintenanceList, query=models.MaintenancesQuery, group="telling")
def maintenances(request: Asks, query: models.MaintenancesQuery) -> dict[str, Any]:
    """Planned work that customers are told of"""
    desk = desk_of(request)
    found = desk.maintenances.all(("scheduled", "in_progress", *(("completed", "cancelled") if query.over else ())))
    return {
        "maintenances": [maintenance_model(each, desk.now()) for each in found],
        "components": desk.maintenances.components(),
    }


@operation("POST", "/maintenances", models.MaintenanceModel, act="respond", body=models.MaintenanceBody, status=201,
           also=(409,), group="telling")  # fmt: skip
def announce(request: Asks, body: models.MaintenanceBody) -> dict[str, Any]:
    """Tells customers of planned work; who is woken meanwhile is a silence's matter"""
    return _announced(request, body)


def _announced(
    request: Asks, body: models.MaintenanceBody, id: str = "", expected: int | None = None
) -> dict[str, Any]:
    desk = desk_of(request)
    made = desk.maintenances.announce(
        body.title, by(request), starts_at=body.starts_at, ends_at=body.ends_at, body=body.body,
        components=body.components, silence=body.silence, id=id, expected=expected,
    )  # fmt: skip
    return maintenance_model(made, desk.now())


@operation("GET", "/maintenances/{maintenance}", models.MaintenanceModel, group="telling")
def maintenance(request: Asks) -> dict[str, Any]:
    """Planned work"""
    return maintenance_model(planned(request), desk_of(request).now())


@operation("POST", "/maintenances/{maintenance}", models.MaintenanceModel, act="respond",
           body=models.ChangedMaintenance, also=(409,), group="telling")  # fmt: skip
def change_maintenance(request: Asks, body: models.ChangedMaintenance) -> dict[str, Any]:
    """Tells customers of it in other words, or at other times"""
    return _announced(request, body, planned(request).id, body.expected)


@operation("POST", "/maintenances/{maintenance}/end", models.MaintenanceModel, act="respond", also=(409,),
           group="telling")  # fmt: skip
def end_maintenance(request: Asks) -> dict[str, Any]:
    """It is over now; before its beginning it is called off"""
    desk = desk_of(request)
    return maintenance_model(desk.maintenances.end(planned(request).id, by(request)), desk.now())


ROUTES = (
    deliveries, subscriptions, subscribe, end_subscription, maintenances, announce, maintenance, change_maintenance,
    end_maintenance,
)  # fmt: skip
