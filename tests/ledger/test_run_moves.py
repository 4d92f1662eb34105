"""What a run does next is decided by what happened so far, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.ledger.planned import START, Story, command, gate, manual

from opsbook.book.grammar import Ask, DryRun, Expect, ParameterType, Repeat, Retry, When
from opsbook.book.plan import Script
from opsbook.ledger import run_events as events
from opsbook.ledger.run_approval import approval_digest


def asked(story):
    wait = story.moves().wait
    return (wait.step, wait.question) if wait else None


def test_steps_are_done_in_their_order_and_then_the_run_succeeds():
    story = Story(command("1"), command("2"))
    assert story.do() == ["1.1@local"]
    assert story.do() == ["2.1@local"]
    assert story.run.state == "succeeded"


def test_the_verification_follows_the_steps_and_nothing_is_rolled_back_where_it_holds():
    story = Story(command("1"), command("verify.1"), command("rollback.1"))
    story.do()
    assert story.run.state == "verifying"
    story.do()
    assert story.run.state == "succeeded"
    assert story.states()["rollback.1"] == "pending"


def test_a_failed_verification_begins_the_rollback_by_itself():
    story = Story(command("1"), command("verify.1"), command("rollback.1", undoes="1"))
    story.do()
    story.do(7)
    assert story.run.state == "rolling-back"
    story.do()
    assert (story.run.state, story.states()["1"]) == ("rolled-back", "rolled-back")


def test_a_failed_verification_waits_for_a_person_where_the_way_back_is_only_taken_on_request():
    story = Story(command("1"), command("verify.1"), command("rollback.1", undoes="1"), rollback_on_request=True)
    story.do()
    story.do(7)
    assert asked(story) == ("verify.1", "failed")


def test_a_failed_rollback_is_said_to_have_failed():
    story = Story(command("1"), command("verify.1"), command("rollback.1"), assumes_yes=True)
    story.do()
    story.do(7)
    story.do(7)
    assert story.run.state == "rollback-failed"


def test_a_failed_step_ends_a_run_that_nobody_watches_and_people_are_told():
    story = Story(command("1"), command("2"), command("rollback.1"), is_interactive=False)
    story.do(2)
    assert (story.run.state, story.states()) == ("failed", {"1": "failed", "2": "pending", "rollback.1": "pending"})
    assert any(event.kind == events.OWED for event in story.events)


@pytest.mark.parametrize(
    ("draft", "state", "first"),
    [
        (events.step_decided("1", "again", "try"), "running", "running"),
        (events.step_ended("1", "skipped", "no need"), "running", "skipped"),
        (events.step_answered("1", why="by hand"), "running", "done"),
        (events.step_ended("1", "failed", "give up"), "failed", "failed"),
        (events.phase_begun("rollback", "back"), "rolling-back", "failed"),
        (events.step_decided("1", "abort", "stop"), "running", "failed"),
    ],
)
def test_a_person_who_watches_chooses_what_follows_a_failed_step(draft, state, first):
    story = Story(command("1"), command("2"), command("rollback.1"))
    story.do(2)
    assert (asked(story), story.run.state) == (("1", "failed"), "waiting")
    story.tell(draft, by="zoe")
    story.begin()
    assert (story.run.state, story.states()["1"]) == (state, first)


def test_a_run_that_failed_goes_on_when_a_person_says_again():
    story = Story(command("1"), assumes_yes=True)
    story.do(2)
    assert story.run.state == "failed"
    story.tell(events.step_decided("1", "again", "mended"), by="zoe")
    assert (story.run.state, story.run.ended_at) == ("running", None)
    assert story.do() == ["1.2@local"]
    assert story.run.state == "succeeded"


def test_a_known_failure_is_tried_again_as_often_and_as_late_as_retry_says():
    story = Story(command("1", retry=Retry(2, timedelta(seconds=10), 2.0)), assumes_yes=True)
    story.do(1)
    assert story.moves().wait.until == START + timedelta(seconds=10)
    story.forward(9)
    assert story.starts() == []
    story.forward(1)
    story.do(1)
    assert story.moves().wait.until == story.now + timedelta(seconds=20)
    story.forward(20)
    story.do(1)
    assert story.run.state == "failed"


def test_what_was_lost_is_never_tried_again_by_retry():
    story = Story(command("1", retry=Retry(5)))
    story.do(None, outcome="lost", why="The host was booted anew.")
    assert (story.run.state, story.states()["1"]) == ("unknown", "unknown")
    assert asked(story) == ("1", "unknown")


def test_what_is_safe_to_repeat_is_repeated_when_it_was_lost():
    story = Story(command("1", repeat=Repeat("safe")))
    story.do(None, outcome="lost")
    assert story.starts() == [("1", "local", "step")]


@pytest.mark.parametrize(
    ("mode", "exit_code", "state"),
    [("ask", 0, "done"), ("never", 0, "done"), ("ask", 1, "pending"), ("never", 1, "unknown"), ("ask", 3, "unknown"),
     ("safe", 3, "pending")],
)  # fmt: skip
def test_a_lost_step_is_proven_by_its_own_check(mode, exit_code, state):
    story = Story(command("1", repeat=Repeat(mode, "test -e /x")))
    story.do(None, outcome="lost")
    assert story.starts() == [("1", "local", "done-if")]
    story.do(exit_code)
    if state == "pending":
        assert story.starts() == [("1", "local", "step")]
    else:
        assert story.states()["1"] == state


def test_what_provably_never_started_is_started_without_counting_as_a_failure():
    story = Story(command("1"))
    story.do(None, outcome="never-started", is_ok=None)
    assert story.starts() == [("1", "local", "step")]


@pytest.mark.parametrize(
    ("decision", "state", "first"),
    [("done", "succeeded", "done"), ("again", "running", "pending"), ("failed", "failed", "failed"),
     ("abort", "running", "failed")],
)  # fmt: skip
def test_a_doubt_is_settled_by_a_person(decision, state, first):
    story = Story(command("1"))
    story.do(None, outcome="lost")
    story.tell(events.step_decided("1", decision, "I looked"), by="zoe")
    moves = story.moves()
    assert (story.run.state, story.states()["1"]) == (state, first)
    assert (moves.stop is not None) == (decision == "abort")


def test_undoing_a_doubt_runs_only_its_way_back_and_stops():
    story = Story(
        command("1"), command("2"), command("rollback.1", undoes="2"), command("rollback.2", undoes="1"),
        rollback_on_request=True,
    )  # fmt: skip
    story.do()
    story.do(None, outcome="lost")
    story.tell(events.step_decided("2", "undo", "half done"), by="zoe")
    assert story.starts() == [("rollback.1", "local", "step")]
    story.do()
    assert story.run.state == "failed"
    assert story.states() == {"1": "done", "2": "rolled-back", "rollback.1": "done", "rollback.2": "skipped"}


def test_only_what_was_done_is_undone_and_only_where_it_was():
    story = Story(
        command("1", targets=("a", "b", "c")), command("2"), command("rollback.2", undoes="2"),
        command("rollback.1", undoes="1", targets=("a", "b", "c")),
    )  # fmt: skip
    story.do()
    story.do(5)
    assert asked(story) == ("1", "failed")
    story.tell(events.phase_begun("rollback", "back"), by="zoe")
    assert story.starts() == [("rollback.1", "a", "step")]
    story.do()
    assert story.states()["rollback.2"] == "skipped"
    assert story.run.state == "rolled-back"


def test_a_doubt_comes_before_any_rollback():
    story = Story(command("1"), command("rollback.1", undoes="1"))
    story.do(None, outcome="lost")
    story.tell(events.phase_begun("rollback", "back"), by="zoe")
    assert (story.run.state, asked(story)) == ("unknown", ("1", "unknown"))


def test_so_many_targets_at_once_and_no_more_after_so_many_failures():
    story = Story(command("1", targets=("a", "b", "c", "d"), at_once=2, stop_after=2), assumes_yes=True)
    first, second = story.begin()
    assert story.starts() == []
    story.end(first, 1)
    assert story.starts() == [("1", "c", "step")]
    (third,) = story.begin()
    story.end(second, 1)
    assert story.starts() == []
    assert story.moves().attend[0][1].key == third
    story.end(third)
    story.moves()
    assert (story.run.state, len(story.run.steps[0].attempts)) == ("failed", 3)


def test_again_leaves_alone_the_targets_that_are_done():
    story = Story(command("1", targets=("a", "b")))
    story.do()
    story.do(1)
    story.tell(events.step_decided("1", "again", "mended"), by="zoe")
    assert story.starts() == [("1", "b", "step")]


def test_an_expectation_is_polled_until_its_time_is_over_whatever_happens_between():
    story = Story(
        command("1", expect=Expect("empty", within=timedelta(seconds=12), every=timedelta(seconds=5))), assumes_yes=True
    )
    for _ in range(2):
        story.do(1)
        story.forward(5)
    story.do(1)
    assert story.run.state == "failed"
    assert len(story.run.steps[0].attempts) == 3


def test_a_condition_compares_values_and_what_was_captured():
    story = Story(
        command("1"), command("2", when=When("is", parameter="ENV", values=("live",))),
        command("3", when=When("not-in", parameter="ID", values=("7", "8"))), values={"ENV": "test"},
    )  # fmt: skip
    story.do(captured={"ID": "7"})
    assert (story.run.state, story.states()) == ("succeeded", {"1": "done", "2": "skipped", "3": "skipped"})


@pytest.mark.parametrize(("exit_code", "state"), [(0, "pending"), (1, "skipped"), (2, "failed")])
def test_the_command_of_a_condition_says_yes_no_or_that_it_cannot_tell(exit_code, state):
    story = Story(command("1", when=When("command", command="test -e /x")), assumes_yes=True)
    assert story.starts() == [("1", "local", "when")]
    story.do(exit_code)
    if state == "pending":
        assert story.starts() == [("1", "local", "step")]
    else:
        assert story.states()["1"] == state


def test_a_manual_step_waits_and_the_values_it_asked_for_are_kept():
    story = Story(manual("1", ask=(Ask("ROWS", ParameterType("number")),)))
    assert asked(story) == ("1", "ask")
    story.tell(events.step_answered("1", values={"ROWS": "12"}), by="zoe")
    story.moves()
    assert (story.run.state, story.run.captured, story.run.steps[0].by) == ("succeeded", {"ROWS": "12"}, "zoe")


def test_yes_confirms_what_is_for_people_unseen_but_invents_no_values_and_types_no_word_of_a_danger():
    story = Story(
        manual("1"), manual("2", ask=(Ask("N", ParameterType("number")),)), command("3", danger="drops it"),
        assumes_yes=True,
    )  # fmt: skip
    assert asked(story) == ("2", "ask")
    assert (story.run.steps[0].state, story.run.steps[0].is_seen) == ("done", False)
    story.tell(events.step_answered("2", values={"N": "1"}), by="zoe")
    assert asked(story) == ("3", "danger")


def test_the_danger_of_the_procedure_is_asked_about_before_its_first_step():
    story = Story(command("1"), danger="overwrites it", danger_word="db-1")
    assert asked(story) == ("1", "danger")
    story.tell(events.step_answered("1"), by="zoe")
    assert story.starts() == [("1", "local", "step")]


def test_without_a_person_only_an_approval_lets_a_danger_pass():
    story = Story(gate("1"), command("2"), danger="overwrites it", is_interactive=False)
    assert asked(story) == ("1", "approval")
    story.tell(events.step_approved("1", story.run.steps[0].asked.digest), by="ada")
    assert story.starts() == [("2", "local", "step")]


def test_an_inline_check_asks_where_nobody_started_the_run_and_it_is_not_trusted():
    check = command("1", script=Script("true", is_inline=True))
    assert asked(Story(check, is_interactive=False)) == ("1", "check")
    assert Story(check, is_interactive=False, is_trusted=True).starts() == [("1", "local", "step")]
    assert Story(check).starts() == [("1", "local", "step")]


def test_an_approval_counts_only_for_what_was_asked_in_time_and_never_of_the_starter_or_the_editor():
    story = Story(gate("1", 2, within_s=60))
    assert asked(story) == ("1", "approval")
    digest = approval_digest(story.run, START + timedelta(seconds=60))
    for who, said in [
        ("zoe", digest),
        ("zoe@x", digest),
        ("eve", digest),
        ("ada", "other"),
        ("ben", digest),
        ("ben", digest),
    ]:
        story.tell(events.step_approved("1", said), by=who)
    assert asked(story) == ("1", "approval")
    story.tell(events.step_approved("1", digest), by="ada")
    story.moves()
    assert (story.run.state, story.run.steps[0].why) == ("succeeded", "Approved by ben, ada.")


def test_an_approval_that_is_not_given_in_time_fails_the_step():
    story = Story(gate("1", within_s=60), assumes_yes=True)
    assert asked(story) == ("1", "approval")
    story.forward(61)
    story.tell(events.step_approved("1", story.run.steps[0].asked.digest), by="ada")
    story.moves()
    assert story.run.state == "failed"


def test_a_paused_run_begins_nothing_but_attends_to_what_runs():
    story = Story(command("1", targets=("a", "b"), at_once=1))
    (key,) = story.begin()
    story.tell(events.run_paused("lunch"), by="zoe")
    assert story.run.state == "waiting"
    assert [attempt.key for _, attempt in story.moves().attend] == [key]
    story.end(key)
    assert (story.starts(), story.run.state) == ([], "waiting")
    story.tell(events.run_resumed(""), by="zoe")
    assert story.starts() == [("1", "b", "step")]


def test_a_cancelled_run_stops_what_is_open_and_starts_nothing():
    story = Story(command("1"))
    (key,) = story.begin()
    story.tell(events.cancel_asked("wrong host"), by="zoe")
    moves = story.moves()
    assert ([attempt.key for _, attempt in moves.stop], moves.start) == ([key], ())


def test_a_dry_run_does_only_what_is_meant_for_it():
    story = Story(
        command("1"), manual("2"), gate("3"), command("4", dry_run=DryRun()), command("5", dry_run=DryRun("plan")),
        is_dry=True, danger="overwrites it",
    )  # fmt: skip
    assert story.starts() == [("4", "local", "dry")]
    story.do()
    assert story.starts() == [("5", "local", "dry")]
    story.do()
    assert (story.run.state, set(story.states().values())) == ("succeeded", {"skipped", "done"})


def test_a_machine_that_answers_late_settles_the_doubt_by_itself():
    story = Story(command("1"), command("2"))
    (key,) = story.begin()
    story.tell(events.step_unknown("1", "The host does not answer."))
    assert (asked(story), story.run.state) == (("1", "unknown"), "unknown")
    assert [attempt.key for _, attempt in story.moves().attend] == [key]
    story.end(key)
    assert story.starts() == [("2", "local", "step")]
    assert (story.run.state, story.states()["1"]) == ("running", "done")
