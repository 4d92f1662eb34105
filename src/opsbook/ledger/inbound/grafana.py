"""Grafana's webhook, version 1, as a batch (grafana/alerting, receivers/webhook/v1 and templates/template_data.go):
Alertmanager's, and with each alert its values, silence, dashboard, panel and image. Never raises.
"""

from __future__ import annotations

from typing import Any

import msgspec

from opsbook.ledger.inbound import alertmanager, generic, loose
from opsbook.ledger.signal import Batch, Signal

FORMAT = "grafana-1"
_LINKS = (
    ("Panel", "panelURL"), ("Dashboard", "dashboardURL"), ("Silence in Grafana", "silenceURL"), ("Image", "imageURL"),
)  # fmt: skip
_TEXTS = (("value_string", "valueString"), ("rule_uid", "ruleUID"))
MOST_VALUES = 50


def parse(body: bytes) -> Batch:
    """The batch that a body says; a payload that somebody wrote in Grafana is read as generic JSON."""
    value, why = loose.read_json(body)
    if why:
        return loose.nothing_read(FORMAT, why)
    if not isinstance(value, dict) or not isinstance(value.get("alerts"), list):
        return generic.read(value)
    return read(value)


def read(value: dict[str, Any]) -> Batch:
    """The batch of a body with a list of alerts."""
    return alertmanager.read(value, FORMAT, _signal)


def _signal(each: Any, where: str, slips: loose.Slips) -> Signal | None:
    signal = alertmanager.read_alert(each, where, slips)
    if signal is None:
        return None
    told = {name: text for name, field in _TEXTS if (text := loose.as_text(each.get(field)))}
    values = each.get("values")
    if isinstance(values, dict):
        named = list(values.items())[:MOST_VALUES]
        told |= {f"value_{loose.clean(str(name))}": loose.as_text(number) for name, number in named}
    links = tuple((title, address) for title, field in _LINKS if (address := loose.as_text(each.get(field))))
    annotations = {**{name: text for name, text in told.items() if text}, **signal.annotations}
    return msgspec.structs.replace(signal, annotations=annotations, links=links)
