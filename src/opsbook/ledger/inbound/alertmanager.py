"""Alertmanager's webhook, version 4, as a batch (prometheus/alertmanager, notify/webhook/webhook.go and
template/template.go). Judges no alert, and never raises.

A body as Alertmanager writes it is decoded by its types at once; any other is read piece by piece, so that one wrong
alert is a slip and its neighbours live. Whatever has no list of alerts is somebody's own payload, read by `generic`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from opsbook.ledger.inbound import generic, loose
from opsbook.ledger.inbound.fingerprints import fingerprints
from opsbook.ledger.signal import Action, Batch, Signal

FORMAT = "alertmanager-4"
ReadOne = Callable[[Any, str, loose.Slips], Signal | None]  # one alert of a list, and where it stands
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_QUOTED = re.compile(r"\\([\\.+*?()|\[\]{}^$])")  # what Go's regexp.QuoteMeta writes


class _Sent(Struct):
    """An alert as it is written."""

    labels: dict[str, str]
    status: str
    annotations: dict[str, str] = {}
    starts_at: datetime | None = field(name="startsAt", default=None)
    ends_at: datetime | None = field(name="endsAt", default=None)
    generator: str = field(name="generatorURL", default="")
    fingerprint: str = ""


class _Body(Struct):
    """The body as it is written."""

    alerts: list[_Sent]
    version: str
    group: str = field(name="groupKey", default="")
    receiver: str = ""
    external_url: str = field(name="externalURL", default="")
    truncated: int = field(name="truncatedAlerts", default=0)
    organisation: Any = field(name="orgId", default=None)


_DECODER = msgspec.json.Decoder(_Body)


def parse(body: bytes) -> Batch:
    """The batch that a body says; one of somebody's own shape is read as generic JSON."""
    try:
        sent = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _loosely(body)
    if sent.organisation is not None or sent.truncated < 0 or b"\\u0000" in body:
        return _loosely(body)
    signals = _signals(sent.alerts, may_be_long=len(body) > loose.LONGEST_TEXT)
    if signals is None:
        return _loosely(body)
    return Batch(
        FORMAT, signals, truncated=sent.truncated, group=loose.clean(sent.group), receiver=unquoted(sent.receiver),
        external_url=loose.clean(sent.external_url),
    )  # fmt: skip


def unquoted(receiver: str) -> str:
    """The receiver's name: Alertmanager sends it as a regular expression that matches it, `team.x` as `team\\.x`."""
    return _QUOTED.sub(r"\1", loose.clean(receiver))


def _signals(alerts: Sequence[_Sent], *, may_be_long: bool) -> tuple[Signal, ...] | None:
    """The signals of alerts that are as they should be; None where any is not."""
    missing = [place for place, alert in enumerate(alerts) if not _FINGERPRINT.fullmatch(alert.fingerprint)]
    if missing:
        found = fingerprints([without_empty(alerts[place].labels) for place in missing])
        for place, each in zip(missing, found, strict=True):
            alerts[place].fingerprint = each
    signals = []
    for alert in alerts:
        action: Action
        if alert.status == "firing":
            action = "firing"
        elif alert.status == "resolved":
            action = "resolved"
        else:
            return None
        if not alert.labels or _is_vague(alert):
            return None
        if may_be_long and _is_long(alert):
            return None
        signals.append(Signal(
            alert.fingerprint, action, without_empty(alert.labels), without_empty(alert.annotations),
            _moment(alert.starts_at), _moment(alert.ends_at), alert.generator,
        ))  # fmt: skip
    return tuple(signals)


def _is_vague(alert: _Sent) -> bool:
    """Whether a time of it has no zone."""
    starts_at, ends_at = alert.starts_at, alert.ends_at
    return (starts_at is not None and starts_at.tzinfo is None) or (ends_at is not None and ends_at.tzinfo is None)


def _is_long(alert: _Sent) -> bool:
    texts = (*alert.labels, *alert.labels.values(), *alert.annotations, *alert.annotations.values(), alert.generator)
    return max(map(len, texts)) > loose.LONGEST_TEXT


def _moment(found: datetime | None) -> datetime | None:
    return loose.moment(found) if found is not None else None


def without_empty(labels: dict[str, str]) -> dict[str, str]:
    """The labels that have a value: to Prometheus an empty one is none."""
    return labels if "" not in labels.values() else {name: value for name, value in labels.items() if value}


def _loosely(body: bytes) -> Batch:
    value, why = loose.read_json(body)
    if why:
        return loose.nothing_read(FORMAT, why)
    if not isinstance(value, dict) or not isinstance(value.get("alerts"), list) or not _is_ours(value):
        return generic.read(value)
    if value.get("orgId") is not None:
        from opsbook.ledger.inbound import grafana  # inside: it reads its alerts as this does

        return grafana.read(value)
    return read(value, FORMAT)


def _is_ours(value: dict[str, Any]) -> bool:
    return "version" in value or "groupKey" in value or "orgId" in value


def read(value: dict[str, Any], format: str, read_one: ReadOne | None = None) -> Batch:
    """The batch of a body with a list of alerts, piece by piece; `read_one` reads one of a sender that tells more."""
    read_one = read_one or read_alert
    slips = loose.Slips()
    signals = [
        signal for place, each in enumerate(value["alerts"])
        if (signal := read_one(each, f"alerts[{place}]", slips)) is not None
    ]  # fmt: skip
    return Batch(
        format, tuple(signals), slips.all(), truncated_of(value, slips), loose.as_text(value.get("groupKey")),
        loose.as_text(value.get("externalURL")), unquoted(loose.as_text(value.get("receiver"))),
    )  # fmt: skip


def truncated_of(value: dict[str, Any], slips: loose.Slips) -> int:
    """How many alerts the sender left out."""
    told = value.get("truncatedAlerts", 0)
    if isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told < 1e9:
        return int(told)
    slips.add("truncatedAlerts", "It is no number of alerts.")
    return 0


def read_alert(each: Any, where: str, slips: loose.Slips) -> Signal | None:
    """The signal of one alert as it may be written by anybody; None, and a slip, where it has no labels to be known by.
    """
    if not isinstance(each, dict):
        slips.add(where, "It is no alert, but something else.")
        return None
    labels = loose.as_labels(each.get("labels"))
    if not labels:
        slips.add(f"{where}.labels", "An alert without labels cannot be told from another.")
        return None
    annotations = loose.as_labels(each.get("annotations", {}))
    if annotations is None:
        slips.add(f"{where}.annotations", "They are no table of texts, and were left out.")
    starts_at, ends_at = (_time_of(each, name, where, slips) for name in ("startsAt", "endsAt"))
    given = each.get("fingerprint")
    key = given if isinstance(given, str) and _FINGERPRINT.fullmatch(given) else fingerprints([labels])[0]
    action = _action(each.get("status"), f"{where}.status", slips)
    return Signal(
        key, action, labels, annotations or {}, starts_at, ends_at, loose.as_text(each.get("generatorURL"))
    )


def _time_of(each: dict[str, Any], name: str, where: str, slips: loose.Slips) -> datetime | None:
    found, why = loose.as_time(each.get(name))
    if why:
        slips.add(f"{where}.{name}", why)
    return found


def _action(status: Any, where: str, slips: loose.Slips) -> Action:
    if status == "resolved":
        return "resolved"
    if status != "firing":  # to take it for firing may wake somebody; to drop it may not
        slips.add(where, f"'{loose.as_text(status)[:40]}' is neither firing nor resolved; it was taken for firing.")
    return "firing"
