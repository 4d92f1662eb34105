"""Events of PagerDuty's senders, as batches."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ledger.inbound.pagerduty import SEVERITIES, Enqueued, read_change, read_create_event, read_event

KEY = "R" * 32
PAYLOAD = {"summary": "DB is down", "source": "db-1", "severity": "critical"}


def event(**more) -> Enqueued:
    return read_event(json.dumps({"routing_key": KEY, "event_action": "trigger", "payload": PAYLOAD} | more).encode(), "new")


def test_a_trigger_fires_under_its_dedup_key():
    found = event(dedup_key="db/1")
    (signal,) = found.batch.signals
    assert (signal.key, signal.action, found.dedup_key, found.routing_key) == ("db/1", "firing", "db/1", KEY)
    assert signal.annotations["summary"] == "DB is down"
    assert signal.labels == {"source": "db-1", "severity": "critical"}


def test_a_trigger_without_a_key_gets_one():
    assert event().dedup_key == event().batch.signals[0].key == "new"


@pytest.mark.parametrize(("action", "means"), [("acknowledge", "acknowledged"), ("resolve", "resolved")])
def test_acknowledge_and_resolve_need_no_payload(action, means):
    found = event(event_action=action, dedup_key="db/1", payload="")  # Alertmanager sends an empty one
    assert not found.errors
    assert found.batch.signals[0].action == means


def test_the_class_is_the_name_of_the_alert_and_details_tell_the_service():
    details = {"service": "api", "runbook_url": "https://x/r", "nested": {"a": 1}}
    (signal,) = event(payload=PAYLOAD | {"class": "ping failure", "custom_details": details}).batch.signals
    assert (signal.labels["alertname"], signal.labels["service"]) == ("ping failure", "api")
    assert signal.annotations["runbook_url"] == "https://x/r"
    assert json.loads(signal.annotations["nested"]) == {"a": 1}


def test_details_may_be_a_text():
    assert event(payload=PAYLOAD | {"custom_details": "see log"}).batch.signals[0].annotations["details"] == "see log"


def test_links_and_images_come_with_it():
    (signal,) = event(links=[{"href": "https://a", "text": "A"}, {"href": 3}], images=[{"src": "https://b"}]).batch.signals
    assert signal.links == (("A", "https://a"), ("3", "3"), ("https://b", "https://b"))


@pytest.mark.parametrize("written", ["2026-11-26T03:10:00+0000", "2026-11-26T03:10:00Z", "2026-11-26T03:10:00+00:00Z"])
def test_a_timestamp_is_read_as_clients_write_it(written):
    found = event(payload=PAYLOAD | {"timestamp": written})
    assert found.batch.signals[0].starts_at == datetime(2026, 11, 26, 3, 10, tzinfo=UTC)
    assert not found.batch.slips


def test_a_timestamp_that_is_none_is_told_and_loses_nothing():
    found = event(payload=PAYLOAD | {"timestamp": "yesterday"})
    assert [slip.where for slip in found.batch.slips] == ["payload.timestamp"]
    assert found.batch.signals[0].starts_at is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"event_action": "trigr"}, "'event_action' must be one of"),
        ({"routing_key": " "}, "'routing_key' is missing or blank"),
        ({"payload": {}}, "'payload.summary' is missing or blank"),
        ({"payload": PAYLOAD | {"severity": "bad"}}, "'payload.severity' must be one of"),
        ({"event_action": "resolve"}, "'dedup_key' is missing or blank"),
        ({"dedup_key": "x" * 256}, "'dedup_key' must be at most 255"),
    ],
)
def test_what_is_wrong_is_answered(more, said):
    found = event(**more)
    assert said in " ".join(found.errors)
    assert not found.batch.signals


def test_a_change_wakes_nobody():
    found = read_change(json.dumps({"routing_key": KEY, "payload": {"summary": "Deployed 1.1.0"}}).encode(), "c1")
    assert [(each.action, each.key) for each in found.batch.signals] == [("change", "c1")]


def test_the_older_form_is_read_too():
    body = {"service_key": KEY, "event_type": "trigger", "incident_key": "k", "description": "disk", "client": "cron",
            "details": {"free": "1 %"}, "contexts": [{"type": "link", "href": "https://a", "text": "A"}]}  # fmt: skip
    found = read_create_event(json.dumps(body).encode(), "new")
    (signal,) = found.batch.signals
    assert (signal.key, signal.annotations["summary"], signal.annotations["free"]) == ("k", "disk", "1 %")
    assert signal.links == (("A", "https://a"),)


@pytest.mark.parametrize(
    ("read", "key", "body"),
    [
        (read_event, "'routing_key'", {"event_action": "trigger", "payload": PAYLOAD}),
        (read_change, "'routing_key'", {"payload": {"summary": "Deployed"}}),
        (read_create_event, "Service key", {"event_type": "trigger", "description": "disk"}),
    ],
)
def test_an_event_without_a_key_is_refused(read, key, body):
    found = read(json.dumps(body).encode(), "new")
    assert found.errors == (f"{key} is missing or blank",) and not found.batch.signals


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["summary", "source", "severity", "href", "text", "timestamp", "class"]) | st.text(), inner))  # fmt: skip


@given(
    st.binary() | st.fixed_dictionaries({}, optional={
        "routing_key": JSON, "event_action": st.sampled_from(["trigger", "resolve", 1, None]), "dedup_key": JSON,
        "payload": JSON | st.fixed_dictionaries(
            {"summary": JSON, "source": JSON, "severity": st.sampled_from(SEVERITIES)},
            optional={"timestamp": JSON, "custom_details": JSON},
        ),
        "links": JSON, "images": JSON, "client": JSON,
    }).map(lambda value: json.dumps(value).encode())
)  # fmt: skip
def test_no_body_breaks_the_reading(body):
    for read in (read_event, read_change, read_create_event):
        found = read(body, "new")
        assert bool(found.batch.signals) != bool(found.errors)
