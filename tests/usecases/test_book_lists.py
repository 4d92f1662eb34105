"""Monitoring, incidents, who is on call, contacts and procedures, read off a snapshot of the whole book."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest
from tests.usecases.snapshots import AT, snapshot

from opsbook.ground.errors import Usage
from opsbook.usecases.contacts import addresses_in, contacts, contacts_model
from opsbook.usecases.incidents import incidents, incidents_model
from opsbook.usecases.library import Book
from opsbook.usecases.monitoring import monitoring, monitoring_model
from opsbook.usecases.oncall import oncall, oncall_model
from opsbook.usecases.procedures import procedures, procedures_model

OWN = Path(__file__).parents[2] / "docs" / "operations"
RUNBOOK = "docs/operations/runbooks/opsbook.md"
POLICY = "docs/operations/incidents/incident-response.md"


def line_of(page: str, start: str) -> int:
    """The line of the own book that begins so."""
    lines = (OWN / page).read_text().splitlines()
    return 1 + next(number for number, line in enumerate(lines) if line.startswith(start))


@pytest.fixture(scope="module")
def own() -> Book:
    """The project's own book."""
    return snapshot(
        {f"docs/operations/{path.relative_to(OWN)}": path.read_bytes() for path in sorted(OWN.rglob("*.md"))}
    )


# -- monitoring ----------------------------------------------------------------------------------------------------


def test_an_alert_is_told_once_with_its_page_its_service_and_where_else_it_is_named(own):
    alert = monitoring_model(monitoring(own))["alerts"][0]
    assert (alert["name"], alert["path"], alert["line"]) == ("OpsbookDown", "docs/operations/monitoring/alerts.md", line_of("monitoring/alerts.md", "| OpsbookDown"))
    assert (alert["service"], alert["severity"], alert["for"]) == ("opsbook", "P2", "2 minutes")
    assert [each["path"] for each in alert["also"]] == [RUNBOOK]
    assert (alert["runbook"]["path"], alert["runbook"]["verdict"]) == (RUNBOOK, "ok")


@pytest.mark.parametrize(
    ("address", "verdict"),
    [("../runbooks/a.md#here", "ok"), ("../runbooks/a.md#gone", "bad-anchor"), ("../runbooks/b.md", "missing-page"),
     ("https://x.example/a", "external"), ("", "none")],
)  # fmt: skip
def test_the_runbook_of_an_alert_has_a_verdict(address, verdict):
    link = f"[r]({address})" if address else ""
    pages = {
        "monitoring/alerts.md": f"# Alerts\n\n| Alert | Runbook |\n|-|-|\n| A | {link} |\n",
        "runbooks/a.md": "# A\n\n## Here\n",
    }
    assert [told.verdict for told in monitoring(snapshot(pages)).alerts] == [verdict]


def test_the_gravest_alerts_come_first():
    rows = "| A | low |\n| B | critical |\n| C | |\n| D | page |\n"
    pages = {"monitoring/alerts.md": f"# Alerts\n\n| Alert | Severity |\n|-|-|\n{rows}"}
    assert [told.alert.name for told in monitoring(snapshot(pages)).alerts] == ["B", "D", "A", "C"]


# -- incidents -----------------------------------------------------------------------------------------------------

REPORT = "# Incident: {}\n\n**Severity:** {}  \n**Status:** {}  \n**Started:** {} 10:00 UTC\n\n## Prevention\n\n{}\n"


def test_open_incidents_come_first_then_the_newest():
    pages = {
        "incidents/a.md": REPORT.format("Old", "P3", "Resolved", "2026-01-01", ""),
        "incidents/b.md": REPORT.format("New", "P3", "Resolved", "2026-10-01", ""),
        "incidents/c.md": REPORT.format("Open", "P3", "Investigating", "2026-05-01", ""),
    }
    found = incidents_model(incidents(snapshot(pages), date(2026, 11, 26)))
    assert [each["path"] for each in found["incidents"]] == ["incidents/c.md", "incidents/b.md", "incidents/a.md"]
    assert found["open"] == 1


def test_an_incident_and_its_post_mortem_know_each_other(own):
    partners = {record.path.rsplit("/", 1)[-1]: record.partner for record in incidents(own, date(2026, 11, 26)).records}
    assert partners["2026-11-12-port-taken.md"].endswith("2026-11-12-port-taken-post-mortem.md")
    assert partners["2026-11-12-port-taken-post-mortem.md"].endswith("2026-11-12-port-taken.md")


def test_a_grave_incident_that_is_over_asks_for_its_post_mortem():
    pages = {
        "incidents/a.md": REPORT.format("A", "P1", "Resolved", "2026-01-01", ""),
        "incidents/b.md": REPORT.format("B", "P3", "Resolved", "2026-01-02", ""),
        "incidents/c.md": REPORT.format("C", "P0", "Mitigating", "2026-01-03", ""),
        "incidents/d.md": REPORT.format("D", "P0", "Resolved", "2026-01-04", ""),
        "incidents/d-post-mortem.md": "# Post-Mortem: D\n",
    }
    lacking = [
        record.path for record in incidents(snapshot(pages), date(2026, 11, 26)).records if record.lacks_post_mortem
    ]
    assert lacking == ["incidents/a.md"]


def test_action_items_that_are_open_and_overdue_are_counted():
    actions = "- [ ] One by 2026-02-01\n- [ ] Two by 2027-02-01\n- [x] Three by 2026-02-01\n- Four\n"
    (record,) = incidents(
        snapshot({"incidents/a.md": REPORT.format("A", "P3", "Resolved", "2026-01-01", actions)}), date(2026, 11, 26)
    ).records
    assert (record.open_actions, record.overdue) == (2, 1)


