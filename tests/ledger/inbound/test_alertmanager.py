"""Alertmanager's webhook: as it was really sent, and as nobody should send it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from opsbook.ledger.inbound import alertmanager
from opsbook.ledger.inbound.fingerprints import fingerprint

# File, firing, resolved, left out.
SENT = (
    ("fire-1.json", 1, 0, 0),
    ("fire-1-warning.json", 1, 0, 0),
    ("fire-2-joined.json", 2, 0, 0),
    ("fire-62of4groups.json", 62, 0, 0),
    ("fire-nogroup-1.json", 1, 0, 0),
    ("fire-250.json", 250, 0, 0),
    ("fire-250-truncated-at-50.json", 50, 0, 200),
    ("fire-2000.json", 2000, 0, 0),
    ("fire-odd-characters.json", 2, 0, 0),
    ("grouped-150firing-100resolved.json", 150, 100, 0),
    ("repeat-1.json", 1, 0, 0),
    ("resolve-1.json", 0, 1, 0),
    ("resolve-150.json", 0, 150, 0),
)
START = "2026-11-23T09:02:39.135Z"


def alert(**more: Any) -> dict[str, Any]:
    """An alert as it is written."""
    return {"status": "firing", "labels": {"alertname": "Down"}, "annotations": {}, "startsAt": START,
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", **more}  # fmt: skip


def body(*alerts: Any, **more: Any) -> bytes:
    """A body of these."""
    return json.dumps({"version": "4", "groupKey": "{}:{}", "receiver": "ops", "alerts": list(alerts), **more}).encode()


@pytest.mark.parametrize(("name", "firing", "resolved", "left_out"), SENT, ids=[each[0] for each in SENT])
def test_what_was_really_sent_is_read_whole(sent, name, firing, resolved, left_out):
    batch = alertmanager.parse(sent(name))
    actions = [signal.action for signal in batch.signals]
    assert (actions.count("firing"), actions.count("resolved")) == (firing, resolved)
    assert (batch.format, batch.slips, batch.truncated) == ("alertmanager-4", (), left_out)


@pytest.mark.parametrize("name", [each[0] for each in SENT])
def test_the_fingerprint_that_is_sent_is_the_one_that_is_computed(sent, name):
    for signal in alertmanager.parse(sent(name)).signals:
        assert signal.key == fingerprint(signal.labels)


def test_a_firing_alert_is_read_field_by_field(sent):
    (signal,) = alertmanager.parse(sent("fire-1.json")).signals
    assert signal.key == "4a036624c31caacb"
    assert signal.labels["service"] == "web"
    assert signal.annotations["runbook_url"] == "http://127.0.0.1:21800/runbooks/web#issue-502"
    assert signal.starts_at == datetime(2026, 11, 23, 9, 2, 39, 135_000, tzinfo=UTC)
    assert signal.ends_at is None  # 0001-01-01 is Go's "none"
    assert signal.generator.startswith("http://prometheus.example:21090/graph?")


def test_a_resolved_alert_says_when_it_ended(sent):
    (signal,) = alertmanager.parse(sent("resolve-1.json")).signals
    assert signal.ends_at is not None and signal.starts_at is not None and signal.ends_at > signal.starts_at


def test_odd_characters_stay_as_they_are(sent):
    labels = {signal.labels["service"] for signal in alertmanager.parse(sent("fire-odd-characters.json")).signals}
    assert 'web/β "x"\n' in labels or any("β" in label for label in labels)


def test_the_receivers_name_is_unquoted():
    assert alertmanager.parse(body(alert(), receiver="team\\.x\\+y")).receiver == "team.x+y"


def test_an_alert_without_a_fingerprint_gets_that_of_its_labels():
    (signal,) = alertmanager.parse(body(alert())).signals
    assert signal.key == fingerprint({"alertname": "Down"})


def test_an_empty_label_is_none_and_does_not_count_in_the_fingerprint():
    (signal,) = alertmanager.parse(body(alert(labels={"alertname": "Down", "pod": ""}))).signals
    assert (signal.labels, signal.key) == ({"alertname": "Down"}, fingerprint({"alertname": "Down"}))


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (7, "alerts[1]"),
        (None, "alerts[1]"),
        ({"status": "firing"}, "alerts[1].labels"),
        (alert(labels=[]), "alerts[1].labels"),
        (alert(labels={}), "alerts[1].labels"),
        (alert(startsAt="yesterday"), "alerts[1].startsAt"),
        (alert(endsAt={"a": 1}), "alerts[1].endsAt"),
        (alert(annotations="none"), "alerts[1].annotations"),
        (alert(status="burning"), "alerts[1].status"),
    ],
)
def test_a_wrong_alert_is_a_slip_and_its_neighbours_live(wrong, where):
    batch = alertmanager.parse(body(alert(labels={"n": "0"}), wrong, alert(labels={"n": "2"})))
    assert [signal.labels["n"] for signal in batch.signals if "n" in signal.labels] == ["0", "2"]
    assert [slip.where for slip in batch.slips] == [where]


def test_what_says_neither_firing_nor_resolved_is_taken_for_firing():
    assert alertmanager.parse(body(alert(status="burning"))).signals[0].action == "firing"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2026-11-23T10:02:39+01:00", datetime(2026, 11, 23, 9, 2, 39, tzinfo=UTC)),
        ("2026-11-23T09:02:39", datetime(2026, 11, 23, 9, 2, 39, tzinfo=UTC)),
        ("2026-11-23T09:02:39.135123456Z", datetime(2026, 11, 23, 9, 2, 39, 135_123, tzinfo=UTC)),
        (1_795_424_559, datetime(2026, 11, 23, 9, 2, 39, tzinfo=UTC)),
        (1_795_424_559_000, datetime(2026, 11, 23, 9, 2, 39, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+02:00", None),
        ("99999-01-01T00:00:00Z", None),
        (1e300, None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_a_moment_in_utc_or_none(written, told):
    assert alertmanager.parse(body(alert(startsAt=written))).signals[0].starts_at == told


def test_values_that_are_no_text_are_written_as_text():
    (signal,) = alertmanager.parse(body(alert(labels={"n": 7, "x": True, "none": None, "deep": {"a": [1]}}))).signals
    assert signal.labels == {"n": "7", "x": "true", "deep": '{"a": [1]}'}


def test_of_doubled_keys_the_last_counts():
    raw = b'{"version":"4","alerts":[{"status":"resolved","status":"firing","labels":{"a":"1","a":"2"}}]}'
    (signal,) = alertmanager.parse(raw).signals
    assert (signal.action, signal.labels) == ("firing", {"a": "2"})


@pytest.mark.parametrize("odd", ["\\ud800", "\\u0000", "\\udc00x"])
def test_what_no_database_keeps_is_replaced(odd):
    raw = b'{"version":"4","alerts":[{"status":"firing","labels":{"a":"x%s"}}]}' % odd.encode()
    (signal,) = alertmanager.parse(raw).signals
    signal.labels["a"].encode()
    assert "\0" not in signal.labels["a"] and signal.labels["a"].startswith("x")


def test_a_body_in_latin_1_loses_letters_and_no_alert():
    raw = body(alert(labels={"a": "Stoerung"})).replace(b"Stoerung", b"St\xf6rung")
    assert len(alertmanager.parse(raw).signals) == 1


@pytest.mark.parametrize("raw", [b"", b"{", b"nonsense", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_no_json_is_one_slip(raw):
    batch = alertmanager.parse(raw)
    assert batch.signals == () and [slip.where for slip in batch.slips] == ["body"]


def test_somebodys_own_payload_is_read_as_generic_json():
    batch = alertmanager.parse(b'{"title": "Disk full", "status": "resolved"}')
    assert (batch.signals[0].labels["alertname"], batch.signals[0].action) == ("Disk full", "resolved")


def test_a_body_of_grafana_is_known_by_its_organisation():
    raw = body(alert(panelURL="http://g/d?viewPanel=1"), orgId=1, version="1")
    assert alertmanager.parse(raw).signals[0].links == (("Panel", "http://g/d?viewPanel=1"),)
    assert alertmanager.parse(raw).format == "grafana-1"


def test_very_many_slips_are_counted():
    batch = alertmanager.parse(body(*[7] * 500, alert()))
    assert len(batch.signals) == 1 and len(batch.slips) == 101 and "400 further" in batch.slips[-1].why
