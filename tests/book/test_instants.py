"""Instants as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.instants import read_instant

NOW = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", "2026-11-26 18:00"), ("in 2 hours", "2026-11-26 20:00"), ("+90m", "2026-11-26 19:30"),
        ("2026-11-26T10:00:00Z", "2026-11-26 10:00"), ("2026-11-26T10:00:00+02:00", "2026-11-26 08:00"),
        ("2026-11-26 10:00", "2026-11-26 09:00"), ("2026-11-26T10:00", "2026-11-26 09:00"),
        ("2026-11-26 10:00 UTC", "2026-11-26 10:00"), ("2026-11-26 10:00 America/New_York", "2026-11-26 15:00"),
        ("2026-07-26 10:00 CEST", "2026-07-26 08:00"), ("26 July 2026 10:00", "2026-07-26 08:00"),
        ("tomorrow 03:10", "2026-11-27 02:10"), ("tomorrow at 3am", "2026-11-27 02:00"), ("03:10", "2026-11-26 02:10"),
        ("Monday 09:00", "2026-11-30 08:00"), ("thursday", "2026-12-02 23:00"), ("2027-03-28", "2027-03-27 23:00"),
    ],
)  # fmt: skip
def test_a_time_is_read_as_it_is_typed(text, at):
    found = read_instant(text, NOW, "Europe/Copenhagen")
    assert found is not None
    assert (found.at, found.note) == (datetime.fromisoformat(at).replace(tzinfo=UTC), "")


@pytest.mark.parametrize(
    ("text", "at", "note"),
    [
        ("2027-03-28 02:30 Europe/Berlin", "01:30", "02:30 is skipped by the clocks of Europe/Berlin on 2027-03-28; it is taken as 03:30."),
        ("2027-10-31 02:30 Europe/Berlin", "00:30", "02:30 comes twice by the clocks of Europe/Berlin on 2027-10-31; it is taken the first time."),
    ],
)  # fmt: skip
def test_what_the_clocks_skip_or_repeat_is_told(text, at, note):
    found = read_instant(text, NOW)
    assert found is not None
    assert (f"{found.at:%H:%M}", found.note) == (at, note)


@pytest.mark.parametrize("text", ["soon", "2026-02-30 10:00", "25:00", "2026-11-26 10:00 Mars/Olympus", "tomorrow noonish"])
def test_what_is_no_time_is_none(text):
    assert read_instant(text, NOW) is None


@given(st.text(max_size=40) | st.from_regex(r"(tomorrow|in|2026-1[0-9]-[0-3][0-9]T?) ?[0-9]{1,4}[:. ]?[0-9apm+Z]{0,6}"))
def test_any_text_is_a_time_or_none(text):
    found = read_instant(text, NOW)
    assert found is None or found.at.utcoffset() is not None
