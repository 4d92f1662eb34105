"""The doors of inlets, asked through the whole application: nothing that is sent is a bug or costs a neighbour."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient
from tests.conftest import PROFILE
from tests.entrypoints.door import ADDRESS, Door, opened, write_repository
from tests.entrypoints.paged_alerts import POLICY, fired

from opsbook.ground.errors import Failure
from opsbook.ledger import page_events
from opsbook.ledger.event import Draft
from opsbook.ledger.signal import BATCHES, batch_of, source_of
from opsbook.usecases.ledger_ports import Write

GENERIC = "/inlets/generic/backups"
GOOD = {"status": "firing", "labels": {"alertname": "Good"}}
DOORS = ("/inlets/alertmanager", "/inlets/grafana", "/inlets/cloudevents", GENERIC)
GOOD_OF = {
    "/inlets/cloudevents": {"specversion": "1.0", "id": "1", "source": "/a", "type": "down", "subject": "Good"},
}  # fmt: skip


class Senders:
    """A served book, and senders at this machine itself or elsewhere."""

    def __init__(self, door: Door, near: TestClient[Any]) -> None:
        self.door = door
        self.near = near
        self.desk = door.desk.alert_desk
        self.before = 0

    def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        """The answer to somebody at this machine itself."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.near.request(more.pop("method", "POST"), path, content=content, **more)

    def received(self) -> list[Any]:
        """The batches that were recorded, in order."""
        events = self.door.desk.ledger.after(self.before, 10_000)
        return [event for event in events if event.stream.startswith(BATCHES)]

    def alertnames(self) -> list[str]:
        """Of which alerts."""
        return [signal.labels.get("alertname", "") for event in self.received() for signal in batch_of(event).signals]


@contextmanager
def sending(root: Path, **more: Any) -> Iterator[Senders]:
    """Senders at a book in that repository."""
    with opened(root, **more) as door:

        async def from_here(scope: Any, receive: Any, send: Any) -> None:
            scope["client"] = ("127.0.0.1", 40_000)
            await door.app(scope, receive, send)

        near = TestClient(from_here, base_url=ADDRESS, raise_server_exceptions=False)
        yield Senders(door, near)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Senders]:
    root = tmp_path_factory.mktemp("inlets")
    write_repository(root)
    with sending(root) as senders:
        yield senders


@pytest.fixture
def senders(served: Senders) -> Senders:
    """The senders of all these tests: no other test's batches are told, and its inlets are gone."""
    served.before = served.door.desk.ledger.head()
    for inlet in served.desk.inlets.all():
        served.desk.inlets.remove(inlet.name, "test")
    served.desk.receiving._told.clear()
    return served


def test_what_alertmanager_sends_is_in_the_ledger_when_it_is_answered(senders, sent):
    answer = senders.post("/inlets/alertmanager", sent("fire-250.json"), headers={"user-agent": "Alertmanager/0.28.1"})
    assert answer.status_code == 200 and answer.json()["signals"] == 250
    (event,) = senders.received()
    assert event.stream == BATCHES + answer.json()["batch"]
    assert event.facts["headers"]["user-agent"] == "Alertmanager/0.28.1"
    assert event.stream in {timer.stream for timer in senders.door.desk.ledger.due(1_000, BATCHES)}
    assert senders.post("/inlets/alertmanager", sent("fire-250.json")).json()["batch"] == ""


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_grafana_may_post_and_put(senders, method):
    body = {"version": "1", "orgId": 1, "alerts": [{**GOOD, "panelURL": "http://g/1"}]}
    assert senders.post("/inlets/grafana", body, method=method).status_code == 200
    assert batch_of(senders.received()[0]).signals[0].links == (("Panel", "http://g/1"),)


def test_a_binary_event_is_read_with_its_headers_and_can_be_read_again(senders):
    headers = {"ce-id": "1", "ce-source": "/a", "ce-type": "down", "ce-specversion": "1.0", "content-type": "text/plain"}
    answer = senders.post("/inlets/cloudevents", b"it is down", headers=headers)
    assert senders.alertnames() == ["down"]
    assert senders.desk.bodies.replay(answer.json()["batch"]).signals == 1


def test_a_generic_inlet_reads_by_its_mapping(senders):
    senders.desk.inlets.add("backups", "generic", "ada", mapping={"summary": "job", "key": "id"})
    assert senders.post(GENERIC, {"job": "nightly", "id": 7}).json()["signals"] == 1
    assert batch_of(senders.received()[0]).signals[0].key == "7"


