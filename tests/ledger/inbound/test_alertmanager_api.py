"""What is posted to Alertmanager's API, and what is told when it is asked what fires: whatever bytes come, a batch."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.inbound.test_never_raises import BODIES, VALUES

from opsbook.ledger.inbound import alertmanager_api, firing
from opsbook.ledger.inbound.fingerprints import fingerprint
from opsbook.ledger.signal import Batch

CLOCK = alertmanager_api.Clock(datetime(2026, 11, 26, 12, 0, tzinfo=UTC), timedelta(minutes=5))
READERS = {
    "posted": lambda body: alertmanager_api.parse(body, CLOCK), "alertmanager": firing.read_alertmanager,
    "prometheus": lambda body: firing.read_prometheus(body, {"cluster": "eu"}),
}  # fmt: skip
WRAPPED = {
    "prometheus": lambda alerts: {"status": "success", "data": {"alerts": alerts}},
}
GOOD = {"labels": {"alertname": "Good", "empty": ""}, "state": "firing", "startsAt": "2026-11-26T11:00:00Z"}


def check(batch: Batch) -> None:
    """A batch that can be recorded, and whose keys are the fingerprints of its labels."""
    assert msgspec.json.decode(msgspec.json.encode(batch), type=Batch) == batch
    for signal in batch.signals:
        assert signal.key == fingerprint(signal.labels)
        assert all(name and value and "\0" not in name + value for name, value in signal.labels.items())


@pytest.mark.parametrize("reader", READERS)
@given(body=BODIES)
def test_any_bytes_are_a_batch(reader: str, body: bytes) -> None:
    check(READERS[reader](body))


@pytest.mark.parametrize("reader", READERS)
@given(wrong=VALUES)
def test_no_wrong_alert_costs_its_neighbours(reader: str, wrong: Any) -> None:
    alerts = [GOOD, wrong, GOOD]
    batch = READERS[reader](json.dumps(WRAPPED.get(reader, list)(alerts)).encode())
    check(batch)
    assert [each.labels["alertname"] for each in (batch.signals[0], batch.signals[-1])] == ["Good", "Good"]


@given(st.binary(max_size=100) | VALUES.map(lambda value: json.dumps({"data": {"yaml": json.dumps(value)}}).encode()))
def test_any_configuration_has_labels_or_a_reason(body: bytes) -> None:
    labels, why = firing.external_labels(body)
    assert all(labels.values()) and (not labels or not why)


def test_a_plain_body_and_one_that_is_read_piece_by_piece_are_the_same() -> None:
    alerts = [{**GOOD, "annotations": {"summary": "It is down."}, "endsAt": "2026-11-26T13:00:00Z", "generatorURL": "http://p"}]
    whole = alertmanager_api.parse(json.dumps(alerts).encode(), CLOCK)
    pieces = alertmanager_api.parse(json.dumps([*alerts, 1]).encode(), CLOCK)
    assert (whole.signals, len(pieces.slips)) == (pieces.signals, 1)


def test_one_giant_label_is_shortened() -> None:
    body = json.dumps([{"labels": {"alertname": "A", "long": "x" * 200_000}}]).encode()
    [signal] = alertmanager_api.parse(body, CLOCK).signals
    assert len(signal.labels["long"]) <= 64_000
