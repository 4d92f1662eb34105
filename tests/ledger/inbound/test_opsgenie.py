"""Requests of Opsgenie's senders, as batches."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ledger.inbound.opsgenie import ACTIONS, Taken, read_action, read_create


def created(**more) -> Taken:
    return read_create(json.dumps({"message": "Disk is full"} | more).encode(), "new")


def acted(action: str, **body) -> Taken:
    return read_action(action, "disk", json.dumps(body).encode(), {})


def test_an_alert_fires_under_its_alias():
    found = created(alias="disk", description="1 % is free", entity="db-1", tags=["a", "b"])
    (signal,) = found.batch.signals
    assert (signal.key, signal.action, signal.severity) == ("disk", "firing", "P2")
    assert signal.labels == {"entity": "db-1"}
    assert signal.annotations == {
        "summary": "Disk is full", "priority": "P3", "description": "1 % is free", "tags": "a, b",
    }  # fmt: skip


def test_an_alert_without_an_alias_gets_one():
    assert created().alias == created().batch.signals[0].key == "new"


@pytest.mark.parametrize(("priority", "severity"), [("P1", "P0"), ("P2", "P1"), ("P4", "P3"), ("P5", "P3")])
def test_its_priorities_are_ours_by_meaning(priority, severity):
    assert created(priority=priority).batch.signals[0].severity == severity


def test_short_details_are_labels_and_prose_is_not():
    long = "x" * 300
    (signal,) = created(details={"alertname": "DiskFull", "why so": "y", "long": long, "url": "https://a"}).batch.signals
    assert signal.labels == {"alertname": "DiskFull"}
    assert signal.annotations["long"] == long
    assert signal.annotations["url"] == "https://a"


@pytest.mark.parametrize(
    ("body", "field"),
    [({"message": " "}, "message"), ({"priority": "P9"}, "priority"), ({"alias": "x" * 513}, "alias"),
     ({"details": "x"}, "details")],
)  # fmt: skip
def test_what_is_wrong_is_answered_by_field(body, field):
    found = created(**body)
    assert list(found.errors) == [field]
    assert not found.batch.signals


@pytest.mark.parametrize("action", ["close", "acknowledge", "unacknowledge", "escalate", "assign", "responders"])
def test_actions_need_no_body(action):
    found = read_action(action, "disk", b"", {})
    assert [(each.key, each.action) for each in found.batch.signals] == [("disk", ACTIONS[action])]


def test_who_acts_and_what_they_say_is_kept():
    (signal,) = acted("acknowledge", user="ada", note="on it").batch.signals
    assert (signal.by, signal.note) == ("ada", "on it")


def test_a_message_is_put_in_the_place_of_another():
    (signal,) = acted("message", message="Disk is nearly full").batch.signals
    assert (signal.action, signal.annotations) == ("priority", {"summary": "Disk is nearly full"})


def test_a_snooze_has_an_end():
    assert acted("snooze", endTime="2026-11-26T03:10:00Z").batch.signals[0].until == datetime(
        2026, 11, 26, 3, 10, tzinfo=UTC
    )
    assert list(acted("snooze").errors) == ["endTime"]


def test_an_assignment_says_to_whom():
    assert acted("assign", owner={"username": "ben"}).batch.signals[0].note == "Assigned to ben."


def test_a_query_does_where_there_is_no_body():
    (signal,) = read_action("details", "disk", b"", {"user": "ada"}).batch.signals
    assert signal.by == "ada"


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["name", "username", "alertname"]) | st.text(), inner))  # fmt: skip
FIELDS = ("message", "alias", "description", "details", "entity", "tags", "priority", "responders", "endTime", "note",
          "owner", "user")  # fmt: skip


@given(st.sampled_from(sorted(ACTIONS)), st.binary() | st.dictionaries(st.sampled_from(FIELDS), JSON).map(
    lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_body_breaks_the_reading(action, body):
    for found in (read_create(body, "new"), read_action(action, "a", body, {})):
        assert bool(found.batch.signals) != bool(found.errors)
