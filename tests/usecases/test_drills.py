"""A drill goes through the whole real path, to volunteers alone, and what is real notices nothing of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.usecases.alert_world import BOOK
from tests.usecases.drill_world import DrillWorld
from tests.usecases.incident_world import IncidentWorld

from opsbook.book.plan import Plan
from opsbook.ground.errors import Fenced, Refusal, Usage
from opsbook.ledger import alert_events
from opsbook.ledger.drill import next_alert_at
from opsbook.ledger.drill_events import LABEL, DrillLevel
from opsbook.ledger.incident_events import Members
from opsbook.ledger.matchers import Matcher as Asked
from opsbook.ledger.run_events import run_ended, run_started
from opsbook.ledger.silence import Silence
from opsbook.usecases.drill_desk import DrillDesk, Wanted, without_step
from opsbook.usecases.silences import Silences

WHERE = "docs/operations/runbooks/web.md#issue-nginx-is-down-or-will-not-start"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DrillWorld]:
    made = DrillWorld(tmp_path, BOOK)
    yield made
    made.close()


def test_an_alert_of_the_book_alone_makes_a_scene_with_its_section_as_the_answer(world: DrillWorld) -> None:
    scene = world.maker.of_alert("WebDown")
    assert (scene.service, scene.sections, scene.procedures) == ("web", (WHERE,), (WHERE,))
    assert scene.reveals[0] == "It is about the service web."
    assert scene.reveals[-1] == "Step 2: Put the last good copy back."


def test_an_alert_that_no_page_speaks_of_cannot_be_drilled_and_a_slip_is_guessed(world: DrillWorld) -> None:
    with pytest.raises(Usage, match="Did you mean 'WebDown'"):
        world.maker.of_alert("WebDwn")


def test_a_section_is_drilled_with_the_alert_that_it_names(world: DrillWorld) -> None:
    assert world.maker.of_section(WHERE).alerts == world.maker.of_alert("WebDown").alerts


def test_those_alone_who_joined_are_paged_whoever_is_on_call(world: DrillWorld) -> None:
    drill = world.begun(world.maker.of_alert("WebDown"), "ben")
    assert [each.is_drill for each in (*world.alerts, *world.pages)] == [True, True]
    world.later(minutes=40)
    assert {line.split()[0] for line in world.mail()} == {"ben@example.org"}
    assert world.pages[0].policy.catch_all == ()
    assert world.drills.find(drill.id).state == "running"


def test_a_drill_that_nobody_joined_does_not_start(world: DrillWorld) -> None:
    drill = world.drills.plan(world.maker.of_alert("WebDown"), "ada")
    with pytest.raises(Refusal, match="Nobody has joined"):
        world.drills.start(drill.id, "ada")


def test_alerts_come_at_the_distances_of_then_divided_by_the_speed(world: DrillWorld) -> None:
    scene = world.maker.of_alert("WebDown")
    second = replace(scene.alerts[0], labels={**scene.alerts[0].labels, "alertname": "ApiDown"}, after_s=600.0)
    world.begun(replace(scene, alerts=(*scene.alerts, second)), "ben", speed=10)
    world.later(seconds=59)
    assert [each.name for each in world.alerts] == ["WebDown"]
    world.later(seconds=2)
    assert [each.name for each in world.alerts] == ["WebDown", "ApiDown"]


def test_the_levels_of_the_real_escalation_come_by_the_clock_of_the_drill_to_volunteers(world: DrillWorld) -> None:
    scene = world.maker.of_alert("WebDown")
    assert scene.levels == (DrillLevel(0.0, scene.levels[0].why), DrillLevel(300.0, scene.levels[1].why))
    world.begun(scene, "ben", speed=10)
    assert [each.after_s for each in world.pages[0].policy.levels] == [0.0, 30.0]
    world.mail()
    world.later(seconds=31)
    assert world.mail() == ["ben@example.org [page] WebDown: WebDown fires. Port 80 refuses connections."]


def test_a_pause_ends_its_alerts_and_pages_and_they_come_again_when_it_goes_on(world: DrillWorld) -> None:
    drill = world.begun(world.maker.of_alert("WebDown"), "ben")
    world.drills.pause(drill.id, "ben")
    world.tick()
    assert {each.status for each in world.alerts} == {"resolved"}
    assert not any(each.is_open for each in world.pages)
    world.later(minutes=3)
    world.drills.go_on(drill.id, "ben")
    world.tick()
    assert [each.status for each in world.alerts][-1] == "firing"
    assert [each.is_open for each in world.pages][-1]


def test_a_stop_ends_all_of_it_though_the_inlet_is_away_at_first(world: DrillWorld) -> None:
    drill = world.begun(world.maker.of_alert("WebDown"), "ben")
    world.is_away = True
    world.drills.stop(drill.id, "ben")
    world.tick()
    assert not any(each.is_open for each in world.pages)
    world.is_away = False
    world.later(seconds=30)
    assert {each.status for each in world.alerts} == {"resolved"}
    assert not world.drills.find(drill.id).is_loud


def test_alerts_that_were_not_taken_are_posted_again_with_the_same_times(world: DrillWorld) -> None:
    world.is_away = True
    drill = world.begun(world.maker.of_alert("WebDown"), "ben")
    begun = world.at
    assert world.alerts == []
    world.is_away = False
    world.later(seconds=6)
    assert [each.starts_at for each in world.alerts] == [begun]
    assert world.drills.find(drill.id).sent["0"].is_taken


def test_killed_between_the_intent_and_the_post_its_alert_comes_once_from_whoever_goes_on(world: DrillWorld) -> None:
    world.driller._aside = lambda job: None  # the process ends here
    begun = world.begun(world.maker.of_alert("WebDown"), "ben")
    assert begun.sent and not world.posted
    world.build()
    world.later(seconds=20)
    assert (len(world.posted), len(world.alerts), len(world.mail())) == (1, 1, 1)


def test_killed_between_the_post_and_its_record_nobody_is_paged_twice(world: DrillWorld) -> None:
    drill = world.drills.plan(world.maker.of_alert("WebDown"), "ada")
    world.drills.join(drill.id, "ben")
    world.drills.start(drill.id, "ben")
    post, world.post = world.post, lambda alerts, token: _ends(world.post_real(alerts, token))
    world.post_real = post
    with pytest.raises(KeyboardInterrupt):
        world.tick()
    world.post = post
    world.build()
    world.later(seconds=20)
    assert (len(world.posted), len(world.alerts), len(world.mail())) == (2, 1, 1)


def test_killed_when_it_was_stopped_its_alerts_end_by_whoever_goes_on(world: DrillWorld) -> None:
    drill = world.begun(world.maker.of_alert("WebDown"), "ben")
    world.drills.stop(drill.id, "ben")
    world.driller._aside = lambda job: None
    world.tick()
    world.build()
    world.later(seconds=20)
    assert {each.status for each in world.alerts} == {"resolved"}


def test_a_leader_that_was_replaced_posts_nothing(world: DrillWorld) -> None:
    drill = world.drills.plan(world.maker.of_alert("WebDown"), "ada")
    world.drills.join(drill.id, "ben")
    world.drills.start(drill.id, "ben")
    world.ledger.release(world.lease)
    assert world.ledger.claim("pager", "another", 60.0) is not None
    with pytest.raises(Fenced):
        world.tick()
    assert not world.posted


def _ends(done: None) -> None:
    raise KeyboardInterrupt


def test_what_is_real_is_in_no_group_with_a_drill_and_two_drills_neither(world: DrillWorld) -> None:
    for person in ("ada", "ben"):
        world.begun(world.maker.of_alert("WebDown"), person)
    assert len({each.group for each in world.alerts}) == 2
    assert {line.split()[0] for line in world.mail()} == {"ada@example.org", "ben@example.org"}


def test_the_score_is_what_each_did_and_when_while_the_clock_ran(world: DrillWorld) -> None:
    drill = world.begun(world.maker.of_alert("WebDown"), "ben")
    world.later(seconds=20)
    world.pages_of.acknowledge(world.pages[0].id, "ben", via="web")
    world.drills.pause(drill.id, "ben")
    world.later(minutes=5)
    world.drills.go_on(drill.id, "ben")
    world.later(seconds=10)
    assert not world.drills.answer(drill.id, "ben", "section", "runbooks/web.md#issue-web-answers-502")[1]
    assert world.drills.reveal(drill.id, "ben")[1] == "It is about the service web."
    assert world.drills.answer(drill.id, "ben", "section", f"`{WHERE}`")[1]
    (score,) = world.drills.score(world.drills.find(drill.id))
    assert (score.acknowledged_s, score.section_s, score.step_s) == (20.0, 30.0, None)
    assert (score.reveals, score.wrong, score.is_complete(drill.scene)) == (1, 1, False)


def test_a_drill_is_over_by_itself_once_everybody_has_done_all(world: DrillWorld) -> None:
    scene = replace(world.maker.of_alert("WebDown"), steps=("2",))
    drill = world.begun(scene, "ben")
    world.pages_of.acknowledge(world.pages[0].id, "ben", via="web")
    world.drills.answer(drill.id, "ben", "section", WHERE)
    world.drills.answer(drill.id, "ben", "step", "step 2")
    world.later(seconds=10)
    found = world.drills.find(drill.id)
    assert (found.state, found.ended_how) == ("over", "done")
    assert {each.status for each in world.alerts} == {"resolved"}


def test_a_drill_that_nobody_ends_is_over_an_hour_behind_its_last_alert(world: DrillWorld) -> None:
    drill = world.begun(world.maker.of_alert("WebDown"), "ben")
    world.later(hours=1, seconds=10)
    assert world.drills.find(drill.id).ended_how == "time"
    assert {each.status for each in world.alerts} == {"resolved"}


def test_who_does_not_take_part_neither_answers_nor_is_told_the_answer(world: DrillWorld) -> None:
    drill = world.begun(world.maker.of_alert("WebDown"), "ben")
    for tried in (
        lambda: world.drills.reveal(drill.id, "ada"),
        lambda: world.drills.answer(drill.id, "ada", "section", WHERE),
    ):
        with pytest.raises(Refusal, match="does not take part"):
            tried()


def silenced(world: DrillWorld, *matchers: Asked) -> Silence:
    silences = Silences(world.ledger, now=lambda: world.at, chance=secrets.token_bytes)
    return silences.add(
        matchers, starts_at=world.at, ends_at=world.at + timedelta(hours=1), by="ada", comment="Work on the web"
    )


def test_a_silence_of_real_alerts_holds_no_drill_and_one_that_names_it_does(world: DrillWorld) -> None:
    silenced(world, Asked("alertname", "WebDown"))
    world.begun(world.maker.of_alert("WebDown"), "ben")
    assert [each.status for each in world.alerts] == ["firing"]
    assert len(world.mail()) == 1
    silenced(world, Asked("alertname", "WebDown"), Asked(LABEL, ".+", is_regex=True))
    world.begun(world.maker.of_alert("WebDown"), "ada")
    assert world.mail() == []


def test_how_long_it_is_to_the_next_alert_is_by_the_clock_of_the_drill(world: DrillWorld) -> None:
    scene = world.maker.of_alert("WebDown")
    second = replace(scene.alerts[0], labels={**scene.alerts[0].labels, "alertname": "ApiDown"}, after_s=600.0)
    drill = world.begun(replace(scene, alerts=(*scene.alerts, second)), "ben", speed=10)
    assert next_alert_at(drill, world.at) == world.at + timedelta(minutes=1)
    assert next_alert_at(drill, world.at + timedelta(minutes=1)) is None


REPORT = """# Incident: The web was down

