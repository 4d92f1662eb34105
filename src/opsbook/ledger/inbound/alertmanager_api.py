"""What is posted to Alertmanager's API, version 2, as a batch (prometheus/alertmanager, api/v2/api.go). Never raises.

As there, an alert without an end counts for a while from now on, one whose end is past is over, and what is wrong in
one takes nothing from its neighbours. Prometheus posts here every minute, so a body as it writes it is decoded by its
types at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct, field

from opsbook.ledger.inbound import loose
from opsbook.ledger.inbound.alertmanager import without_empty
from opsbook.ledger.inbound.fingerprints import fingerprints
from opsbook.ledger.signal import Action, Batch, Signal

FORMAT = "alertmanager-api-2"
_NONE: dict[str, str] = {}


class _Posted(Struct):
    """An alert as it is written."""

    labels: dict[str, str]
    annotations: dict[str, str] = _NONE
    starts_at: datetime | None = field(name="startsAt", default=None)
    ends_at: datetime | None = field(name="endsAt", default=None)
    generator: str = field(name="generatorURL", default="")


_DECODER = msgspec.json.Decoder(list[_Posted])


class Clock(Struct, frozen=True):
    """When it is, and how long an alert counts that does not say when it ends."""

    now: datetime
    resolve_timeout: timedelta


def parse(body: bytes, clock: Clock) -> Batch:
    """The batch that a body says; what cannot be an alert is a slip."""
    try:
        posted = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _loosely(body, clock)
    if b"\\u0000" in body:
        return _loosely(body, clock)
    labels = [without_empty(each.labels) for each in posted]
    may_be_long = len(body) > loose.LONGEST_TEXT
    signals = []
    for alert, own, key in zip(posted, labels, fingerprints(labels), strict=True):
        starts_at, ends_at = alert.starts_at, alert.ends_at
        if (
            not own
            or (starts_at is not None and starts_at.tzinfo is None)
            or (ends_at is not None and ends_at.tzinfo is None)
            or (may_be_long and _is_long(alert))
        ):
            return _loosely(body, clock)
        begin = loose.moment(starts_at) if starts_at is not None else None
        end = loose.moment(ends_at) if ends_at is not None else None
        if begin is not None and end is not None and end < begin:
            return _loosely(body, clock)
        told = (alert.annotations, alert.generator)
        signals.append(_signal(key, own, *told, begin=begin, end=end, clock=clock))
    return Batch(FORMAT, tuple(signals))


def _signal(
    key: str, labels: dict[str, str], annotations: dict[str, str], generator: str, *, begin: datetime | None,
    end: datetime | None, clock: Clock,
) -> Signal:  # fmt: skip
    action: Action = "firing"
    if end is None:
        end = clock.now + clock.resolve_timeout
    elif end <= clock.now:
        action = "resolved"
        begin = begin or end
    return Signal(key, action, labels, without_empty(annotations), begin, end, generator)


def _is_long(alert: _Posted) -> bool:
    texts = (*alert.labels, *alert.labels.values(), *alert.annotations, *alert.annotations.values(), alert.generator)
    return max(map(len, texts)) > loose.LONGEST_TEXT


def _loosely(body: bytes, clock: Clock) -> Batch:
    value, why = loose.read_json(body)
    if why:
        return loose.nothing_read(FORMAT, why)
    if not isinstance(value, list):
        return loose.nothing_read(FORMAT, "It is no list of alerts; POST a JSON array, even of one alert.")
    slips = loose.Slips()
    found = [_read(each, f"[{place}]", slips, clock) for place, each in enumerate(value)]
    return Batch(FORMAT, tuple(each for each in found if each is not None), slips.all())


def _read(value: Any, where: str, slips: loose.Slips, clock: Clock) -> Signal | None:
    labels = loose.as_labels(value.get("labels")) if isinstance(value, dict) else None
    if labels is None:
        slips.add(where, "An alert is an object with labels.")
        return None
    if not labels:
        slips.add(f"{where}.labels", "At least one label with a value is needed.")
        return None
    times: list[datetime | None] = []
    for name in ("startsAt", "endsAt"):
        found, why = loose.as_time(value.get(name))
        if why:
            slips.add(f"{where}.{name}", why)
            return None
        times.append(found)
    begin, end = times
    if begin is not None and end is not None and end < begin:
        slips.add(f"{where}.endsAt", "It ends before it starts.")
        return None
    annotations = loose.as_labels(value.get("annotations")) or {}
    key = fingerprints([labels])[0]
    generator = loose.as_text(value.get("generatorURL"))
    return _signal(key, labels, annotations, generator, begin=begin, end=end, clock=clock)
