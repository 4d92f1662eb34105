"""What is agreed about a step, in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsbook.book.grammar import Expect, Repeat, Retry, When
from opsbook.book.plan import Gate, PlannedStep, Script
from opsbook.book.plan_words import (
    details,
    expect_words,
    gate_words,
    holds_now,
    length_words,
    repeat_words,
    retry_words,
    target_words,
    when_words,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 ms"), (0.34, "340 ms"), (0.9999, "1 s"), (2.44, "2.4 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min"),
     (900, "15 min"), (5400, "1 h 30 min"), (93600, "1 d 2 h"), (-1, "0 ms")],
)  # fmt: skip
def test_a_length_is_as_short_as_it_can_be_told(seconds, words):
    assert length_words(seconds) == words
    assert length_words(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("when", "words", "holds"),
    [
        (When("is", parameter="ENV", values=("prod",)), "only if $ENV is `prod`", True),
        (When("is-not", parameter="ENV", values=("prod",)), "only if $ENV is not `prod`", False),
        (When("in", parameter="ENV", values=("a", "prod")), "only if $ENV is one of `a`, `prod`", True),
        (When("not-in", parameter="LATER", values=("a",)), "only if $LATER is none of `a`", None),
        (When("command", command="test -e x"), "only if `test -e x` succeeds", None),
    ],
)
def test_a_condition_is_told_and_judged_where_it_can_be(when, words, holds):
    assert (when_words(when), holds_now(when, {"ENV": "prod"})) == (words, holds)


def test_what_is_expected_is_told_with_its_time():
    expect = Expect("contains", text="ready", within=timedelta(minutes=2), every=timedelta(seconds=5))
    assert expect_words(expect) == "output contains 'ready' within 2 min, asked every 5 s"
    assert expect_words(Expect("exit", codes=(0, 2))) == "exit 0 or 2"
    assert expect_words(None, "-- No entries --") == "exit 0, and the output that is written there"


def test_retries_doubts_and_gates_are_told():
    assert retry_words(Retry(3, timedelta(seconds=10), 2)) == "up to 3 times, every 10 s, each pause ×2"
    assert repeat_words(Repeat("never", "test -e x")).startswith("`test -e x` tells, else")
    assert gate_words(Gate(2, ("ada", "ben"), "", 3600)) == "2 of @ada, @ben, within 1 h; whoever started it never counts"


def step(**more):
    return PlannedStep("1", "steps", "command", "Do", 1, "a.md", script=Script("true"), **more)


def test_targets_are_told_with_their_pace():
    assert target_words(step()) == "this machine"
    assert target_words(step(targets=("db-1",))) == "db-1"
    assert target_words(step(targets=("a", "b", "c"), at_once=2, stop_after=3)) == "a, b, c; 2 at a time, until 3 failures"


def test_everything_that_is_agreed_is_among_the_details():
    agreed = dict(details(step(danger="all is gone", limit_s=60, undoes="2", notes=(("Note", "slow"),))))
    assert agreed == {"danger": "all is gone", "only if": "step 2 was done", "expects": "exit 0", "limit": "1 min", "Note": "slow"}
