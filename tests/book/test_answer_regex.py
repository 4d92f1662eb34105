"""An answer that comes from a stranger cannot make a regular expression take for ever."""

from __future__ import annotations

import time

import pytest

from opsbook.book.answer import Answer, judge_answer
from opsbook.book.expecting.slow_regex import LONGEST_SEARCH_S
from opsbook.book.probe import Expectation


def judged(body: bytes, pattern: str, clock=time.process_time) -> tuple[str, str]:
    return judge_answer(Answer(200, body, 5.0), Expectation(pattern=pattern), clock)


@pytest.mark.parametrize(
    ("body", "pattern", "verdict"),
    [
        (b'{"status": "ok"}', r'"status":\s*"ok"', "ok"), (b"up 12", r"^up \d+$", "ok"), (b"down", "up|ready", "body"),
        (b"\xff\xfe ready", "ready", "ok"), (b"", r"\A\s*\Z", "ok"),
    ],
)  # fmt: skip
def test_an_expression_is_looked_for_in_the_answer(body, pattern, verdict):
    assert judged(body, pattern)[0] == verdict


def test_one_that_may_take_for_ever_is_told_and_never_looked_for():
    verdict, why = judged(b"a" * 10_000, "(a+)+$")
    assert (verdict, "a plainer" in why) == ("body", True)


@pytest.mark.parametrize("pattern", [".*a.*b", r"\s*\s*\s*x", "a.*a.*b", r"\d+\.\d+\.\d+\.\d+", r"\s*\d*\s*x", r".*\s*x"])
@pytest.mark.parametrize("unit", [b"a", b" ", b"1", b"1.", b"a "])
def test_the_worst_answer_takes_a_bounded_time(pattern, unit):
    began = time.process_time()
    judged(unit * 20_000, pattern)
    assert time.process_time() - began < LONGEST_SEARCH_S + 1.0


def test_a_search_that_takes_too_long_is_told():
    ticks = iter(range(10_000))
    verdict, why = judged(b"a" * 1000, "b", lambda: float(next(ticks)))
    assert (verdict, "too long" in why) == ("body", True)
