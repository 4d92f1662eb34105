"""A run that goes step by step: no command is begun before a person said so."""

from __future__ import annotations

from tests.ledger.planned import Story, command, manual

from opsbook.ledger import run_events as events


def asked(story):
    wait = story.moves().wait
    return (wait.step, wait.question) if wait else None


def test_each_command_is_asked_about_before_it_is_begun():
    story = Story(command("1"), command("2"), is_stepwise=True)
    assert asked(story) == ("1", "confirm")
    story.tell(events.step_answered("1"))
    assert story.do() == ["1.1@local"]
    assert asked(story) == ("2", "confirm")


def test_a_command_that_is_tried_again_on_a_persons_word_is_not_asked_about_twice():
    story = Story(command("1"), is_stepwise=True)
    story.moves()
    story.tell(events.step_answered("1"))
    story.do(7)
    assert asked(story) == ("1", "failed")
    story.tell(events.step_decided("1", "again", "a slip"))
    assert story.do() == ["1.2@local"]


def test_a_manual_step_is_asked_about_once():
    story = Story(manual("1"), is_stepwise=True)
    assert asked(story) == ("1", "confirm")
    story.tell(events.step_answered("1"))
    story.moves()
    assert story.run.state == "succeeded"


def test_a_dry_run_asks_nothing():
    story = Story(command("1"), is_stepwise=True, is_dry=True)
    story.moves()
    assert story.run.state == "succeeded"
