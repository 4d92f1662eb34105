"""Whoever got a message answers by its link, and no program that only looks does; people see to their own contacts."""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import count

import pytest
from msgspec.structs import replace
from tests.entrypoints.door import Door
from tests.entrypoints.paged_alerts import POLICY, owed, place

from opsbook.ledger import page_events as events
from opsbook.ledger.page import stream_of
from opsbook.ledger.page_events import FrozenPolicy
from opsbook.usecases.ledger_ports import Write

SECRET = "5e" * 18
_count = count()


class Paged:
    """A page of which Jo and Lee were told."""

    def __init__(self, door: Door, policy: FrozenPolicy = POLICY) -> None:
        self.id = f"261126-031000-{next(_count):07d}"
        self.door = door
        self.link, self.other = f"/a/{self.id}.1.{SECRET}", f"/a/{self.id}.2.{SECRET}2"
        door.desk.ledger.record(
            [Write(stream_of(self.id), told(door.desk.now(), policy))], actor="pager", at=door.desk.now()
        )

    @property
    def now(self):
        return self.door.desk.alert_desk.pages.find(self.id)


def told(now, policy):
    where = place("api", "deployment", "Deployment", "It is named there.")
    return [
        events.page_opened(group="g", subject="ApiDown <b>", severity="P1", service="api", alerts=("a-1",),
                           policy=policy, place=where),
        events.level_reached(1, 1, ""), events.owed(owed(1, "Jo Nakamura", "email", now)),
        events.owed(owed(2, "Lee Ray", "email", now)),
        events.attempt_begun(1, 1, sha256(SECRET.encode()).hexdigest()),
        events.attempt_begun(2, 1, sha256(f"{SECRET}2".encode()).hexdigest()),
    ]  # fmt: skip


@pytest.fixture
def paged(door):
    return Paged(door)


def test_a_link_shows_what_it_is_about_without_signing_in_and_without_a_script(door, paged):
    shown = door.ask("GET", paged.link)
    assert shown.status_code == 200 and "ApiDown &lt;b&gt;" in shown.text and "<script" not in shown.text
    assert "systemctl restart api" in shown.text and "Acknowledge as Jo Nakamura" in shown.text
    assert shown.headers["cache-control"] == "no-store" and shown.headers["referrer-policy"] == "same-origin"


def test_where_two_must_answer_the_page_of_the_link_says_that_one_has(door, paged):
    replaced = replace(paged.now.policy, levels=(replace(paged.now.policy.levels[0], needs=2),))
    paged = Paged(door, policy=replaced)
    door.ask("POST", paged.link)
    assert "1 of 2 have acknowledged" in door.ask("GET", paged.link).text
    assert "1 of 2 have acknowledged" in (other := door.ask("GET", paged.other).text)
    assert "Acknowledge as Lee" in other
    assert "1 of 2 have acknowledged" in door.ask("GET", f"/pages/{paged.id}").text
    door.ask("POST", paged.other)
    assert paged.now.state == "acknowledged"
    assert "have acknowledged" not in door.ask("GET", paged.link).text


def test_a_program_that_only_looks_answers_nothing(door, paged):
    before = door.desk.ledger.head()
    for method in ("GET", "HEAD", "GET", "OPTIONS"):
        door.ask(method, paged.link)
    links = re.findall(r'href="(/[^"]*)"', door.ask("GET", paged.link).text)
    for link in links:  # and follows every link of what it sees
        door.ask("GET", link)
        door.ask("HEAD", link)
    assert links and door.desk.ledger.head() == before
    assert paged.now.state == "active"


def test_the_button_answers_under_the_name_of_whoever_got_the_message(door, paged):
    done = door.ask("POST", paged.link)
    assert (done.status_code, done.headers["location"]) == (303, paged.link)
    (answer,) = paged.now.acknowledged
    assert (answer.by, answer.via, paged.now.state) == ("jo", "link", "acknowledged")
    shown = door.ask("GET", paged.link).text
    assert "You acknowledged it" in shown and "Acknowledge as" not in shown


def test_who_cannot_passes_it_on_by_the_link_once(door, paged):
    assert "I cannot: go on to the next level" in door.ask("GET", paged.link).text
    assert door.ask("POST", paged.link, data={"do": "escalate"}).status_code == 303
    assert paged.now.passed_on is not None and paged.now.passed_on.by == "jo"
    before = door.desk.ledger.head()
    door.ask("POST", paged.other, data={"do": "escalate"})
    assert door.desk.ledger.head() == before
    shown = door.ask("GET", paged.other).text
    assert "It has gone on to others. jo passes it on." in shown and "I cannot" not in shown
    assert "Acknowledge as Lee Ray" in shown


