"""Inlets, what they received, and heartbeats, by the API. Each operation is one verb; no body is received here."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException

from opsbook.entrypoints.api import inlet_models as models
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.senders import body_model, inlet_model
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage
from opsbook.usecases.alert_desk import AlertDesk
from opsbook.usecases.bodies import Body
from opsbook.usecases.heartbeats import Heartbeat
from opsbook.usecases.inlets import Inlet

ADMINISTER: dict[str, Any] = {"act": "administer", "group": "inlets"}
NAMED = "/inlets/{name}"


def alerts_of(request: Asks) -> AlertDesk:
    """The verbs of alerts of this server."""
    return desk_of(request).alert_desk


def inlet_named(request: Asks) -> Inlet:
    """The inlet that the address names; raises 404 where there is none."""
    try:
        return alerts_of(request).inlets.find(str(request.path_params["name"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


def body_named(request: Asks) -> Body:
    """The body that the address names; raises 404 where there is none."""
    try:
        return alerts_of(request).bodies.find(str(request.path_params["id"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


def heartbeat_named(request: Asks) -> Heartbeat:
    """The heartbeat that the address names; raises 404 where there is none."""
    try:
        return alerts_of(request).heartbeats.find(str(request.path_params["name"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


@operation("GET", "/inlets", models.InletList, **ADMINISTER)
def inlets(request: Asks) -> dict[str, Any]:
    """The inlets, by name"""
    return {"inlets": [inlet_model(each) for each in alerts_of(request).inlets.all()]}


@operation("POST", "/inlets", models.NewInlet, body=models.InletBody, status=201, also=(409,), **ADMINISTER)
def add(request: Asks, body: models.InletBody) -> dict[str, Any]:
    """Adds an inlet; its token is told this once"""
    inlet, token = alerts_of(request).inlets.add(
        body.name, body.kind, signed_in(request).name, group=body.group, mapping=body.mapping, token=body.token
    )
    return {"token": token, "inlet": inlet_model(inlet)}


@operation("GET", NAMED, models.InletModel, **ADMINISTER)
def inlet(request: Asks) -> dict[str, Any]:
    """One inlet"""
    return inlet_model(inlet_named(request))


@operation("POST", f"{NAMED}/rotate", models.NewInlet, body=models.TokenBody, also=(409,), **ADMINISTER)
def rotate(request: Asks, body: models.TokenBody) -> dict[str, Any]:
    """Gives an inlet a second token, told this once; both count until one is revoked"""
    name, own = inlet_named(request).name, alerts_of(request).inlets
    token = own.rotate(name, signed_in(request).name, token=body.token)
    return {"token": token, "inlet": inlet_model(own.find(name))}


@operation("POST", f"{NAMED}/tokens/{{token}}/revoke", models.InletModel, also=(409,), **ADMINISTER)
def revoke(request: Asks) -> dict[str, Any]:
    """Revokes a token of an inlet, by its id"""
    name, token = inlet_named(request).name, str(request.path_params["token"])
    return inlet_model(alerts_of(request).inlets.revoke(name, token, signed_in(request).name))


@operation("POST", f"{NAMED}/pause", models.InletModel, also=(409,), **ADMINISTER)
def pause(request: Asks) -> dict[str, Any]:
    """Keeps what an inlet sends and leads it nowhere, until it is resumed"""
    return inlet_model(alerts_of(request).inlets.pause(inlet_named(request).name, signed_in(request).name))


@operation("POST", f"{NAMED}/resume", models.InletModel, also=(409,), **ADMINISTER)
def resume(request: Asks) -> dict[str, Any]:
    """Hears an inlet again"""
    name, by = inlet_named(request).name, signed_in(request).name
    return inlet_model(alerts_of(request).inlets.pause(name, by, is_paused=False))


@operation("POST", f"{NAMED}/mapping", models.InletModel, body=models.MappingBody, also=(409,), **ADMINISTER)
def remap(request: Asks, body: models.MappingBody) -> dict[str, Any]:
    """Replaces how the JSON of a generic inlet is read"""
    name, by = inlet_named(request).name, signed_in(request).name
    return inlet_model(alerts_of(request).inlets.remap(name, by, body.mapping))


@operation("POST", f"{NAMED}/remove", models.InletModel, also=(409,), **ADMINISTER)
def remove(request: Asks) -> dict[str, Any]:
    """Removes an inlet; its tokens count no more, and its alerts stay"""
    found = inlet_named(request)
    alerts_of(request).inlets.remove(found.name, signed_in(request).name)
    return inlet_model(found)


@operation("GET", "/bodies", models.BodyList, query=models.BodiesQuery, **ADMINISTER)
def bodies(request: Asks, query: models.BodiesQuery) -> dict[str, Any]:
    """What inlets received, the last first"""
    found = alerts_of(request).bodies.latest(inlet=query.inlet, slips_only=query.slips, limit=query.limit)
    return {"bodies": [body_model(each) for each in found]}


@operation("GET", "/bodies/{id}", models.BodyModel, **ADMINISTER)
def body(request: Asks) -> dict[str, Any]:
    """One received body, and what could not be read of it"""
    return body_model(body_named(request))


@operation("GET", "/bodies/{id}/raw", str, media="text/plain", **ADMINISTER)
def raw(request: Asks) -> Response[bytes]:
    """One received body, byte for byte, secrets taken out"""
    found = body_named(request)
    if found.raw is None:
        raise NotFoundException(f"The bytes of {found.id} are not kept any more.")
    return Response(found.raw, media_type="text/plain; charset=utf-8")


@operation("POST", "/bodies/{id}/replay", models.ReceiptModel, also=(409,), **ADMINISTER)
def replay(request: Asks) -> Any:
    """Receives a body again, as its inlet reads it now"""
    return alerts_of(request).bodies.replay(body_named(request).id)


@operation("GET", "/heartbeats", models.HeartbeatList, group="inlets")
def heartbeats(request: Asks) -> dict[str, Any]:
    """What is to call, by name"""
    return {"heartbeats": alerts_of(request).heartbeats.all()}


@operation("POST", "/heartbeats", models.HeartbeatModel, body=models.HeartbeatBody, also=(409,), **ADMINISTER)
def put_heartbeat(request: Asks, body: models.HeartbeatBody) -> Any:
    """Waits for something that is to call, from its first call on"""
    return alerts_of(request).heartbeats.put(
        body.name, signed_in(request).name, every_s=body.every_s, grace_s=body.grace_s,
        severity=body.severity, service=body.service, runbook=body.runbook,
    )  # fmt: skip


@operation("POST", "/heartbeats/{name}/pause", models.HeartbeatModel, also=(409,), **ADMINISTER)
def pause_heartbeat(request: Asks) -> Any:
    """Waits for one no more, until it is resumed"""
    return alerts_of(request).heartbeats.pause(heartbeat_named(request).name, signed_in(request).name)


@operation("POST", "/heartbeats/{name}/resume", models.HeartbeatModel, also=(409,), **ADMINISTER)
def resume_heartbeat(request: Asks) -> Any:
    """Waits for one again, as if it had just called"""
    by = signed_in(request).name
    return alerts_of(request).heartbeats.pause(heartbeat_named(request).name, by, is_paused=False)


@operation("POST", "/heartbeats/{name}/remove", models.HeartbeatModel, also=(409,), **ADMINISTER)
def remove_heartbeat(request: Asks) -> Any:
    """Forgets one"""
    found = heartbeat_named(request)
    alerts_of(request).heartbeats.remove(found.name, signed_in(request).name)
    return found


ROUTES = (
    inlets, add, inlet, rotate, revoke, pause, resume, remap, remove, bodies, body, raw, replay, heartbeats,
    put_heartbeat, pause_heartbeat, resume_heartbeat, remove_heartbeat,
)  # fmt: skip
