"""Inlets as folds over their events: kind, group, mapping, tokens. Pure; knows no token, only hashes.

Each inlet has a stream of its own, `inlet/NAME`. Everything that changes one lives in FOLDS, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger.event import Draft, Event
from opsbook.ledger.view import Row, View

INLETS = "inlet/"
INLET_ADDED = "InletAdded"
INLET_CHANGED = "InletChanged"
INLET_PAUSED = "InletPaused"
INLET_RESUMED = "InletResumed"
INLET_REMOVED = "InletRemoved"
TOKEN_ISSUED = "InletTokenIssued"
TOKEN_REVOKED = "InletTokenRevoked"


class InletToken(Struct, frozen=True):
    """What a sender shows: known by the SHA-256 of it."""

    id: str
    secret_hash: str
    issued_at: datetime


class KeptInlet(Struct, frozen=True):
    """An inlet as its events left it."""

    name: str
    kind: str
    group: str
    mapping: dict[str, str] = {}
    tokens: tuple[InletToken, ...] = ()
    is_paused: bool = False
    added_at: datetime | None = None


def added(kind: str, group: str, mapping: dict[str, str]) -> Draft:
    """A sender is to be heard."""
    return Draft(INLET_ADDED, {"kind": kind, "group": group, "mapping": mapping})


def changed(mapping: dict[str, str]) -> Draft:
    """Its JSON is read in another way."""
    return Draft(INLET_CHANGED, {"mapping": mapping})


def paused(is_paused: bool) -> Draft:
    """It is not heard for now, or again."""
    return Draft(INLET_PAUSED if is_paused else INLET_RESUMED)


def removed() -> Draft:
    """It is not heard any more, and none of its tokens counts."""
    return Draft(INLET_REMOVED)


def token_issued(id: str, secret_hash: str) -> Draft:
    """A token counts from now on."""
    return Draft(TOKEN_ISSUED, {"token": id, "secret_hash": secret_hash})


def token_revoked(id: str) -> Draft:
    """A token does not count any more."""
    return Draft(TOKEN_REVOKED, {"token": id})


def folded(inlet: KeptInlet | None, event: Event) -> KeptInlet | None:
    """The inlet after one more event of its stream; None before it was added and after it was removed."""
    facts = event.facts
    if event.kind == INLET_ADDED:
        name = event.stream.removeprefix(INLETS)
        return KeptInlet(name, facts["kind"], facts["group"], facts["mapping"], added_at=event.at)
    if inlet is None or event.kind == INLET_REMOVED:
        return None
    fold = FOLDS.get(event.kind)
    return fold(inlet, event, facts) if fold is not None else inlet


def _issued(inlet: KeptInlet, event: Event, facts: dict[str, Any]) -> KeptInlet:
    token = InletToken(facts["token"], facts["secret_hash"], event.at)
    return replace(inlet, tokens=(*inlet.tokens, token))


def _revoked(inlet: KeptInlet, _event: Event, facts: dict[str, Any]) -> KeptInlet:
    return replace(inlet, tokens=tuple(each for each in inlet.tokens if each.id != facts["token"]))


FOLDS: dict[str, Callable[[KeptInlet, Event, dict[str, Any]], KeptInlet]] = {
    INLET_CHANGED: lambda inlet, _event, facts: replace(inlet, mapping=facts["mapping"]),
    INLET_PAUSED: lambda inlet, _event, _facts: replace(inlet, is_paused=True),
    INLET_RESUMED: lambda inlet, _event, _facts: replace(inlet, is_paused=False),
    TOKEN_ISSUED: _issued,
    TOKEN_REVOKED: _revoked,
}


def inlet_of(row: Row) -> KeptInlet:
    """The inlet of a row of the view."""
    return msgspec.convert(row.document, KeptInlet)


def _row(row: Row | None, event: Event) -> Row | None:
    inlet = folded(inlet_of(row) if row is not None else None, event)
    return Row(True, inlet.kind, msgspec.to_builtins(inlet)) if inlet is not None else None


INLET_VIEW = View("inlets", 1, INLETS, _row)
