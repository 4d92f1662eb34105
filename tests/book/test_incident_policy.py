"""The policy by which incidents are answered, as its page says it."""

from __future__ import annotations

from pathlib import Path

from tests.book.whole_reading import page_of

import opsbook
from opsbook.book.incident_policy import read_policy

PAGE = "incidents/incident-response.md"
OWN = Path(__file__).parents[2] / "docs" / "operations" / PAGE
SEED = Path(opsbook.__file__).parent / "seed" / PAGE


def read(text: str | bytes, path: str = PAGE):
    return read_policy(page_of(text, path))


def test_the_severity_matrix_is_read_with_its_cadence():
    severities = read(SEED.read_bytes()).severities
    assert [severity.level for severity in severities] == ["P0", "P1", "P2", "P3"]
    assert (severities[1].response, severities[1].updates) == ("15 minutes", "every 30 minutes")
    assert severities[0].labels == "critical, emergency"
    assert (severities[0].line, severities[0].anchor) == (13, "incident-classification")


def test_headings_may_be_the_levels():
    found = read(
        "# Severity\n\n## SEV0 — Outage\n\nNothing works.\n\n## sev2: Annoying\n\nSlow.\n", "incidents/severity.md"
    ).severities
    assert [(s.level, s.meaning) for s in found] == [("P0", "Nothing works."), ("P2", "Slow.")]


def test_a_table_of_escalation_is_no_severity_matrix():
    found = read(
        "# Escalation\n\n## Escalation\n\n| Level | After | Contact |\n|-|-|-|\n| 1 | 5 min | @ada |\n",
        "incidents/escalation.md",
    )
    assert found.severities == ()


def test_roles_templates_and_channels_are_read():
    found = read(OWN.read_bytes())
    assert [role.name for role in found.roles] == ["Incident Commander", "Operator", "Communications Lead", "Scribe"]
    assert found.roles[0].taken_by == "Whoever acknowledges, until handed over"
    titles = [template.title for template in found.templates]
    assert titles == ["Internal Update", "Management Update", "Public Update", "Incident Response Template"]
    assert found.templates[0].text.startswith("**[P0/P1/P2/P3] [Incident Title]**")
    assert found.templates[2].audience == "For customers, on the status page."
    assert [(channel.name, channel.place) for channel in found.channels][:2] == [
        ("Incident Channel", "#opsbook"), ("Video Call", "https://meet.example.org/opsbook"),
    ]  # fmt: skip


def test_schedules_and_people_have_their_lines():
    spots = {spot.name: spot for spot in read(OWN.read_bytes()).spots}
    assert (spots["primary on-call"].line, spots["primary on-call"].anchor) == (1 + OWN.read_text().splitlines().index("### Primary On-Call"), "primary-on-call")
    assert spots["ada"].anchor == "people"


def test_another_kind_of_page_and_an_empty_policy_say_nothing():
    assert read("# Incident Response\n\nWords.\n") is None
    assert read(OWN.read_bytes(), "runbooks/a.md") is None
