"""Any JSON: by a mapping that somebody wrote, and by the shapes that are common."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opsbook.ledger.inbound import generic
from opsbook.ledger.inbound.mapping import mapping_problems
from opsbook.ledger.signal import Batch

MAPPING = {
    "alerts": "checks[]", "key": "join('/', [host, name])", "status": "state", "severity": "prio", "summary": "name",
    "description": "text", "service": "app", "labels.host": "host", "annotations.team": "team", "starts_at": "since",
    "url": "links.self",
}  # fmt: skip
CHECKS = {
    "team": "blue",
    "checks": [
        {"host": "db-1", "name": "Disk", "state": "CRITICAL", "prio": "high", "text": "93 %", "app": "database",
         "since": 1_795_424_559, "links": {"self": "http://checks/1"}},
        {"host": "db-2", "name": "Disk", "state": "OK"},
    ],
}  # fmt: skip


def read(value: Any, by: dict[str, str] | None = None) -> Batch:
    """The batch of a value."""
    return generic.parse(json.dumps(value).encode(), by)


def test_a_mapping_says_where_each_field_stands():
    first, second = read(CHECKS, MAPPING).signals
    assert (first.key, first.action, first.severity) == ("db-1/Disk", "firing", "high")
    assert first.labels == {"host": "db-1", "service": "database", "alertname": "Disk"}
    assert first.annotations == {"summary": "Disk", "description": "93 %", "team": "blue"}
    assert first.generator == "http://checks/1"
    assert first.starts_at is not None and first.starts_at.isoformat() == "2026-11-23T09:02:39+00:00"
    assert (second.key, second.action) == ("db-2/Disk", "resolved")


def test_without_a_key_an_alert_is_known_by_its_labels():
    by = {"labels.host": "host", "summary": "text"}
    one, other = read({"host": "a", "text": "x"}, by).signals[0], read({"host": "b", "text": "x"}, by).signals[0]
    assert one.key != other.key


def test_true_is_firing_so_that_an_expression_may_decide():
    by = {"summary": "monitor", "status": "up == `0`"}
    assert [read({"monitor": "web", "up": up}, by).signals[0].action for up in (0, 1)] == ["firing", "resolved"]


def test_an_expression_that_cannot_be_worked_out_is_a_slip():
    batch = read({"name": 7}, {"summary": "name", "description": "join(name, ['a'])"})
    assert len(batch.signals) == 1 and [slip.where for slip in batch.slips] == ["body.description"]


def test_a_list_that_is_not_there_is_a_slip():
    batch = read({"other": 1}, MAPPING)
    assert batch.signals == () and batch.slips[0].where == "alerts"


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ({"summry": "a"}, "Did you mean 'summary'"),
        ({"summary": "a["}, "no JMESPath"),
        ({"summary": ""}, "it is empty"),
        ({"labels.": "a"}, "no field 'labels.'"),
        ({"status": "a"}, "told from another"),
        ({"summary": "foo(@)"}, ""),  # JMESPath learns what a function is when it is called
    ],
)
def test_a_mapping_that_cannot_work_is_told_with_its_place(mapping, told):
    assert any(told in problem for problem in mapping_problems(mapping)) or not told


@pytest.mark.parametrize(
    ("value", "name", "action"),
    [
        ({"title": "Disk full", "message": "93 %", "status": "firing"}, "Disk full", "firing"),
        ({"title": "Disk full", "message": "0 %", "status": "resolved"}, "Disk full", "resolved"),
        ({"alert": {"name": "Disk full", "state": "ok"}}, "Disk full", "resolved"),
        ({"text": "RESOLVED: core - web - healthcheck"}, "RESOLVED: core - web - healthcheck", "resolved"),
        ({"text": "TRIGGERED: core - web"}, "TRIGGERED: core - web", "firing"),
        ({"subject": "Backup failed"}, "Backup failed", "firing"),
        ({"name": "x", "state": "acknowledged"}, "x", "acknowledged"),
        ({"heartbeat": {"status": 0, "msg": "timeout", "time": "2026-11-23 09:02:39"},
          "monitor": {"id": 3, "name": "Shop", "url": "https://shop.example"}, "msg": "[Shop] [Down] timeout"}, "Shop", "firing"),
        ({"heartbeat": {"status": 1}, "monitor": {"id": 3, "name": "Shop"}, "msg": "[Shop] [Up]"}, "Shop", "resolved"),
        ({"heartbeat": None, "monitor": None, "msg": "Testing"}, "Uptime Kuma", "firing"),
        ({"labels": {"alertname": "A"}, "status": "resolved"}, "A", "resolved"),
    ],
)  # fmt: skip
def test_common_shapes_are_read_without_a_mapping(value, name, action):
    (signal,) = read(value).signals
    assert (signal.labels["alertname"], signal.action) == (name, action)


def test_up_and_down_of_one_monitor_are_one_alert():
    down = {"heartbeat": {"status": 0}, "monitor": {"id": 3, "name": "Shop"}, "msg": "down"}
    up = {"heartbeat": {"status": 1}, "monitor": {"id": 3, "name": "Shop"}, "msg": "up"}
    assert read(down).signals[0].key == read(up).signals[0].key


def test_what_changes_from_one_delivery_to_the_next_is_no_part_of_the_identity():
    one, other = ({"title": "Disk", "host": "a", "value": value, "timestamp": value} for value in (1, 2_000_000_000))
    assert read(one).signals[0].key == read(other).signals[0].key
    assert read(one).signals[0].key != read({"title": "Disk", "host": "b"}).signals[0].key


def test_a_deployment_is_a_change_and_wakes_nobody():
    value = {
        "deployment": {"id": 7, "ref": "v2", "sha": "a" * 40, "environment": "production"},
        "deployment_status": {"state": "success"}, "repository": {"full_name": "shop/api"}, "sender": {"login": "ada"},
    }  # fmt: skip
    (signal,) = read(value).signals
    assert (signal.action, signal.by, signal.labels["service"]) == ("change", "ada", "api")
    assert signal.annotations["summary"] == "Deployment of v2 to production: success"


def test_a_deployment_of_gitlab_is_a_change_too():
    value = {"object_kind": "deployment", "status": "success", "deployment_id": 15, "environment": "staging",
             "project": {"path_with_namespace": "shop/api"}, "user": {"name": "Ada"}, "ref": "main"}  # fmt: skip
    (signal,) = read(value).signals
    assert (signal.action, signal.annotations["summary"]) == ("change", "Deployment of main to staging: success")


@pytest.mark.parametrize("value", [7, "text", None, {}, {"a": {}}, {"foo": "bar"}])
def test_what_says_nothing_is_a_slip_and_no_alert(value):
    batch = read(value)
    assert batch.signals == () and len(batch.slips) == 1


def test_an_alert_among_others_that_says_nothing_is_a_slip():
    batch = read([{"title": "A"}, {}, 7, {"title": "B"}])
    assert [signal.labels["alertname"] for signal in batch.signals] == ["A", "B"]
    assert [slip.where for slip in batch.slips] == ["[1]", "[2]"]
