"""The map of the book: services × sections, alerts × pages, findings by owner and by rule."""

from __future__ import annotations

import msgspec
from tests.usecases.snapshots import snapshot

from opsbook.usecases.coverage_map import coverage_map, coverage_map_model
from opsbook.usecases.ports import Alerting

PAGE = """# Db Runbook

**Service:** db
**Owner:** Data

## Overview

Words.

## Deployment

[Steps]

## Troubleshooting

Words.
"""
RULES = b"groups:\n- name: a\n  rules:\n  - alert: DiskFull\n    expr: up == 0\n    annotations: {runbook_url: https://r.example/db}\n"


class Rules:
    """One rule file."""

    def rule_files(self, paths):
        return [("rules.yml", RULES)] if paths else []


def mapped(pages, *paths):
    return coverage_map(snapshot(pages), Rules(), Alerting(paths, {"https://r.example": "runbooks"}), "")


def test_every_cell_has_a_state_and_leads_to_a_line():
    (row,) = mapped({"runbooks/db.md": PAGE}).rows
    cells = {cell.slot: cell for cell in row.cells}
    assert (cells["overview"].state, cells["overview"].anchor, cells["overview"].line) == ("filled", "overview", 6)
    assert (cells["deployment"].state, cells["deployment"].line) == ("unfilled", 10)
    assert (cells["troubleshooting"].state, cells["troubleshooting"].line) == ("filled", 14)


def test_what_is_missing_leads_to_the_line_before_which_it_would_stand():
    (row,) = mapped({"runbooks/db.md": PAGE}).rows
    cells = {cell.slot: cell for cell in row.cells}
    assert (cells["architecture"].state, cells["architecture"].line) == ("missing", 10)
    assert (cells["common-operations"].state, cells["common-operations"].line) == ("missing", 14)
    assert (cells["emergency-contacts"].state, cells["emergency-contacts"].line) == ("missing", 16)


def test_services_stand_in_the_order_of_their_names_with_owner_and_score():
    other = PAGE.replace("db", "Api").replace("**Owner:** Data\n", "")
    rows = mapped({"runbooks/db.md": PAGE, "runbooks/api.md": other}).rows
    assert [(row.service, row.owner) for row in rows] == [("Api", ""), ("db", "Data")]
    assert rows[1].score == 0.25


def test_alerts_have_their_page_and_verdict():
    found = mapped({"runbooks/db.md": PAGE}, "rules.yml")
    assert [(a.alert, a.verdict, a.page, a.line) for a in found.alerts] == [("DiskFull", "ok", "runbooks/db.md", 4)]
    assert found.alert_summary == {"ok": 1}


def test_findings_are_grouped_by_owner_and_by_rule_the_gravest_first():
    found = mapped({"runbooks/db.md": PAGE + "\n[a](gone.md)\n", "runbooks/b.md": "# B Runbook\n\n## Overview\n"})
    assert {group.name for group in found.by_owner} == {"Data", ""}
    by_rule = {group.name: group for group in found.by_rule}
    assert by_rule["broken-link"].counts["error"] == 1
    assert [finding.span.line for finding in by_rule["broken-link"].findings] == [18]
    errors = [group.counts["error"] for group in found.by_rule]
    assert errors == sorted(errors, reverse=True)
    assert sum(found.counts.values()) == sum(len(group.findings) for group in found.by_owner)


def test_the_model_is_plain_json():
    model = coverage_map_model(mapped({"runbooks/db.md": PAGE}, "rules.yml"))
    assert msgspec.json.decode(msgspec.json.encode(model)) == model