**Date:** 2026-11-20
**Severity:** P1
**Services Affected:** web

## Timeline

- 10:00 - WebDown fires
- 10:12 - The last good configuration is put back

## Resolution

The last good copy was put back.
"""


def test_a_report_of_the_book_is_drilled_by_the_alert_that_it_names_with_what_was_done_told(world: DrillWorld) -> None:
    path = "docs/operations/incidents/2026-11-20-web-down.md"
    world.library.put({**world.library.pages, path: REPORT})
    scene = world.maker.of_report("incidents/2026-11-20-web-down.md")
    assert ([each.name for each in scene.alerts], scene.sections, scene.source) == (["WebDown"], (WHERE,), path)
    assert "last good configuration" in "".join(scene.reveals), scene.reveals
    with pytest.raises(Usage, match="no incident report"):
        world.maker.of_report("runbooks/web.md")


def past(world: DrillWorld) -> tuple[IncidentWorld, int]:
    """An incident with two alerts, a minute and a half apart, that ended together five minutes behind the first."""
    incidents = IncidentWorld(world.ledger)
    ids = []
    for name, ago_s in (("WebDown", 300.0), ("WebSlow", 210.0)):
        fired = alert_events.fired(
            key=name, source="am", source_group="am", labels={"alertname": name, "service": "web"}, annotations={},
            fingerprint=name, starts_at=incidents.at - timedelta(seconds=ago_s), ends_at=None, severity="P1",
            severity_why="its label says so", service="web", group="g", place=None,
        )  # fmt: skip
        ids.append(f"261126-100000-{name.lower()}")
        world.ledger.append(f"alert/{ids[-1]}", (fired,), expected=0, actor="router", at=incidents.at)
        ended = alert_events.resolved("sender", incidents.at, "It is over.")
        world.ledger.append(f"alert/{ids[-1]}", (ended,), expected=1, actor="router", at=incidents.at)
    return incidents, incidents.declare("The web is down", members=Members(alerts=tuple(ids))).number


def test_an_incident_of_the_ledger_is_drilled_as_its_alerts_came_and_one_that_is_live_is_not(world: DrillWorld) -> None:
    incidents, number = past(world)
    desk = DrillDesk(world.drills, lambda: world.maker, world.ledger, lambda: world.at)
    with pytest.raises(Usage, match="is not over"):
        desk.scene(Wanted(incident=number))
    incidents.acts.move(number, "ada", "resolved")
    scene = desk.scene(Wanted(incident=number))
    assert [(each.name, each.after_s, each.lasts_s) for each in scene.alerts] == [
        ("WebDown", 0.0, 300.0), ("WebSlow", 90.0, 210.0),
    ]  # fmt: skip
    assert (scene.kind, scene.sections) == ("incident", (WHERE,))
    with pytest.raises(Usage, match="no incident 99"):
        desk.scene(Wanted(incident=99))


def test_a_run_of_the_right_procedure_counts_as_the_right_step_and_its_success_as_practice(world: DrillWorld) -> None:
    drill = world.begun(world.maker.of_alert("WebDown"), "ben")
    world.later(seconds=9)
    path, _, anchor = WHERE.partition("#")
    plan = Plan(path, anchor, "Start it", ())
    begun = run_started(plan, document="", blob="", commit=None, aliases=(), editor="", node="here",
                        is_interactive=True, assumes_yes=True, is_dry=False)  # fmt: skip
    world.ledger.append("run/261126-100009-aaaa", (begun,), expected=0, actor="ben", at=world.at)
    (score,) = world.drills.score(world.drills.find(drill.id))
    assert (score.step_s, score.step_how, score.practised) == (9.0, "run", ())
    world.ledger.append("run/261126-100009-aaaa", (run_ended("succeeded", ""),), expected=1, actor="runner", at=world.at)
    (score,) = world.drills.score(world.drills.find(drill.id))
    assert score.practised == (WHERE,)


LIST = """# Alerts

