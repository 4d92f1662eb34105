"""Alertmanager's API is answered as Alertmanager answers it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.entrypoints.door import Door, opened, write_repository

from opsbook.ledger.signal import BATCHES, batch_of

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """A door that is asked from the machine that it is on."""
    root = tmp_path_factory.mktemp("served")
    write_repository(root)
    with opened(root) as door:
        inner = door.client.app

        async def from_here(scope, receive, send):
            await inner({**scope, "client": ("127.0.0.1", 50000)}, receive, send)

        door.client.app = from_here
        yield door


def at(minutes: float) -> str:
    """A time so many minutes from now."""
    return (NOW + timedelta(minutes=minutes)).isoformat()


def taken(door: Door) -> list:
    """The signals of the last batch."""
    stream = max(door.desk.ledger.streams(BATCHES), key=lambda each: door.desk.ledger.read(each)[0].position)
    return list(batch_of(door.desk.ledger.read(stream)[0]).signals)


def silence(**more) -> dict:
    """A silence as amtool posts it."""
    return {
        "matchers": [{"name": "alertname", "value": "ApiDown", "isRegex": False, "isEqual": True}], "startsAt": at(0),
        "endsAt": at(60), "createdBy": "ada", "comment": "mending", **more,
    }  # fmt: skip


def test_alerts_are_taken_as_prometheus_posts_them(door):
    told = {"labels": {"alertname": "ApiDown", "job": "api", "empty": ""}, "annotations": {"summary": "It is down."},
            "startsAt": "2026-11-26T12:00:00.123456789Z", "endsAt": at(400), "generatorURL": "http://prometheus/graph"}  # fmt: skip
    answer = door.ask("POST", "/api/v2/alerts", json=[told])
    assert (answer.status_code, answer.content) == (200, b"")
    [signal] = taken(door)
    assert (signal.action, signal.labels, signal.generator) == (
        "firing", {"alertname": "ApiDown", "job": "api"}, "http://prometheus/graph",
    )  # fmt: skip
    assert signal.ends_at == NOW + timedelta(minutes=400)


@pytest.mark.parametrize(
    ("times", "action", "start", "end"),
    [
        ({}, "firing", None, 5), ({"startsAt": at(-9)}, "firing", -9, 5), ({"endsAt": at(-1)}, "resolved", -1, -1),
        ({"startsAt": at(-9), "endsAt": at(-1)}, "resolved", -9, -1), ({"endsAt": "0001-01-01T00:00:00Z"}, "firing", None, 5),
    ],
)  # fmt: skip
def test_times_that_are_missing_mean_what_they_mean_to_alertmanager(door, times, action, start, end):
    assert door.ask("POST", "/api/v2/alerts", json=[{"labels": {"a": str(times)}, **times}]).status_code == 200
    [signal] = taken(door)
    assert signal.action == action
    assert signal.starts_at == (None if start is None else NOW + timedelta(minutes=start))
    assert abs(signal.ends_at - (datetime.now(UTC) if end > 0 else NOW) - timedelta(minutes=end)) < timedelta(minutes=1)


def test_what_is_wrong_in_one_alert_takes_nothing_from_its_neighbours_and_is_answered_with_400(door):
    bad = [{"labels": {}}, {"labels": {"a": ""}}, "x", {"labels": {"b": "1"}, "startsAt": at(1), "endsAt": at(0)},
           {"labels": {"c": "1"}, "startsAt": "yesterday"}]  # fmt: skip
    answer = door.ask("POST", "/api/v2/alerts", json=[*bad, {"labels": {"good": "1"}}])
    assert answer.status_code == 400
    assert "[2]: An alert is an object" in answer.json()
    assert [each.labels for each in taken(door)] == [{"good": "1"}]


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense", b"[" * 5000, b"null", b"\xff\xfe"])
def test_what_is_no_list_of_alerts_is_answered_with_400(door, body):
    answer = door.ask("POST", "/api/v2/alerts", content=body)
    assert answer.status_code == 400
    assert isinstance(answer.json(), str)


def test_a_silence_is_made_told_changed_and_expired_by_its_uuid(door):
    id = door.ask("POST", "/api/v2/silences", json=silence()).json()["silenceID"]
    told = door.ask("GET", f"/api/v2/silence/{id}").json()
    assert (told["id"], told["status"], told["createdBy"], told["comment"]) == (id, {"state": "active"}, "ada", "mending")
    assert told["matchers"] == silence()["matchers"]
    longer = silence(id=id, startsAt=told["startsAt"], endsAt=at(90))
    assert door.ask("POST", "/api/v2/silences", json=longer).json() == {"silenceID": id}
    assert door.ask("DELETE", f"/api/v2/silence/{id}").status_code == 200
    assert door.ask("DELETE", f"/api/v2/silence/{id}").status_code == 200
    assert door.ask("GET", f"/api/v2/silence/{id}").json()["status"] == {"state": "expired"}


def test_silences_are_filtered_by_matchers_and_states(door):
    ids = [
        door.ask("POST", "/api/v2/silences", json=silence(matchers=[{"name": "job", "value": value, "isRegex": False}],
                                                           startsAt=at(start))).json()["silenceID"]
        for value, start in (("one", 50), ("one", 0), ("two", 0))
    ]  # fmt: skip
    asked = [("filter", 'job="one"'), ("expired", "false")]
    assert [each["id"] for each in door.ask("GET", "/api/v2/silences", params=asked).json()] == [ids[1], ids[0]]
    assert [each["id"] for each in door.ask("GET", "/api/v2/silences", params=[*asked, ("active", "false")]).json()] == ids[:1]


@pytest.mark.parametrize(
    ("posted", "status", "word"),
    [
        (silence(matchers=[]), 400, "at least one matcher"), (silence(comment=""), 400, "reason"),
        (silence(matchers=[{"name": "a", "value": "(", "isRegex": True}]), 400, "never closed"),
        (silence(endsAt=at(-5)), 400, "before it begins"), (silence(id="8a0f4e2b-5f8e-4a5e-9d2c-0d6c7a3f0b1e"), 404, "not found"),
        ({"matchers": []}, 400, "startsAt"), (silence(startsAt="2026-11-26T12:00:00"), 400, "time zone"),
    ],
)  # fmt: skip
def test_a_silence_that_cannot_be_is_answered_as_alertmanager_does(door, posted, status, word):
    answer = door.ask("POST", "/api/v2/silences", json=posted)
    assert (answer.status_code, word in answer.json()) == (status, True), answer.text


def test_a_filter_that_is_no_matcher_is_answered_with_400(door):
    for path in ("silences", "alerts"):
        assert "bad matcher" in door.ask("GET", f"/api/v2/{path}", params={"filter": "a~b"}).json()


def test_an_unknown_silence_is_answered_with_404(door):
    assert door.ask("GET", "/api/v2/silence/8a0f4e2b-5f8e-4a5e-9d2c-0d6c7a3f0b1e").status_code == 404
    assert door.ask("DELETE", "/api/v2/silence/none").status_code == 404


def test_status_receivers_and_health_are_told(door):
    told = door.ask("GET", "/api/v2/status").json()
    assert set(told) == {"cluster", "versionInfo", "config", "uptime"}
    assert door.ask("GET", "/api/v2/receivers").json() == [{"name": "opsbook"}]
    assert [door.ask(*each).text for each in (("GET", "/-/healthy"), ("GET", "/-/ready"), ("POST", "/-/reload"))] == ["OK", "OK", ""]


def test_elsewhere_a_token_is_needed_for_reading_too(repository):
    with opened(repository, inlet_tokens="always") as door:
        asks = [("GET", "/api/v2/alerts"), ("GET", "/api/v2/silences"), ("POST", "/api/v2/alerts"), ("POST", "/-/reload"),
                ("DELETE", "/api/v2/silence/x")]  # fmt: skip
        assert [door.ask(*each).status_code for each in asks] == [401] * 5
        _, token = door.desk.alert_desk.inlets.add("prometheus", "alertmanager-api", "ada")
        headers = {"authorization": f"Bearer {token}"}
        assert door.ask("GET", "/api/v2/silences", headers=headers).json() == []
        body = json.dumps([{"labels": {"alertname": "X"}}])
        assert door.ask("POST", "/api/v2/alerts", content=body, headers=headers).status_code == 200
