"""Silences by the API and on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from opsbook.entrypoints.commands._alert_silences import group
from opsbook.entrypoints.options import Shared
from opsbook.usecases.silence_shown import next_working_hours

NOW = datetime.now(UTC)
BODY = {"match": 'alertname="ApiDown"', "ends_at": (NOW + timedelta(hours=2)).isoformat(), "comment": "Upgrading"}


def test_a_silence_is_made_changed_expired_and_made_again(door):
    who = door.session("responder")
    made = door.ask("POST", "/api/v1/silences", json=BODY, headers=who)
    assert (made.status_code, made.json()["state"], made.json()["created_by"]) == (201, "active", "responder-one")
    id = made.json()["id"]
    longer = {**BODY, "ends_at": (NOW + timedelta(hours=9)).isoformat()}
    assert door.ask("POST", f"/api/v1/silences/{id}", json=longer, headers=who).json()["id"] == id
    assert door.ask("POST", f"/api/v1/silences/{id}/expire", headers=who).json()["expired_by"] == "responder-one"
    assert door.ask("POST", f"/api/v1/silences/{id}/expire", headers=who).status_code == 409
    again = door.ask("POST", f"/api/v1/silences/{id}/again", headers=who).json()
    assert (again["state"], again["match"], again["ends_at"]) == ("active", '{alertname="ApiDown"}', longer["ends_at"])
    listed = door.ask("GET", "/api/v1/silences", params={"match": "alertname=ApiDown"}).json()["silences"]
    assert [each["id"] for each in listed] == [again["id"]]


def test_whoever_may_only_read_silences_nothing(door):
    assert door.ask("POST", "/api/v1/silences", json=BODY, headers=door.session("viewer")).status_code == 403


@pytest.mark.parametrize(
    ("change", "word"),
    [({"match": "alertname"}, "column 10"), ({"rule": "FREQ=HOURLY"}, "DAILY"), ({"match": 'alertname=~".*"'}, "every alert")],
)
def test_what_cannot_be_silenced_is_told_why(door, change, word):
    answer = door.ask("POST", "/api/v1/silences", json={**BODY, **change}, headers=door.session("responder"))
    assert (answer.status_code, word in answer.json()["detail"]) == (400, True), answer.text


def typed(door, *words: str) -> str:
    """What `opsbook alerts silence …` prints."""
    shared = Shared()
    shared.book, shared.db = str(door.root / "docs" / "operations"), door.config.db
    done = CliRunner().invoke(group, list(words), obj=shared)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_a_silence_is_typed_as_matchers_or_as_an_alerts_name(door):
    typed(door, "--add", "DbDown", 'job=~"db|cache"', "--for", "3h", "--comment", "Moving")
    line = typed(door, "list", "--match", "alertname=DbDown").splitlines()[1]
    assert '{alertname="DbDown",job=~"db|cache"}' in line
    assert "Moving" in line
    typed(door, "expire", line.split()[0])
    assert "There is no silence" in typed(door, "list", "--match", "alertname=DbDown")
    typed(door, "again", line.split()[0])
    assert "active" in typed(door, "list", "--match", "alertname=DbDown")


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [("2026-11-27T20:00", "UTC", "2026-11-30T09:00"), ("2026-11-26T08:00", "UTC", "2026-11-26T09:00"),
     ("2026-11-26T08:30", "Europe/Copenhagen", "2026-11-27T08:00")],
)  # fmt: skip
def test_working_hours_begin_at_nine_on_the_next_working_day(now, zone, expected):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_working_hours("working hours", at, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert next_working_hours("Monday 09:00", at, zone) is None
