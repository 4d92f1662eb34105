"""Whatever bytes come, a parser gives a batch that can be recorded and read back."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ledger.inbound.parsers import PARSERS, parser_of
from opsbook.ledger.signal import Batch

KINDS = sorted(PARSERS)
MAPPING = {"alerts": "alerts[] || [@]", "key": "id", "status": "status", "summary": "title", "labels": "labels"}
NAMES = st.sampled_from([
    "alerts", "labels", "annotations", "status", "startsAt", "endsAt", "fingerprint", "version", "groupKey", "orgId",
    "values", "truncatedAlerts", "receiver", "id", "source", "type", "specversion", "subject", "time", "data", "title",
    "heartbeat", "monitor", "object_kind", "deployment", "repository", "state", "severity", "timestamp", "tags",
])  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.sampled_from(["firing", "resolved", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "deployment", "\ud800", "\0"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=7),
    max_leaves=30,
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=200),
    VALUES.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    VALUES.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    st.tuples(VALUES, st.integers(0, 200)).map(lambda each: json.dumps(each[0]).encode()[: each[1]]),
    st.text(max_size=200).map(lambda text: f"Subject: {text}\r\nDate: {text}\r\n\r\n{text}".encode("utf-8", "replace")),
)
HEADERS = st.sampled_from([
    {}, {"content-type": "application/cloudevents-batch+json"}, {"ce-id": "1", "ce-source": "%ff", "ce-type": "."},
])  # fmt: skip


def read(kind: str, body: bytes, headers: dict[str, str]) -> Batch:
    """The batch of a body; `mapped` is generic JSON by a mapping."""
    parse = parser_of("generic" if kind == "mapped" else kind, headers, MAPPING if kind == "mapped" else {})
    assert parse is not None
    return parse(body)


@pytest.mark.parametrize("kind", [*KINDS, "mapped"])
@given(body=BODIES, headers=HEADERS)
def test_any_bytes_are_a_batch_that_can_be_kept(kind: str, body: bytes, headers: dict[str, str]) -> None:
    batch = read(kind, body, headers)
    assert msgspec.json.decode(msgspec.json.encode(batch), type=Batch) == batch
    for signal in batch.signals:
        assert signal.key and signal.key.isprintable()
        for name, value in {**signal.labels, **signal.annotations}.items():
            assert name and value and "\0" not in name + value


@pytest.mark.parametrize("kind", ["alertmanager", "grafana", "generic"])
@given(wrong=VALUES)
def test_no_wrong_alert_costs_its_neighbours(kind: str, wrong: Any) -> None:
    good: list[Any] = [{"status": "firing", "labels": {"alertname": "Good", "n": str(n)}} for n in range(2)]
    raw = json.dumps({"version": "4", "groupKey": "g", "alerts": [good[0], wrong, good[1]]}).encode()
    batch = read(kind, raw, {})
    told = [signal.labels.get("n") for signal in batch.signals if signal.labels.get("alertname") == "Good"]
    assert told[0] == "0" and told[-1] == "1"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("piece", [b"[", b'{"a":', b'{"alerts":[', b'"\\ud800', b"<style", b"=?utf-8?q?"])
def test_very_much_of_one_thing_is_read_in_no_time(kind: str, piece: bytes) -> None:
    read(kind, piece * (300_000 // len(piece)), {})
