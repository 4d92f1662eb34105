"""Reading paths through the door: for whom, and that a press is kept."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(("path", "status"), [("/paths", 200), ("/paths/role/support", 200), ("/paths/role/none", 404),
                                                 ("/paths/api", 303), ("/paths/none", 404)])
def test_whoever_may_read_sees_them(door, path, status):
    assert door.ask("GET", path).status_code == status


def test_a_section_that_is_read_is_kept_for_who_read_it_alone(door):
    one = door.session("viewer")
    at = "/api/v1/paths/service/api"
    made = door.ask("POST", at, headers=one, json={"section": "1"})
    assert (made.status_code, made.json()["read"]) == (200, 1)
    assert made.json()["finished"] is None
    assert door.ask("GET", at, headers=door.session("admin")).json()["read"] == 0
    assert door.ask("POST", at, headers=one, json={"section": "1", "is_read": False}).json()["read"] == 0


def test_a_section_that_is_not_there_is_told(door):
    answer = door.ask("POST", "/api/v1/paths/service/api", headers=door.session("viewer"), json={"section": "nope"})
    assert answer.status_code == 400
    assert "has no section 'nope'" in answer.json()["detail"]
