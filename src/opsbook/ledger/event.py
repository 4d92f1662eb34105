"""The envelope of every event of the ledger, its hash, and the check of a chain of them. Knows no database.

Each event's hash covers all of it and the hash of the event before it in its stream, so that nothing in a stream can be
changed, taken out or put in unseen. Positions count without a gap over the whole ledger, and a checkpoint hashes the
last events of all streams, so that a cut tail or a stream that is gone shows too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

CHECKPOINTED = "LedgerCheckpointed"
CHECKPOINTS = "ledger"  # the stream of the checkpoints
CHECKPOINT_EVERY = 1000  # events at the most before the next one, or as many as there are streams if those are more
NO_HASH = ""  # what stands before the first event of a stream
_ENCODER = msgspec.json.Encoder(order="sorted")


class Draft(Struct, frozen=True):
    """An event before it is recorded: its kind, in the past tense, and its facts as plain JSON values.

    A fact whose name ends in `_hash` is for the program alone; `shown_facts` leaves it out.
    """

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


class Moved(NamedTuple):
    """That something happened, for whoever need not know what."""

    stream: str
    number: int
    position: int
    kind: str


def shown_facts(event: Event) -> dict[str, Any]:
    """The facts that a door may show: all but those that only the program needs, such as hashes of passwords."""
    return {name: value for name, value in event.facts.items() if not name.endswith("_hash")}


def canonical(value: object) -> bytes:
    """The one encoding of plain JSON values that is kept and hashed: keys in order, no spaces, numbers at their
    shortest. What it decodes to encodes to the same bytes."""
    return _ENCODER.encode(value)


def hash_of(
    kind: str, facts: bytes, *, stream: str, number: int, position: int, at: datetime, actor: str, previous_hash: str
) -> str:
    """The SHA-256, in hexadecimal, of an event; `facts` are in their canonical encoding.

    It is that of two lines: the envelope as a canonical JSON list, and the facts. Neither can hold a line break.
    """
    envelope = canonical([previous_hash, stream, number, position, at.isoformat(), actor, kind])
    return sha256(envelope + b"\n" + facts).hexdigest()


def checkpoint(heads: Mapping[str, tuple[int, str]]) -> Draft:
    """The event that vouches for all streams: `heads` is the number and the hash of the last event of each."""
    return Draft(CHECKPOINTED, {"streams": len(heads), "heads": heads_digest(heads)})


def is_checkpoint_due(position: int, last: Event | None) -> bool:
    """Whether it is time for a checkpoint behind so many events; `last` is the last one. To take one costs something
    for each stream, so with very many streams it comes less often."""
    if last is None:
        return position >= CHECKPOINT_EVERY
    return position - last.position >= max(CHECKPOINT_EVERY, int(last.facts.get("streams", 0)))


def heads_digest(heads: Mapping[str, tuple[int, str]]) -> str:
    """The SHA-256 over the last events of all streams, in the order of their names."""
    return sha256(canonical([[stream, *heads[stream]] for stream in sorted(heads)])).hexdigest()


def verify(events: Iterable[Event], *, is_whole: bool = True) -> list[str]:
    """What is wrong with a ledger, in sentences; empty when nothing is.

    The events come in the order of their positions. Where they are only those of some streams (`is_whole` is False),
    each from its first, gaps between positions are right, and checkpoints are not judged.
    """
    faults: list[str] = []
    heads: dict[str, tuple[int, str]] = {}
    position = 0
    for event in events:
        if event.position <= position or (is_whole and event.position != position + 1):
            faults.append(f"Position {event.position} follows {position}: {_between(position, event.position)}.")
        position = event.position
        faults += _faults_of(event, *heads.get(event.stream, (0, NO_HASH)))
        if is_whole and event.kind == CHECKPOINTED and event.facts.get("heads") != heads_digest(heads):
            faults.append(
                f"{_place(event)}: the checkpoint does not agree with the streams as they are before it: events were"
                " changed, or a stream was cut or taken out."
            )
        heads[event.stream] = (event.number, event.hash)
    return faults


def _faults_of(event: Event, number: int, previous_hash: str) -> Iterable[str]:
    if event.number != number + 1:
        yield f"{_place(event)}: the number follows {number}: {_between(number, event.number)}."
    elif event.previous_hash != previous_hash:
        yield f"{_place(event)}: it was recorded after another event than the one that stands before it now."
    expected = hash_of(
        event.kind, canonical(event.facts), stream=event.stream, number=event.number, position=event.position,
        at=event.at, actor=event.actor, previous_hash=event.previous_hash,
    )  # fmt: skip
    if event.hash != expected:
        yield f"{_place(event)}: it is not what was recorded: its hash does not fit."


def _between(before: int, after: int) -> str:
    if after <= before:
        return "they do not count up"
    missing = after - before - 1
    return "1 event is missing" if missing == 1 else f"{missing} events are missing"


def _place(event: Event) -> str:
    return f"{event.stream} {event.number} ({event.kind}, {event.at.isoformat(timespec='seconds')})"
