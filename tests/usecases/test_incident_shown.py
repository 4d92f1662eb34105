"""An incident as JSON: what the contract names is there, in its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec

from opsbook.book.impact import Impact
from opsbook.ledger import incident_events as said
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.incident import Incident, folded
from opsbook.usecases.incident_shown import incident_brief, incident_model
from opsbook.usecases.incident_timeline import TimelineEntry

BEGAN = datetime(2026, 3, 26, 2, 40, tzinfo=UTC)
CONTRACT = {
    "number", "title", "severity", "severity_why", "status", "started_at", "resolved_at", "services", "impact", "roles",
    "alerts", "runs", "timeline", "updates", "action_items", "report",
}  # fmt: skip


def incident(*drafts: Draft) -> Incident:
    declared = said.declared(
        number=14, title="Checkout fails", state="investigating", severity="P1", severity_why="40 % of users.",
        impact=Impact(users_pct=40, functions=("checkout",), is_security=False),
        members=said.Members(alerts=("a-1",), runs=("r-1",), services=("api",)),
    )  # fmt: skip
    made = folded(
        Event("incident/i-1", number, number, BEGAN + timedelta(minutes=number), "ada", draft.kind, draft.facts, "", "")
        for number, draft in enumerate([declared, *drafts], 1)
    )
    assert made is not None
    return made


def test_all_that_the_contract_names_is_there() -> None:
    assert set(incident_model(incident(), ())) >= CONTRACT


def test_it_is_json() -> None:
    model = incident_model(incident(said.task_set(1, "Call the bank", "open"), said.action_set(1, "Alert", "open")), ())

    assert msgspec.json.decode(msgspec.json.encode(model)) == model


def test_nobody_knows_since_when_before_somebody_said_so() -> None:
    model = incident_model(incident(), ())

    assert (model["started_at"], model["is_start_known"]) == ("2026-03-26T02:41:00+00:00", False)


def test_roles_are_who_has_them_now() -> None:
    model = incident_model(
        incident(said.role_given("commander", "ada"), said.role_given("commander", "ben", "ada")), ()
    )

    assert model["roles"] == {"commander": ["ben"]}
    assert [held["person"] for held in model["roles_held"]] == ["ada", "ben"]


def test_the_report_is_the_path_of_the_one_written_last() -> None:
    made = incident(
        said.written("report", "incidents/a.md", "p-1"), said.written("post-mortem", "incidents/b.md", "p-2")
    )

    assert (incident_brief(incident())["report"], incident_brief(made)["report"]) == (None, "incidents/a.md")


def test_what_nobody_said_of_the_impact_is_null() -> None:
    impact = incident_model(incident(), ())["impact"]

    assert (impact["users_pct"], impact["security"], impact["data"], impact["workaround"]) == (40, False, None, None)


def test_an_entry_has_both_its_times_in_utc() -> None:
    at = datetime(2026, 3, 26, 3, 45, tzinfo=timezone(timedelta(hours=1)))
    entry = TimelineEntry("incident/i-1:2", at, BEGAN, "note", "ada", "Restarted.")

    shown = incident_model(incident(), [entry])["timeline"][0]

    assert (shown["at"], shown["recorded_at"]) == ("2026-03-26T02:45:00+00:00", "2026-03-26T02:40:00+00:00")
    assert {"at", "recorded_at", "kind", "actor", "text"} <= set(shown)
