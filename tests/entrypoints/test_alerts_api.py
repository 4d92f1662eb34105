"""Alerts by the API and on the command line: the same verbs, the same JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from tests.entrypoints.paged_alerts import lay_alerts

from opsbook.entrypoints.commands.alerts import command
from opsbook.entrypoints.options import Shared
from opsbook.ground.errors import told_at_terminal

# What the contract names, and what every answer must have.
FIELDS = {"id", "status", "labels", "annotations", "fingerprint", "source", "starts_at", "ends_at", "severity", "service",
          "section", "incident"}  # fmt: skip
DOWN = "261126-031000-aaaa"


@pytest.fixture(scope="module")
def laid(door):
    lay_alerts(door.desk.ledger, datetime.now(UTC))
    return door


def listed(door, **asked):
    answer = door.ask("GET", "/api/v1/alerts", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["alerts"]


def test_an_alert_has_all_that_the_contract_names(laid):
    found = listed(laid, match='alertname="PaymentsDown"', status="firing")
    assert len(found) == 3 and all(set(each) >= FIELDS for each in found)
    assert set(found[0]["section"]) >= {"path", "anchor", "title", "commit", "why", "score"}


@pytest.mark.parametrize(
    ("match", "names"),
    [
        (['alertname=~"Disk.*|Mail.*"'], {"DiskFillsUp", "MailQueueLong"}),
        (['service="payments"', 'instance!="payments-1"'], {"PaymentsDown"}),
        (['{service="database",severity="P1"}'], {"ReplicationLag"}),
        (["nothing=here"], set()),
    ],
)
def test_alerts_are_filtered_by_matchers(laid, match, names):
    assert {each["name"] for each in listed(laid, match=match, status="firing,acknowledged,stale")} == names


def test_what_is_asked_wrongly_is_told_with_a_guess(laid):
    for asked, word in (({"match": "alertname"}, "column"), ({"status": "fireing"}, "firing"), ({"mach": "x"}, "match")):
        answer = laid.ask("GET", "/api/v1/alerts", params=asked)
        assert (answer.status_code, word in answer.json()["detail"]) == (400, True), answer.text


def test_a_list_goes_on_where_it_ended(laid):
    first = listed(laid, limit=5)
    rest = listed(laid, limit=5, before=first[-1]["position"])
    assert len({each["id"] for each in (*first, *rest)}) == 10


def test_one_alert_is_told_with_its_history(laid):
    told = laid.ask("GET", f"/api/v1/alerts/{DOWN}").json()
    assert [each["kind"] for each in told["events"]][:2] == ["AlertFired", "AlertPaged"]
    assert told["history"][0]["text"].startswith("Began") and told["noise"]["fired"] >= 1
    assert laid.ask("GET", "/api/v1/alerts/261126-999999-zzzz").status_code == 404


def test_an_alert_is_acknowledged_noted_ended_and_opened_again(laid):
    who = laid.session("responder")

    def act(verb, **body):
        return laid.ask("POST", f"/api/v1/alerts/{DOWN}/{verb}", json=body, headers=who)

    taken = act("acknowledge", why="Mine.", for_s=600).json()
    assert (taken["status"], taken["acknowledged_by"]) == ("acknowledged", "responder-one")
    assert act("unacknowledge").json()["status"] == "firing"
    act("notes", text="The bank is down.")
    assert act("resolve", why="It was a drill.").json()["ended_how"] == "person"
    assert act("acknowledge").status_code == 409
    assert act("reopen").json()["status"] == "firing"
    assert laid.ask("GET", f"/api/v1/alerts/{DOWN}").json()["notes"][0]["text"] == "The bank is down."


def test_several_are_done_at_once_and_groups_are_told(laid):
    (group,) = [each for each in laid.ask("GET", "/api/v1/alert-groups").json()["groups"] if "PaymentsDown" in each["group"]]
    assert (group["severity"], len(group["alerts"])) == ("P0", 3)
    done = laid.ask("POST", "/api/v1/alerts", json={"alerts": [group["group"]], "do": "acknowledge"},
                    headers=laid.session("responder"))  # fmt: skip
    assert len(done.json()["alerts"]) == 3


def test_whoever_may_only_read_changes_nothing(laid):
    who = laid.session("viewer")
    for path in (f"/api/v1/alerts/{DOWN}/resolve", "/api/v1/alerts"):
        assert laid.ask("POST", path, json={}, headers=who).status_code in (400, 403)
    assert laid.ask("POST", f"/api/v1/alerts/{DOWN}/resolve", json={}).status_code in (401, 403)


def typed(door, *words: str, status: int = 0) -> str:
    """What `opsbook alerts …` prints."""
    shared = Shared()
    shared.book, shared.db = str(door.root / "docs" / "operations"), door.config.db
    if "json" in words:
        shared.format = "json"
        words = words[:-1]
    done = CliRunner().invoke(command, list(words), obj=shared)
    assert done.exit_code == status, (done.output, done.exception)
    return done.output


def test_a_name_of_several_open_alerts_is_refused_with_what_may_be_typed_instead(laid):
    who = laid.session("responder")
    for path, body in (("/PaymentsDown/resolve", {}), ("", {"alerts": ["PaymentsDown"], "do": "resolve"})):
        answer = laid.ask("POST", f"/api/v1/alerts{path}", json=body, headers=who)
        assert (answer.status_code, "3 open alerts are called" in answer.json()["detail"]) == (409, True), answer.text
    shared = Shared()
    shared.book, shared.db = str(laid.root / "docs" / "operations"), laid.config.db
    refused = CliRunner().invoke(command, ["resolve", "PaymentsDown"], obj=shared).exception
    told = told_at_terminal(refused).splitlines()
    assert told[1:2] == ["  opsbook alerts resolve PaymentsDown --all"] and "opsbook alerts resolve '{alertname=" in told[2]
    assert typed(laid, "note", "PaymentsDown", "all three", "--all").count("is noted") == 3


def test_the_command_line_tells_the_same_as_the_api(laid):
    by_line = json.loads(typed(laid, "list", "DiskFillsUp", "json"))["alerts"]
    assert by_line == listed(laid, match="alertname=DiskFillsUp")


def test_alerts_are_handled_at_a_terminal_without_a_server(laid):
    assert "MailQueueLong" in typed(laid, "list", "service=mail", "--status", "stale")
    assert "acknowledged" in typed(laid, "ack", "DiskFillsUp", "--for", "2h", "--why", "On it.")
    typed(laid, "note", "DiskFillsUp", "logs", "of", "the", "build")
    shown = typed(laid, "show", "DiskFillsUp")
    assert "terminal:" in shown and "logs of the build" in shown and "mount=/var" in shown
    assert "over" in typed(laid, "resolve", "DiskFillsUp") and "open again" in typed(laid, "reopen", "DiskFillsUp")
    typed(laid, "unack", "ReplicationLag")
    assert '{alertname="ReplicationLag"' in typed(laid, "list", "--groups")


def test_deliveries_are_told_beside_the_alert(laid):
    told = json.loads(typed(laid, "show", DOWN, "json"))
    assert [(each["channel"], each["state"]) for each in told["deliveries"]] == [("push", "failed"), ("sms", "delivered")]
    assert set(told["deliveries"][0]["attempts"][0]) >= {"at", "state", "reason", "latency_ms"}