def test_the_policy_is_told_with_its_page(own):
    (policy,) = incidents_model(incidents(own, date(2026, 11, 26)))["policies"]
    assert (policy["path"], len(policy["severities"]), len(policy["roles"]), len(policy["templates"])) == (
        POLICY,
        4,
        4,
        4,
    )


# -- who is on call, contacts --------------------------------------------------------------------------------------


def test_every_schedule_says_who_is_on_call_now_and_next(own):
    primary, secondary = oncall_model(oncall(own, AT))["schedules"]
    assert (primary["schedule"], primary["path"], primary["line"]) == ("Primary On-Call", POLICY, line_of("incidents/incident-response.md", "### Primary On-Call"))
    assert [(p["person"], p["until"]) for p in primary["people"]] == [("Ada Byron", "2026-11-30T08:00:00+00:00")]
    assert [each["people"] for each in primary["next"]] == [["Ben Nevis"], ["Chris Tabor"], ["Ada Byron"]]
    assert [p["person"] for p in secondary["people"]] == ["Ben Nevis"]


def test_every_escalation_says_whom_each_level_reaches_now(own):
    urgent = oncall_model(oncall(own, AT))["escalations"][0]
    assert (urgent["name"], urgent["severities"], urgent["repeat"]) == ("Urgent Escalation", ["P0", "P1"], 2)
    reached = [
        [person["person"] for each in level["reaches"] for person in each["people"]] for level in urgent["levels"]
    ]
    assert reached == [["Ada Byron"], ["Ben Nevis"], ["Ada Byron", "Ben Nevis"]]
    assert [level["after_s"] for level in urgent["levels"]] == [0, 300, 900]


def test_the_contacts_of_a_runbook_are_people_with_an_end_and_an_address(own):
    engineer, lead, escalation = contacts_model(contacts(own, RUNBOOK, AT))["contacts"]
    (person,) = engineer["means"][0]["people"]
    assert (engineer["role"], engineer["means"][0]["meaning"], person["person"]) == (
        "On-Call Engineer",
        "schedule",
        "Ada Byron",
    )
    assert person["contacts"][0] == {"kind": "phone", "address": "+45 5550 0101"}
    assert lead["means"][0]["people"][0]["person"] == "Ada Byron"
    assert escalation["means"][0]["meaning"] == "escalation"


def test_a_contact_has_its_own_bytes_on_the_page(own):
    raw = (OWN / "runbooks/opsbook.md").read_bytes()
    lead = contacts(own, RUNBOOK, AT)[1].note
    assert raw[lead.start : lead.end] == b"@ada"
    table = "# A Runbook\n\n**Service:** a\n\n## Emergency Contacts\n\n| Role | Contact |\n|-|-|\n| Lead |  `#db-team` |\n\n- Boss: x@y.example\n"
    found = contacts(snapshot({"runbooks/a.md": table}), "runbooks/a.md", AT)
    assert [table.encode()[each.note.start : each.note.end] for each in found] == [b"`#db-team`", b"x@y.example"]
    assert [each.is_resolved for each in found] == [True, True]


def test_a_contact_that_nobody_knows_is_told_with_a_guess(own):
    page = (
        "# A Runbook\n\n**Service:** a\n\n## Emergency Contacts\n\n- **Lead:** @adda\n- **Boss:** ask around, please\n"
    )
    people = "# People\n\n| Name | Handle | Phone |\n|-|-|-|\n| Ada Byron | @ada | 1 |\n"
    lead, boss = contacts(snapshot({"runbooks/a.md": page, "policies/people.md": people}), "runbooks/a.md", AT)
    assert (lead.is_resolved, lead.meant[0].guess) == (False, "Ada Byron")
    assert (boss.is_resolved, boss.meant) == (False, ())


def test_a_page_that_is_not_there_is_refused(own):
    with pytest.raises(Usage, match="no page 'gone.md'"):
        contacts(own, "gone.md", AT)


def test_addresses_are_told_as_links_have_them():
    words = "ops@x.example after 10 minutes, +45 55 50 01 01, https://x.example/p"
    assert addresses_in(words) == ["mailto:ops@x.example", "tel:+4555500101", "https://x.example/p"]


# -- procedures ----------------------------------------------------------------------------------------------------


def test_procedures_are_told_by_service_and_shared_ones_apart(own):
    found = procedures_model(procedures(own))
    assert [service["service"] for service in found["services"]] == ["opsbook"]
    assert found["services"][0]["lacks"] == []
    assert {page["path"].rsplit("/", 1)[-1] for page in found["shared"]} >= {
        "deployment.md",
        "rollback.md",
        "scaling.md",
    }
    staging = found["services"][0]["procedures"][0]
    assert (staging["title"], staging["anchor"], staging["line"], staging["has_rollback"]) == (
        "Staging",
        "staging", line_of("runbooks/opsbook.md", "### Staging"),
        True,
    )
    assert staging["runnable_share"] == 1.0


def test_what_a_service_has_no_procedure_for_is_told():
    page = "# A Runbook\n\n**Service:** a\n\n## Common Operations\n\n### Restart Service\n\n1. Restart\n   ```sh\n   true\n   ```\n"
    (service,) = procedures(
        snapshot({"runbooks/a.md": page, "runbooks/b.md": "# B Runbook\n\n## Overview\n"})
    ).services[:1]
    assert service.lacks == ("deploy", "rollback", "scale", "backup", "restore")


def test_every_model_is_plain_json(own):
    for model in (
        monitoring_model(monitoring(own)), incidents_model(incidents(own, AT.date())), oncall_model(oncall(own, AT)),
        contacts_model(contacts(own, RUNBOOK, AT)), procedures_model(procedures(own)),
    ):  # fmt: skip
        assert msgspec.json.decode(msgspec.json.encode(model)) == model