def test_what_an_opsgenie_client_escalates_goes_on_to_the_next_level(senders):
    at, ledger = senders.door.desk.now(), senders.door.desk.ledger
    alert = Draft("AlertFired", {**fired("ApiDown", "P1", at).facts, "key": "api-1", "source_group": "opsgenie",
                                 "page": "261126-page"})  # fmt: skip
    opened_page = page_events.page_opened(
        group="g", subject="ApiDown", severity="P1", service=None, alerts=("261126-og",), policy=POLICY, place=None
    )
    ledger.record([Write("alert/261126-og", (alert,)), Write("page/261126-page", (opened_page,))], actor="x", at=at)
    path = "/v2/alerts/api-1/escalate?identifierType=alias"
    body = {"user": "kim", "note": "on a train", "escalation": {"name": "ops"}}
    assert senders.post(path, body, headers={"authorization": ""}).status_code == 202
    page = senders.desk.pages.find("261126-page")
    assert page.passed_on is not None and (page.passed_on.by, page.passed_on.via) == ("kim", "opsgenie")
    assert senders.post("/v2/alerts/nothing/escalate?identifierType=alias", body).status_code == 202


@pytest.mark.parametrize("alias", ["a/b", "al 1/ü", "/", "a//b/", "a%2Fb", "50%", "?#;&=+:@", "requests/1", "f" * 64])
def test_an_opsgenie_alias_may_hold_any_letter(senders, alias):
    path = f"/v2/alerts/{quote(alias, safe='')}"
    assert senders.post(f"{path}/close?identifierType=alias", {}).status_code == 202
    assert senders.post(f"{path}/message?identifierType=alias", {"message": "x"}, method="PUT").status_code == 202
    assert [batch_of(event).signals[0].key for event in senders.received()] == [alias, alias]
    missing = senders.near.get(f"{path}?identifierType=alias")
    assert (missing.status_code, missing.json()["message"]) == (404, f"No alert exists with alias [{alias}]")


def test_an_opsgenie_alert_is_found_by_an_alias_with_a_slash(senders):
    at, ledger = senders.door.desk.now(), senders.door.desk.ledger
    facts = {**fired("Full", "P1", at).facts, "key": "db/1", "source_group": "opsgenie"}
    ledger.record([Write("alert/261126-slash", (Draft("AlertFired", facts),))], actor="x", at=at)
    found = senders.near.get("/v2/alerts/db%2F1?identifierType=alias")
    assert found.json()["data"]["alias"] == "db/1"


def test_a_heartbeat_calls_with_get_and_post(senders):
    senders.desk.heartbeats.put("backup", "ada", every_s=60)
    for method in ("GET", "POST"):
        answer = senders.post("/inlets/heartbeats/backup", b"", method=method)
        assert (answer.status_code, answer.json()["state"]) == (200, "healthy")
    assert senders.post("/inlets/heartbeats/backups", b"").status_code == 404


def test_what_cannot_be_read_at_all_is_400_and_is_kept(senders):
    answer = senders.post("/inlets/alertmanager", b"{")
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["slips"][0]["where"] == "body"
    body = senders.desk.bodies.latest(slips_only=True)[0]
    assert senders.desk.bodies.find(body.id).raw == b"{"


