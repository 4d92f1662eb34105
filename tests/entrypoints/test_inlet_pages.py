"""The page of senders at the real door: who sends, with which token, what came; and heartbeats."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from tests.entrypoints.door import Door

from opsbook.ledger.inbound.parsers import parser_of
from opsbook.ledger.signal import Source
from opsbook.usecases.inlets import KINDS


class Admin:
    """An admin before the door, or somebody else."""

    def __init__(self, door: Door, role: str = "admin") -> None:
        self.door = door
        self.session = door.session(role)

    def sees(self, address: str = "/inlets") -> str:
        answer = self.door.ask("GET", address, headers=self.session)
        assert answer.status_code == 200, answer.text[:500]
        return unescape(re.sub(r"<[^>]+>", " ", answer.text))

    def does(self, did: str, address: str = "/inlets", **fields: str):
        return self.door.ask("POST", address, headers=self.session, data={"do": did, **fields})


@pytest.fixture
def admin(door):
    for each in door.desk.alert_desk.inlets.all():
        door.desk.alert_desk.inlets.remove(each.name, "test")
    return Admin(door)


def sent(door, raw, *, name="shop", kind="generic"):
    desk, body = door.desk.alert_desk, raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return desk.receiving.receive(Source(name, kind, name), parser_of(kind, {}, {})(body), body).batch


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_sender_is_shown_its_token_once_in_the_lines_to_paste(door, admin, kind):
    leads = admin.does("add", name="shop", kind=kind).headers["location"]
    shown = admin.sees(leads)
    (token,) = set(re.findall(r"opsi_[\w-]+", shown))
    assert shown.count(token) >= (2 if kind != "email" else 1)
    assert door.desk.alert_desk.inlets.source_for(kind, token, is_open=False).name == "shop"
    assert token not in admin.sees(leads)


def test_a_token_is_replaced_and_revoked_and_a_sender_paused_and_removed(door, admin):
    admin.does("add", name="shop", kind="grafana")
    assert admin.does("rotate", name="shop").status_code == 303
    inlets = door.desk.alert_desk.inlets
    first, second = inlets.find("shop").tokens
    assert admin.does("rotate", name="shop").status_code == 409
    admin.does("revoke", name="shop", token=first)
    assert inlets.find("shop").tokens == (second,)
    admin.does("pause", name="shop")
    assert inlets.find("shop").is_paused and "paused" in admin.sees()
    admin.does("resume", name="shop")
    assert not inlets.find("shop").is_paused
    admin.does("remove", name="shop")
    assert inlets.all() == []


def test_what_cannot_be_added_is_told_and_what_was_typed_stays(admin):
    answer = admin.does("add", name="Shop!", kind="grafana")
    assert answer.status_code == 400 and "cannot be the name" in answer.text and 'value="Shop!"' in answer.text


def test_a_sender_without_an_inlet_is_listed_with_what_was_not_understood(door, admin):
    id = sent(door, b"{", name="grafana", kind="grafana")
    shown = admin.sees("/inlets?slips=yes")
    assert "without an inlet" in shown and id in shown
    assert "1 lately" in " ".join(shown.split())


def test_a_body_is_shown_as_it_came_and_received_again(door, admin):
    id = sent(door, {"status": "firing", "labels": {"alertname": "Again", "password": "hunter22"}})
    shown = admin.sees(f"/inlets/received/{id}")
    assert '"Again"' in shown and "hunter22" not in shown
    leads = admin.does("", f"/inlets/received/{id}").headers["location"]
    assert id not in leads
    assert "It was received again" in admin.sees(leads)


def test_a_heartbeat_is_added_paused_resumed_and_removed(door, admin):
    heartbeats = door.desk.alert_desk.heartbeats
    assert admin.does("put", heartbeat="night", every="1d", grace="2h", severity="P2").status_code == 303
    assert (heartbeats.find("night").every_s, heartbeats.find("night").grace_s) == (86_400, 7200)
    assert "never called" in admin.sees()
    heartbeats.beat("night")
    admin.does("rest", heartbeat="night")
    assert heartbeats.find("night").state == "paused"
    admin.does("wait", heartbeat="night")
    assert heartbeats.find("night").state == "healthy"
    admin.does("forget", heartbeat="night")
    assert heartbeats.all() == []
    assert "no length of time" in admin.does("put", heartbeat="night", every="often").text


def test_whoever_may_only_look_sees_senders_and_changes_none(door, admin):
    admin.does("add", name="shop", kind="grafana")
    viewer = Admin(door, "viewer")
    shown = viewer.sees()
    assert "shop" in shown and "Add a sender" not in shown and "needs an admin" in shown
    assert viewer.does("pause", name="shop").status_code == 403
    assert door.ask("GET", "/inlets?token=shop").status_code == 200


def test_a_sender_that_is_refused_is_told_once_in_the_log_and_on_the_page_until_it_is_heard(door, admin, capsys):
    far = {"X-Forwarded-For": "192.0.2.7"}
    for _ in range(2):
        assert door.ask("POST", "/inlets/grafana", headers=far, json={"alerts": []}).status_code == 401
    told = capsys.readouterr().err
    assert told.count("is refused: it shows no token. 'opsbook inlet add NAME --kind grafana'") == 1
    assert "sends to the inlet 'grafana' is refused: it shows no token. 2 times" in " ".join(admin.sees().split())

    _, token = door.desk.alert_desk.inlets.add("shop", "grafana", "test")
    door.ask("POST", "/inlets/grafana", headers={**far, "Authorization": f"Bearer {token}"}, json={"alerts": []})
    assert "Senders are refused" not in admin.sees()
