"""Handing an update to a receiver: tried again while that may help, given up after hours, labelled where unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from opsbook.ledger import telling_events as kinds
from opsbook.ledger.event import NO_HASH, Draft, Event
from opsbook.ledger.telling import LASTS, MOST_UNKNOWN, Telling, after, next_moves

START = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)


def telling(*drafts: tuple[float, Draft]) -> Telling:
    """One after these, so many seconds since it was owed."""
    owed = kinds.owed(incident="one", update=1, to="channel", name="#ops", shown="#ops", audience="team")
    made: Telling | None = None
    for number, (after_s, draft) in enumerate(((0.0, owed), *drafts), 1):
        at = START + timedelta(seconds=after_s)
        made = after(made, Event("telling/t", number, number, at, "pager", draft.kind, draft.facts, NO_HASH, NO_HASH))
    assert made is not None
    return made


def moves(of: Telling, after_s: float):
    """What is next so many seconds after it was owed."""
    return next_moves(of, START + timedelta(seconds=after_s), attempt_s=45)


def test_it_is_handed_over_at_once():
    assert moves(telling(), 0).is_due


def test_one_that_is_under_way_is_waited_for_and_then_lost():
    under_way = telling((0, kinds.begun(1)))
    assert moves(under_way, 10).wake_at == START + timedelta(seconds=45)
    [draft] = moves(under_way, 45).record
    assert draft.facts["state"] == "lost"


def test_one_that_may_have_come_is_a_duplicate_when_it_is_tried_again():
    lost = telling((0, kinds.begun(1)), (45, kinds.ended(1, "lost")))
    assert moves(lost, 51).is_due
    assert lost.may_have_come


def test_a_receiver_that_refuses_for_now_is_asked_again_later_and_later():
    told = [(0.0, kinds.begun(1)), (1.0, kinds.ended(1, "retrying"))]
    assert moves(telling(*told), 4).wake_at == START + timedelta(seconds=5)
    told += [(5.0, kinds.begun(2)), (6.0, kinds.ended(2, "retrying"))]
    assert moves(telling(*told), 7).wake_at == START + timedelta(seconds=35)


def test_a_receiver_that_asks_to_wait_is_left_alone_so_long():
    waits = telling((0, kinds.begun(1)), (1, kinds.ended(1, "retrying", retry_after_s=600)))
    assert moves(waits, 60).wake_at == START + timedelta(seconds=600)


def test_after_hours_it_is_given_up_with_the_last_reason():
    drafts = []
    at = 0.0
    for number in range(1, 100):
        of = telling(*drafts)
        next_one = moves(of, at)
        if next_one.record:
            [draft] = next_one.record
            assert draft.facts["state"] == "failed"
            assert draft.facts["why"].endswith("in 8 hours. 503")
            assert at > LASTS.total_seconds() * 0.9
            return
        if next_one.wake_at is not None:
            at = (next_one.wake_at - START).total_seconds()
        drafts += [(at, kinds.begun(number)), (at, kinds.ended(number, "retrying", reason="503"))]
    raise AssertionError("It was never given up.")


def test_what_nobody_knows_of_is_not_repeated_for_ever():
    drafts = []
    for number in range(1, MOST_UNKNOWN + 1):
        drafts += [(number * 1000.0, kinds.begun(number)), (number * 1000.0 + 45, kinds.ended(number, "lost"))]
    [draft] = moves(telling(*drafts), 9000).record
    assert draft.facts["state"] == "failed"


def test_what_came_through_after_it_was_dropped_came_through():
    late = telling((0, kinds.begun(1)), (1, kinds.settled("dropped", "withdrawn")), (2, kinds.ended(1, "accepted")))
    assert late.state == "accepted"
    still = telling((0, kinds.begun(1)), (1, kinds.settled("dropped", "withdrawn")), (2, kinds.ended(1, "retrying")))
    assert (still.state, still.is_over) == ("dropped", True)
