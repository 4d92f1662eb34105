"""Incidents over the API alone: their whole life, and what is refused to whom."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from tests.entrypoints.door import PAGES, Door, opened, write_repository
from tests.entrypoints.test_api import lay_alert

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


def test_what_is_declared_again_under_its_key_makes_no_other(door):
    body = {"title": "Checkout fails", "services": ["api"]}
    headers = {**door.session("responder"), "Idempotency-Key": "ci-4711"}
    first, again = (door.ask("POST", "/api/v1/incidents", json=body, headers=headers) for _ in range(2))
    by_body = did(door, "incidents", {**body, "key": "ci-4711"}, status=201)
    assert first.json()["number"] == again.json()["number"] == by_body["number"] == 1


def test_two_that_declare_at_once_under_one_key_make_one(door):
    headers = door.session("responder")
    start = Barrier(2)

    def declares(_: int) -> int:
        start.wait()
        sent = {"title": "Checkout fails", "key": "k"}
        return door.ask("POST", "/api/v1/incidents", json=sent, headers=headers).json()["number"]

    for turn in range(1, 6):
        with ThreadPoolExecutor(2) as both:
            assert set(both.map(declares, range(2))) == {1}, turn
    assert len(door.ask("GET", "/api/v1/incidents").json()["incidents"]) == 1


def test_a_part_becomes_an_incident_of_its_own_and_comes_back(door):
    first = declared(door, services=["api", "web"])["number"]
    second = did(door, f"incidents/{first}/split", {"title": "The web is slow", "services": ["web"]}, status=201)
    assert (second["number"], second["services"]) == (2, ["web"])
    assert door.ask("GET", f"/api/v1/incidents/{first}").json()["services"] == ["api"]
    merged = did(door, "incidents/2/merge", {"incident": first, "why": "It is the same."})
    assert (merged["number"], sorted(merged["services"])) == (first, ["api", "web"])


def test_how_far_the_post_mortem_is_is_said_and_it_is_waived(door):
    number = declared(door, severity="P1", severity_why="x")["number"]
    at = f"incidents/{number}/post-mortem/state"
    assert "resolved first" in did(door, at, {"state": "in review"}, status=409)["detail"]
    did(door, f"incidents/{number}/resolve")
    made = did(door, at, {"state": "in review", "owner": "ada", "due": "2027-01-15"})["post_mortem"]
    assert (made["state"], made["owner"], made["due"]) == ("in review", "ada", "2027-01-15")
    did(door, at, {"state": "waived"}, status=400)
    assert did(door, at, {"state": "waived", "why": "A vendor's drill."})["post_mortem"]["state"] == "waived"


CHAT = "[03:12] ada: it is down\n[03:14] ben: I look\n"


def test_a_chat_is_looked_at_and_then_written_down_once(door):
    number = declared(door)["number"]
    at, body = f"incidents/{number}/chat", {"text": CHAT, "day": "2026-03-27", "time_zone": "Europe/Copenhagen"}
    looked = did(door, at, {**body, "only_look": True})
    assert ([each["who"] for each in looked["messages"]], looked["added"]) == (["ada", "ben"], 0)
    assert [did(door, at, body)["added"] for _ in range(2)] == [2, 0]
    found = door.ask("GET", f"/api/v1/incidents/{number}/timeline?kinds=chat").json()["entries"]
    assert [each["at"] for each in found] == ["2026-03-27T02:14:00+00:00", "2026-03-27T02:12:00+00:00"]


@pytest.mark.parametrize("more", [{"text": "nothing"}, {"time_zone": "Mars/Base"}, {"day": "soon"}])
def test_a_chat_that_cannot_be_read_is_refused(door, more):
    number = declared(door)["number"]
    did(door, f"incidents/{number}/chat", {"text": CHAT, **more}, status=400)


def test_an_entry_is_read_by_its_key(door):
    number = declared(door)["number"]
    entry = did(door, f"incidents/{number}/notes", {"text": "We look."})["timeline"][-1]
    did(door, f"incidents/{number}/corrections", {"entry": entry["key"], "text": "We see.", "why": "A slip."})
    shown = door.ask("GET", f"/api/v1/incidents/{number}/entry", params={"key": entry["key"]}).json()
    assert (shown["text"], shown["said"][0]["text"]) == ("We see.", "We look.")
    assert door.ask("GET", f"/api/v1/incidents/{number}/entry?key=nothing:1").status_code == 404


@pytest.mark.parametrize("at", ["2026-01-01T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize(("path", "name"), [("notes", "happened_at"), ("status", "happened_at"), ("updates", "next_due")])
def test_a_time_that_may_be_any_or_none_is_refused(door, path, name, at):
    number = declared(door)["number"]
    body = {"notes": {"text": "x"}, "status": {"status": "Mitigating"}, "updates": {"audience": "team", "body": "x"}}[path]
    assert name in did(door, f"incidents/{number}/{path}", {**body, name: at}, status=400)["detail"]


@pytest.mark.parametrize("query", ["since=2000-01-01T00:00:00Z", "time_zone=Mars/Base", "since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z"])
@pytest.mark.parametrize("form", ["", ".csv"])
def test_a_stretch_that_is_none_is_refused_where_there_are_figures(door, query, form):
    assert door.ask("GET", f"/api/v1/incident-figures{form}?{query}").status_code == 400


def test_a_run_that_is_started_for_an_incident_belongs_to_it(door):
    number, asked = declared(door)["number"], {"procedure": "docs/operations/runbooks/api.md#deployment"}
    refused = did(door, "runs", {**asked, "incident": 77}, role="operator", status=400)
    assert "77" in refused["detail"]
    run = did(door, "runs", {**asked, "incident": number}, role="operator", status=201)
    shown = door.ask("GET", f"/api/v1/incidents/{number}").json()
    assert shown["runs"] == [run["run"]]


def test_what_speaks_against_its_being_over_is_told_with_the_answer(door):
    lay_alert(door)
    made = declared(door, alerts=["261126-alert"], services=["paymnts"])
    assert [each for each in made["warnings"] if "paymnts" in each]
    over = did(door, f"incidents/{made['number']}/resolve")
    assert [each for each in over["warnings"] if "ApiDown still fires" in each]
