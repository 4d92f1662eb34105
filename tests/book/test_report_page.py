"""A report is the team's own template with what is known in it: whatever its headings, labels, tables are called."""

from __future__ import annotations

import pytest

from opsbook.book.escapes import in_lines, in_title, one_line
from opsbook.book.incidents import read_report
from opsbook.book.page import read_page
from opsbook.book.report_page import Told, report_page
from opsbook.book.report_parts import Line, Todo, timeline_lines
from opsbook.book.templates import Template

PATH = "docs/incidents/2026-03-26-orders.md"
TOLD = Told(
    "Orders fail",
    {"severity": "P1", "status": "Resolved", "started": "2026-03-26 02:04 UTC", "resolved": "2026-03-26 02:27 UTC",
     "date": "2026-03-26", "services": "api-service, database", "impact": "Nobody could order", "commander": "@ada",
     "owner": "@ada", "number": "INC-14", "duration": "23 minutes"},
    (Line("", "02:04", "Alert ApiDown fires"), Line("", "02:10", "We fail over", "@bo")),
    {"root-cause": "Nobody looked.", "resolution": "Failed over."},
    {"services": ("api-service", "database"), "well": ("The standby was there",), "factors": ("No alert",)},
    (Todo("Watch the disk", "@bo", "2026-04-03"), Todo("Write it down", "Platform Team", "", True)),
)  # fmt: skip


def page(template: str, told: Told = TOLD) -> str:
    return report_page(Template(template.encode(), "x"), told).decode()


def read(said: str):
    return read_report(read_page(PATH, said.encode()))


TABLES = """\
# Incident Report: <title>

| Field | Value |
| --- | --- |
| Incident ID | [ID] |
| Severity | [SEV0/SEV1/SEV2/SEV3] |
| Start Time | YYYY-MM-DD HH:MM UTC |
| End Time | YYYY-MM-DD HH:MM UTC |
| Affected Services | TBD |
| Incident Commander | [Name] |

## Timeline of Events

| Time (UTC) | Who | Event |
|:---|:---|:---|
| HH:MM | [Who] | [Event] |
| HH:MM | [Who] | [Event] |

## Root Cause Analysis

TBD

## How It Was Resolved

## Action Items

| # | Action | Owner | Due Date | Status |
|---|---|---|---|---|
| | [Action] | [Owner] | [Date] | [Status] |
"""


def test_tables_get_their_rows():
    said = page(TABLES)
    assert "| Incident ID | INC-14 |" in said
    assert "| Start Time | 2026-03-26 02:04 UTC |" in said
    assert "| 02:04 |  | Alert ApiDown fires |\n| 02:10 | @bo | We fail over |\n" in said
    assert "|  | Watch the disk | @bo | 2026-04-03 | open |\n|  | Write it down | Platform Team |  | done |" in said
    assert "## Root Cause Analysis\n\nNobody looked.\n" in said
    assert "## How It Was Resolved\n\nFailed over.\n" in said
    report = read(said)
    assert (report.severity, report.services, report.duration_s) == ("P1", ("api-service", "database"), 23 * 60)
    assert [(each.owner, each.due, each.state) for each in report.actions] == [
        ("@bo", "2026-04-03", "open"), ("Platform Team", "", "done")
    ]


PLAIN = """\
# Post-incident: [Title]

Date: [YYYY-MM-DD]
Severity: [critical / major / minor]
Status: [Open / Monitoring / Closed]
Impact: [Who noticed]

## Chronology

* **[HH:MM]** [What happened]

## Why it happened

[Explain]

## What went well

* [Something]

## Next steps

1. [First]
"""


def test_plain_labels_and_other_words_are_understood():
    said = page(PLAIN)
    assert "# Post-incident: Orders fail\n" in said
    assert "Date: 2026-03-26\n" in said
    assert "Status: Closed\n" in said
    assert "Impact: Nobody could order\n" in said
    assert "* **02:04** Alert ApiDown fires\n* **02:10** We fail over (@bo)\n" in said
    assert "## Why it happened\n\nNobody looked.\n" in said
    assert "- The standby was there" in said
    assert "- [ ] Watch the disk (@bo, due 2026-04-03)" in said


PROSE = """\
# [Name]

**Priority:** [P0/P1/P2/P3]

We write what happened, and blame nobody.

## Affected services

## Timeline

Times are in UTC.

## Root cause

Ask "why" five times.
"""


def test_what_the_template_says_itself_stays_and_what_is_known_follows():
    said = page(PROSE)
    assert "We write what happened, and blame nobody.\n" in said
    assert "## Affected services\n\n- api-service\n- database\n" in said
    assert "Times are in UTC.\n\n- 02:04 - Alert ApiDown fires\n" in said
    assert 'Ask "why" five times.\n\nNobody looked.\n' in said


@pytest.mark.parametrize("template", [TABLES, PLAIN, PROSE])
def test_what_nobody_knows_leaves_every_byte_as_it_was(template):
    said = page(template, Told("Orders fail"))
    assert said.split("\n")[1:] == template.split("\n")[1:]


@pytest.mark.parametrize("template", [TABLES, PLAIN, PROSE])
def test_line_ends_are_the_templates(template):
    assert page(template.replace("\n", "\r\n")).replace("\r\n", "\n") == page(template)


def test_a_template_without_a_last_line_end_gets_its_section_all_the_same():
    assert page("# [T]\n\n## Root Cause") .endswith("## Root Cause\n\nNobody looked.\n")


@pytest.mark.parametrize(("sample", "made"), [
    ("- [Time] - [Event]", "- 02:04 - A\n- 02:10 - B (@bo)"),
    ("* **[HH:MM]** [What happened]", "* **02:04** A\n* **02:10** B (@bo)"),
    ("- HH:MM UTC - Something", "- 02:04 UTC - A\n- 02:10 UTC - B (@bo)"),
    ("- `YYYY-MM-DD HH:MM` [Event]", "- `02:04` A\n- `02:10` B (@bo)"),
    ("1. First", "- 02:04 - A\n- 02:10 - B (@bo)"),
    ("", "- 02:04 - A\n- 02:10 - B (@bo)"),
])  # fmt: skip
def test_the_manner_of_the_first_bullet_is_kept(sample, made):
    assert timeline_lines(sample, [Line("", "02:04", "A"), Line("", "02:10", "B", "@bo")]) == made


@pytest.mark.parametrize(("text", "escaped"), [
    ("disk_full on db-1", "disk_full on db-1"), ("**bold** _it_", "\\*\\*bold\\*\\* \\_it\\_"),
    ("[x](y) <b>", "\\[x](y) \\<b>"), ("a\n# b", "a # b"), ("5 * 3", "5 * 3"), ("`rm`", "\\`rm\\`"),
    ("&lt; & <", "\\&lt; & \\<"), ("\x1b[31mred", "\\[31mred"),
])  # fmt: skip
def test_words_stay_words(text, escaped):
    assert one_line(text) == escaped


@pytest.mark.parametrize(("text", "escaped"), [
    ("# No heading\n\n\n\n> none\n1. none\n- a bullet\n---\n| a |", "\\# No heading\n\n\\> none\n1\\. none\n- a bullet\n\\---\n\\| a |"),
    ("```\nno fence", "\\`\\`\\`\nno fence"), ("a\r\nb", "a\nb"),
])  # fmt: skip
def test_lines_stay_text(text, escaped):
    assert in_lines(text) == escaped


def test_a_title_has_no_id_and_no_marks_at_its_end():
    assert in_title("C# {#x} ##") == "C# { #x} \\##"
