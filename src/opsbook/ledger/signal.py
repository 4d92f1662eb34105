"""What an inlet understood of one body: signals, and slips for what it did not. Knows no sender's format."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from opsbook.ledger.event import Draft, Event

Action = Literal["firing", "resolved", "acknowledged", "unacknowledged", "note", "snoozed", "change", "priority"]


class Signal(Struct, frozen=True, omit_defaults=True):
    """What a sender says of one alert.

    `key` is its identity among all of the source's group: the fingerprint of its labels, or the sender's own dedup key
    or alias. `labels` have no empty values. `starts_at` is None where the sender tells none. `ends_at` is until when it
    counts if it is not sent again (None: until the sender says that it is over), or when it ended. `severity` is the
    sender's word where it is no label. `links` are (title, address). `by` and `note` are those of a person who acts
    from afar, and `until` the end of a snooze.
    """

    key: str
    action: Action
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator: str = ""
    severity: str = ""
    links: tuple[tuple[str, str], ...] = ()
    by: str = ""
    note: str = ""
    until: datetime | None = None


class Slip(Struct, frozen=True):
    """A part of a body that could not be read: where (`alerts[3].startsAt`), and why in a sentence. The raw body is
    kept, so nothing of it is lost."""

    where: str
    why: str


class Batch(Struct, frozen=True, omit_defaults=True):
    """One body as read: `format` names how. `truncated` counts alerts that the sender left out, of which nothing is
    known. `group` is the sender's own name of the group, shown and never trusted as an identity, `receiver` the one it
    chose to send this to."""

    format: str
    signals: tuple[Signal, ...] = ()
    slips: tuple[Slip, ...] = ()
    truncated: int = 0
    group: str = ""
    external_url: str = ""
    receiver: str = ""


class Source(Struct, frozen=True, omit_defaults=True):
    """Where a body came from: the inlet's name, its kind, and the group in which keys are one identity. Highly
    available senders and the reconciliation with them share a group. `is_drill` marks what proves the path. Of one that
    `is_paused` bodies are kept, and nothing of them is routed."""

    name: str
    kind: str
    group: str
    is_drill: bool = False
    is_paused: bool = False


RECEIVED = "AlertsReceived"  # in a stream of its own, batch/ID, with a timer ROUTE that is due at once
ROUTE = "route"
BATCHES = "batch/"


def received(
    source: Source, batch: Batch, raw_digest: str, headers: Mapping[str, str] | None = None, *, is_cut: bool = False
) -> Draft:
    """A body was received. `raw_digest` is the SHA-256 of it as it is kept beside the events, under `raw/ID`; with
    `is_cut` that is only its beginning."""
    # Not taken apart to plain values first: what is kept is the same, and that was a tenth of all that a body costs.
    facts: dict[str, Any] = {"source": source, "batch": batch, "raw": raw_digest}
    if headers:
        facts["headers"] = dict(headers)
    if is_cut:
        facts["cut"] = True
    return Draft(RECEIVED, facts)


def source_of(event: Event) -> Source:
    """Where the body of such an event came from."""
    return msgspec.convert(event.facts["source"], Source)


def was_cut(event: Event) -> bool:
    """Whether only the beginning of the body of such an event is kept."""
    return bool(event.facts.get("cut"))


def batch_of(event: Event) -> Batch:
    """What was understood of the body of such an event."""
    return msgspec.convert(event.facts["batch"], Batch)
