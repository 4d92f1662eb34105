"""CloudEvents in the three ways of its HTTP binding."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opsbook.ledger.inbound import cloudevents
from opsbook.ledger.signal import Batch

EVENT: dict[str, Any] = {
    "specversion": "1.0", "type": "com.example.disk.alert", "source": "/hosts/db-1", "subject": "sda1", "id": "A1",
    "time": "2026-11-23T09:02:39Z", "datacontenttype": "application/json",
    "data": {"message": "93 % used", "severity": "warning"},
}  # fmt: skip
STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}


def structured(**more: Any) -> Batch:
    """The batch of one event that differs in these."""
    return cloudevents.parse(json.dumps({**EVENT, **more}).encode(), STRUCTURED)


def test_a_structured_event_is_an_alert():
    (signal,) = structured().signals
    assert (signal.action, signal.severity) == ("firing", "warning")
    assert signal.labels["source"] == "/hosts/db-1" and signal.labels["subject"] == "sda1"
    assert signal.annotations["summary"] == "93 % used"
    assert signal.starts_at is not None and signal.starts_at.isoformat() == "2026-11-23T09:02:39+00:00"


def test_the_binary_way_says_the_same():
    headers = {f"ce-{name}": str(value) for name, value in EVENT.items() if name not in ("data", "datacontenttype")}
    raw = json.dumps(EVENT["data"]).encode()
    assert cloudevents.parse(raw, {**headers, "content-type": "application/json"}) == structured()


def test_headers_may_be_percent_encoded():
    headers = {"ce-id": "1", "ce-source": "/%C3%BC", "ce-type": "t", "ce-specversion": "1.0", "content-type": "text/plain"}
    (signal,) = cloudevents.parse(b"hello", headers).signals
    assert signal.labels["source"] == "/ü" and signal.annotations["summary"] == "hello"


def test_a_batch_loses_no_neighbour():
    raw = json.dumps([EVENT, 7, {"id": "x"}, {**EVENT, "subject": "sdb1"}]).encode()
    batch = cloudevents.parse(raw, {"content-type": "application/cloudevents-batch+json"})
    assert [signal.labels["subject"] for signal in batch.signals] == ["sda1", "sdb1"]
    assert [slip.where for slip in batch.slips] == ["[1]", "[2]"]


def test_an_event_of_another_id_about_the_same_is_the_same_alert():
    assert structured(id="A2").signals[0].key == structured().signals[0].key
    assert structured(subject="sdb1").signals[0].key != structured().signals[0].key
    assert structured(source="/hosts/db-2").signals[0].key != structured().signals[0].key


@pytest.mark.parametrize(
    ("kind", "data", "action"),
    [
        ("com.example.disk.alert.resolved", {"message": "x"}, "resolved"),
        ("com.example.disk.alert", {"message": "x", "status": "ok"}, "resolved"),
        ("com.example.alert.firing", {"message": "x"}, "firing"),
        ("dev.cdevents.service.deployed.0.2.0", {"message": "x"}, "change"),
        ("org.example.change.flag", {"message": "x"}, "change"),
    ],
)
def test_the_type_or_the_data_tells_whether_it_is_over(kind, data, action):
    assert structured(type=kind, data=data).signals[0].action == action


def test_alerts_in_the_data_are_each_an_alert():
    data = {"alerts": [{"labels": {"alertname": "A"}}, {"labels": {"alertname": "B"}}]}
    assert [signal.labels["alertname"] for signal in structured(data=data).signals] == ["A", "B"]