### LogFull

- **Expression:** `log_bytes > 1`
- **Severity:** warning
- **Service:** web
"""
FULL = """

### Issue: the log is full

**Symptoms:** `LogFull` fires.

**Cause:** Nothing turned it.

**Solution:**

1. Turn it.
   ```bash
   logrotate -f conf/logrotate.conf
   ```
"""


def _listed(tmp_path: Path, more: str) -> DrillWorld:
    web = BOOK["docs/operations/runbooks/web.md"] + more
    pages = {**BOOK, "docs/operations/runbooks/web.md": web, "docs/operations/monitoring/alerts/web.md": LIST}
    return DrillWorld(tmp_path, pages)


def test_the_answer_is_the_entry_with_steps_and_not_the_list_of_fields_of_its_rule(tmp_path: Path) -> None:
    world = _listed(tmp_path, FULL)
    scene = world.maker.of_alert("LogFull")
    where = "docs/operations/runbooks/web.md#issue-the-log-is-full"
    assert (scene.service, scene.sections, scene.steps) == ("web", (where,), ("1",))
    assert scene.alerts[0].labels["service"] == "web"
    world.close()


def test_where_no_page_tells_steps_that_is_said_and_the_drill_ends_without_one(tmp_path: Path) -> None:
    world = _listed(tmp_path, "")
    drill = world.begun(world.maker.of_alert("LogFull"), "ben")
    assert "no right step" in without_step(drill.scene)
    with pytest.raises(Refusal, match="no right one to name"):
        world.drills.answer(drill.id, "ben", "step", "1")
    world.pages_of.acknowledge(world.pages[0].id, "ben", via="web")
    assert world.drills.answer(drill.id, "ben", "section", drill.scene.sections[0])[1]
    world.tick()
    assert world.drills.find(drill.id).ended_how == "done"
    world.close()


def test_a_second_drill_of_the_same_is_refused_to_who_is_in_one_until_they_insist(world: DrillWorld) -> None:
    scene = world.maker.of_alert("WebDown")
    first = world.begun(scene, "ben")
    second = world.drills.join(world.drills.plan(scene, "ben").id, "ben")
    with pytest.raises(Refusal, match=first.id):
        world.drills.start(second.id, "ben")
    assert world.drills.start(second.id, "ben", again=True).state == "running"


def test_a_drill_of_the_same_by_somebody_else_keeps_nobody_from_it(world: DrillWorld) -> None:
    world.begun(world.maker.of_alert("WebDown"), "ben")
    assert world.begun(world.maker.of_alert("WebDown"), "ada").state == "running"