def test_whoever_mended_it_says_so_by_the_link(door, paged):
    assert door.ask("POST", paged.link, data={"do": "resolve"}).status_code == 303
    assert (paged.now.ended_how, paged.now.why) == ("resolved", "jo says that it is over.")
    assert "answer-button" not in door.ask("GET", paged.link).text


def test_a_second_answer_changes_nothing_and_says_who_was_first(door, paged):
    door.ask("POST", paged.link)
    before = door.desk.ledger.head()
    for address in (paged.link, paged.other):
        assert door.ask("POST", address).status_code == 303
    assert door.desk.ledger.head() == before
    assert "jo acknowledged it first" in door.ask("GET", paged.other).text


@pytest.mark.parametrize(
    "token",
    [f"PAGE.1.{SECRET}x", f"PAGE.1.{SECRET[:-1]}", f"PAGE.2.{SECRET}", f"PAGE.9.{SECRET}", f"x.1.{SECRET}",
     "PAGE..", f"PAGE.１.{SECRET}", "x" * 5000, f"PAGE.-1.{SECRET}", "%00.1.x", "..."],
)  # fmt: skip
def test_every_wrong_link_is_answered_alike(door, paged, token):
    for method in ("GET", "POST"):
        answer = door.ask(method, f"/a/{token}".replace("PAGE", paged.id))
        assert answer.status_code == 404 and "not one that Opsbook sent" in answer.text
    assert paged.now.state == "active"


def test_a_link_of_what_is_over_says_so(door, paged):
    door.desk.alert_desk.pages.cancel(paged.id, "ada", "It was nothing.")
    assert door.ask("POST", paged.link).status_code == 303
    shown = door.ask("GET", paged.link).text
    assert "It is over" in shown and "It was nothing." in shown and "answer-button" not in shown


def test_another_site_cannot_press_the_button(door, paged):
    assert door.ask("POST", paged.link, headers={"origin": "https://evil.example"}).status_code == 403
    assert paged.now.state == "active"


@pytest.fixture
def ada(door):
    return Ada(door)


class Ada:
    """Somebody of her own in each test."""

    def __init__(self, door):
        self.door, self.name = door, f"ada{next(_count)}"
        self.session = door.session("viewer", self.name)

    def change(self, do, **fields):
        return self.door.ask("POST", "/account/contacts", headers=self.session, data={"do": do, **fields})

    def sees(self, query=""):
        return self.door.ask("GET", f"/account/contacts{query}", headers=self.session).text

    @property
    def reached(self):
        return self.door.desk.alert_desk.contacts.reachable(self.name)


def test_somebody_adds_a_contact_tests_it_and_proves_it_by_its_code(door, ada):
    assert "Nobody can reach you yet" in ada.sees()
    assert ada.change("add", kind="sms", address="+45 5550 0199").headers["location"].endswith("done=add")
    assert ada.change("test", contact="own-sms").status_code == 303
    shown = ada.sees("?done=test")
    assert "***99" in shown and "0199" not in shown and 'data-state="owed"' in shown
    code = door.desk.alert_desk.contacts.code_for(f"test/{ada.name}/own-sms")
    assert ada.change("verify", contact="own-sms", code="12").status_code == 409
    assert ada.change("verify", contact="own-sms", code=code).status_code == 303
    assert ada.reached.contacts[0].verified_at is not None


def test_the_button_in_a_test_message_proves_the_contact(door, ada):
    ada.change("add", kind="email", address="ada@example.org")
    ada.change("test", contact="own-email")
    page = door.desk.alert_desk.pages.select()[0]
    begun = events.attempt_begun(1, 1, sha256(SECRET.encode()).hexdigest())
    door.desk.ledger.append(stream_of(page.id), [begun], expected=None, actor="pager", at=door.desk.now())
    assert "This reached me" in door.ask("GET", f"/a/{page.id}.1.{SECRET}").text
    door.ask("POST", f"/a/{page.id}.1.{SECRET}")
    assert ada.reached.contacts[0].verified_at is not None
    assert "is proven" in door.ask("GET", f"/a/{page.id}.1.{SECRET}").text


