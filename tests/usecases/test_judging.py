"""What a command came to is judged by its exit status and its output, as people write what they expect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.planned import command

from opsbook.adapters.regex_search import searched
from opsbook.book.grammar import Capture, Expect
from opsbook.book.plan import Script
from opsbook.ground.errors import Failure
from opsbook.usecases.judging import MOST_CAPTURED, differs, judged, plain
from opsbook.usecases.run_ports import Ended


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("a\nb", "a\nb\n"), ("a  \nb", "a\r\nb  \r\n"), ("a", "\n\na\n\n"), ("a\n...\nc", "a\nb\nb\nc\n"), ("a\n...\nc", "a\nc"),
        ("...\nc", "a\nb\nc"), ("a\n...", "a"), ("...", ""), ("a\n...\nb\n...\nc", "a\nx\nb\ny\nz\nc"), ("a\n...\na", "a\na"),
        ("", ""), ("...\nb\n...", "a\nb\nb\nc"),
    ],
)  # fmt: skip
def test_an_output_is_what_is_written(expected, printed):
    assert differs(expected, printed) == ""


@pytest.mark.parametrize(
    ("expected", "printed", "why"),
    [
        ("a", "b", "Line 1 was expected to be 'a', and is 'b'."), ("a\nb", "a", "print 'b' in line 2, and printed no more"),
        ("a", "a\nb", "It printed more than was expected: 'b' in line 2."), ("a\n...\na", "a", "expected to end with 'a'"),
        ("a\n...\nb\n...", "a\nc", "print 'b'"), (" a", "a", "Line 1"), ("...\nc", "a\nc\nd", "expected to end with 'c'"),
    ],
)  # fmt: skip
def test_an_output_that_is_not_is_told_by_its_first_difference(expected, printed, why):
    assert why in differs(expected, printed)


LINES = st.lists(st.sampled_from(["a", "b", "c", "", "  a"]), max_size=8)


@given(LINES, st.integers(0, 8), st.integers(0, 8))
def test_an_elision_stands_for_any_lines(lines, start, length):
    text = "\n".join(lines).strip("\n")
    assert differs(text, text + "\r\n") == ""
    cut = text.split("\n")
    cut[start : start + length] = ["..."]
    assert differs("\n".join(cut), text) == ""


@given(st.binary(max_size=200), st.text(max_size=60))
def test_any_output_is_judged(output, expected):
    text = plain(output)
    assert isinstance(differs(expected, text), str)
    step = command("1", script=Script("x", expected=expected), capture=(Capture("A", "a(b?)"), Capture("B")))
    verdict = judged(step, step.script, Ended("finished", 0, output_bytes=len(output)), text, values={}, find=searched)
    assert verdict.is_ok or verdict.why


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (Ended("timed-out"), "longer than its time limit"), (Ended("killed"), "It was killed."),
        (Ended("finished", 3), "exit status 3"), (Ended("finished", None), "exit status None"),
    ],
)  # fmt: skip
def test_what_did_not_finish_well_has_failed(ended, why):
    step = command("1")
    assert why in judged(step, step.script, ended, "", values={}, find=searched).why


@pytest.mark.parametrize(
    ("printed", "captured", "secret", "is_ok"),
    [
        ("id=7\n", {"ID": "7"}, (), True), ("id=7\n::mask::ID\n", {}, ("ID",), True),
        ("none\n", {}, (), False), ("id=" + "x" * (MOST_CAPTURED + 1), {}, (), False),
    ],
)  # fmt: skip
def test_a_capture_takes_a_value_and_never_a_secret(printed, captured, secret, is_ok):
    step = command("1", capture=(Capture("ID", r"id=(.*)"),))
    verdict = judged(step, step.script, Ended("finished", 0, redactions=1), printed, values={}, find=searched)
    assert (verdict.captured, verdict.secret_names, verdict.is_ok) == (captured, secret, is_ok)


@pytest.mark.parametrize("pattern", [r"id=(.*)", r"(\S+)$", r"id=(\W\w+)", r"id=\[(secret)", None, r"id=.*(DB\])"])
@pytest.mark.parametrize("mark", ["[secret DB]", "x[secret DB]", "[possible secret]"])
def test_a_capture_never_takes_the_words_that_stand_for_a_secret(pattern, mark):
    step = command("1", capture=(Capture("ID", pattern),))
    verdict = judged(step, step.script, Ended("finished", 0, redactions=1), f"id={mark}\n", values={}, find=searched)
    assert (verdict.is_ok, verdict.captured, verdict.secret_names) == (False, {}, ())
    assert "secret" in verdict.why


def test_what_only_looks_like_a_mark_is_captured_where_nothing_was_left_out():
    step = command("1", capture=(Capture("ID", r"id=(.*)"),))
    verdict = judged(step, step.script, Ended("finished", 0), "id=[secret DB]\n", values={}, find=searched)
    assert verdict.captured == {"ID": "[secret DB]"}


def test_colours_and_titles_of_a_terminal_are_no_output():
    assert plain(b"\x1b]0;title\x07\x1b[1;32mok\x1b[0m\r\n") == "ok\n"


def test_an_expression_that_would_take_for_ever_is_no_match_and_is_said_so():
    def never(source: str, _text: str) -> str | None:
        raise Failure(f"/{source}/ could not be looked for in 5 seconds.")

    expecting = command("1", expect=Expect("matches", pattern="(a+)+b"))
    capturing = command("1", capture=(Capture("ID", "(a+)+b"),))
    for step in (expecting, capturing):
        verdict = judged(step, step.script, Ended("finished", 0), "aaaa", values={}, find=never)
        assert not verdict.is_ok and "/(a+)+b/ could not be looked for" in verdict.why
