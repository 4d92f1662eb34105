"""What is told of incidents, over the API alone: updates and how far they came, subscriptions, planned work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.entrypoints.door import PAGES, Door, opened, write_repository

POLICY = """# Incident Response

## Status Page

| Component | Services | Description |
| --- | --- | --- |
| Paying | api | Cards and invoices |
"""


@pytest.fixture
def door(tmp_path):
    write_repository(tmp_path, {**PAGES, "docs/operations/incidents/incident-response.md": POLICY})
    with opened(tmp_path) as made:
        yield made


def did(door: Door, path: str, body: Any = None, *, role: str = "responder", status: int = 200, method: str = "POST") -> Any:
    """What a change answers."""
    headers = door.session(role)  # type: ignore[arg-type]
    answer = door.ask(method, f"/api/v1/{path}", json=body if body is not None else {}, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def read(door: Door, path: str, role: str = "viewer") -> Any:
    """What a question is answered."""
    answer = door.ask("GET", f"/api/v1/{path}", headers=door.session(role))  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


def at_incident(door: Door) -> str:
    """The address of a new incident."""
    return f"incidents/{did(door, 'incidents', {'title': 'Checkout fails', 'services': ['api']}, status=201)['number']}"


def test_an_update_is_drafted_published_and_its_deliveries_are_told(door):
    did(door, "subscriptions", {"kind": "webhook", "address": "https://hooks.example.org/ops"}, role="admin", status=201)
    at = at_incident(door)
    made = did(door, f"{at}/updates", {"audience": "team", "body": "We roll back.", "channels": ["#ops"]})
    assert [(each["update"], each["state"]) for each in made["updates"]] == [(1, "draft")]
    assert read(door, f"{at}/updates/1/deliveries")["deliveries"] == []
    did(door, f"{at}/updates/1/publish")
    found = read(door, f"{at}/updates/1/deliveries")
    assert {(each["to"], each["state"]) for each in found["deliveries"]} == {("channel", "owed"), ("subscription", "owed")}
    assert "hooks.example.org/ops" not in str(found)  # the address as a mask


def test_the_deliveries_of_no_update_are_not_there(door):
    at = at_incident(door)
    assert door.ask("GET", f"/api/v1/{at}/updates/7/deliveries").status_code == 404
    assert door.ask("GET", f"/api/v1/{at}/updates/x/deliveries").status_code == 404


def test_slots_that_nobody_filled_are_told_only_where_that_is_meant(door):
    at = at_incident(door)
    did(door, f"{at}/updates", {"audience": "team", "body": "It is over at [Time]."})
    assert "[Time]" in did(door, f"{at}/updates/1/publish", status=409)["detail"]
    made = did(door, f"{at}/updates/1/publish", {"may_have_slots": True})
    assert made["updates"][0]["state"] == "published"


def test_a_correction_is_composed_of_what_was_told(door):
    at = at_incident(door)
    did(door, f"{at}/updates", {"audience": "team", "body": "All is well."})
    did(door, f"{at}/updates/1/publish")
    composed = read(door, f"{at}/updates/compose?audience=team&corrects=1")["body"]
    assert "Correction" in composed
    assert "All is well." in composed


def test_a_webhook_is_subscribed_its_secret_told_once_and_ended(door):
    body = {"kind": "webhook", "address": "https://hooks.example.org/x", "scope": "team", "topics": ["api"]}
    made = did(door, "subscriptions", body, role="admin", status=201)
    assert (bool(made["signer"]), made["subscription"]["is_in_force"], made["subscription"]["topics"]) == (True, True, ["api"])
    listed = read(door, "subscriptions", "admin")["subscriptions"]
    assert [each["id"] for each in listed] == [made["subscription"]["id"]]
    assert made["signer"] not in str(listed)
    assert did(door, f"subscriptions/{listed[0]['id']}", role="admin", method="DELETE")["state"] == "ended"
    assert read(door, "subscriptions", "admin")["subscriptions"] == []
    assert [each["state"] for each in read(door, "subscriptions?over=true", "admin")["subscriptions"]] == ["ended"]
    did(door, f"subscriptions/{listed[0]['id']}", role="admin", method="DELETE", status=404)


@pytest.mark.parametrize("address", ["", "ftp://example.org/x", "nothing"])
def test_an_address_that_can_be_none_is_refused(door, address):
    did(door, "subscriptions", {"kind": "webhook", "address": address}, role="admin", status=400)


def planned(door: Door, **more: Any) -> dict[str, Any]:
    """Planned work as it is sent."""
    begins = door.desk.now() + timedelta(hours=1)
    return {"title": "Database upgrade", "starts_at": begins.isoformat(),
            "ends_at": (begins + timedelta(hours=1)).isoformat(), "components": ["paying"], **more}  # fmt: skip


def test_planned_work_is_announced_changed_and_ended(door):
    made = did(door, "maintenances", planned(door), status=201)
    assert (made["state"], made["components"], made["by"]) == ("scheduled", ["Paying"], "responder-one")
    at = f"maintenances/{made['id']}"
    changed = did(door, at, planned(door, title="Longer upgrade", expected=made["version"]))
    assert (changed["title"], changed["id"], changed["version"]) == ("Longer upgrade", made["id"], made["version"] + 1)
    assert [each["title"] for each in read(door, "maintenances")["maintenances"]] == ["Longer upgrade"]
    assert did(door, f"{at}/end")["state"] == "cancelled"
    assert read(door, "maintenances")["maintenances"] == []
    assert read(door, "maintenances?over=true")["maintenances"][0]["state"] == read(door, at)["state"] == "cancelled"
    did(door, f"{at}/end", status=409)


def test_two_who_change_the_same_planned_work_both_see_what_happened(door):
    made = did(door, "maintenances", planned(door), status=201)
    did(door, f"maintenances/{made['id']}", planned(door, title="Mine", expected=made["version"]))
    body = planned(door, title="Yours", expected=made["version"])
    refused = did(door, f"maintenances/{made['id']}", body, role="admin", status=409)
    assert (refused["by"], refused["now"], refused["mine"]) == ("responder-one", "Mine", "Yours")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"components": ["Payng"]}, "Did you mean 'Paying'?"), ({"starts_at": "2026-01-01T10:00:00"}, "at starts_at"),
        ({"ends_at": "0001-01-01T00:00:00+14:00"}, "at ends_at"), ({"ends_at": "9999-12-31T23:59:59-12:00"}, "at ends_at"),
    ],
)  # fmt: skip
def test_planned_work_that_cannot_be_is_refused_with_why(door, more, why):
    assert why in did(door, "maintenances", planned(door, **more), status=400)["detail"]


def test_an_end_before_the_beginning_names_both_as_they_were_sent(door):
    begins = door.desk.now() + timedelta(hours=5)
    ends = begins - timedelta(hours=1)
    body = planned(door, starts_at=begins.isoformat(), ends_at=ends.isoformat())
    assert f"end ({ends:%Y-%m-%d %H:%M}) before it begins ({begins:%Y-%m-%d %H:%M})" in did(
        door, "maintenances", body, status=400
    )["detail"]
