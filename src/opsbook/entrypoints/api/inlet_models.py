"""What the API takes and answers about inlets, bodies and heartbeats, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Kind = Literal[
    "alertmanager", "alertmanager-api", "grafana", "pagerduty", "opsgenie", "cloudevents", "generic", "email",
    "heartbeat",
]  # fmt: skip


class InletModel(Struct):
    """A sender. `tokens` are ids, never tokens; `mapping` tells how generic JSON is read."""

    name: str
    kind: Kind
    group: str
    mapping: dict[str, str]
    tokens: list[str]
    is_paused: bool
    last_seen_at: datetime | None
    received: int


class InletList(Struct):
    """All inlets, by name."""

    inlets: list[InletModel]


class InletBody(Struct, forbid_unknown_fields=True):
    """A new inlet."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: Kind
    group: Annotated[str, Meta(max_length=64, description="Which inlets tell of the same alerts; else its own.")] = ""
    mapping: Annotated[dict[str, str], Meta(description="Name of a field → JMESPath, for kind generic.")] = {}
    token: Annotated[str, Meta(max_length=512, description="One that the sender has already.")] = ""


class TokenBody(Struct, forbid_unknown_fields=True):
    """A further token."""

    token: Annotated[str, Meta(max_length=512, description="One that the sender has already.")] = ""


class MappingBody(Struct, forbid_unknown_fields=True):
    """How the JSON of an inlet is read from now on."""

    mapping: dict[str, str]


class NewInlet(Struct):
    """An inlet and its newest token, which is told this once."""

    token: str
    inlet: InletModel


class SlipModel(Struct):
    """What could not be read of a body: where, and why."""

    where: str
    why: str


class BodyModel(Struct):
    """A body as it was received; `size` is null where its bytes are not kept any more, and what a paused inlet sent
    `is_held`: it was led nowhere."""

    id: str
    at: datetime
    inlet: str
    kind: str
    group: str
    format: str
    signals: int
    slips: list[SlipModel]
    headers: dict[str, str]
    size: int | None
    is_held: bool


class BodyList(Struct):
    """Bodies, the last received first."""

    bodies: list[BodyModel]


class BodiesQuery(Struct):
    """Which bodies."""

    inlet: Annotated[str, Meta(max_length=64)] = ""
    slips: Annotated[bool, Meta(description="Those alone that could not be read whole.")] = False
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class ReceiptModel(Struct):
    """What was recorded; `batch` is empty where nothing was new."""

    batch: str
    signals: int
    slips: int


class HeartbeatModel(Struct):
    """Something that is to call."""

    name: str
    state: Literal["new", "healthy", "late", "paused", "expired"]
    every_s: float
    grace_s: float
    severity: str
    service: str | None
    runbook: str
    last_at: datetime | None


class HeartbeatList(Struct):
    """All heartbeats, by name."""

    heartbeats: list[HeartbeatModel]


class HeartbeatBody(Struct, forbid_unknown_fields=True):
    """How something is to call."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    every_s: Annotated[float, Meta(ge=1, le=34_560_000)]
    grace_s: Annotated[float, Meta(ge=0, le=34_560_000)] = 60.0
    severity: Literal["P0", "P1", "P2", "P3"] = "P1"
    service: Annotated[str, Meta(max_length=200)] | None = None
    runbook: Annotated[str, Meta(max_length=2000)] = ""
