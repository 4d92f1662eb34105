"""Lengths of time and dates are read as people write them; what two readers take differently is read as nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ground.durations import after, read_date, read_duration

MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30), ("5m", 5 * MINUTE), ("2h", 2 * HOUR), ("1h30m", 1.5 * HOUR), ("1h 30m", 1.5 * HOUR), ("250ms", 0.25),
        ("1.5 hours", 1.5 * HOUR), ("90 sec", 90), ("15 mins", 15 * MINUTE), ("1 hour and 5 minutes", 65 * MINUTE),
        ("1 hour, 5 minutes", 65 * MINUTE), ("30 seconds", 30), ("30-second", 30), ("a minute", MINUTE), ("an hour", HOUR),
        ("two weeks", 14 * DAY), ("every 30 seconds", 30), ("Every minute", MINUTE), ("once a day", DAY), ("per hour", HOUR),
        ("once per day", DAY), ("daily", DAY), ("Weekly.", 7 * DAY), ("quarterly", 90 * DAY), ("continuously", 30),
        ("1 day", DAY), ("7d", 7 * DAY), ("1w", 7 * DAY), ("1y", 365 * DAY), ("3 months", 90 * DAY), ("  10 s ", 10),
        ("0s", 0), ("0", None), ("", None), ("5", None), ("fast", None), ("5 parsecs", None), ("-5m", None),
        ("5m ago", None), ("m5", None), ("1000 years", None), ("as needed", None), ("5m or so", None), ("1e9s", None),
        ("a", None), ("minute", MINUTE), ("every hour", HOUR), ("second hand", None),
    ],
)  # fmt: skip
def test_a_length_of_time(text, seconds):
    assert read_duration(text) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("day", "length", "expected"),
    [
        ("2026-01-31", "1 month", "2026-02-28"), ("2024-01-31", "1 month", "2024-02-29"), ("2026-08-31", "6 months", "2027-02-28"),
        ("2026-01-15", "3 months", "2026-04-15"), ("2024-02-29", "1 year", "2025-02-28"), ("2026-11-30", "quarterly", "2027-02-28"),
        ("2026-01-01", "90 days", "2026-04-01"), ("2026-01-01", "annually", "2027-01-01"), ("2026-01-01", "2 weeks", "2026-01-15"),
        ("2026-01-01", "every 6 months", "2026-07-01"), ("2026-01-01", "half-yearly", "2026-07-01"), ("2026-01-01", "soon", None),
        ("9999-12-31", "1 month", None), ("9999-12-31", "2 days", None), ("2026-01-01", "99999 months", None),
    ],
)  # fmt: skip
def test_a_day_and_a_length_make_a_day_by_the_calendar(day, length, expected):
    found = after(date.fromisoformat(day), length)
    assert found == (None if expected is None else date.fromisoformat(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-21", "2026-08-21"), ("2026/8/1", "2026-08-01"), ("2026.08.21", "2026-08-21"),
        ("2026-08-21T10:00:00Z", "2026-08-21"), ("2026-08-21 10:00", "2026-08-21"), ("on 2026-08-21 by x", "2026-08-21"),
        ("Aug 21, 2026", "2026-08-21"), ("August 21st, 2026", "2026-08-21"), ("21 August 2026", "2026-08-21"),
        ("21st Aug. 2026", "2026-08-21"), ("Sept 3 2026", "2026-09-03"), ("August 2026", "2026-08-01"), ("1. Mai 2026", None),
        ("Friday, 21 August 2026", "2026-08-21"), ("21/08/2026", "2026-08-21"), ("08/21/2026", "2026-08-21"),
        ("03/04/2026", None), ("04/04/2026", "2026-04-04"), ("21.08.2026", "2026-08-21"), ("3.4.2026", "2026-04-03"),
        ("2026-13-01", None), ("2026-02-30", None), ("2026", None), ("", None), ("TBD", None), ("12345-01-02", None),
        ("v2026-01-02", None), ("0000-01-01", None), ("31 June 2026", None), ("2026-01-02-outage", "2026-01-02"), ("2026-01-023", None),
    ],
)  # fmt: skip
def test_the_first_date_of_a_text(text, expected):
    assert read_date(text) == (None if expected is None else date.fromisoformat(expected))


@given(st.text(alphabet="0123456789 abcdefhimnorstuwy.,-/", max_size=30))
def test_whatever_is_written_is_a_value_or_nothing(text):
    length = read_duration(text)
    assert length is None or timedelta(0) <= length
    assert read_date(text) is None or read_date(text).year >= 1
    moved = after(date(2026, 1, 31), text)
    assert moved is None or moved >= date(2026, 1, 31)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_date_written_in_any_usual_form_is_read_back(day):
    names = ("%Y-%m-%d", "%B %d, %Y", "%d %b %Y", "%d.%m.%Y")
    assert {read_date(day.strftime(name)) for name in names} == {day}
