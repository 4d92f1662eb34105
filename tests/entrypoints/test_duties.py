"""Who is on call, who would be paged, and calendars of it, by the API, at secret addresses and on the command line."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.entrypoints.door import Door, opened
from tests.usecases.test_calendar_import import calendar
from tests.usecases.test_policy_choice import CONTACTS, PEOPLE, URGENT

from opsbook.alert_parts import build_contacts
from opsbook.config import load
from opsbook.entrypoints import cli
from opsbook.ledger.person import contact_verified
from opsbook.usecases.kept_people import KeptPeople
from opsbook.wire import build_ledger
from opsbook.wire_duties import build_duty_book

RUNBOOK = f"# API Runbook\n\n**Service:** api\n\n## Emergency Contacts\n\n{CONTACTS}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with people, a schedule, an escalation, and a runbook."""
    pages = {"incidents/on-call.md": f"{PEOPLE}\n{URGENT}", "runbooks/api.md": RUNBOOK}
    for name, text in pages.items():
        path = tmp_path / "docs" / "operations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / ".git").mkdir()
    (tmp_path / "opsbook.toml").write_text(
        '[notify]\nsmtp = "smtp://mail.example.org"\nchannels = { sms = "https://sms.example.org/{address}" }\n'
    )
    return tmp_path


@pytest.fixture
def served(folder: Path):
    with opened(folder) as door:
        yield door


def test_the_api_tells_who_is_on_call_and_who_would_be_paged(served: Door):
    told = served.ask("GET", "/api/v1/oncall?service=api&at=2026-11-26T03:10:00Z").json()
    assert (told["at"], told["service"], told["schedule"]) == ("2026-11-26T03:10:00+00:00", "api", "Primary")
    (person,) = told["people"]
    assert (person["person"], person["until"]) == ("Ben Nevis", "2026-11-30T08:00:00+00:00")
    plan = served.ask("GET", "/api/v1/page-plan?service=api&severity=critical&at=2026-11-26T03:10:00Z").json()
    assert [(step["after_s"], step["level"], step["person"]) for step in plan["steps"]] == [
        (0, 1, "Ben Nevis"), (300, 2, "Ben Nevis"), (900, 3, "Cem Kaya"),
    ]  # fmt: skip
    assert served.ask("GET", "/api/v1/oncall?service=apx").status_code == 404


def test_who_cannot_be_reached_as_configured_is_told_so(folder: Path, capsys: pytest.CaptureFixture[str]):
    at = ("--service", "api", "--at", "2026-11-26T03:10:00Z")
    (folder / "opsbook.toml").unlink()
    lack = "; Ben Nevis cannot be reached: 'notify.channels' of opsbook.toml says nothing of phone."
    (person,) = json.loads(said(capsys, folder, "oncall", *at, "--format", "json"))["people"]
    assert person["why"].endswith(lack)
    steps = json.loads(said(capsys, folder, "page", "plan", *at, "--format", "json", status=0))["steps"]
    assert lack[2:] in steps[0]["why"] and {(step["after_s"], *step["channels"]) for step in steps} == {(0,)}


