"""The page of an incident's updates at the real door: written, approved, published, corrected, and who may."""

from __future__ import annotations

import re
from html import unescape

import pytest
from tests.entrypoints.door import Door

from opsbook.usecases.incident_acts import Declaration
from opsbook.usecases.update_facts import known_of


class Lead:
    """Somebody before the door, and an incident."""

    def __init__(self, door: Door, role: str = "responder", name: str = "") -> None:
        self.door = door
        self.session = door.session(role, name)
        self.number = door.desk.incident_desk.incidents.declare(
            Declaration(title="Cards are <i>refused", severity="P1"), "ada"
        ).number

    @property
    def address(self) -> str:
        return f"/incidents/{self.number}/updates"

    def sees(self, more: str = "", address: str = "") -> str:
        answer = self.door.ask("GET", (address or self.address) + more, headers=self.session)
        assert answer.status_code == 200, answer.text[:500]
        assert "<i>refused" not in answer.text
        return unescape(re.sub(r"<[^>]+>", " ", answer.text))

    def does(self, did: str, **fields: str):
        return self.door.ask("POST", self.address, headers=self.session, data={"do": did, **fields})

    @property
    def incident(self):
        return self.door.desk.incident_desk.incidents.find(self.number)


@pytest.fixture
def lead(door):
    return Lead(door)


def test_the_form_holds_the_template_with_what_is_known(lead):
    shown = lead.sees("?audience=team")
    assert "is Investigating." in shown
    assert "[What we know]" in shown
    assert "Opsbook's own words" in " ".join(shown.split())


def test_an_update_is_kept_published_and_shown(lead):
    assert lead.does("draft", audience="team", body="Cards do not work.", channels="#ops").status_code == 303
    assert lead.does("publish", update="1").status_code == 303
    [update] = lead.incident.updates
    assert (update.state, update.channels) == ("published", ("#ops",))
    assert "1 owed" in " ".join(lead.sees().split())


def test_what_has_slots_is_refused_in_words_and_sent_only_where_meant(lead):
    lead.does("draft", audience="team", body="Known: [What we know]")
    answer = lead.does("publish", update="1")
    assert answer.status_code == 409
    assert "[What we know]" in unescape(answer.text)
    assert lead.does("publish", update="1", slots="yes").status_code == 303


def test_who_does_not_lead_approves_nothing_for_customers(lead):
    lead.does("draft", audience="customers", body="Cards do not work.")
    assert lead.does("approve", update="1").status_code == 403
    assert lead.does("publish", update="1").status_code == 409
    lead.door.desk.incident_desk.incidents.assign(lead.number, "ada", "Incident Commander", "responder-one")
    assert lead.does("approve", update="1").status_code == 303
    assert lead.does("publish", update="1").status_code == 303


def test_an_admin_approves(door):
    admin = Lead(door, "admin")
    admin.does("draft", audience="customers", body="Cards do not work.")
    assert admin.does("approve", update="1").status_code == 303


def test_what_is_refused_keeps_what_was_typed(lead):
    lead.does("draft", audience="team", body="One.")
    lead.does("publish", update="1")
    answer = lead.does("draft", audience="team", body="Typed words", update="1")
    assert answer.status_code == 409
    assert "Send a correction" in unescape(answer.text)
    assert "Typed words" in answer.text


def test_a_correction_is_begun_from_what_was_told(lead):
    lead.does("draft", audience="team", body="One.")
    lead.does("publish", update="1")
    assert "[What was wrong]" in lead.sees("?audience=team&corrects=1")
    lead.does("draft", audience="team", body="Correction: two.", corrects="1")
    lead.does("publish", update="2")
    assert [each.state for each in lead.incident.updates] == ["corrected", "published"]


