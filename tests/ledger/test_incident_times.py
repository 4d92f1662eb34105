"""Times that nobody can mean: refused where people tell them, harmless where they stand in a ledger already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ground.errors import Usage
from opsbook.ledger import incident_events as said
from opsbook.ledger.event import Event
from opsbook.ledger.incident import folded
from opsbook.ledger.incident_times import bounded, passed
from opsbook.usecases.incident_shown import incident_brief, incident_model
from opsbook.usecases.timeline_line import Line

NOW = datetime(2026, 3, 26, 3, 0, tzinfo=UTC)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
EDGES = st.sampled_from([datetime.min, datetime.max, datetime(1, 1, 1, 12), datetime(9999, 12, 31), datetime(1969, 1, 1)])
ANY = st.one_of(EDGES, st.datetimes())


@pytest.mark.parametrize("zone", [-14, 0, 14])
@pytest.mark.parametrize("at", [datetime.min, datetime.max, datetime(1999, 12, 31), datetime(2016, 3, 1)])
def test_a_time_that_nobody_can_mean_is_refused_in_every_zone(at, zone):
    with pytest.raises(Usage):
        passed(at.replace(tzinfo=timezone(timedelta(hours=zone))), NOW)


def test_a_time_of_last_year_can_be_meant_and_is_told_in_utc():
    at = datetime(2025, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert passed(at, NOW) == datetime(2025, 3, 1, 10, tzinfo=UTC)


@given(ANY, st.one_of(st.none(), ZONES))
def test_a_bounded_time_can_be_moved_by_a_year_and_told_anywhere(at, zone):
    found = bounded(at.replace(tzinfo=zone))
    assert found - timedelta(days=366) < found.astimezone(timezone(timedelta(hours=14))) < found + timedelta(days=366)


@given(ANY, ANY, ZONES)
def test_no_time_that_stands_in_a_ledger_breaks_an_incident_its_timeline_or_its_json(begun, other, zone):
    begun, other = begun.replace(tzinfo=zone), other.replace(tzinfo=zone)
    drafts = [
        said.declared(number=1, title="It fails", state="investigating", severity="P1", severity_why="So.",
                      started_at=begun, detected_at=other),
        said.edited("detected_at", None, begun.isoformat(), ""),
        said.moved("monitoring", "", happened_at=other),
        said.noted("So it was.", "note", happened_at=other),
        said.corrected("incident/i-1:4", "It was earlier.", happened_at=begun),
        said.update_drafted(1, audience="team", body="Soon.", next_due=other),
        said.update_due(begun, "So."),
        said.moved("resolved", "", happened_at=begun),
        said.edited("resolved_at", None, other.isoformat(), ""),
    ]  # fmt: skip
    events = [Event("incident/i-1", number, number, NOW, "ada", each.kind, each.facts, "", "")
              for number, each in enumerate(drafts, 1)]  # fmt: skip
    incident, line = folded(events), Line("i-1")
    line.take("incident/i-1", events)
    assert incident is not None
    assert line.window[0] < (line.window[1] or NOW) + timedelta(days=400_000)
    assert len(incident_model(incident, line.entries())["timeline"]) >= len(drafts) - 3
    assert incident_brief(incident)["started_at"].endswith("+00:00")
