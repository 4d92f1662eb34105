"""Subscribing at the real door: by anybody, a few times, without telling who did; and the list of all, for admins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from tests.entrypoints.door import PAGES, Door, opened, write_repository

from opsbook.entrypoints.web.few import Few

POLICY = """# Incident Response

## Status Page

| Component | Services |
| --- | --- |
| Paying | payment-api-SECRET |
"""
ADDRESS = "reader@example.org"


@pytest.fixture
def door(tmp_path) -> Iterator[Door]:
    """A door of a test's own: how often somebody asked is counted at it."""
    write_repository(tmp_path, {**PAGES, "docs/operations/incidents/incident-response.md": POLICY})
    with opened(tmp_path) as made:
        made.desk.library.wait_whole(30)
        yield made


def words(answer) -> str:
    """What somebody reads of an answer."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def keys(door, address: str = ADDRESS, kind: str = "email") -> tuple[str, str, str]:
    """The id and the secrets of the subscription of an address."""
    kept = door.desk.incident_desk.subscriptions.kept
    id = kept.id_of("customers", kind, address)
    beside = kept.beside(id)
    assert beside is not None
    return id, beside.confirm, beside.leave


def asks(door, **fields: str):
    return door.ask("POST", "/status/subscribe", data=fields)


def test_anybody_sees_the_form_with_public_names_alone(door):
    answer = door.ask("GET", "/status/subscribe")
    assert answer.status_code == 200
    assert "Paying" in words(answer)
    assert "SECRET" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_subscribing_by_the_links_from_asking_to_leaving(door):
    assert "Look into your mailbox" in words(asks(door, email=ADDRESS, topics="Paying"))
    id, confirm, leave = keys(door)
    shown = door.ask("GET", f"/status/subscribe/{id}/confirm?key={confirm}")
    assert "Confirm the subscription" in words(shown)
    kept = door.desk.incident_desk.subscriptions.kept
    assert not kept.find(id).is_in_force, "opening a link is not pressing its button"
    assert "You are subscribed" in words(door.ask("POST", f"/status/subscribe/{id}/confirm", data={"key": confirm}))
    assert kept.find(id).topics == ("Paying",)
    answer = door.ask("POST", f"/status/subscribe/{id}/leave?key={leave}", data={"List-Unsubscribe": "One-Click"})
    assert "Your address is forgotten" in words(answer)
    assert kept.beside(id) is None


def test_the_answer_is_the_same_for_who_subscribed_and_who_did_not(door):
    first = asks(door, email=ADDRESS)
    again = asks(door, email=ADDRESS)
    other = asks(door, email="other@example.org")
    assert (first.status_code, words(first)) == (again.status_code, words(again)) == (other.status_code, words(other))


def test_a_client_may_ask_a_few_times(door):
    answers = [asks(door, email=f"{number}@example.org").status_code for number in range(8)]
    assert answers == [200] * 6 + [429] * 2


@pytest.mark.parametrize("fields", [{}, {"email": "nonsense"}, {"webhook": "http://169.254.169.254/"},
                                    {"webhook": "javascript:alert(1)"}, {"email": "<script>x</script>"}])  # fmt: skip
def test_what_cannot_be_is_refused_in_words(door, fields):
    answer = asks(door, **fields)
    assert answer.status_code == 400
    assert "<script>x" not in answer.text


def test_a_webhook_is_shown_its_secret_once(door):
    answer = asks(door, webhook="https://hooks.example.org/x")
    secret = re.search(r"<code>([\w-]+)</code>", answer.text)[1]
    id, _, _ = keys(door, "https://hooks.example.org/x", "webhook")
    assert door.desk.incident_desk.subscriptions.kept.beside(id).asked_signer == secret


def test_a_form_on_another_site_subscribes_nobody(door):
    answer = door.ask("POST", "/status/subscribe", data={"email": ADDRESS}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_wrong_links_are_all_answered_alike(door):
    asks(door, email=ADDRESS)
    id, _, _ = keys(door)
    found = {words(door.ask("GET", f"/status/subscribe/{each}/{did}?key=x"))
             for each, did in ((id, "confirm"), (id, "leave"), ("0" * 20, "leave"), ("..", "leave"))}  # fmt: skip
    assert len(found) <= 2  # the last one is no address of ours


def test_only_an_admin_sees_who_subscribed(door):
    assert door.ask("GET", "/incidents/subscriptions", headers=door.session("operator")).status_code == 403
    asks(door, email=ADDRESS)
    admin = door.session("admin")
    answer = door.ask("GET", "/incidents/subscriptions", headers=admin)
    assert ADDRESS not in answer.text
    assert "not confirmed" in words(answer)
    id, _, _ = keys(door)
    assert door.ask("POST", "/incidents/subscriptions", headers=admin, data={"do": "end", "id": id}).status_code == 303
    assert door.desk.incident_desk.subscriptions.kept.beside(id) is None


def test_an_admins_webhook_is_in_force_at_once_and_its_secret_is_shown_once(door):
    admin = door.session("admin")
    answer = door.ask("POST", "/incidents/subscriptions", headers=admin, data={
        "do": "add", "kind": "webhook", "address": "https://chat.example.org/x", "scope": "team",
    })  # fmt: skip
    shown = door.ask("GET", answer.headers["location"], headers=admin)
    assert "Keep this secret" in shown.text
    assert "in force" in words(shown)
    assert "Keep this secret" not in door.ask("GET", answer.headers["location"], headers=admin).text


def test_few_counts_within_a_window_and_forgets():
    few = Few(2, 10)
    assert [few.wait_s("a", at) for at in (0, 1, 2, 10.5)] == [0, 0, 8, 0]
    assert few.wait_s("b", 2) == 0
