"""Any incident becomes a page that reads back as what it was: nothing that people write can break it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.book.impact import Impact
from opsbook.book.incidents import read_report
from opsbook.book.page import read_page
from opsbook.book.report_page import report_page
from opsbook.book.templates import template_of
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import Promise
from opsbook.usecases.incident_timeline import TimelineEntry
from opsbook.usecases.report_told import told_of

POLICY = read_page("incidents/incident-response.md", (files("opsbook") / "seed/incidents/incident-response.md").read_bytes())
TEMPLATE = template_of("incident", iter([POLICY]))
PATH = "docs/operations/incidents/2026-03-26-x.md"
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=80) | st.sampled_from([
    "# Heading", "**Severity:** P3", "- [ ] mine (@eve, due 2020-01-01)", "```", "<!--", "-->", "| a | b |", "## Prevention",
    "[Description]", "TODO", "[x]: http://evil", "1. one", "> q", "~~gone~~", "2026-01-01 10:00", "</details>", "---\na: b",
    "a  \nb", "&#35; x", "\\", "**Resolved:** 2020-01-01 00:00 UTC", "***", "[^1]: note", "{#id}", "@eve", "é" * 50,
])  # fmt: skip
NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9]{2,12}(-[a-z]{2,8})?", fullmatch=True), max_size=5, unique=True).map(
    lambda names: [name for name in names if name != "and"]
)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
ACTIONS = st.lists(st.tuples(TEXT, st.sampled_from(["", "bo", "@bo", "ada-l", "Platform Team"]),
                             st.sampled_from(["", "2026-04-03"]), st.sampled_from(["open", "done", "verified"])),
                   max_size=4)  # fmt: skip


@st.composite
def incidents(draw):
    started = draw(TIMES)
    length = timedelta(minutes=draw(st.integers(0, 5000)), seconds=draw(st.integers(0, 59)))
    actions = tuple(Promise(number, text, state, owner, due) for number, (text, owner, due, state) in
                    enumerate(draw(ACTIONS), 1))  # fmt: skip
    return Incident(
        id="i", number=14, title=draw(TEXT), state="resolved", severity=draw(st.sampled_from(["P0", "P1", "P2", "P3"])),
        declared_at=started, changed_at=started, started_at=started, resolved_at=started + length,
        services=tuple(draw(NAMES)), impact=Impact(users=draw(TEXT), business=draw(TEXT)), summary=draw(TEXT),
        root_cause=draw(TEXT), resolution=draw(TEXT), lessons=draw(TEXT), actions=actions,
    )  # fmt: skip


ENTRIES = st.lists(st.tuples(st.integers(0, 5000), st.sampled_from(["note", "decision", "alert", "status", "command"]), TEXT),
                   max_size=6)  # fmt: skip


@given(incident=incidents(), said=ENTRIES)
def test_any_incident_is_a_page_that_reads_back_as_what_it_was(incident, said):
    check(incident, said)


@pytest.mark.torture
@settings(max_examples=1500, deadline=None)
@given(incident=incidents(), said=ENTRIES)
def test_many_incidents(incident, said):
    check(incident, said)


def check(incident, said):
    entries = [
        TimelineEntry(f"incident/i:{number}", incident.started_at + timedelta(minutes=minutes), incident.started_at, kind,
                      "ada", text)
        for number, (minutes, kind, text) in enumerate(sorted(said), 1)
    ]  # fmt: skip
    told = told_of(incident, entries, status="Resolved", ledger=None, now=incident.resolved_at)
    page = read_page(PATH, report_page(TEMPLATE, told))
    headings = [(section.level, section.title) for section in page.sections][1:]
    wanted = read_page("template.md", TEMPLATE.content)
    assert headings == [(section.level, section.title) for section in wanted.sections][1:]
    report = read_report(page)
    assert (report.severity, report.status) == (incident.severity, "Resolved")
    assert report.started.at == incident.started_at.replace(second=0, microsecond=0)
    assert report.resolved.at == incident.resolved_at.replace(second=0, microsecond=0)
    assert report.services == incident.services
    handles = {"": "", "bo": "@bo", "@bo": "@bo", "ada-l": "@ada-l", "Platform Team": "Platform Team"}
    states = {"open": "open", "done": "done", "verified": "done"}
    assert [(each.owner, each.state) for each in report.actions] == [
        (handles[each.owner], states[each.state]) for each in incident.actions
    ]
    for each, promised in zip(report.actions, incident.actions, strict=True):
        assert not promised.due or each.due in (promised.due, "2020-01-01", "2026-01-01")