def test_elsewhere_a_token_is_needed_and_may_be_shown_in_five_ways(senders):
    _, token = senders.desk.inlets.add("shop", "alertmanager", "ada")
    body = json.dumps({"version": "4", "alerts": [GOOD]}).encode()
    far = senders.door.client
    assert far.post("/inlets/alertmanager", content=body).status_code == 401
    basic = base64.b64encode(f"any:{token}".encode()).decode()
    for path, headers in (
        ("/inlets/alertmanager", {"authorization": f"Bearer {token}"}),
        ("/inlets/alertmanager", {"authorization": f"Basic {basic}"}),
        ("/inlets/alertmanager", {"authorization": f"GenieKey {token}"}),
        (f"/inlets/alertmanager?token={token}", {}),
        (f"/inlets/alertmanager/{token}", {}),
    ):
        assert far.post(path, content=body, headers=headers).status_code == 200, (path, headers)
    assert {source_of(event).name for event in senders.received()} == {"shop"}
    assert far.post("/inlets/alertmanager", content=body, headers={"authorization": "Bearer no"}).status_code == 401
    assert far.post("/inlets/alertmanager", content=body, headers={"authorization": "Basic ?"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [{"x-forwarded-for": "192.0.2.1"}, {"forwarded": "for=192.0.2.1"}, {"via": "1.1 proxy"}, {"x-real-ip": "192.0.2.1"}],
)
def test_what_a_proxy_brings_is_not_of_this_machine(senders, headers):
    assert senders.post("/inlets/alertmanager", b"{}", headers=headers).status_code == 401


@pytest.mark.parametrize(("reads_are_open", "tokens"), [(True, "always"), (False, "off-loopback")])
def test_where_others_come_too_this_machine_needs_a_token_as_well(senders, monkeypatch, reads_are_open, tokens):
    state = senders.door.app.app.app.state
    monkeypatch.setattr(state["keeper"], "reads_are_open", reads_are_open)
    monkeypatch.setitem(state._state, "config", msgspec.structs.replace(state["config"], inlet_tokens=tokens))
    assert senders.post("/inlets/alertmanager", b"{}").status_code == 401


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_a_page_of_another_site_is_refused(senders, headers):
    senders.desk.heartbeats.put("own", "ada", every_s=60)
    for path in (*DOORS, "/inlets/heartbeats/own"):
        assert senders.post(path, b"{}", headers=headers).status_code == 403
    if "sec-fetch-site" in headers:
        assert senders.post("/inlets/heartbeats/own", b"", method="GET", headers=headers).status_code == 403


def test_what_a_paused_inlet_sends_is_taken_and_led_nowhere(senders):
    senders.desk.inlets.add("backups", "generic", "ada")
    senders.desk.inlets.pause("backups", "ada")
    answer = senders.post(GENERIC, {"title": "A"})
    assert answer.status_code == 200 and senders.desk.bodies.find(answer.json()["batch"]).is_held
    assert senders.desk.inlets.find("backups").received == 1


def test_a_paused_inlet_makes_no_silence(senders):
    senders.desk.inlets.add("prom", "alertmanager-api", "ada")
    _, token = senders.desk.inlets.add("prom-b", "alertmanager-api", "ada")
    senders.desk.inlets.pause("prom-b", "ada")
    headers = {"authorization": f"Bearer {token}"}
    assert senders.post("/api/v2/silences", {}, headers=headers).status_code == 403
    assert senders.post("/api/v2/alerts", b"", method="GET", headers=headers).status_code == 200


def test_a_ledger_that_cannot_take_it_is_503_and_says_when_to_come_again(senders, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise Failure("The disk is full.", retryable=False)

    monkeypatch.setattr(senders.desk.receiving._ledger, "record", fail)
    answer = senders.post("/inlets/alertmanager", {"version": "4", "alerts": [GOOD]})
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


def test_the_token_of_a_sender_is_in_nothing_that_is_kept(senders):
    _, token = senders.desk.inlets.add("backups", "generic", "ada")
    answer = senders.post(f"{GENERIC}?token={token}", {"title": "A", "message": f"sent with {token}"})
    kept = senders.desk.bodies.find(answer.json()["batch"])
    assert token.encode() not in kept.raw and token not in str(senders.received()[0].facts)


def test_a_giant_is_taken_whole(senders):
    count = 5_000 if PROFILE == "torture" else 500  # 50 MB; the smaller costs a test a fifth of a second
    alert = {"status": "firing", "labels": {"alertname": "Big"}, "annotations": {"a": "x" * 10_000}}
    written = b",".join(
        msgspec.json.encode({**alert, "labels": {"alertname": "Big", "n": str(number)}}) for number in range(count)
    )
    body = b'{"version":"4","groupKey":"g","alerts":[' + written + b"]}"
    assert len(body) > count * 10_000
    answer = senders.post("/inlets/alertmanager", body)
    assert (answer.status_code, answer.json()["signals"]) == (200, count)


def test_fifty_megabytes_of_nothing_are_answered(senders):
    assert senders.post("/inlets/alertmanager", b"[" * 50_000_000).status_code == 400
    large = {"content-length": str(70_000_000)}
    assert senders.post("/inlets/alertmanager", b"x" * 70_000_000, headers=large).status_code == 413


GARBAGE = st.one_of(
    st.binary(max_size=400),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["alerts", "labels", "status", "id", "source", "type", "title"]), inner, max_size=5),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode()),
)  # fmt: skip


@pytest.mark.parametrize("path", DOORS)
@settings(max_examples=10_000 if PROFILE == "torture" else 15)
@given(garbage=GARBAGE)
def test_no_garbage_is_a_bug(served: Senders, path: str, garbage: bytes) -> None:
    assert served.post(path, garbage).status_code in (200, 400)


@pytest.mark.parametrize("path", DOORS)
def test_after_garbage_the_next_is_taken(senders, path):
    for garbage in (b"", b"\xff\x00", b"[[[[", b'{"alerts": 7}', b"null"):
        senders.post(path, garbage)
    answer = senders.post(path, GOOD_OF.get(path, {"version": "4", "groupKey": "g", "alerts": [7, GOOD]}))
    assert answer.status_code == 200 and len(senders.alertnames()) >= 1
