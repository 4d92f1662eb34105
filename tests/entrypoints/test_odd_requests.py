"""Requests that nobody means: refused in words, and never a fault of the server, nor what breaks the next one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from tests.entrypoints.door import Door, opened, write_repository

from opsbook.ground.errors import Failure
from opsbook.usecases.incident_acts import Declaration

TIMES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def door(tmp_path_factory) -> Iterator[Door]:
    root = tmp_path_factory.mktemp("odd")
    write_repository(root)
    with opened(root) as made:
        made.desk.incident_desk.incidents.declare(Declaration("The API is down"), "ada")
        yield made


def says(door: Door, path: str, **body: object) -> int:
    """The status of what a responder sends."""
    who = door.token("responder", "read", "respond")
    return door.ask("POST", f"/api/v1/incidents{path}", headers=who, json=body).status_code


@pytest.mark.parametrize("at", TIMES)
def test_a_time_that_nobody_can_mean_is_refused_by_every_route_and_breaks_no_other(door, at):
    assert says(door, "", title="z", started_at=at) == 400
    assert says(door, "/1/fields", field="started_at", value=at) == 400
    assert says(door, "/1/notes", text="x", happened_at=at) == 400
    assert says(door, "/1/status", status="Resolved", happened_at=at) == 400
    assert says(door, "/1/resolve", happened_at=at) == 400
    assert says(door, "/1/updates", audience="team", body="x", next_due=at) == 400
    reads = door.token("responder", "read")
    for path in ("", "/1", "/1/timeline"):
        assert door.ask("GET", f"/api/v1/incidents{path}", headers=reads).status_code == 200


@pytest.mark.parametrize("at", TIMES)
@pytest.mark.parametrize("name", ["since", "until"])
def test_a_list_may_be_asked_for_with_any_time(door, name, at):
    reads = door.token("responder", "read")
    assert door.ask("GET", f"/api/v1/incidents?{name}={quote(at)}", headers=reads).status_code < 500


def test_a_number_that_no_incident_can_have_is_refused(door):
    reads = door.token("responder", "read")
    assert door.ask("GET", f"/api/v1/incidents?before={10**23}", headers=reads).status_code == 400


@pytest.mark.parametrize("expected", [1000, 10**30])
def test_a_version_of_the_future_is_refused(door, expected):
    assert says(door, "/1/fields", field="summary", value="B", expected=expected) == 400


@pytest.mark.parametrize("path", ["/api/v1/incidents/%00", "/incidents/%00", "/status/subscribe/%00/confirm?key=x",
                                  "/maintenance?from=%00"])  # fmt: skip
def test_a_nul_in_an_address_names_nothing(door, path):
    assert door.ask("GET", path, headers=door.token("responder", "read")).status_code in (400, 404)


def test_no_text_holds_a_nul(door):
    assert says(door, "/1/members", services=["zz\0q"]) == 400
    assert says(door, "", title="z\0") == 400
    assert says(door, "/1/notes", text="It printed \\u0000 there.") < 300


def test_a_stranger_is_not_told_why_the_ledger_cannot_be_asked(door, monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise Failure("The ledger postgresql://opsbook@db/ledger cannot be used now.")

    monkeypatch.setattr(door.desk.incident_desk.subscriptions, "ask", fails)
    monkeypatch.setattr(door.desk.incident_desk.subscriptions, "look", fails)
    monkeypatch.setattr(door.desk.incident_desk.subscriptions, "confirm", fails)
    for answer in (
        door.ask("POST", "/status/subscribe", data={"email": "a@example.org"}),
        door.ask("GET", "/status/subscribe/x/confirm?key=x"),
        door.ask("POST", "/status/subscribe/x/confirm", data={"key": "x"}),
    ):
        assert answer.status_code == 503
        assert "postgresql" not in answer.text


@pytest.mark.parametrize("entry", ["account/responder-one:1", "incident/other:1", "account/none:1", "silence/x:1"])
def test_what_is_no_entry_of_a_timeline_is_neither_corrected_nor_pinned(door, entry):
    assert says(door, "/1/corrections", entry=entry, why="w", text="x") == 400
    assert says(door, "/1/pins", entry=entry) == 400
