"""The words of `opsbook run` and `opsbook runs`, and how runs are told as text."""

from __future__ import annotations

from shlex import quote
from typing import get_args

import pytest
from msgspec.structs import replace
from tests.ledger.planned import Story, command, gate, manual

from opsbook.book.grammar import Ask, ParameterType, Retry
from opsbook.entrypoints.commands import runs
from opsbook.entrypoints.shown.run import next_lines, result, run_text
from opsbook.ledger import run_events as events
from opsbook.ledger.run_events import Decision


def text(story: Story, width: int | None = None) -> str:
    return "\n".join(run_text(story.run, width))


def following(story: Story) -> str:
    return "\n".join(next_lines(story.run))


def test_the_decisions_of_the_command_line_are_those_of_the_events():
    assert get_args(Decision) == runs.DECISIONS


def test_a_run_that_waits_for_an_approval_names_who_and_what():
    story = Story(gate("1"))
    story.moves()
    assert "@ada, @ben" in following(story)
    assert story.run.steps[0].asked.digest in following(story)
    assert "runs approve 261123-031000-abcd 1" in following(story)


def test_a_step_in_doubt_comes_before_all_other_questions():
    story = Story(command("1"), manual("2"))
    (key,) = story.begin()
    story.end(key, None, outcome="lost")
    story.moves()
    assert "runs decide 261123-031000-abcd 1" in following(story)


def test_a_failed_run_says_where_to_look_and_how_to_go_back():
    story = Story(command("1"), command("rollback.1", undoes="1"), is_interactive=False)
    story.do(7)
    assert "runs log 261123-031000-abcd 1" in following(story)
    assert "runs roll-back" in following(story)


def test_a_run_that_succeeded_leaves_nothing_to_do():
    story = Story(command("1"))
    story.do()
    assert following(story) == ""


def test_steps_that_were_confirmed_unseen_are_counted():
    story = Story(manual("1"), manual("2"), assumes_yes=True)
    story.moves()
    assert "2 steps were confirmed unseen." in "\n".join(result(story.run, None))


def test_nothing_that_a_page_says_drives_the_terminal():
    story = Story(replace(manual("1"), text="Look \x1b]0;x\x07 here"), assumes_yes=True)
    story.moves()
    assert "\x1b]" not in text(story)
    assert "\x07" not in text(story)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_run_fits_the_terminal(width):
    story = Story(manual("1"), replace(command("2"), text="Restart the unit and then wait for it to be there again"))
    story.tell(events.step_ended("1", "skipped", "because nobody was there who could have done it, as it seems"))
    shown = [line for line in run_text(story.run, width) if "\x1b" not in line]
    assert max(map(len, shown)) <= width


def test_a_run_that_was_cancelled_asks_for_nothing_any_more():
    story = Story(gate("1"))
    story.moves()
    story.tell(events.cancel_asked("enough"), events.run_ended("cancelled", "Cancelled by mira: enough"))
    assert following(story) == ""


def test_what_is_to_be_typed_for_a_danger_is_told():
    story = Story(replace(command("1"), danger="all orders are gone"))
    story.moves()
    assert f"--word {quote(story.run.plan.danger_word)}" in following(story)


def test_what_is_to_be_typed_for_a_value_is_told_with_its_type():
    story = Story(replace(manual("1"), ask=(Ask("ROWS", ParameterType("integer", low=1, high=10)),)))
    story.moves()
    assert "-p ROWS=…" in following(story)
    assert "ROWS (integer 1..10)" in following(story)


def test_the_reason_of_an_earlier_attempt_is_not_told_of_a_step_that_is_done():
    story = Story(replace(command("1"), retry=Retry(2)))
    (key,) = story.begin()
    story.end(key, 1, why="Its output does not match.")
    story.tell(events.retry_due("1", story.now, "Its output does not match."))
    story.do()
    assert story.states() == {"1": "done"}
    line = next(line for line in text(story).split("\n") if "done" in line)
    after = text(story).split(line)[1].strip().split("\n")[0]
    assert "does not match" not in line
    assert after.startswith("attempt 1"), text(story)


def test_an_output_that_was_cut_is_said_to_be():
    story = Story(command("1"))
    (key,) = story.begin()
    story.end(key, is_truncated=True, output_bytes=64 << 20)
    story.moves()
    assert "its output cut to 64 MiB" in text(story)
