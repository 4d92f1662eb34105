"""What recurs begins on the wall's clock, in order, and never takes long to be told."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opsbook.book.roster.calendar import zone_of
from opsbook.ledger.recurrence import begins, why_no_rule
from opsbook.ledger.silence import Silence, state_of, window

ZONES = ("UTC", "Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo")
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
RULES = st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,SA", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYDAY=-1FR",
                         "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=DAILY;INTERVAL=3;COUNT=5", "FREQ=WEEKLY;UNTIL=20290101T000000Z", "FREQ=YEARLY"])  # fmt: skip


@given(RULES, st.sampled_from(ZONES), MOMENTS, st.integers(-400, 400), st.integers(1, 48))
def test_a_silence_is_active_within_its_windows_alone(rule, zone, first, days, hours):
    silence = Silence("s", (), first, first + timedelta(hours=hours), "ada", "", first, rule=rule, time_zone=zone)
    at = first + timedelta(days=days)
    found = window(silence, at)
    if found is None:
        assert state_of(silence, at) == "expired"
    else:
        assert found.end > at and found.end - found.begin == timedelta(hours=hours)
        assert state_of(silence, at) == ("active" if found.begin <= at else "pending")
        assert found.begin >= first


@given(RULES, st.sampled_from(ZONES), MOMENTS)
def test_it_begins_at_the_same_time_on_the_wall(rule, zone, first):
    wall = zone_of(zone)
    found = list(islice(begins(rule, first, zone, first), 20))
    assert all(one < other for one, other in pairwise(found))
    shown = {each.astimezone(wall).time() for each in found}
    # What the clocks leave out is an hour later; nothing else moves it.
    assert len(shown) <= 2


@pytest.mark.parametrize("rule", ["FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "FREQ=MONTHLY;BYMONTH=2;BYDAY=5MO", "FREQ=DAILY"])
def test_no_rule_takes_long(rule):
    first = datetime(2021, 12, 1, tzinfo=UTC)
    before = time.process_time()
    next(begins(rule, first, "UTC", datetime(2026, 11, 26, tzinfo=UTC)), None)
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("", "no rule"), ("FREQ=DAILY;FREQ=DAILY", "no rule"), ("FREQ=DAILY\nRDATE=1", "no rule"), ("FREQ=MINUTELY", "DAILY"),
        ("COUNT=3", "FREQ"), ("FREQ=DAILY;COUNT=0", "number"), ("FREQ=DAILY;INTERVAL=99999", "number"),
        ("FREQ=DAILY;BYSECOND=1", "BYSECOND"), ("FREQ=WEEKLY;BYDAY=XX", "cannot be followed"), ("FREQ=DAILY;UNTIL=2026", "UNTIL"),
        ("FREQ=YEARLY;BYMONTH=13", "13"), ("FREQ=MONTHLY;BYMONTHDAY=99", "99"), ("FREQ=MONTHLY;BYMONTHDAY=0", "0"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "MONTHLY"), ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "such a day"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "WEEKLY"), ("FREQ=MONTHLY;INTERVAL=12;BYMONTH=3", "YEARLY"),
        ("FREQ=MONTHLY;BYDAY=6MO", "five"), ("FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=2", "BYSETPOS"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=31", "which day"), ("FREQ=MONTHLY;BYSETPOS=1", "weekdays"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_told_why(rule, word):
    assert word in why_no_rule(rule)


@given(st.text(st.sampled_from(list("FREQ=DAILYWK;BYCOUNT,0123456789-+MOSA")), max_size=40).map("FREQ=DAILY;".__add__))
def test_no_text_is_more_than_no_rule(rule):
    if not why_no_rule(rule):
        next(begins(rule, datetime(2026, 1, 1, tzinfo=UTC), "UTC", datetime(2026, 1, 1, tzinfo=UTC)), None)


@given(st.sampled_from(["DAILY", "WEEKLY"]), st.integers(1, 9), st.sampled_from(["", ";BYDAY=MO,SA", ";BYMONTH=5,11"]), MOMENTS)
def test_years_that_are_passed_over_change_nothing(step, interval, more, first):
    rule = f"FREQ={step};INTERVAL={interval}{more}"
    assume(not why_no_rule(rule))
    since = first + timedelta(days=350)
    counted = next((each for each in begins(f"{rule};COUNT=9999", first, "UTC", first) if each >= since), None)
    assume(counted is not None)  # what is counted from the beginning is looked for no further than a year
    assert next(begins(rule, first, "UTC", since), None) == counted
