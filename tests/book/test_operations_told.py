"""What a page tells of a service's operations, by its words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.book.lint import Around, LintSettings
from opsbook.book.operations_told import named_operations, operations_told
from opsbook.book.outline import outline_of
from opsbook.book.page import read_page
from opsbook.book.service_operations import service_operations

RUNBOOK = "docs/operations/runbooks/pay.md"
HEAD = "# Pay Runbook\n\n**Service:** pay\n\n## Architecture\n\nOne.\n\n"


@pytest.mark.parametrize(
    ("title", "named"),
    [
        ("Restart Service", ("restart",)),
        ("Scale Service", ("scale-up", "scale-down")),
        ("Scale up", ("scale-up",)),
        ("Scaling in again", ("scale-down",)),
        ("Add a node", ("scale-up",)),
        ("Fewer machines", ("scale-down",)),
        ("Restore from a backup", ("restore",)),
        ("Backup and restore", ("backup", "restore")),
        ("Deployment rollback", ("rollback",)),
        ("Deploy and roll back", ("deploy", "rollback")),
        ("Point-in-time recovery", ("restore",)),
        ("Neustart", ("restart",)),
        ("Wiederherstellung", ("restore",)),
        ("Откат", ("rollback",)),
        ("Escalation", ()),
        ("Rotate the keys", ()),
        ("Recovery of trust", ()),
    ],
)
def test_titles_name_operations(title, named):
    assert named_operations(title) == named


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("## Common Operations\n\n### Scale\n\n1. Add a machine\n", {"scale-up": "procedure"}),
        ("## Common Operations\n\n### Scale\n\n1. Set it to `$N_MACHINES`\n",
         {"scale-up": "procedure", "scale-down": "procedure"}),
        ("## Common Operations\n\nIt is not scaled: one machine.\n", {"scale-up": "answered", "scale-down": "answered"}),
        ("## Common Operations\n\nDo not restart it at noon.\n", {}),
        ("## Overview\n\nIt is stateless.\n", {"backup": "answered", "restore": "answered"}),
        ("## Common Operations\n\n| What | How |\n| --- | --- |\n| Restart | `systemctl restart pay` |\n",
         {"restart": "words"}),
        ("## Common Operations\n\n- **Restart:** by the console\n", {"restart": "words"}),
        ("## Troubleshooting\n\n### It restarts\n\n1. Restart it\n", {}),
        ("## Deployment\n\n### Production\n\n- **Deployment Process:** Push\n- **Rollback Process:** Push again\n",
         {"deploy": "procedure", "rollback": "procedure"}),
    ],
)  # fmt: skip
def test_a_runbook_tells_operations_in_many_ways(body, told):
    found = operations_told(read_page(RUNBOOK, (HEAD + body).encode()))
    assert {each.operation: each.how for each in found.told} == told


def test_a_procedure_that_ends_with_a_look_is_verified():
    page = read_page(RUNBOOK, (HEAD + "## Common Operations\n\n### Restart\n\n1. Restart it\n2. Check it\n").encode())
    assert [each.is_verified for each in operations_told(page).told] == [True]


@pytest.mark.parametrize(("title", "keeps"), [("Orders database", True), ("etcd", True), ("Web shop", False)])
def test_what_keeps_something_is_known_by_its_name(title, keeps):
    page = read_page(RUNBOOK, f"# {title}\n\n## Architecture\n\nOne.\n".encode())
    assert operations_told(page).keeps is keeps


SHARED = (
    "# Scaling\n\n**Last Practised:** 2026-11-02\n\n## Machines\n\n### More machines\n\n1. Add one\n\n"
    "- **Verification:** It answers\n\n### Fewer machines\n\n1. Take one away\n"
)


@pytest.mark.parametrize(
    ("link", "states"),
    [
        ("scaling.md", ("there", "there")),
        ("scaling.md#machines", ("there", "there")),
        ("scaling.md#more-machines", ("there", "missing")),
        ("gone.md", ("missing", "missing")),
    ],
)
def test_a_shared_procedure_counts_as_far_as_the_link_leads(link, states):
    runbook = HEAD + f"## Common Operations\n\nFor more load see [this](../procedures/{link}).\n"
    found = {each.operation: each for each in operations_of(runbook, {})}
    assert (found["scale-up"].state, found["scale-down"].state) == states


def test_practice_is_the_later_of_the_run_and_the_day_on_the_page():
    runbook = HEAD + "## Common Operations\n\nSee [scaling](../procedures/scaling.md).\n"
    ran = {"docs/operations/procedures/scaling.md#more-machines": date(2026, 11, 9)}
    found = {each.operation: each.practised for each in operations_of(runbook, ran)}
    assert (found["scale-up"], found["scale-down"]) == (date(2026, 11, 9), date(2026, 11, 2))


def operations_of(runbook, practised):
    texts = {RUNBOOK: runbook, "docs/operations/procedures/scaling.md": SHARED}
    around = Around(date(2026, 11, 23), LintSettings(), pages=frozenset(texts), exists=texts.__contains__)
    outlines = {path: outline_of(read_page(path, text.encode()), around) for path, text in texts.items()}
    return service_operations(outlines[RUNBOOK], outlines, practised)


PIECES = st.sampled_from([
    "# Pay Runbook\n", "## Deployment\n", "## Common Operations\n", "### Scale up\n", "### Restart\n", "1. Restart it\n",
    "- **Rollback Process:** back\n", "It keeps nothing.\n", "| a | b |\n| - | - |\n| Backup | x |\n", "```bash\n", "\n",
    "[x](../procedures/a.md#b)\n", "**Service:** db\n", "---\n", "[Step 1]\n",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=14))
def test_reading_never_raises_and_every_line_is_there(pieces):
    text = "".join(pieces)
    found = operations_told(read_page(RUNBOOK, text.encode("utf-8", "surrogatepass")))
    for each in found.told if found else ():
        assert 1 <= each.line <= text.count("\n") + text.count("\r") + 1
