"""Health out of readings: when it changes, what keeps it, and the words it gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ledger.event import Event
from opsbook.ledger.health import Health, Reading, change, fold, judge

START = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
REFUSED = "Connection refused at 127.0.0.1:8080 (nothing listens there)."


def reading(number: int, is_ok: bool) -> Reading:
    at = START + timedelta(seconds=10 * number)
    return Reading("p", at, "ok" if is_ok else "refused", "It answered 200." if is_ok else REFUSED, 12.0)


def judged(outcomes: str, failures: int = 3, successes: int = 2) -> list[Health]:
    """The health after each outcome: `+` as expected, `-` failed."""
    health, found = Health("p"), []
    for number, outcome in enumerate(outcomes):
        health = judge(health, reading(number, outcome == "+"), failures=failures, successes=successes)
        found.append(health)
    return found


@pytest.mark.parametrize(
    ("outcomes", "states"),
    [
        ("+", "h"), ("-", "?"), ("--", "??"), ("---", "??u"), ("-+", "?h"), ("+---", "hhhu"), ("+--+---", "hhhhhhu"),
        ("---+", "??uu"), ("---++", "??uuh"), ("---+-+-+-", "??uuuuuuu"), ("+-+-+-+-", "hhhhhhhh"), ("---++---", "??uuhhhu"),
    ],
)  # fmt: skip
def test_the_state_follows_several_readings(outcomes, states):
    letters = {"unknown": "?", "healthy": "h", "unhealthy": "u"}
    assert "".join(letters[health.state] for health in judged(outcomes)) == states


def test_a_probe_may_ask_for_other_numbers():
    assert [each.state for each in judged("-", failures=1)] == ["unhealthy"]
    assert judged("-++", failures=1, successes=3)[-1].state == "unhealthy"
    assert judged("-+++", failures=1, successes=3)[-1].state == "healthy"


@pytest.mark.parametrize(
    ("outcomes", "why"),
    [
        ("", "It has not been asked yet."), ("+", "It answers as expected."),
        ("-", f"Not known yet: 1 of 3 readings that it takes failed: {REFUSED}"),
        ("+---", f"3 readings in a row failed: {REFUSED}"), ("---++", "It answers as expected again, 2 readings in a row."),
    ],
)  # fmt: skip
def test_the_reason_is_told_in_words(outcomes, why):
    assert (judged(outcomes) or [Health("p")])[-1].why == why


def test_the_reason_of_the_last_failure_goes_on_as_a_sentence():
    failed = Reading("p", START, "slow", "It answered after 3 s.", 3000)
    assert judge(Health("p"), failed, failures=1, successes=1).why == "The last reading failed: it answered after 3 s."


def test_a_state_dates_from_the_reading_that_made_it_and_is_kept():
    found = judged("+---+-")
    assert [each.since for each in found] == [START] * 3 + [START + timedelta(seconds=30)] * 3
    assert [each.streak for each in found] == [0, 1, 2, 0, 1, 0]
    assert found[-1].last == reading(5, False)


@given(st.text(alphabet="+-", max_size=40), st.integers(1, 5), st.integers(1, 5))
def test_the_state_is_what_the_last_long_enough_row_says(outcomes, failures, successes):
    state, known = "unknown", ""
    for number in range(len(outcomes)):
        known = outcomes[: number + 1]
        if known.endswith("-" * failures):
            state = "unhealthy"
        elif known.endswith("+" * successes) or (state == "unknown" and known.endswith("+")):
            state = "healthy"
    found = judged(outcomes, failures, successes)
    assert (found[-1].state if found else "unknown") == state


@given(st.text(alphabet="+-", max_size=40), st.integers(1, 5), st.integers(1, 5))
def test_stored_changes_bring_the_last_state_back(outcomes, failures, successes):
    healths = [Health("p"), *judged(outcomes, failures, successes)]
    drafts = [(change(a, b, {"path": "a.md"}), b) for a, b in zip(healths, healths[1:], strict=False)]
    events = [Event("probe/p", n, n, b.since, "probe", d.kind, d.facts, "", "") for n, (d, b) in enumerate(drafts, 1) if d]
    back = fold("p", events)
    assert (back.state, back.since) == (healths[-1].state, healths[-1].since)
    if back.state != "unknown":
        assert back.why == healths[-1].why


def test_an_event_of_another_kind_or_another_version_changes_nothing():
    odd = Event("probe/p", 1, 1, START, "x", "HealthChanged", {"to": "purple"}, "", "")
    other = Event("probe/p", 2, 2, START, "x", "ProbeAsked", {"to": "healthy"}, "", "")
    assert fold("p", [odd, other]) == Health("p")


def test_a_change_says_what_was_and_what_is():
    before, after = judged("+---")[-2:]
    drafted = change(before, after, {"address": "http://a"})
    assert drafted.kind == "HealthChanged"
    assert drafted.facts == {
        "address": "http://a", "from": "healthy", "to": "unhealthy", "why": f"3 readings in a row failed: {REFUSED}",
        "outcome": "refused", "status": None, "latency_ms": 12.0,
    }  # fmt: skip
    assert change(after, after, {}) is None
