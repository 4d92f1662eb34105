"""What pages say of which procedures are to be practised how often, and when that is due."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.markdown_pieces import any_page

from opsbook.book.drill_plan import PlannedDrill
from opsbook.book.drill_schedule import read_drill_schedule
from opsbook.book.drills_due import due_drills
from opsbook.book.lint import Around, LintSettings, Outline
from opsbook.book.outline import outline_of
from opsbook.book.page import read_page

TABLE = "docs/operations/drills/README.md"
RESTORE = "docs/operations/procedures/restore.md"
TODAY = date(2026, 11, 23)
PAGES = {
    TABLE: """# Drills

| Procedure | Every | On | Who | With |
| --- | --- | --- | --- | --- |
| [Restore](../procedures/restore.md#orders) | every 90 days | `sandbox-1` | @ada, Ben | BACKUP=latest, NAME="a b" |
| ../procedures/restore.md#payments | quarterly | - | | |
""",
    RESTORE: """# Restore

## Orders

1. Restore

## Payments

**Drill:** every 2 weeks on sandbox-2, @olga

1. Restore
""",
}
WORDS = st.sampled_from([
    "**Drill:** ", "every 90 days", " on sandbox-1", ", @ada", "| Procedure | Every |\n| --- | --- |\n", "| [a](x.md#b) |",
    " monthly |\n", "99999999999 years", "## Orders\n\n1. Restore\n\n", "---\nops:\n  drill: {schedule: monthly}\n---\n", "\n",
])  # fmt: skip


def around() -> Around:
    return Around(TODAY, LintSettings(), pages=frozenset(PAGES), exists=PAGES.__contains__, book="docs/operations")


def planned(path: str, text: str) -> tuple[PlannedDrill, ...]:
    return read_drill_schedule(read_page(path, text.encode()), around())


def outlines() -> list[Outline]:
    return [outline_of(read_page(path, text.encode()), around()) for path, text in PAGES.items()]


def test_a_row_says_what_is_practised_how_often_where_by_whom_and_with_which_values() -> None:
    first, second = planned(TABLE, PAGES[TABLE])
    assert (first.path, first.anchor, first.every, first.on, first.who) == (
        RESTORE, "orders", "every 90 days", "sandbox-1", ("@ada", "Ben"),
    )  # fmt: skip
    assert first.values == (("BACKUP", "latest"), ("NAME", "a b"))
    assert (second.path, second.anchor, second.on, second.who, second.fault) == (RESTORE, "payments", "", (), "")


def test_the_label_at_a_procedure_says_the_same() -> None:
    (found,) = planned(RESTORE, PAGES[RESTORE])
    assert (found.anchor, found.every, found.on, found.who, found.line) == (
        "payments", "every 2 weeks", "sandbox-2", ("@olga",), 9,
    )  # fmt: skip


def test_the_front_matter_of_a_procedure_says_it_too() -> None:
    text = '---\nops:\n  drill: {schedule: "monthly", target: sandbox-db, params: {BACKUP: latest}}\n---\n# Restore\n\n1. Do\n'
    (found,) = planned(RESTORE, text)
    assert (found.every, found.on, found.values, found.fault) == ("monthly", "sandbox-db", (("BACKUP", "latest"),), "")


def test_a_table_that_is_about_something_else_plans_nothing() -> None:
    assert planned("docs/operations/policies/words.md", "# Words\n\n| What | Frequency |\n| --- | --- |\n| a | b |\n") == ()


def test_a_drill_is_due_its_length_after_the_last_practice_and_the_strictest_counts() -> None:
    known = {f"{RESTORE}#orders": date(2026, 8, 1), f"{RESTORE}#payments": date(2026, 11, 9)}
    told = [(each.anchor, each.state, each.words) for each in due_drills(outlines(), known, TODAY)]
    assert told == [("orders", "overdue", "overdue since 2026-10-30"), ("payments", "due", "due today")]


def test_what_was_never_practised_is_due() -> None:
    assert {each.key for each in due_drills(outlines(), {}, TODAY)} == {"never"}


def test_what_was_practised_in_time_is_only_planned() -> None:
    known = dict.fromkeys((f"{RESTORE}#orders", f"{RESTORE}#payments"), TODAY - timedelta(days=1))
    assert {each.state for each in due_drills(outlines(), known, TODAY)} == {"planned"}


@given(any_page() | st.lists(WORDS, max_size=14).map(lambda told: "".join(told).encode()), st.sampled_from([TABLE, RESTORE]))
def test_no_page_is_an_error_of_the_program(raw: bytes, path: str) -> None:
    for each in read_drill_schedule(read_page(path, raw), around()):
        assert each.fault or each.path
