"""A dashboard of Grafana for a service, from the metrics and alerts that the pages tell. The same book gives the same
bytes; what Grafana fills in itself is left out."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from opsbook.book.monitoring import AlertNote, Metric
from opsbook.book.promql import Threshold, read_expression
from opsbook.book.watched import Watched, expression_of

SCHEMA = 39  # Grafana 10 and later read it, and bring it up to date themselves
MOST_UID = 40
_WIDE, _HIGH = 12, 8
# What people write as a unit, by Grafana's names for them.
_UNITS = {
    "s": "s", "sec": "s", "second": "s", "seconds": "s", "ms": "ms", "millisecond": "ms", "milliseconds": "ms",
    "%": "percent", "percent": "percent", "ratio": "percentunit", "b": "bytes", "byte": "bytes", "bytes": "bytes",
    "req/s": "reqps", "requests/s": "reqps", "requests per second": "reqps", "/s": "ops", "per second": "ops",
    "ops/s": "ops", "count": "short", "number": "short", "bytes/s": "Bps", "bits/s": "bps",
}  # fmt: skip
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_COLOURS = ("yellow", "orange", "red")


class Linked(Struct, frozen=True):
    """Where the runbook of the service is; an empty address is no link."""

    title: str
    address: str = ""


class _Drawn(Struct):
    title: str
    expression: str
    unit: str = ""
    about: str = ""
    thresholds: list[tuple[Threshold, str]] = []


def dashboard_of(service: str, watched: Sequence[Watched], runbook: Linked) -> bytes | None:
    """The dashboard as JSON that Grafana imports and provisions; None where no expression is told of the service."""
    drawn: dict[str, _Drawn] = {}
    for each in watched:
        read = expression_of(each)
        if isinstance(each.item, Metric) and read is not None and read.fault is None:
            item = each.item
            drawn.setdefault(read.canonical, _Drawn(item.name, read.text, _unit(item.unit), item.meaning, []))
    for each in watched:
        if isinstance(each.item, AlertNote):
            _with_alert(drawn, each, each.item)
    if not drawn:
        return None
    board = _board(service, [_panel(at, each, runbook) for at, each in enumerate(drawn.values())], runbook)
    return msgspec.json.format(msgspec.json.encode(board), indent=2) + b"\n"


def uid_of(service: str) -> str:
    """The uid of a service's dashboard, the same for ever, within the length that Grafana allows."""
    plain = re.sub(r"[^a-z0-9]+", "-", service.lower()).strip("-") or "service"
    uid = f"opsbook-{plain}"
    if len(uid) <= MOST_UID and plain == service:
        return uid
    return f"{uid[: MOST_UID - 9].rstrip('-')}-{hashlib.sha256(service.encode()).hexdigest()[:8]}"


def _with_alert(drawn: dict[str, _Drawn], watched: Watched, alert: AlertNote) -> None:
    read = expression_of(watched)
    if read is None or read.fault is not None:
        return
    if read.threshold is None:
        drawn.setdefault(read.canonical, _Drawn(alert.name, read.text, "", alert.meaning, []))
        return
    key = read_expression(read.threshold.expression).canonical
    panel = drawn.setdefault(key, _Drawn(alert.name, read.threshold.expression, "", alert.meaning, []))
    panel.thresholds.append((read.threshold, alert.name))


def _unit(written: str) -> str:
    return _UNITS.get(written.strip().lower(), f"suffix: {written.strip()}" if written.strip() else "short")


def _panel(at: int, drawn: _Drawn, runbook: Linked) -> dict[str, Any]:
    limits = sorted({threshold.number for threshold, _ in drawn.thresholds if math.isfinite(threshold.number)})
    first: dict[str, Any] = {"color": "green", "value": None}
    colours = _COLOURS[max(0, len(_COLOURS) - len(limits)) :]
    steps = [first, *({"color": colours[min(at, len(colours) - 1)], "value": limit} for at, limit in enumerate(limits))]
    alerts = "; ".join(f"{name} fires at {told.operator} {told.number:g}" for told, name in drawn.thresholds)
    about = ". ".join(part.strip().rstrip(".") for part in (drawn.about, alerts) if part.strip())
    return {
        "id": at + 1, "type": "timeseries", "title": drawn.title, "description": f"{about}." if about else "",
        "datasource": _SOURCE,
        "gridPos": {"h": _HIGH, "w": _WIDE, "x": at % 2 * _WIDE, "y": at // 2 * _HIGH},
        "targets": [{"refId": "A", "expr": drawn.expression, "datasource": _SOURCE}],
        "fieldConfig": {
            "defaults": {
                "unit": drawn.unit or "short",
                "custom": {"thresholdsStyle": {"mode": "line" if drawn.thresholds else "off"}},
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "links": _links(runbook),
    }  # fmt: skip


def _links(runbook: Linked) -> list[dict[str, Any]]:
    return [{"title": runbook.title, "url": runbook.address, "targetBlank": True}] if runbook.address else []


def _board(service: str, panels: list[dict[str, Any]], runbook: Linked) -> dict[str, Any]:
    links = [{"title": runbook.title, "url": runbook.address, "type": "link", "icon": "doc", "targetBlank": True,
              "tags": [], "asDropdown": False, "includeVars": False, "keepTime": False, "tooltip": ""}]  # fmt: skip
    return {
        "uid": uid_of(service), "title": service, "schemaVersion": SCHEMA, "version": 1, "editable": True,
        "tags": ["opsbook"], "time": {"from": "now-6h", "to": "now"}, "timezone": "browser", "refresh": "1m",
        "links": links if runbook.address else [],
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0},
        ]},
        "annotations": {"list": []}, "panels": panels,
    }  # fmt: skip