def test_somebody_says_in_which_order_and_when(door, ada):
    ada.change("add", kind="email", address="ada@example.org")
    ada.change("add", kind="sms", address="+45 5550 0199")
    rows = {"rule_contact": ["own-sms", "own-email", ""], "rule_after": ["", "5", "7"],
            "rule_urgency": ["high", "all", "all"]}  # fmt: skip
    assert ada.change("rules", **rows).status_code == 303
    assert [(rule.contact, rule.after_s, rule.urgency) for rule in ada.reached.rules] == [
        ("own-sms", 0.0, "high"), ("own-email", 300.0, "all")]  # fmt: skip
    assert ada.change("quiet", hours="22:00-07:00", time_zone="Asia/Tokyo").status_code == 303
    assert (ada.reached.quiet, ada.reached.time_zone) == ((79_200, 25_200), "Asia/Tokyo")
    assert ada.change("quiet", hours="at night", time_zone="").status_code == 409
    shown = ada.sees()
    assert 'value="22:00-07:00"' in shown and 'value="5"' in shown


def test_a_contact_is_switched_off_and_removed(door, ada):
    ada.change("add", kind="email", address="ada@example.org")
    ada.change("off", contact="own-email")
    assert not ada.reached.contacts[0].is_enabled
    ada.change("remove", contact="own-email")
    assert ada.reached.contacts == ()
    assert ada.change("remove", contact="own-email").status_code == 409
    assert ada.change("dance").status_code == 400


def test_a_secret_address_of_a_calendar_is_made_shown_once_and_ended(door, ada):
    leads = ada.change("share", of="all").headers["location"]
    shown = ada.sees(leads.removeprefix("/account/contacts"))
    address = re.search(r"/calendars/[\w-]+\.ics", shown).group()
    assert door.ask("GET", address).text.startswith("BEGIN:VCALENDAR")
    assert address not in ada.sees("?done=share")
    id = re.search(r'name="id" value="(\w+)"', ada.sees()).group(1)
    assert ada.change("unshare", id=id).status_code == 303
    assert door.ask("GET", address).status_code == 404
    assert ada.change("unshare", id=id).status_code == 409
    assert ada.change("share", of="person Nobody").status_code == 409


def test_contacts_are_for_those_who_signed_in(door):
    assert door.ask("GET", "/account/contacts").status_code in (302, 303, 401)


def test_the_api_sees_to_ones_own_contacts_and_an_admin_to_all(door, ada):
    def asks(method, path, who=None, **more):
        return door.ask(method, f"/api/v1/people{path}", headers=who or ada.session, **more)

    added = asks("POST", "/me/contacts", json={"kind": "sms", "address": "+45 5550 0199"})
    assert (added.status_code, added.json()["address"], added.json()["origin"]) == (201, "***99", "private")
    assert asks("POST", f"/{ada.name}/contacts/own-sms/test").status_code == 202
    code = door.desk.alert_desk.contacts.code_for(f"test/{ada.name}/own-sms")
    assert asks("POST", "/me/contacts/own-sms/verify", json={"code": "1"}).status_code == 409
    assert asks("POST", "/me/contacts/own-sms/verify", json={"code": code}).json()["verified_at"]
    assert asks("PATCH", "/me/contacts/own-sms", json={"is_enabled": False}).json()["is_enabled"] is False
    rules = [{"contact": "own-sms", "after_s": 60, "urgency": "high"}]
    assert asks("PUT", "/me/rules", json={"rules": rules}).json()["rules"] == rules
    assert asks("PUT", "/me/quiet", json={"hours": "22-7"}).json()["quiet_hours"] == "22:00-07:00"
    admin, other = door.session("admin", "root"), door.session("viewer", "eve")
    assert asks("GET", f"/{ada.name}", other).status_code == asks("GET", "", other).status_code == 403
    assert asks("DELETE", f"/{ada.name}", other).status_code == 403
    assert ada.name in [each["handle"] for each in asks("GET", "", admin).json()["people"]]
    assert asks("DELETE", f"/{ada.name}/contacts/own-sms", admin).json()["contacts"] == []
    assert asks("DELETE", f"/{ada.name}", admin).json()["rules"] == []
    for odd in ("nobody", "%23ops", "%00", "x" * 3000, "%ed%a0%80", "a%2Fb"):
        assert asks("GET", f"/{odd}", admin).status_code in (400, 404)
        assert asks("POST", f"/{odd}/contacts/email/test", admin).status_code in (400, 404)
    assert door.ask("GET", "/api/v1/people/me").status_code == 401
