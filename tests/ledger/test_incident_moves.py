"""How an incident may move, by the table; which times it may have; what its events make of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger import incident_events as events
from opsbook.ledger.event import NO_HASH, Draft, Event
from opsbook.ledger.incident import LIVE, STATUS, Incident, folded
from opsbook.ledger.incident_moves import MOVES, TIMES, WORDS, check_move, check_time, latest, missing_times, state_of

BEGIN = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)
STATES = tuple(MOVES)


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def incident(*drafts: Draft, **declared: object) -> Incident:
    first = events.declared(
        number=1, title="The API is down", severity="P1", severity_why="", **{"state": "investigating", **declared}
    )  # type: ignore[arg-type]
    told = [
        Event("incident/a", number, number, at(number), "ada", draft.kind, draft.facts, NO_HASH, NO_HASH)
        for number, draft in enumerate((first, *drafts))
    ]
    made = folded(told)
    assert made is not None
    return made


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("wanted", STATES)
def test_it_moves_where_the_table_says_and_nowhere_else(state, wanted):
    of = incident(state=state)
    if wanted in MOVES[state]:
        check_move(of, wanted, at(10), at(10))
    else:
        with pytest.raises(Refusal, match=f"is {state}"):
            check_move(of, wanted, at(10), at(10))


def test_nothing_moves_to_triage_and_every_state_can_be_left():
    assert not any("triage" in there for there in MOVES.values())
    assert all(MOVES.values())
    assert set(MOVES) == set(STATUS) == set(WORDS.values())


@pytest.mark.parametrize(("words", "state"), [
    ("Resolved", "resolved"), (" FIXED ", "resolved"), ("Mitigated", "monitoring"), ("cancelled", "dismissed"),
])  # fmt: skip
def test_a_state_goes_by_the_words_of_people(words, state):
    assert state_of(words) == state


def test_a_state_that_is_none_is_guessed_at():
    with pytest.raises(Usage, match="Did you mean 'resolved'"):
        state_of("resloved")


@pytest.mark.parametrize(("state", "field"), [
    ("identified", "identified_at"), ("monitoring", "mitigated_at"), ("resolved", "resolved_at"),
])  # fmt: skip
def test_a_state_tells_its_time_and_when_it_began(state, field):
    made = incident(events.moved(state, "", at(0.5)))
    assert getattr(made, field) == made.state_since == at(0.5)


def test_worse_again_takes_its_end_back_and_counts():
    made = incident(events.moved("resolved"), events.moved("investigating"))
    assert (made.regressions, made.resolved_at, made.mitigated_at, made.state in LIVE) == (1, None, None, True)


def test_one_that_was_dismissed_by_mistake_was_never_worse_again():
    made = incident(events.moved("dismissed"), events.moved("investigating"))
    assert (made.regressions, made.resolved_at) == (0, None)


def test_nothing_happens_before_what_happened_before_it():
    made = incident(events.moved("identified", "", at(5)), started_at=at(-10))
    assert latest(made) == ("was identified", at(5))
    with pytest.raises(Usage, match="before it was identified"):
        check_move(made, "resolved", at(4), at(20))
    with pytest.raises(Usage, match="in the future"):
        check_move(made, "resolved", at(22), at(20))


@pytest.mark.parametrize(("field", "minutes", "told"), [
    ("started_at", 6, "after it was identified"), ("identified_at", -20, "before it began"),
    ("detected_at", -11, "before it began"), ("resolved_at", 4, "before it was identified"),
    ("started_at", 99, "in the future"),
])  # fmt: skip
def test_a_time_stays_between_those_around_it(field, minutes, told):
    made = incident(events.moved("identified", "", at(5)), events.moved("resolved", "", at(9)), started_at=at(-10))
    with pytest.raises(Usage, match=told):
        check_time(made, field, at(minutes), at(20))


@pytest.mark.parametrize(("field", "minutes"), [
    ("started_at", -60), ("identified_at", 7), ("detected_at", 12), ("resolved_at", 15),
])  # fmt: skip
def test_a_time_may_be_put_right(field, minutes):
    made = incident(events.moved("identified", "", at(5)), events.moved("resolved", "", at(9)), started_at=at(-10))
    check_time(made, field, at(minutes), at(20))
    check_time(made, field, None, at(20))


def test_times_that_nobody_told_are_asked_for():
    assert [field for field, _ in missing_times(incident())] == ["started_at"]
    ended = incident(events.moved("resolved"))
    assert [field for field, _ in missing_times(ended)] == ["started_at", "identified_at", "mitigated_at"]
    told = incident(events.moved("identified"), events.moved("monitoring"), events.moved("resolved"), started_at=at(0))
    assert missing_times(told) == ()


def test_the_times_stand_in_the_order_in_which_they_happen():
    assert [name for name, _ in TIMES][:1] == ["started_at"]
    assert [name for name, _ in TIMES][-1:] == ["closed_at"]


def test_who_changed_a_field_last_is_known():
    made = incident(events.edited("title", "", "The cache"), events.rated("P0", "worse"), events.moved("mitigating"))
    assert made.edited_by == {"title": ("ada", 1), "severity": ("ada", 2), "state": ("ada", 3)}


def test_an_event_of_another_version_changes_nothing_but_the_count():
    made = incident(Draft("IncidentPainted", {"colour": "red"}))
    assert (made.version, made.entries, made.title) == (1, 0, "The API is down")
