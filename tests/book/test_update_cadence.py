"""How often people are told, by the words of the matrix; and what holds where there are none."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from opsbook.book.incident_policy import SeverityLevel
from opsbook.book.update_cadence import cadence_of, next_due, read_cadence

FRIDAY = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("words", "turn", "every", "first"),
    [
        ("every 20 minutes", "every", 20, 0),
        ("Every 30 min", "every", 30, 0),
        ("hourly", "every", 60, 0),
        ("every hour", "every", 60, 0),
        ("Every half an hour", "every", 30, 0),
        ("half-hourly", "every", 30, 0),
        ("every 2 hours until resolved", "every", 120, 0),
        ("15-30 minutes", "every", 15, 0),
        ("every 15 to 30 min", "every", 15, 0),
        ("daily", "every", 1440, 0),
        ("first within 10 minutes, then every 30 minutes", "every", 30, 10),
        ("every 30 minutes, the first within 5 minutes", "every", 30, 5),
        ("every working day", "working days", 1440, 0),
        ("each business day", "working days", 1440, 0),
        ("once a working day", "working days", 1440, 0),
        ("when it is resolved", "at the end", 0, 0),
        ("Upon resolution", "at the end", 0, 0),
        ("on closure", "at the end", 0, 0),
        ("none", "never", 0, 0),
        ("N/A", "never", 0, 0),
    ],
)
def test_words_of_a_matrix_are_read(words, turn, every, first):
    read = read_cadence(words)
    assert read is not None
    assert (read.turn, read.every, read.first) == (turn, every * MINUTE, first * MINUTE)


@pytest.mark.parametrize("words", ["", "as needed", "whenever the CEO asks", "every now and then", "20", "in time"])
def test_words_that_say_no_cadence_are_none(words):
    assert read_cadence(words) is None


@pytest.mark.parametrize(
    ("severity", "first", "then"), [("P0", 5, 20), ("P1", 5, 30), ("P3", None, None)]
)
def test_without_a_page_the_first_is_due_within_five_minutes(severity, first, then):
    cadence = cadence_of((), severity)
    due = next_due(cadence, FRIDAY, None)
    again = next_due(cadence, FRIDAY, FRIDAY)
    assert (due, again) == tuple(None if each is None else FRIDAY + each * MINUTE for each in (first, then))


def test_a_p2_is_told_of_on_working_days():
    monday = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    assert next_due(cadence_of((), "P2"), FRIDAY, None) == monday
    assert next_due(cadence_of((), "P2"), FRIDAY, monday) == monday + timedelta(days=1)


def test_the_page_wins_and_its_first_is_sooner_than_the_next():
    levels = (SeverityLevel("P1", "P1", 1, "", updates="hourly"), SeverityLevel("P2", "P2", 1, "", updates="as needed"))
    cadence = cadence_of(levels, "P1")
    assert (cadence.is_told, next_due(cadence, FRIDAY, None)) == (True, FRIDAY + 5 * MINUTE)
    assert next_due(cadence, FRIDAY, FRIDAY) == FRIDAY + 60 * MINUTE
    assert not cadence_of(levels, "P2").is_told


def test_no_text_breaks_the_reader():
    chance = random.Random(29)
    words = ["every", "20", "minutes", "-", "first", "then", ",", "half", "an", "hour", "working", "day", "until", "0",
             "resolved", "9999999999", "weeks", "—", "ß", "\n", "**", "[", "to", "within", "1e9", "m", "٣"]  # fmt: skip
    for _ in range(3000):
        text = chance.choice((" ", "")).join(chance.choices(words, k=chance.randint(0, 9)))
        read = read_cadence(text)
        due = next_due(read, FRIDAY, None) if read is not None else None
        assert due is None or FRIDAY < due <= FRIDAY + timedelta(days=32), text