def test_a_calendar_is_sent_once_and_then_only_when_it_is_another(served: Door):
    answer = served.ask("GET", "/api/v1/oncall.ics?schedule=Primary")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    again = served.ask("GET", "/api/v1/oncall.ics?schedule=Primary", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert served.ask("GET", "/api/v1/oncall.ics?person=ada&team=Databases").status_code == 400


def test_a_secret_address_needs_no_sign_in_until_it_is_revoked(served: Door):
    session = served.session("viewer")
    made = served.ask("POST", "/api/v1/calendars", json={"of": "person", "name": "ada"}, headers=session).json()
    path = made["address"].removeprefix(str(served.client.base_url).rstrip("/"))
    answer = served.ask("GET", path, headers={"cookie": ""})
    assert (answer.status_code, answer.content[:15]) == (200, b"BEGIN:VCALENDAR")
    assert served.ask("GET", path, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    listed = served.ask("GET", "/api/v1/calendars", headers=session).json()["calendars"]
    assert [(each["id"], each["of"], each["name"]) for each in listed] == [(made["id"], "person", "ada")]
    assert "address" not in listed[0]
    other = served.ask("DELETE", f"/api/v1/calendars/{made['id']}", headers=served.session("viewer", "other"))
    assert other.status_code == 409
    assert served.ask("DELETE", f"/api/v1/calendars/{made['id']}", headers=session).json() == {"calendars": []}
    assert served.ask("GET", path).status_code == served.ask("GET", "/calendars/x.ics").status_code == 404


def said(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str, status: int = 0) -> str:
    """What the program prints."""
    assert cli.run(["--book", str(folder / "docs" / "operations"), *arguments]) == status
    out = capsys.readouterr()
    return out.out + out.err


def test_the_command_line_tells_the_same(folder: Path, capsys: pytest.CaptureFixture[str]):
    at = ("--at", "2027-03-29 03:10")
    told = json.loads(said(capsys, folder, "oncall", "--service", "api", *at, "--format", "json"))
    assert (told["at"], told["people"][0]["person"]) == ("2027-03-29T01:10:00+00:00", "Ada Byron")
    plan = json.loads(said(capsys, folder, "page", "plan", "--service", "api", "--severity", "P1", *at, "--format", "json"))
    assert set(plan["steps"][0]) >= {"after_s", "level", "person", "channels", "why"}
    text = said(capsys, folder, "oncall", "--service", "api", *at)
    assert text.splitlines() == [
        "On call for api at Mon 2027-03-29 03:10 Europe/Copenhagen",
        "  Ada Byron (@ada)  until Mon 2027-03-29 09:00  weekly rotation of Primary; On-Call Engineer of docs/operations/runbooks/api.md:8",
        "  next: Ben Nevis from Mon 2027-03-29 09:00, weekly rotation of Primary",
    ]


MATRIX = """
## Severity Levels

| Severity | Meaning | Labels |
| --- | --- | --- |
| P0 | All is down | sev-a |
| P1 | Some is down | sev-b |
"""


def test_a_plan_is_asked_in_the_words_of_the_books_own_severities(folder: Path, capsys: pytest.CaptureFixture[str]):
    page = folder / "docs" / "operations" / "incidents" / "on-call.md"
    page.write_text(page.read_text() + MATRIX)
    plan = json.loads(said(capsys, folder, "page", "plan", "--service", "api", "--severity", "Sev-B", "--format", "json"))
    assert plan["severity"] == "P1"
    with opened(folder) as door:
        assert door.ask("GET", "/api/v1/page-plan?service=api&severity=sev-b").json()["severity"] == "P1"


def test_the_plan_of_the_command_line_tells_the_commit(folder: Path, capsys: pytest.CaptureFixture[str]):
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    plan = ("page", "plan", "--service", "api")
    assert json.loads(said(capsys, folder, *plan, "--format", "json"))["policy"]["commit"] == head
    assert f"At commit {head[:12]}." in said(capsys, folder, *plan)


def test_a_time_of_the_zone_z_is_told_in_utc(folder: Path, capsys: pytest.CaptureFixture[str]):
    said_first = said(capsys, folder, "oncall", "--at", "29 March 2027 00:00 Z").splitlines()[0]
    assert said_first == "On call for Primary at Mon 2027-03-29 00:00 UTC"


def test_what_is_asked_wrongly_is_told_and_nobody_is_an_exit_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert "no service 'apy'. Did you mean 'api'?" in said(capsys, folder, "oncall", "--service", "apy", status=2)
    assert "'noonish' is no time" in said(capsys, folder, "oncall", "--at", "noonish", status=2)
    assert "Nobody is on call now by the schedule 'Primary'." in said(capsys, folder, "oncall", "--at", "2020-01-01", status=1)
    assert "P3 pages nobody" in said(capsys, folder, "page", "plan", "--severity", "P3", status=1)


def test_a_secret_address_is_made_and_revoked_at_a_terminal(folder: Path, capsys: pytest.CaptureFixture[str]):
    made = json.loads(said(capsys, folder, "calendar", "share", "--person", "ada", "--format", "json"))
    assert made["address"].endswith(".ics")
    assert made["id"] in said(capsys, folder, "calendar", "list")
    said(capsys, folder, "calendar", "revoke", made["id"])
    assert said(capsys, folder, "calendar", "list").startswith("No calendar has an address")
    assert said(capsys, folder, "calendar", "show", "--team", "Databases").startswith("BEGIN:VCALENDAR")
    assert "Name one" in said(capsys, folder, "calendar", "share", "--team", "a", "--person", "b", status=2)


def test_who_has_verified_no_contact_is_told_where_others_have(folder: Path, capsys: pytest.CaptureFixture[str]):
    lint = ("lint", "--select", "unverified-contact", "--no-cache", "--format", "json")
    assert json.loads(said(capsys, folder, *lint))["findings"] == []
    config = load(book=str(folder / "docs" / "operations"), environ={})
    ledger = build_ledger(config)
    contacts = build_contacts(ledger, lambda: build_duty_book(config))
    added = contacts.add("ada", "email", "ada@private.example", "test")
    mark = KeptPeople(ledger, now=lambda: datetime.now(UTC), chance=bytes).mark("ada")(added.address)
    number = len(ledger.read("person/ada"))
    verified = [contact_verified(added.id, mark, "code")]
    ledger.append("person/ada", verified, expected=number, actor="test", at=datetime.now(UTC))
    ledger.close()
    told = json.loads(said(capsys, folder, *lint))["findings"]
    assert [(each["line"], each["message"].split(" has")[0]) for each in told] == [(8, "Ben Nevis"), (9, "Cem Kaya")]


def test_a_calendar_beside_the_page_is_read_and_lint_tells_of_its_gaps(folder: Path, capsys: pytest.CaptureFixture[str]):
    page = folder / "docs" / "operations" / "incidents" / "on-call.md"
    page.write_text(page.read_text() + "\n## Rota\n\n- **Calendar:** [it](rota.ics)\n")
    rota = page.with_name("rota.ics")
    rota.write_bytes(calendar("DTSTART:20261102T080000Z\r\nDTEND:20261202T080000Z\r\nSUMMARY:Ada Byron"))
    told = said(capsys, folder, "oncall", "--schedule", "rota", "--at", "2026-11-26T03:10:00Z")
    assert "Ada Byron (@ada)  until Wed 2026-12-02 08:00  calendar of Rota" in told
    lint = ("lint", "--select", "schedule-gap", "--no-cache", "--today", "2026-11-26")
    assert "Nobody is on call by the schedule 'Rota' from 2026-12-02 08:00" in said(capsys, folder, *lint, status=1)
