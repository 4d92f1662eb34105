"""What an Alertmanager or a Prometheus answers when it is asked what fires, as a batch. Never raises; what cannot be
read is a slip.
"""

from __future__ import annotations

from typing import Any

from opsbook.ledger.inbound import loose
from opsbook.ledger.inbound.fingerprints import fingerprints
from opsbook.ledger.signal import Batch, Signal

ALERTMANAGER = "alertmanager-list-2"
PROMETHEUS = "prometheus-list-1"


def read_alertmanager(body: bytes) -> Batch:
    """The alerts of `GET /api/v2/alerts`, silenced and inhibited ones too: they fire."""
    value, why = loose.read_json(body)
    if why or not isinstance(value, list):
        return loose.nothing_read(ALERTMANAGER, why or "It is no list of alerts.")
    return _batch(ALERTMANAGER, value, start="startsAt", end="endsAt")


def read_prometheus(body: bytes, external: dict[str, str]) -> Batch:
    """The alerts of `GET /api/v1/alerts` that fire, with the labels that Prometheus adds when it sends them on."""
    value, why = loose.read_json(body)
    found = value.get("data") if isinstance(value, dict) and value.get("status") == "success" else None
    alerts = found.get("alerts") if isinstance(found, dict) else None
    if why or not isinstance(alerts, list):
        return loose.nothing_read(PROMETHEUS, why or "It is no list of alerts.")
    firing = [each for each in alerts if not isinstance(each, dict) or each.get("state") != "pending"]
    return _batch(PROMETHEUS, firing, start="activeAt", external=external)


def external_labels(body: bytes) -> tuple[dict[str, str], str]:
    """The labels that Prometheus adds to every alert, by its own configuration (`GET /api/v1/status/config`), and why
    it cannot be told which alerts it sends: it changes their labels on the way."""
    import yaml  # inside: an answer of Alertmanager needs none

    value, why = loose.read_json(body)
    told = value.get("data") if isinstance(value, dict) else None
    text = told.get("yaml") if isinstance(told, dict) else None
    try:
        config = yaml.safe_load(text) if isinstance(text, str) else None
    except (yaml.YAMLError, ValueError, RecursionError):
        config = None
    if why or not isinstance(config, dict):
        return {}, "Its configuration cannot be read, so the labels that it adds are not known."
    alerting = config.get("alerting")
    if isinstance(alerting, dict) and alerting.get("alert_relabel_configs"):
        return {}, "It changes labels on the way (alert_relabel_configs). Name its Alertmanager instead."
    whole = config.get("global")
    labels = whole.get("external_labels") if isinstance(whole, dict) else None
    return loose.as_labels(labels) or {}, ""


def _batch(
    format: str, alerts: list[Any], *, start: str, end: str = "", external: dict[str, str] | None = None
) -> Batch:
    slips = loose.Slips()
    made: list[Signal] = []
    for place, each in enumerate(alerts):
        labels = loose.as_labels(each.get("labels")) if isinstance(each, dict) else None
        if not labels:
            slips.add(f"[{place}]", "It is no alert with labels.")
            continue
        labels = {**external, **labels} if external else labels
        begin, why = loose.as_time(each.get(start))
        until, _ = loose.as_time(each.get(end)) if end else (None, "")
        if why:
            slips.add(f"[{place}].{start}", why)
            continue
        made.append(Signal(
            "", "firing", labels, loose.as_labels(each.get("annotations")) or {}, begin, until,
            loose.as_text(each.get("generatorURL")),
        ))  # fmt: skip
    keys = fingerprints([each.labels for each in made])
    signals = tuple(_keyed(each, key) for each, key in zip(made, keys, strict=True))
    return Batch(format, signals, slips.all())


def _keyed(signal: Signal, key: str) -> Signal:
    return Signal(
        key, signal.action, signal.labels, signal.annotations, signal.starts_at, signal.ends_at, signal.generator
    )