def test_nobody_publishes_words_that_changed_since_they_looked(lead):
    lead.does("draft", audience="team", body="One.")
    seen = lead.incident.updates[0].drafted_at.isoformat()
    lead.does("draft", audience="team", body="Two.", update="1")
    answer = lead.does("publish", update="1", seen=seen)
    assert answer.status_code == 409
    assert "changed update 1 meanwhile" in unescape(answer.text)


def test_looking_at_a_draft_changes_nothing(lead):
    answer = lead.does("preview", audience="team", body="Known: [What we know]")
    assert '<mark class="slot">[What we know]</mark>' in answer.text
    assert lead.incident.updates == ()


def test_a_reader_sees_and_does_nothing(door, lead):
    lead.does("draft", audience="team", body="One.")
    reader = door.session("viewer")
    answer = door.ask("GET", lead.address, headers=reader)
    assert "One." in answer.text
    assert 'name="do"' not in answer.text
    assert door.ask("POST", lead.address, headers=reader, data={"do": "publish", "update": "1"}).status_code == 403


def test_the_page_of_the_incident_tells_what_was_told(lead):
    lead.does("draft", audience="customers", body="Cards do not work.")
    shown = lead.sees(address=f"/incidents/{lead.number}")
    assert "Cards do not work." in shown


@pytest.mark.parametrize("fields", [
    {}, {"do": "draft"}, {"do": "draft", "audience": "x", "body": "y"}, {"do": "publish", "update": "99"},
    {"do": "approve", "update": "abc"}, {"do": "draft", "audience": "team", "body": "x", "next_due": "soon"},
    {"do": "preview", "audience": "nobody", "body": "x"},
])  # fmt: skip
def test_forms_that_no_page_of_ours_has_are_answered_in_words(lead, fields):
    answer = lead.door.ask("POST", lead.address, headers=lead.session, data=fields)
    assert answer.status_code in (200, 400, 409)


def test_an_update_is_published_in_one_step(lead):
    assert "Publish now" in lead.sees("?audience=team")
    assert lead.does("tell", audience="team", body="Cards do not work.").status_code == 303
    assert [each.state for each in lead.incident.updates] == ["published"]


def test_whoever_leads_tells_customers_in_one_step(lead):
    assert "Publish now" not in lead.sees("?audience=customers")
    assert lead.does("tell", audience="customers", body="Cards do not work.").status_code == 403
    assert lead.incident.updates == ()
    lead.door.desk.incident_desk.incidents.assign(lead.number, "ada", "Incident Commander", "responder-one")
    assert lead.does("tell", audience="customers", body="Cards do not work.").status_code == 303
    [update] = lead.incident.updates
    assert (update.state, update.approved_by) == ("published", "responder-one")


@pytest.mark.parametrize("fields", [{"did": "draft", "audience": "customers"}, {"did": "tell", "audience": "team"}])
def test_slots_are_refused_on_the_form_before_anything_is_kept(lead, fields):
    answer = lead.does(body="Since [Time] it fails", **fields)
    assert answer.status_code == 409
    assert "Since [Time] it fails" in unescape(answer.text)
    assert lead.incident.updates == ()


def test_a_draft_that_was_sent_to_nobody_is_due_on_the_page_of_the_incident(lead):
    lead.does("draft", audience="team", body="Cards do not work.")
    shown = " ".join(lead.sees(address=f"/incidents/{lead.number}").split())
    assert "Update 1 for the team is written and was sent to nobody yet." in shown


def test_what_was_said_when_the_cause_was_found_is_known_and_the_last_decision_is_done(lead):
    acts = lead.door.desk.incident_desk.incidents
    acts.move(lead.number, "ada", "identified", why="The disk is full")
    acts.note(lead.number, "ada", "We fail over.", kind="decision")
    body = lead.door.desk.incident_desk.updates.compose(lead.incident, "team").body
    assert "**Known:** The disk is full" in body
    assert "**Doing:** We fail over." in body


def test_customers_are_told_which_component_does_not_work(lead):
    known = known_of(lead.incident, "customers", components=("Paying",))
    assert known["impact"] == "Paying does not work properly"
