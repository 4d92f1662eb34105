"""The envelope of every event of the ledger, and its hash. Knows no kind of event and no database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class Draft(Struct, frozen=True):
    """An event before it is recorded: its kind, in the past tense, and its facts as plain JSON values."""

    kind: str
    facts: dict[str, Any] = {}


class Event(Struct, frozen=True):
    """What happened, as recorded: `number` counts from 1 within its stream, `position` over the whole ledger."""

    stream: str
    number: int
    position: int
    at: datetime
    actor: str
    kind: str
    facts: dict[str, Any]
    previous_hash: str
    hash: str
