"""Grafana's webhook: what it adds to Alertmanager's stands with the alert."""

from __future__ import annotations

import json
from typing import Any

from opsbook.ledger.inbound import grafana

# After the sample of grafana.com/docs, alerting, webhook notifier.
ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1"},
    "annotations": {"description": "The system has high memory usage", "runbook_url": "https://example.org/runbooks/m"},
    "startsAt": "2026-10-12T09:51:03.157076+02:00",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "https://play.grafana.org/alerting/1afz29v7z/edit",
    "fingerprint": "c6eadffa33fcdf37",
    "silenceURL": "https://play.grafana.org/alerting/silence/new?alertmanager=grafana",
    "dashboardURL": "https://play.grafana.org/d/1",
    "panelURL": "https://play.grafana.org/d/1?viewPanel=2",
    "ruleUID": "1afz29v7z",
    "values": {"B": 44.23943737541908, "C": 1},
    "valueString": "[ var='B' labels={} value=44.2 ]",
    "imageURL": None,
    "orgId": 1,
}
BODY: dict[str, Any] = {
    "receiver": "My Super Webhook", "status": "firing", "orgId": 1, "alerts": [ALERT], "groupLabels": {},
    "commonLabels": {"team": "blue"}, "commonAnnotations": {}, "externalURL": "https://play.grafana.org/",
    "version": "1", "groupKey": "{}:{}", "truncatedAlerts": 0, "title": "[FIRING:1]  (blue)", "state": "alerting",
    "message": "**Firing**",
}  # fmt: skip


def read(**more: Any) -> Any:
    """The batch of the body with an alert that differs in these."""
    return grafana.parse(json.dumps({**BODY, "alerts": [{**ALERT, **more}]}).encode())


def test_an_alert_has_its_links_values_and_identity():
    batch = read()
    (signal,) = batch.signals
    assert (batch.format, batch.slips, batch.receiver) == ("grafana-1", (), "My Super Webhook")
    assert (signal.key, signal.action) == ("c6eadffa33fcdf37", "firing")
    assert [title for title, _ in signal.links] == ["Panel", "Dashboard", "Silence in Grafana"]
    assert signal.annotations["value_B"] == "44.23943737541908"
    assert signal.annotations["value_string"].startswith("[ var='B'")
    assert signal.annotations["runbook_url"] == "https://example.org/runbooks/m"
    assert signal.starts_at is not None and signal.starts_at.hour == 7


def test_values_are_no_labels_so_the_identity_stays_while_they_change():
    assert read().signals[0].labels == read(values={"B": 99}).signals[0].labels == ALERT["labels"]


def test_an_annotation_of_the_rule_wins_over_a_value_of_that_name():
    assert read(annotations={"value_B": "mine"}).signals[0].annotations["value_B"] == "mine"


def test_a_payload_of_ones_own_is_read_as_generic_json():
    assert grafana.parse(b'{"title": "Down", "state": "ok"}').signals[0].action == "resolved"


def test_wrong_extras_cost_no_alert():
    batch = read(values=[1], panelURL={"a": 1}, silenceURL=7, ruleUID=[])
    assert len(batch.signals) == 1 and batch.slips == ()
