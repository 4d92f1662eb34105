"""The timeline of an incident over a real ledger: what is on it, in which order, and what it costs to keep it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.usecases.timeline_world import START, World

from opsbook.ledger import alert_events, page_events, run_events
from opsbook.ledger import incident_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.incident_events import Members
from opsbook.usecases.incident_timeline import TimelineEntry, Timelines

ALL = Members(alerts=("a1",), pages=("p1",), services=("web",))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.ledger.close()


def test_an_alert_that_began_before_the_incident_stands_before_it(world: World) -> None:
    world.fire()
    world.forward(2)
    world.declare(ALL)
    assert [each.kind for each in world.entries()] == ["alert", "declared"]


def test_what_is_recorded_late_stands_where_it_happened(world: World) -> None:
    world.declare()
    world.forward(5)
    world.tell(events.noted("The second"))
    world.forward(30)
    world.tell(events.noted("The first", happened_at=START + timedelta(minutes=3)))
    first, second = world.entries()[1:]
    assert (first.text, second.text) == ("The first", "The second")
    assert first.recorded_at - first.at == timedelta(minutes=32)


def test_a_correction_shows_what_was_said_before(world: World) -> None:
    world.declare()
    (noted,) = world.tell(events.noted("Restarted db-1"))
    key = f"incident/i14:{noted.number}"
    world.tell(events.corrected(key, "It was the other one.", text="Restarted db-2"), actor="ben")
    entry = world.timelines.entry(world.find(), key)
    assert entry is not None
    assert (entry.text, entry.said) == ("Restarted db-2", (("Restarted db-1", "It was the other one.", "ben"),))


def test_a_correction_of_the_time_moves_the_entry(world: World) -> None:
    world.declare()
    world.forward(1)
    world.tell(events.noted("One"))
    world.forward(1)
    (two,) = world.tell(events.noted("Two"))
    world.entries()
    world.tell(events.corrected(f"incident/i14:{two.number}", "My clock.", happened_at=START + timedelta(seconds=9)))
    assert world.words()[1:] == ["Two", "One"]
    assert world.entries()[1].said[0][0] == "2026-03-27 03:12 UTC: Two"


def test_what_is_struck_stays_to_be_seen(world: World) -> None:
    world.declare()
    (noted,) = world.tell(events.noted("Nonsense"))
    world.tell(events.corrected(f"incident/i14:{noted.number}", "Another incident.", is_struck=True))
    entry = world.entries()[-1]
    assert entry.is_struck and entry.text == "Nonsense"


def test_an_entry_is_pinned_and_let_go(world: World) -> None:
    world.declare()
    (noted,) = world.tell(events.noted("The plan"))
    key = f"incident/i14:{noted.number}"
    world.tell(events.pinned(key, True))
    assert [each.key for each in world.timelines.select(world.find(), only_pinned=True)] == [key]
    world.tell(events.pinned(key, False))
    assert world.timelines.select(world.find(), only_pinned=True) == []


def test_a_message_is_one_entry_whatever_becomes_of_it(world: World) -> None:
    world.fire()
    world.page()
    world.declare(ALL)
    assert "to be sent" in world.words()[3]
    world.put("page/p1", page_events.attempt_begun(1, 1), page_events.attempt_ended(1, 1, "retrying", reason="busy"),
              page_events.attempt_begun(1, 2), page_events.attempt_ended(1, 2, "delivered"))  # fmt: skip
    told = [text for text in world.words() if text.startswith("Called")]
    assert told == ["Called: Ada Byron by sms …42 — delivered, 2 attempts."]


def test_one_acknowledgement_that_stands_in_several_streams_is_told_once(world: World) -> None:
    world.fire()
    world.page()
    world.declare(ALL)
    world.forward(1)
    world.put("alert/a1", alert_events.acknowledged("ada", None, via="web"))
    assert sum(each.kind == "ack" for each in world.entries()) == 1
    world.put("page/p1", page_events.page_acknowledged("ada", "web", None))
    world.tell(events.acknowledged("ada", "web"))
    told = [each.text for each in world.entries() if each.kind == "ack"]
    assert told == ["Acknowledged by ada (web)."]


def test_steps_are_told_with_their_results_and_not_with_their_output(world: World) -> None:
    plan = {"title": "Fail over", "steps": [{"number": "1", "text": "Promote the replica\nMore"}]}
    world.put("run/r1", _started(plan))
    world.declare(Members(runs=("r1",)))
    world.forward(1)
    world.put("run/r1", run_events.attempt_ended(
        "1", "k", outcome="finished", exit_code=0, is_ok=True, why="", started_at=world.now,
        ended_at=world.now + timedelta(seconds=1.5), tail="hunter2",
    ), run_events.step_ended("1", "done"), run_events.run_ended("succeeded", ""))  # fmt: skip
    assert world.words()[-2:] == ["Step 1 “Promote the replica” done (exit 0, 1.5 s).", "Run of “Fail over” succeeded."]
    assert world.entries()[-2].link == "/runs/r1#step-1"
    assert "hunter2" not in "".join(world.words())


def test_a_run_that_is_started_for_it_is_one_entry(world: World) -> None:
    world.declare()
    world.tell(events.attached(Members(runs=("r1",)), events.BY_ITS_START))
    world.put("run/r1", _started({"title": "Restart", "steps": []}))
    assert world.words()[1:] == ["Run of “Restart” started."]


def test_a_run_that_somebody_adds_later_says_so(world: World) -> None:
    world.declare()
    world.put("run/r1", _started({"title": "Restart", "steps": []}))
    world.tell(events.attached(Members(runs=("r1",)), "It helped."))
    assert "Belongs to it: 1 run: It helped." in world.words()


def _started(plan: dict[str, object]) -> run_events.Draft:
    return run_events.Draft(run_events.RUN_STARTED, {
        "plan": {"path": "a.md", "anchor": "b", **plan}, "commit": None, "is_dry": False, "incident": None,
        "aliases": [], "editor": "", "node": "n", "is_interactive": True, "assumes_yes": False, "document": "",
        "blob": "", "is_trusted": False, "is_stepwise": False,
    })  # fmt: skip


def test_health_of_its_services_is_told_within_its_time(world: World) -> None:
    world.health("unhealthy")
    world.forward(120)
    world.health("healthy")
    world.forward(5)
    world.health("unhealthy", probe="k2", service="other")
    world.declare(ALL)
    world.forward(10)
    world.health("unhealthy")
    assert [each.text[:17] for each in world.entries() if each.kind == "health"] == [
        "web is healthy: 3", "web is unhealthy:",
    ]  # fmt: skip
    world.tell(events.moved("resolved"))
    world.forward(60)
    world.health("healthy")
    assert sum(each.kind == "health" for each in world.entries()) == 2


def test_a_probe_that_is_new_is_found(world: World) -> None:
    world.declare(ALL)
    world.entries()
    world.health("unhealthy", probe="new")
    assert world.entries()[-1].kind == "health"


def test_what_was_taken_away_keeps_only_what_happened_until_then(world: World) -> None:
    world.fire()
    world.declare(ALL)
    world.entries()
    world.tell(events.detached(Members(alerts=("a1",)), "It is another matter."))
    world.declare(Members(alerts=("a1",)), number=15, id="i15")
    world.forward(1)
    world.put("alert/a1", alert_events.resolved("sender", world.now, ""))
    assert [each.text for each in world.entries() if each.kind == "alert"] == ["Alert WebDown fires (P1, web): It is down"]
    assert [each.text for each in world.entries("i15") if each.kind == "alert"][-1] == "Alert WebDown is over."
    assert len([each for each in world.entries("i15") if each.kind == "alert"]) == 2


def test_the_newest_come_first_and_a_key_says_where_to_go_on(world: World) -> None:
    world.declare()
    for number in range(10):
        world.forward(1)
        world.tell(events.noted(f"Note {number}", "decision" if number % 2 else "note"))
    incident = world.find()
    first = world.timelines.select(incident, limit=3)
    assert [each.text for each in first] == ["Note 9", "Note 8", "Note 7"]
    older = world.timelines.select(incident, limit=2, before=first[-1].key)
    assert [each.text for each in older] == ["Note 6", "Note 5"]
    newer = world.timelines.select(incident, limit=2, after=older[-1].key)
    assert [each.text for each in newer] == ["Note 7", "Note 6"]
    assert [each.text for each in world.timelines.select(incident, kinds=["decision"], words="NOTE 3")] == ["Note 3"]
    assert world.timelines.select(incident, before="incident/none:1") == []


def test_news_are_what_changed_behind_a_position(world: World) -> None:
    world.fire()
    world.declare(ALL)
    news = world.timelines.news(world.find(), 0)
    assert len(news.entries) == 2
    (noted,) = world.tell(events.noted("New"))
    news = world.timelines.news(world.find(), news.position)
    assert [each.text for each in news.entries] == ["New"]
    assert world.timelines.news(world.find(), news.position).entries == []
    world.tell(events.pinned(f"incident/i14:{noted.number}", True))
    assert [each.is_pinned for each in world.timelines.news(world.find(), news.position).entries] == [True]


def test_an_alert_that_is_attached_later_is_news_from_its_beginning(world: World) -> None:
    world.fire()
    world.declare()
    position = world.timelines.news(world.find(), 0).position
    world.tell(events.attached(Members(alerts=("a1",)), "By the label service."))
    assert [each.kind for each in world.timelines.news(world.find(), position).entries] == ["alert", "relation"]


def test_after_something_was_taken_away_all_is_asked_for_anew(world: World) -> None:
    world.fire()
    world.declare(ALL)
    position = world.timelines.news(world.find(), 0).position
    world.tell(events.detached(Members(alerts=("a1",)), ""))
    assert world.timelines.news(world.find(), position).is_anew


def test_streams_lead_to_the_live_incident_that_they_concern(world: World) -> None:
    world.fire()
    world.declare(ALL)
    ask = world.timelines.concerns
    assert (ask("alert/a1"), ask("page/p1"), ask("incident/i14"), ask("alert/a2")) == (14, 14, 14, None)
    world.health("unhealthy")
    assert ask("probe/k1") == 14
    world.tell(events.attached(Members(alerts=("a2",)), ""))
    assert ask("incident/i14") == 14 and ask("alert/a2") == 14
    world.tell(events.moved("resolved"))
    assert ask("incident/i14") == 14 and ask("alert/a2") is None


def test_a_deploy_that_a_sender_told_of_stands_where_it_happened(world: World) -> None:
    deploy = TimelineEntry("batch/b:1", START - timedelta(minutes=4), START, "deploy", "ci", "Deploy (web): v3")
    asked: list[tuple[str, ...]] = []

    def told(services: Sequence[str], since: datetime, until: datetime) -> list[TimelineEntry]:
        asked.append(tuple(services))
        return [deploy] if since <= deploy.at <= until else []

    world.timelines = Timelines(world.ledger, now=lambda: world.now, told=told)
    world.declare(ALL)
    world.forward(1)
    assert [each.kind for each in world.entries()] == ["deploy", "declared"]
    assert asked == [("web",)]
    world.put("batch/c", Draft("AlertsReceived", {}))
    assert [each.kind for each in world.entries()] == ["deploy", "declared"]
    assert len(asked) == 2


def test_an_update_that_could_not_be_handed_over_is_told(world: World) -> None:
    world.declare(ALL)
    world.put("incident/i14", events.update_undelivered(2, "mail:team@…", "It was refused"))
    assert world.entries()[-1].text == "Update 2 could not be handed to mail:team@…: It was refused"


def test_the_tasks_that_the_page_wants_at_once_are_one_entry(world: World) -> None:
    world.declare()
    page = "docs/operations/incidents/incident-response.md"
    world.tell(*(events.task_set(task, f"Do {task}", "open", origin=f"{page}#checklist") for task in (1, 2, 3)))
    assert [each.text for each in world.entries()[1:]] == ["3 tasks to do, as the policy page has them."]
    world.forward(1)
    world.tell(events.task_set(2, "Do 2", "done", origin=f"{page}#checklist"))
    world.tell(events.task_set(4, "Call the vendor", "open"))
    world.forward(1)
    world.tell(events.task_set(5, "Name the scribe", "open", origin=f"{page}#roles"))
    assert world.words()[2:] == ["Done: Do 2", "To do: Call the vendor", "To do: Name the scribe"]
    assert [each.text for each in world.timelines.news(world.find(), 0).entries] == world.words()
