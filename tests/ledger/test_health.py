"""Health out of readings: when it changes, what keeps it, and the words it gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ledger.event import Event
from opsbook.ledger.health import Health, Reading, change, fold, judge, resumed

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
        ("+-", f"Healthy so far; the last reading failed: {REFUSED}"),
        ("+--", f"Healthy so far; the last 2 readings failed: {REFUSED}"),
        ("+--+", "It answers as expected."),
        ("----", f"3 readings in a row failed: {REFUSED}"),
        ("---+", "Unhealthy; the last reading was as expected, and 2 in a row are needed."),
        ("---+-", f"3 readings in a row failed: {REFUSED}"),
        ("---++-", f"Healthy so far; the last reading failed: {REFUSED}"),
    ],
)  # fmt: skip
def test_the_reason_is_told_in_words(outcomes, why):
    assert (judged(outcomes) or [Health("p")])[-1].why == why


def test_the_reason_of_the_last_failure_goes_on_as_a_sentence():
    failed = Reading("p", START, "slow", "It answered after 3 s.", 3000)
    assert judge(Health("p"), failed, failures=1, successes=1).why == "The last reading failed: it answered after 3 s."


def test_more_than_one_reading_of_those_needed_is_counted():
    why = "Unhealthy; the last 2 readings were as expected, and 3 in a row are needed."
    assert judged("-++", failures=1, successes=3)[-1].why == why


def test_another_failure_than_the_one_that_made_it_unhealthy_is_told():
    later = Reading("p", START + timedelta(hours=1), "status", "It answered 503.", 3)
    why = "Unhealthy still; the last reading failed: it answered 503."
    assert judge(judged("---")[-1], later, failures=3, successes=2).why == why


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("healthy", "Not asked since Opsbook started to watch it; healthy when last known, 2026-11-23 03:10 UTC."),
        ("unhealthy", "Not asked since Opsbook started to watch it; unhealthy when last known, 2026-11-23 03:10 UTC."),
        ("unknown", "Not asked since Opsbook started to watch it; last asked 2026-11-23 03:10 UTC."),
    ],
)  # fmt: skip
def test_what_was_left_says_that_it_was_not_asked_since(state, why):
    back = resumed(Health("p", state, START - timedelta(days=1)), reading(0, state == "healthy"))
    assert (back.state, back.why) == (state, why)


def test_what_was_left_unhealthy_still_says_why():
    left = resumed(judged("---")[-1], reading(2, False)).why
    assert left.endswith(f"unhealthy when last known, 2026-11-23 03:10 UTC: 3 readings in a row failed: {REFUSED}")


def test_what_was_never_read_says_so_as_before():
    assert resumed(Health("p"), None) == Health("p")


def test_a_change_without_a_reading_dates_what_was_known_last():
    assert resumed(Health("p", "healthy", START), None).why.endswith("healthy when last known, 2026-11-23 03:10 UTC.")


@pytest.mark.parametrize(("outcome", "why"), [("+", "It answers as expected."), ("-", f"Healthy so far; the last reading failed: {REFUSED}")])
def test_the_first_reading_after_a_start_speaks_for_itself(outcome, why):
    left = Health("p", "healthy", START, "It answers as expected.", settled="It answers as expected.")
    assert judge(resumed(left, reading(0, True)), reading(1, outcome == "+"), failures=3, successes=2).why == why


@given(st.text(alphabet="+-", min_size=1, max_size=40), st.integers(1, 5), st.integers(1, 5))
def test_words_alone_are_no_change(outcomes, failures, successes):
    found = judged(outcomes, failures, successes)
    drafts = [change(a, b, {}) for a, b in zip([Health("p"), *found], found, strict=False)]
    assert [d is not None for d in drafts] == [a.state != b.state for a, b in zip([Health("p"), *found], found, strict=False)]


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
        assert back.settled == healths[-1].settled


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
