"""What a page does next, from its fold and the time alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.ledger.paged import BEGIN, Paged, frozen

from opsbook.ledger import page_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.page import ENDED, Page

NOBODY: list[timedelta] = []


@pytest.mark.parametrize(
    ("policy", "reached"),
    [
        (frozen(0), [(0, 1, 1), (300, -1, 1)]),
        (frozen(0, 300), [(0, 1, 1), (300, 2, 1), (600, -1, 1)]),
        (frozen(0, 900), [(0, 1, 1), (900, 2, 1), (1800, -1, 1)]),
        (frozen(60, 120), [(60, 1, 1), (120, 2, 1), (420, -1, 1)]),
        (frozen(0, repeat=2), [(0, 1, 1), (300, 1, 2), (600, 1, 3), (900, -1, 3)]),
        (frozen(0, 120, repeat=1, every_s=60), [(0, 1, 1), (120, 2, 1), (180, 1, 2), (300, 2, 2), (360, -1, 2)]),
        (frozen(0, 0), [(0, 1, 1), (0, 2, 1), (300, -1, 1)]),
        (frozen(), [(0, -1, 1)]),
    ],
)
def test_levels_have_their_turns_until_the_catch_all(policy, reached):
    paged = Paged(policy)
    paged.later(1799)
    paged_until = [each for each in paged.reached() if each[0] < 1799]
    assert paged_until == [each for each in reached if each[0] < 1799]


def test_levels_that_reach_nobody_are_passed_over_at_once_and_repeated_never():
    paged = Paged(frozen(0, 300, repeat=3), reaches=lambda reach: NOBODY if reach.planned.level > 0 else [timedelta()])
    paged.settle()
    assert paged.reached() == [(0, 1, 1), (0, 2, 1), (0, -1, 1)]


def test_a_page_that_reaches_nobody_at_all_is_looked_at_again():
    paged = Paged(frozen(0), reaches=lambda reach: NOBODY)
    assert paged.settle().wake_at == BEGIN + timedelta(minutes=30)
    paged.later(1800)
    assert paged.reached()[0][0] == 1800


def test_what_is_not_grave_begins_again_a_day_later():
    paged = Paged(frozen(0), severity="P2")
    moves = paged.later(3600)
    assert moves.wake_at == BEGIN + timedelta(seconds=300, days=1)


def test_the_next_level_waits_as_long_from_the_end_of_quiet_hours():
    paged = Paged(frozen(0, 300), reaches=lambda reach: [timedelta(hours=3)])
    paged.later(3 * 3600)
    assert [each[1] for each in paged.reached()] == [1]
    paged.later(301)
    assert [each[1] for each in paged.reached()] == [1, 2]


def test_one_that_somebody_asked_for_ends_when_nobody_answers():
    paged = Paged(frozen(0, catch_all=()), alerts=0)
    paged.later(700)
    assert (paged.now.state, paged.now.ended_how) == ("done", "exhausted")


def test_one_that_only_carries_a_message_ends_with_it():
    paged = Paged(frozen(catch_all=()), alerts=0)
    paged.tell(events.owed(_test_message(paged)))
    paged.settle()
    assert paged.now.state == "active"
    paged.ends(1, "accepted")
    paged.settle()
    assert paged.now.state == "done"


def _test_message(paged):
    return events.OwedNotification(1, "ada", "ada", "email", "email", 0, 1, "asked for", paged.at, "test")


def test_an_attempt_of_which_nothing_is_heard_is_lost_and_made_once_more():
    paged = Paged(frozen(0))
    paged.settle()
    paged.at += timedelta(seconds=26)
    paged.settle()
    assert [each.state for each in paged.now.notifications[0].attempts] == ["lost", "sending"]


@pytest.mark.parametrize(("asked_s", "after_s"), [(None, 5), (2.0, 5), (40.0, 40), (86_400.0, 300)])
def test_a_receiver_that_asks_for_time_gets_it_within_bounds(asked_s, after_s):
    paged = Paged(frozen(0, 3600))
    paged.settle()
    paged.tell(events.attempt_ended(1, 1, "retrying", retry_after_s=asked_s))
    assert paged.settle().wake_at == BEGIN + timedelta(seconds=after_s)


def test_what_came_through_after_all_is_not_sent_again():
    paged = Paged(frozen(0))
    paged.settle()
    paged.at += timedelta(seconds=26)
    paged.settle()
    paged.tell(events.attempt_ended(1, 1, "accepted"))
    paged.ends(1, "retrying")
    paged.settle()
    assert paged.now.notifications[0].state == "accepted" and paged.sent == [1, 1]


def test_what_is_under_way_when_it_is_acknowledged_is_not_tried_again():
    paged = Paged(frozen(0))
    paged.settle()
    paged.tell(events.page_acknowledged("ada", "web", None))
    paged.ends(1, "retrying")
    paged.settle()
    assert paged.now.notifications[0].state == "cancelled" and paged.sent == [1]


def test_nobody_is_called_to_hear_that_it_is_over():
    paged = Paged(frozen(0))
    paged.settle()
    paged.tell(events.owed(events.OwedNotification(2, "ben", "", "phone", "phone", 1, 1, "", paged.at)))
    paged.settle()
    paged.accept_all()
    paged.tell(events.left(("a0",), "resolved"))
    paged.settle()
    assert [(each.owed.person, each.owed.purpose) for each in paged.now.notifications[2:]] == [("level-1", "resolved")]


def test_a_further_acknowledgement_lengthens_the_time():
    paged = Paged(frozen(0))
    paged.settle()
    paged.tell(events.page_acknowledged("ada", "web", BEGIN + timedelta(minutes=30)))
    paged.tell(events.page_acknowledged("ada", "web", BEGIN + timedelta(hours=2)))
    paged.accept_all()
    assert paged.settle().wake_at == BEGIN + timedelta(hours=2)
    assert len(paged.now.acknowledged) == 1


def test_a_page_that_is_passed_on_reaches_the_next_level_at_once():
    paged = Paged(frozen(0, 300, 600))
    paged.later(10)
    paged.tell(events.escalated("ada", "web", "on a train"))
    paged.settle()
    assert paged.reached() == [(0, 1, 1), (10, 2, 1)]
    assert "ada passes it on" in paged.now.reached[-1].why


def test_the_level_after_it_waits_its_own_time_again():
    paged = Paged(frozen(0, 300, 600))
    paged.later(10)
    paged.tell(events.escalated("ada", "web"))
    paged.later(299)
    assert [each[1] for each in paged.reached()] == [1, 2]
    paged.later(2)
    assert [each[1] for each in paged.reached()] == [1, 2, 3]


def test_one_that_was_acknowledged_and_is_passed_on_does_not_begin_again():
    paged = Paged(frozen(0, 300))
    paged.later(10)
    paged.tell(events.page_acknowledged("ada", "web", None))
    paged.later(600)
    paged.tell(events.escalated("ada", "web"))
    paged.settle()
    assert paged.reached() == [(0, 1, 1), (610, 2, 1)] and paged.now.state == "active"


def test_whoever_passes_it_on_gets_no_more_messages_of_their_level():
    paged = Paged(frozen(0, 300), reaches=lambda reach: [timedelta(), timedelta(minutes=2)])
    paged.later(10)
    paged.tell(events.escalated("level-1", "web"))
    paged.settle()
    assert [each.state for each in paged.now.notifications][:2] == ["accepted", "cancelled"]


def test_passed_on_from_the_last_level_it_is_for_the_catch_all_before_anybody_is_asked_again():
    paged = Paged(frozen(0, 300, repeat=2))
    paged.settle()
    for count in range(2):
        paged.at += timedelta(seconds=10)
        paged.tell(events.escalated(f"person-{count}", "web"))
        paged.settle()
    assert [each[1] for each in paged.reached()] == [1, 2, -1]


def test_passed_on_by_everybody_it_begins_again():
    paged = Paged(frozen(0))
    paged.settle()
    for by in ("ada", "olga"):
        paged.at += timedelta(seconds=10)
        paged.tell(events.escalated(by, "web"))
        paged.settle()
    assert paged.reached() == [(20, 1, 1)] and paged.now.state == "active"


def test_pages_of_before_are_read_and_called_by_how_many_alerts_they_have():
    paged = Paged(frozen(0, 300), alerts=2)
    opening = paged.told[0]
    facts = {name: value for name, value in opening.facts.items() if name not in ("name", "differing")}
    facts["subject"] = "Down on api: 2 alerts"
    paged.page, paged.number = None, 0
    paged.tell(Draft(opening.kind, facts))
    assert paged.now.subject == "Down on api: 2 alerts"
    paged.tell(Draft(events.PAGE_JOINED, {"alerts": ["b"], "why": "b fires too."}))
    assert paged.now.subject == "Down on api: 3 alerts"



class Moving(RuleBasedStateMachine):
    """Whatever happens in whatever order: a page is never silent, and nothing is forgotten."""

    @initialize(
        gaps=st.lists(st.sampled_from([0.0, 60.0, 300.0, 900.0]), max_size=3), repeat=st.integers(0, 2),
        catch_all=st.booleans(), alerts=st.integers(0, 2), severity=st.sampled_from(["P0", "P2"]),
        reached=st.lists(st.lists(st.sampled_from([0, 0, 120, 7200]), max_size=3), min_size=1, max_size=4),
    )  # fmt: skip
    def begin(self, gaps, repeat, catch_all, alerts, severity, reached):
        after_s = [sum(gaps[: count + 1]) for count in range(len(gaps))]
        policy = frozen(*after_s, repeat=repeat, catch_all=("all",) if catch_all else ())
        turns = iter(range(10_000))
        self.paged = Paged(
            policy, severity=severity, alerts=alerts,
            reaches=lambda reach: [timedelta(seconds=each) for each in reached[next(turns) % len(reached)]],
        )  # fmt: skip
        self.count = alerts
        self.wake_at = self.paged.settle().wake_at

    def settle(self) -> None:
        was_over = {each.owed.id for each in self.page.notifications if each.has_ended}
        state, sent = self.page.state, len(self.paged.sent)
        self.wake_at = self.paged.settle().wake_at
        news = self.paged.sent[sent:]
        assert not was_over & set(news), "what is over was sent"
        if state == self.page.state != "active":
            purposes = {self.page.notifications[each - 1].owed.purpose for each in news}
            assert purposes <= {"resolved"}, "somebody was woken for what is over or taken care of"

    @property
    def page(self) -> Page:
        return self.paged.now

    @rule()
    def the_time_comes(self):
        if self.wake_at is not None:
            self.paged.at = max(self.paged.at, self.wake_at)
        self.settle()

    @rule(seconds=st.sampled_from([1, 20, 200, 4000]))
    def time_passes(self, seconds):
        self.paged.at += timedelta(seconds=seconds)
        self.settle()

    @rule(state=st.sampled_from(["accepted", "delivered", "failed", "retrying", "lost"]), which=st.integers(0, 9))
    def an_attempt_ends(self, state, which):
        under_way = [each.owed.id for each in self.page.notifications if each.open_attempt is not None]
        if under_way:
            self.paged.ends(under_way[which % len(under_way)], state)
        self.settle()

    @rule(by=st.sampled_from(["ada", "level-1"]), minutes=st.sampled_from([None, 30]))
    def somebody_acknowledges(self, by, minutes):
        if self.page.is_open:
            until = None if minutes is None else self.paged.at + timedelta(minutes=minutes)
            self.paged.tell(events.page_acknowledged(by, "web", until))
        self.settle()

    @rule(by=st.sampled_from(["ada", "level-1"]))
    def somebody_passes_it_on(self, by):
        if self.page.is_open:
            self.paged.tell(events.escalated(by, "web"))
        self.settle()

    @rule()
    def an_alert_joins(self):
        if self.page.is_open:
            self.count += 1
            self.paged.tell(events.joined((f"a{self.count}",), "another"))
        self.settle()

    @rule()
    def an_alert_is_over(self):
        if self.page.is_open and self.page.alerts:
            self.paged.tell(events.left(self.page.alerts[:1], "over"))
        self.settle()

    @invariant()
    def it_is_never_silent(self):
        if not hasattr(self, "paged"):
            return
        pending = [each for each in self.page.notifications if not each.has_ended]
        if self.page.state == "active":
            assert self.wake_at is not None
        if pending:
            assert self.wake_at is not None
        if self.page.state == "acknowledged" and self.page.acknowledged_until is not None:
            assert self.wake_at is not None and self.wake_at <= self.page.acknowledged_until
            assert self.paged.at < self.page.acknowledged_until, "an acknowledgement has an end"

    def teardown(self):
        """In the end each message is in a state that has a name, and no attempt is open for ever."""
        if not hasattr(self, "paged"):
            return
        self.paged.tell(events.page_done("cancelled", "the story is over"))
        for _ in range(100):
            moves = self.paged.settle()
            if moves.wake_at is None:
                break
            self.paged.at = max(self.paged.at, moves.wake_at)
        assert {each.state for each in self.page.notifications} <= ENDED


TestMoving = Moving.TestCase
TestMoving.settings = settings(stateful_step_count=15)
