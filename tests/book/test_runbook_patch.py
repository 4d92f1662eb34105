"""A runbook is put right by what a run showed: careful, with a reason for each change, and no other byte moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.differences import diff_lines
from opsbook.book.page import read_page
from opsbook.book.procedure import procedures_of
from opsbook.book.runbook_patch import Seen, SeenCommand, SeenStep, lasting_line, patched

PATH = "docs/operations/runbooks/db.md"
PAGE = """\
# Database Runbook

## Overview

It keeps rows.

## Common Operations

### Fail Over

1. Look at the state.

   ```sh
   dbctl state
   ```

2. Promote the standby.

   ```sh
   dbctl promote standby
   ```

   - **Expect:** output contains "promoted"
3. Tell the others.

## Troubleshooting

### Issue: Disk full

**Symptoms:** Writes fail.  
**Cause:** It grew.  
**Solution:** [Fail over](#fail-over).

## Monitoring

- **Logs:** there
"""


def steps(*more: SeenStep) -> tuple[SeenStep, ...]:
    usual = {"1": SeenStep("1", "dbctl state\n", "", True), "2": SeenStep("2", "dbctl promote standby\n", "promoted", True),
             "3": SeenStep("3", "", "", True)}  # fmt: skip
    usual |= {each.number: each for each in more}
    return tuple(usual.values())


def patch(*more: SeenStep, page: str = PAGE, **told):
    return patched(PATH, page.encode(), [Seen("fail-over", "INC-14", steps(*more), **told)])


def changed(found, page: str = PAGE) -> list[str]:
    return [line for line in diff_lines(page, found.content.decode()) if line[:1] in "+-"]


def test_where_nothing_was_learned_nothing_is_proposed():
    found = patch()
    assert (found.content, found.reasons) == (PAGE.encode(), ())


def test_what_a_step_printed_becomes_what_is_expected_of_it():
    found = patch(SeenStep("1", "dbctl state\n", "primary: db-a is away\n", True))
    assert changed(found) == ['+   - **Expect:** output contains "primary: db-a is away"']
    assert found.reasons == ("Step 1 printed “primary: db-a is away” in INC-14, and nothing checks that.",)
    step = procedures_of(read_page(PATH, found.content))[0].steps[0]
    assert step.field("Expect").value == 'output contains "primary: db-a is away"'


def test_an_expectation_that_somebody_settled_against_is_what_was_seen():
    found = patch(SeenStep("2", "dbctl promote standby\n", "standby is primary", True, settled_by="ada"))
    assert changed(found) == ['-   - **Expect:** output contains "promoted"',
                              '+   - **Expect:** output contains "standby is primary"']  # fmt: skip
    assert "ada settled it as done" in found.reasons[0]


@pytest.mark.parametrize("output", [
    "took 1234 ms", "at 10:04", "a\nb\nc\nd", "id 3fa85f64", "has `code`", 'says "x"', "***", "x" * 200, "", "---",
    "pod web-7d9f8b6c5d-x2x4z",
])  # fmt: skip
def test_output_that_would_be_another_tomorrow_is_not_expected(output):
    assert lasting_line(output) == ""
    assert patch(SeenStep("1", "dbctl state\n", output, True)).reasons == ()


def test_a_step_that_is_another_by_now_is_left_alone():
    assert patch(SeenStep("1", "dbctl status\n", "all is well", True)).reasons == ()


def test_a_command_that_was_typed_besides_becomes_a_step_and_the_others_follow():
    found = patch(commands=(SeenCommand("2", "dbctl fence old-primary", "bo"),))
    after = procedures_of(read_page(PATH, found.content))[0]
    assert [step.text for step in after.steps] == ["Look at the state.", "Promote the standby.", "Run:", "Tell the others."]
    assert [step.written for step in after.steps] == [1, 2, 3, 4]
    assert after.steps[2].commands[0].text.strip() == "dbctl fence old-primary"
    assert found.reasons == ("bo typed a command behind step 2 in INC-14 that the page does not have.",)


@pytest.mark.parametrize("command", ["dbctl state", "kubectl get pods", "psql -c 'select 1'", "curl -H 'X: ***' -d x h"])
def test_what_the_page_has_or_only_looks_or_holds_a_secret_is_no_new_step(command):
    assert patch(commands=(SeenCommand("2", command),)).reasons == ()


def test_what_helped_is_said_under_the_entry_that_leads_there():
    found = patch(worked="Worked on 2026-03-26 in 4 minutes (INC-14).")
    assert sorted(changed(found)) == ["+", "+Worked on 2026-03-26 in 4 minutes (INC-14)."]
    again = patched(PATH, found.content, [Seen("fail-over", "INC-15", worked="Worked on 2026-04-01 in 3 minutes (INC-15).")])
    assert again.content.decode().count("Worked on") == 2
    same = patched(PATH, found.content, [Seen("fail-over", "INC-14", worked="Worked on 2026-03-26 in 4 minutes (INC-14).")])
    assert same.reasons == ()


def test_line_ends_of_the_page_stay_as_they_are():
    page = PAGE.replace("\n", "\r\n")
    found = patch(SeenStep("1", "dbctl state\n", "all is well", True), page=page,
                  commands=(SeenCommand("2", "dbctl fence old"),), worked="Worked on 2026-03-26.")  # fmt: skip
    assert len(found.reasons) == 3
    assert b"\n" not in found.content.replace(b"\r\n", b"")


WHY = "Skipped on 2026-03-26: db-b was fenced already (INC-14)."


def test_a_step_that_was_not_needed_stays_with_a_note_and_is_noted_once():
    left = SeenStep("2", "dbctl promote standby\n", skipped=WHY)
    found = patch(left)
    assert changed(found) == [f"+   - **Note:** {WHY}"]
    assert found.reasons == (f"Step 2 was s{WHY[1:-1]}, and the run succeeded all the same.",)
    assert patch(left, page=found.content.decode()).reasons == ()


def test_a_step_without_a_command_is_noted_only_while_it_says_the_same():
    assert "Tell the others.\n   - **Note:** Skipped" in patch(SeenStep("3", "", text="Tell the others.", skipped=WHY)).content.decode()
    assert patch(SeenStep("3", "", text="Tell everybody.", skipped=WHY)).reasons == ()


LEFT = SeenStep("1", "dbctl state\n", skipped=WHY)


def test_a_step_that_was_skipped_and_typed_later_moves_there_with_all_that_is_in_it():
    found = patch(LEFT, SeenStep("2", "dbctl promote standby\n", "promoted", True), commands=(SeenCommand("2", "dbctl state", "bo"),))
    after = procedures_of(read_page(PATH, found.content))[0]
    assert [step.text for step in after.steps] == ["Promote the standby.", "Look at the state.", "Tell the others."]
    assert [step.written for step in after.steps] == [1, 2, 3]
    assert after.steps[0].field("Expect").value == 'output contains "promoted"'
    assert found.reasons == ("Step 1 was skipped at its place in INC-14; bo typed its command behind step 2.",)
    head, tail = PAGE.index("1. Look"), PAGE.index("3. Tell")
    text = found.content.decode()
    assert text.startswith(PAGE[:head]) and text.endswith(PAGE[tail:])
    again = patch(LEFT, commands=(SeenCommand("2", "dbctl state", "bo"),), page=text)
    assert again.reasons == ()


@pytest.mark.parametrize("page", [
    PAGE.replace("Tell the others.", "Tell the others what step 1 said."),
    PAGE.replace("2. Promote", "1. Promote"),
    PAGE.replace("3. Tell the others.", "3. Look again.\n\n   ```sh\n   dbctl state\n   ```\n"),
])  # fmt: skip
def test_steps_stay_in_their_order_where_words_count_on_it_or_the_page_is_another(page):
    assert patch(LEFT, commands=(SeenCommand("2", "dbctl state", "bo"),), page=page).content == page.encode()


def test_a_command_that_was_typed_right_where_its_step_stands_moves_nothing():
    assert patch(LEFT, commands=(SeenCommand("1", "dbctl state", "bo"),)).reasons == ()


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)


@given(why=WORDS, number=st.integers(0, 3), behind=st.sampled_from(["1", "2", "3", "9"]))
def test_whatever_was_skipped_no_step_is_lost_and_no_line_but_numbers(why, number, behind):
    usual = (LEFT, SeenStep("2", "dbctl promote standby\n"), SeenStep("3", "", text="Tell the others."))
    left = [SeenStep(each.number, each.command, text=each.text, skipped=why) for each in usual[: number + 1]]
    found = patch(*left, commands=(SeenCommand(behind, usual[number % 2].command),))
    after = procedures_of(read_page(PATH, found.content))[0]
    assert sorted(step.text for step in after.steps) == ["Look at the state.", "Promote the standby.", "Tell the others."]
    assert [step.written for step in after.steps] == [1, 2, 3]
    kept = [line.lstrip("123") for line in PAGE.splitlines()]
    now = [line.lstrip("123") for line in found.content.decode().splitlines()]
    assert sorted(line for line in now if "**Note:**" not in line) == sorted(kept)


@given(output=WORDS, command=WORDS, worked=WORDS, behind=st.sampled_from(["1", "2", "3", "9"]))
def test_whatever_was_seen_the_page_reads_as_before_but_for_what_was_learned(output, command, worked, behind):
    found = patch(SeenStep("1", "dbctl state\n", output, True), commands=(SeenCommand(behind, command),), worked=worked)
    before, after = (procedures_of(read_page(PATH, raw))[0] for raw in (PAGE.encode(), found.content))
    texts = [step.text for step in after.steps]
    assert [text for text in texts if text in [step.text for step in before.steps]] == [step.text for step in before.steps]
    assert len(texts) - len(before.steps) <= 1
    removed = [line for line in diff_lines(PAGE, found.content.decode()) if line.startswith("-")]
    assert all(line[1:2].isdigit() for line in removed)
