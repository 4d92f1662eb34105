"""Incident reports and post-mortems as the template and public projects have them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.book.whole_reading import page_of

from opsbook.book.incidents import Report, read_report

OWN = Path(__file__).parents[2] / "docs" / "operations" / "incidents"
HEAD = "# Incident Response: Down\n\n**Severity:** P1  \n**Status:** {}  \n**Started:** 2026-01-02 10:00 UTC  \n**Resolved:** {}\n"


def report(text: str | bytes, path: str = "incidents/2026-01-02-down.md") -> Report:
    found = read_report(page_of(text, path))
    assert found is not None
    return found


def test_a_report_in_the_template_is_read_whole():
    found = report((OWN / "2026-11-12-port-taken.md").read_bytes(), "incidents/2026-11-12-port-taken.md")
    assert (found.kind, found.severity, found.status, found.state) == ("incident", "P2", "Resolved", "over")
    assert found.started.at == datetime(2026, 11, 12, 13, 2, tzinfo=UTC)
    assert (found.duration_s, found.services) == (22 * 60, ("opsbook",))
    assert found.impact.startswith("For 19 minutes")
    assert found.has_root_cause
    assert [(action.state, action.owner) for action in found.actions] == [("done", "@ada"), ("done", "@ben"), ("open", "@ada")]


@pytest.mark.parametrize(
    ("status", "resolved", "state"),
    [
        ("Investigating", "[Date/Time]", "open"), ("Mitigating", "", "open"), ("Resolved", "2026-01-02 11:00 UTC", "over"),
        ("[Investigating / Mitigating / Resolved]", "2026-01-02 11:00 UTC", "over"), ("", "", "unknown"), ("ongoing", "", "open"),
        ("closed", "", "over"), ("Monitoring", "2026-01-02 11:00", "open"),
    ],
)  # fmt: skip
def test_an_incident_is_open_until_the_report_says_otherwise(status, resolved, state):
    assert report(HEAD.format(status, resolved)).state == state


def test_a_post_mortem_without_a_status_is_of_something_over():
    assert report("# Post-Mortem: Down\n", "incidents/down-post-mortem.md").state == "over"


@pytest.mark.parametrize(
    ("text", "path", "order"),
    [
        ("**Started:** 2026-01-02 10:00 UTC", "a", "2026-01-02T10:00:00+00:00"), ("**Started:** 2026-01-02 10:00", "a", "2026-01-02"),
        ("**Date:** January 14-19, 2026", "a", "2026-01-14"), ("Words.", "2025-12-31-a", "2025-12-31"), ("Words.", "PM2021-004 - a", "2021"),
        ("## Timeline\n\n| Time | Event |\n|-|-|\n| 2021-03-31 12:06 | a |\n", "a", "2021-03-31"), ("Words.", "a", ""),
    ],
)  # fmt: skip
def test_a_report_is_ordered_by_whatever_tells_when_it_was(text, path, order):
    assert report(f"# Outage\n\n{text}\n", f"postmortems/{path}.md").order == order


def test_a_zone_counts_in_the_length():
    text = "# A\n\n**Started:** 2026-01-02 10:00 CET  \n**Resolved:** 2026-01-02 10:00 UTC\n"
    assert report(text).duration_s == 3600


def test_what_ends_before_it_began_has_no_length():
    assert report("# A\n\n**Started:** 2026-01-02 10:00 UTC  \n**Resolved:** 2026-01-02 09:00 UTC\n").duration_s is None


def test_a_length_in_words_is_taken_where_no_times_are_told():
    found = report("# A\n\n## Stats\n\n- Category: x\n- Time to recovery: 84 minutes\n", "postmortems/a.md")
    assert (found.duration_s, found.duration_words) == (84 * 60, "84 minutes")


def test_plain_lines_and_asides_in_brackets_are_read():
    found = report(
        "# Incident: Crawl stalled\n\nStatus: resolved\n\n## Metadata\n\n- Severity (see `severity.md`): sev1\n"
        "- Primary area: crawl\n- Owner: (unassigned)\n- Start (UTC): 2026-01-09T07:34:37Z (last progress)\n"
    )
    assert (found.severity, found.severity_words, found.state) == ("P1", "sev1", "over")
    assert (found.services, found.owner) == (("crawl",), "")
    assert found.started.at == datetime(2026, 1, 9, 7, 34, 37, tzinfo=UTC)


def test_unfilled_slots_are_not_told():
    found = report(
        HEAD.format("[Status]", "[Date/Time]")
        + "\n## Impact\n\n- **User Impact:** [Description]\n\n## Root Cause\n\n[Description]\n"
    )
    assert (found.status, found.resolved, found.impact, found.has_root_cause) == ("", None, "", False)


ACTIONS = "# Post-Mortem: A\n\n## Action Items\n\n{}\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("- [ ] Alert on disk (@ada) by 2026-02-01", ("open", "@ada", "2026-02-01")),
        ("- [x] Alert on disk", ("done", "", "")),
        ("- Alert on disk", ("unmarked", "", "")),
        ("- ~~Alert on disk~~", ("done", "", "")),
        ("- [ ] Add it (owner=eng, priority=high, due=2026-02-15)", ("open", "eng", "2026-02-15")),
        ("- [ ] Add it (owner=, priority=, due=)", ("open", "", "")),
        ("- [ ] Alert. **Owner:** Ben Nevis", ("open", "Ben Nevis", "")),
        (
            "| Action | Owner | Due | Status |\n|-|-|-|-|\n| Do | @ada | 2026-02-01 | Done |",
            ("done", "@ada", "2026-02-01"),
        ),
        ("| What | Who | Status |\n|-|-|-|\n| Do | Ada | In progress |", ("open", "Ada", "")),
    ],
)
def test_an_action_item_has_a_state_an_owner_and_a_day(line, told):
    (action,) = report(ACTIONS.format(line), "incidents/a-post-mortem.md").actions
    assert (action.state, action.owner, action.due) == told


def test_what_is_nested_in_an_action_explains_it():
    found = report(
        ACTIONS.format("- [ ] One\n  - because\n  - of this\n- [ ] Two\n\n### Later\n\n- [ ] Three"),
        "incidents/a-post-mortem.md",
    )
    assert [action.text for action in found.actions] == ["One", "Two", "Three"]


def test_the_post_mortems_of_real_projects_are_dated_and_most_have_actions(corpora):
    found = []
    for folder in ("dfds__postmortems", "PostHog__post-mortems"):
        for path in sorted((corpora / folder).glob("*.md")):
            read = read_report(page_of(path.read_bytes(), f"postmortems/{path.name}"))
            found += [read] if read and "template" not in path.name else []
    assert len(found) > 40
    assert all(each.order for each in found)
    assert sum(bool(each.actions) for each in found) > 35
    assert sum(each.duration_s is not None for each in found) > 25
