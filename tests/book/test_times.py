"""Times of reports are read as people write them, and are compared only where they say enough."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.page import read_page
from opsbook.book.timeline import read_timelines
from opsbook.book.times import When, later_by, read_time

DAY = date(2026, 3, 4)
H = 3600


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-03-04", When(DAY)),
        ("2026-03-04 14:05", When(DAY, 14 * H + 300)),
        ("2026-03-04T14:05:33Z", When(DAY, 14 * H + 333, 0, "z")),
        ("2026-03-04   14:05 UTC", When(DAY, 14 * H + 300, 0, "utc")),
        ("2026-03-04 14:05:00-05:00", When(DAY, 14 * H + 300, -5.0)),
        ("2026-03-04 14:05 +0130", When(DAY, 14 * H + 300, 1.5)),
        ("March 4, 2026 at 2:05 pm", When(DAY, 14 * H + 300)),
        ("Wed 4th March 2026, 14:05 CET", When(DAY, 14 * H + 300, 1, "cet")),
        ("14:05", When(None, 14 * H + 300)),
        ("14.05", When(None, 14 * H + 300)),
        ("9:05 a.m.", When(None, 9 * H + 300)),
        ("12am PT", When(None, 0, None, "pt")),
        ("14:05-15:00 UTC", When(None, 14 * H + 300, 0, "utc")),
        ("~14:05", When(None, 14 * H + 300, is_rough=True)),
        ("about 14:05", When(None, 14 * H + 300, is_rough=True)),
        ("T+5m", When(is_relative=True)),
        ("Sept 29, 16:58 UTC", When(is_relative=True)),
    ],
)
def test_forms_that_are_read(text: str, when: When) -> None:
    assert read_time(text) == when


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "25:10", "14:70", "13:00 pm", "2026-02-30", "2026-13-01 10:00", "20202-01-24 12:00",
     "2026-03-04 25:00", "03/04/2026", "soon"],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    assert read_time(text) is None


@pytest.mark.parametrize(
    ("first", "second", "later"),
    [
        ("14:00", "14:30", timedelta(minutes=30)),
        ("14:00 UTC", "14:30 CET", timedelta(minutes=-30)),
        ("2026-03-04 23:50", "2026-03-05 00:10", timedelta(minutes=20)),
        ("2026-03-04", "2026-03-04 14:00", timedelta(0)),
        ("14:00 UTC", "14:30", timedelta(minutes=30)),
        ("14:00 PT", "14:30 UTC", None),
        ("14:00", "2026-03-04 14:30", None),
        ("T+5m", "14:30", None),
    ],
)
def test_moments_are_compared_where_they_say_enough(first: str, second: str, later: timedelta | None) -> None:
    one, other = read_time(first), read_time(second)
    assert one is not None and other is not None
    assert later_by(one, other) == later


def timelines(text: str) -> list[list[str]]:
    page = read_page("docs/operations/incidents/2026-03-04-x.md", f"# Incident: x\n\n## Timeline\n\n{text}".encode())
    return [[entry.text for entry in run] for run in read_timelines(page) if run]


@pytest.mark.parametrize(
    "text",
    [
        "- 14:05 - a\n- 14:10 UTC: b\n",
        "- **14:05** – a\n\n![x](y.png)\n\n- **14:10 UTC** b\n",
        "| When (UTC) | Who | What |\n| --- | --- | --- |\n| 14:05 | x | a |\n| 14:10 UTC | | b |\n",
        "### 14:05 - a\n\nText.\n\n### 14:10 UTC\n",
    ],
)
def test_entries_of_tables_bullets_and_headings(text: str) -> None:
    assert timelines(text) == [["14:05", "14:10 UTC"]]


def test_a_heading_or_a_line_with_a_day_begins_a_new_run() -> None:
    assert timelines("- 14:05 a\n\nThe next day:\n\n- 09:00 b\n\n### Recovery\n\n- 08:00 c\n") == [["14:05"], ["09:00"], ["08:00"]]


@given(st.text(max_size=60))
def test_reading_a_time_never_raises(text: str) -> None:
    when = read_time(text)
    assert when is None or later_by(when, when) in (None, timedelta(0))
    timelines(text)
