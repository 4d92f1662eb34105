"""What people type about incidents becomes values, or is refused with how to write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from opsbook.book.impact import Impact
from opsbook.config import local_zone
from opsbook.entrypoints.incident_notes import number_in
from opsbook.entrypoints.incident_words import files_of, impact_of, moment_of, percent
from opsbook.entrypoints.shown.clock import Clock, length_words
from opsbook.ground.errors import Usage

UNTOLD = {"users": None, "functions": (), "data": None, "security": None, "workaround": None, "regions": (),
          "sentence": None, "business": None}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "share"), [("40%", 40), ("0.5 %", 0.5), ("0,5", 0.5), ("all", 100), ("none", 0), ("half", 50)]
)
def test_a_share_is_read(text, share):
    assert percent(text) == share


@pytest.mark.parametrize("text", ["many", "140%", "-1", "", "nan"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(Usage, match="such as 40%"):
        percent(text)


def test_what_was_not_typed_stays_as_it_was_declared():
    before = Impact(users_pct=10, functions=("checkout",))

    assert impact_of(before, **{**UNTOLD, "users": "40%"}) == Impact(users_pct=40, functions=("checkout",))
    assert impact_of(before, **UNTOLD) is None


@pytest.mark.parametrize(("text", "minutes"), [("10 min ago", 10), ("2h ago", 120), ("1 hour ago", 60)])
def test_how_long_ago_is_a_time(text, minutes):
    found = moment_of(text)
    assert found is not None
    assert abs(datetime.now(UTC) - timedelta(minutes=minutes) - found) < timedelta(seconds=5)


def test_a_clock_time_alone_is_the_last_one():
    later = (datetime.now().astimezone() + timedelta(hours=2)).strftime("%H:%M")

    found = moment_of(later)

    assert found is not None
    assert found < datetime.now(UTC)


def test_a_time_that_is_none_is_refused_and_none_typed_is_none():
    assert moment_of(None) is None
    with pytest.raises(Usage, match="is no time"):
        moment_of("the other day")


def test_a_file_that_is_too_large_is_refused(tmp_path):
    (tmp_path / "large").write_bytes(b"")
    with (tmp_path / "large").open("r+b") as file:
        file.truncate(11 << 20)

    with pytest.raises(Usage, match="larger than"):
        files_of([str(tmp_path / "large")])


@pytest.mark.parametrize(("named", "number"), [("14", 14), ("INC-14", 14), ("#14", 14), ("261126-031005-k3w7", None)])
def test_a_number_names_an_incident(named, number):
    assert number_in(named) == number


@pytest.mark.parametrize(
    ("environ", "zone"), [({"TZ": "Europe/Berlin"}, "Europe/Berlin"), ({"TZ": ":Asia/Tokyo"}, "Asia/Tokyo")]
)
def test_the_zone_is_that_of_the_terminal(environ, zone):
    assert local_zone(environ) == zone


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (90, "1 min"), (7200, "2 h"), (200_000, "2 d"), (-3, "0 s")])
def test_a_length_is_told_in_its_largest_unit(seconds, words):
    assert length_words(timedelta(seconds=seconds)) == words


def test_a_time_in_utc_is_told_so():
    at = datetime(2026, 3, 26, 2, 41, tzinfo=UTC)
    assert (Clock(at, is_utc=True).at(at), Clock(at, is_utc=True).short(at)) == ("2026-03-26 02:41 UTC", "02:41:00Z")
