"""Incidents over the API alone: their whole life, and what is refused to whom."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from tests.entrypoints.door import PAGES, Door, opened, write_repository

FIELDS = {
    "number", "title", "severity", "severity_why", "status", "started_at", "resolved_at", "services", "impact", "roles",
    "alerts", "runs", "timeline", "updates", "action_items", "report",
}  # fmt: skip


@pytest.fixture
def door(tmp_path):
    write_repository(tmp_path)
    with opened(tmp_path) as made:
        yield made


def did(door: Door, path: str, body: Any = None, *, role: str = "responder", status: int = 200) -> dict[str, Any]:
    """What a change answers."""
    headers = door.session(role)  # type: ignore[arg-type]
    answer = door.ask("POST", f"/api/v1/{path}", json=body if body is not None else {}, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def declared(door: Door, **more: Any) -> dict[str, Any]:
    """A new incident."""
    return did(door, "incidents", {"title": "Checkout fails", "services": ["api"], **more}, status=201)


def test_an_incident_is_what_the_contract_says(door):
    made = declared(door, severity="P1", severity_why="Nobody can pay.")
    shown = door.ask("GET", f"/api/v1/incidents/{made['number']}").json()
    assert set(shown) >= FIELDS
    assert (shown["severity"], shown["status"], shown["services"], shown["report"]) == ("P1", "Investigating", ["api"], None)
    assert all(set(entry) >= {"at", "recorded_at", "kind", "actor", "text"} for entry in shown["timeline"])


def test_a_whole_life_goes_over_the_api(door):
    number = declared(door, impact={"users_pct": 80, "functions": ["checkout"]})["number"]
    at = f"incidents/{number}"
    assert did(door, f"{at}/acknowledge", {"why": "I am on it."})["acknowledged_by"] == "responder-one"
    did(door, f"{at}/roles", {"role": "Scribe", "person": "@ben"})
    did(door, f"{at}/notes", {"text": "We roll back.", "kind": "decision"})
    did(door, f"{at}/status", {"status": "Mitigating", "why": "The old release is back."})
    did(door, f"{at}/actions", {"text": "Test the checkout before a release", "owner": "@ada", "due": "2027-01-15"})
    shown = did(door, f"{at}/resolve", {"why": "Orders arrive again."})
    assert (shown["status"], shown["is_live"], shown["action_items"][0]["owner"]) == ("Resolved", False, "ada")
    report = did(door, f"{at}/report", status=201)
    assert report["proposal"]["path"].startswith("docs/operations/incidents/")
    assert "**Status:** Resolved" in report["content"]
    accepted = did(door, f"proposals/{report['proposal']['id']}/accept")
    assert accepted["proposal"]["state"] == "accepted"
    last = subprocess.run(["git", "-C", door.root, "log", "-1", "--name-only", "--format="], capture_output=True, text=True, check=True)
    assert last.stdout.split() == [report["proposal"]["path"]]
    assert door.ask("GET", f"/api/v1/incidents/{number}").json()["report"] == report["proposal"]["path"]


def test_a_note_with_a_key_is_kept_once(door):
    number = declared(door)["number"]
    for _ in range(2):
        did(door, f"incidents/{number}/notes", {"text": "Deployed 1.2.3", "kind": "deploy", "key": "ci-77"})
    found = door.ask("GET", f"/api/v1/incidents/{number}/timeline?kinds=deploy").json()["entries"]
    assert [each["text"] for each in found] == ["Deployed 1.2.3"]


def test_two_who_change_the_same_field_both_see_what_happened(door):
    before = declared(door)
    at = f"incidents/{before['number']}/fields"
    did(door, at, {"field": "title", "value": "Nobody can pay", "expected": before["version"]})
    refused = did(door, at, {"field": "title", "value": "Cards fail", "expected": before["version"]}, role="admin", status=409)
    assert (refused["field"], refused["by"], refused["now"], refused["mine"]) == (
        "title", "responder-one", "Nobody can pay", "Cards fail"
    )  # fmt: skip


@pytest.mark.parametrize("path", ["acknowledge", "notes", "status", "severity", "roles", "resolve", "merge", "members"])
def test_a_viewer_changes_nothing(door, path):
    number = declared(door)["number"]
    version = door.ask("GET", f"/api/v1/incidents/{number}").json()["version"]
    assert did(door, f"incidents/{number}/{path}", {}, role="viewer", status=403)["status"] == 403
    assert door.ask("GET", f"/api/v1/incidents/{number}").json()["version"] == version


def test_a_move_that_cannot_be_is_refused_with_where_it_can_go(door):
    number = declared(door)["number"]
    did(door, f"incidents/{number}/resolve")
    refused = did(door, f"incidents/{number}/status", {"status": "monitoring"}, status=409)
    assert "can become" in refused["detail"]


def test_a_file_is_kept_as_it_was_sent(door):
    number = declared(door)["number"]
    headers = {**door.session("responder"), "content-type": "image/png"}
    sent = door.ask("POST", f"/api/v1/incidents/{number}/files?name=a.png", content=b"\x89PNG\r\n", headers=headers)
    assert sent.status_code == 200, sent.text
    (file,) = next(each["files"] for each in sent.json()["timeline"] if each["files"])
    got = door.ask("GET", f"/api/v1/incidents/{number}/files/{file['digest']}")
    assert (got.content, got.headers["content-disposition"]) == (b"\x89PNG\r\n", "attachment")


def test_no_such_incident_is_told(door):
    answer = door.ask("GET", "/api/v1/incidents/77")
    assert (answer.status_code, "77" in answer.json()["detail"]) == (404, True)


def test_the_list_has_those_of_the_ledger_and_those_that_people_wrote(tmp_path):
    page = "# Incident Response: Disk full\n\n**Severity:** P2\n**Status:** Resolved\n\n## Timeline\n\n- 10:00 - It is full\n"
    write_repository(tmp_path, {**PAGES, "docs/operations/incidents/2026-03-11-disk.md": page})
    with opened(tmp_path) as door:
        declared(door, severity="P1", severity_why="x")
        listed = door.ask("GET", "/api/v1/incidents").json()
        assert [each["number"] for each in listed["incidents"]] == [1, None]
        assert [each["path"] for each in listed["incidents"]] == [None, "docs/operations/incidents/2026-03-11-disk.md"]
        only = door.ask("GET", "/api/v1/incidents?severity=P2").json()["incidents"]
        assert [each["title"] for each in only] == ["Incident Response: Disk full"]


def test_a_run_that_is_started_for_an_incident_belongs_to_it(door):
    number, asked = declared(door)["number"], {"procedure": "docs/operations/runbooks/api.md#deployment"}
    refused = did(door, "runs", {**asked, "incident": 77}, role="operator", status=400)
    assert "77" in refused["detail"]
    run = did(door, "runs", {**asked, "incident": number}, role="operator", status=201)
    shown = door.ask("GET", f"/api/v1/incidents/{number}").json()
    assert shown["runs"] == [run["run"]]
