"""Alerts open an incident by the policy, join one, make it graver, and suggest its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.usecases.alert_world import BOOK, PAGERDUTY, AlertWorld
from tests.usecases.opening_world import LINE, POLICY, OpeningWorld, saying

from opsbook.ledger import incident_events as events
from opsbook.ledger.incident import stream_of
from opsbook.ledger.matchers import Matcher
from opsbook.ledger.signal import Source
from opsbook.usecases.incident_opener import MOST_OPENED, STORM
from opsbook.usecases.incident_writes import detaching, of

DRILL = Source("test", "alertmanager", "drill", is_drill=True)


@pytest.fixture
def world(tmp_path):
    world = OpeningWorld(tmp_path)
    yield world
    world.close()


def entries(world, incident=None) -> list[str]:
    """What the engine wrote to an incident."""
    found = world.ledger.read(stream_of((incident or world.incident).id))
    return [event.facts["text"] for event in found if event.kind == events.NOTED]


def test_an_alert_that_the_policy_names_opens_an_incident(world):
    world.hear(world.fires(starts_at=world.at - timedelta(minutes=2)))
    incident, alert, (page,) = world.incident, world.alert, world.pages
    assert (incident.number, incident.title, incident.severity) == (1, page.subject, "P0")
    assert (incident.origin, incident.policy, incident.state) == ("alerts", POLICY, "investigating")
    assert incident.started_at == incident.detected_at == alert.starts_at
    assert (incident.alerts, incident.pages, incident.services) == ((alert.id,), (page.id,), ("web",))
    assert (alert.incident, page.incident) == (1, 1)


def test_a_sender_whose_clock_is_ahead_opens_one_at_once(world):
    world.hear(world.fires(starts_at=world.at + timedelta(minutes=5)))
    assert world.incident.alerts == (world.alert.id,)


def test_without_a_line_nothing_opens_one(tmp_path):
    world = AlertWorld(tmp_path)
    world.hear(world.fires())
    assert world.ledger.rows("incidents") == [] and world.alert.incident is None
    world.close()


def test_alerts_that_the_policy_does_not_name_open_none(world):
    world.hear(world.fires(severity="warning"))
    assert world.incidents == []


def test_what_comes_together_in_one_group_is_one_incident(world):
    world.hear(*(world.fires(key=f"k{n}") for n in range(5)))
    assert len(world.incident.alerts) == 5
    assert {alert.incident for alert in world.alerts} == {1}


def test_another_alert_of_the_same_service_joins_the_live_incident(world):
    world.hear(world.fires(severity="high"))
    world.hear(world.fires("Web502", "k2", severity="high"))
    assert len(world.incident.alerts) == 2 and len(world.incident.pages) == 2
    assert {page.incident for page in world.pages} == {1}


def test_an_alert_of_another_service_opens_another(world):
    world.hear(world.fires())
    world.hear(world.fires("DbDown", "k2", labels={"service": "db"}))
    assert [each.services for each in world.incidents] == [("web",), ("db",)]


def test_an_alert_that_joins_the_page_of_an_incident_joins_it_whatever_its_severity(tmp_path):
    world = OpeningWorld(tmp_path, "- **Opens an Incident:** alerts of P0")
    world.hear(world.fires())
    world.hear(world.fires(key="k2", severity="high"))
    assert len(world.incident.alerts) == 2
    world.close()


@pytest.mark.parametrize("order", [("db", "web"), ("web", "db")])
def test_what_a_service_depends_on_and_the_service_are_one_incident(tmp_path, order):
    db = "# Database Runbook\n\n**Service:** db\n\n## Overview\n\nIt keeps.\n"
    web = BOOK["docs/operations/runbooks/web.md"].replace("**Service:** web", "**Service:** web  \n**Depends On:** db")
    pages = {"docs/operations/runbooks/db.md": db, "docs/operations/runbooks/web.md": web}
    world = OpeningWorld(tmp_path, pages=pages)
    for service in order:
        world.hear(world.fires(f"{service}Down", service, labels={"service": service}))
    assert world.incident.services == order
    world.close()


def test_a_graver_alert_makes_the_incident_graver(world):
    world.hear(world.fires(severity="high"))
    assert world.incident.severity == "P1"
    world.hear(world.fires("WebGone", "k2", severity="critical"))
    assert (world.incident.severity, world.incident.severity_why) == ("P0", "WebGone fires. It is P0.")


def test_an_alert_that_grows_graver_makes_its_incident_graver(world):
    world.hear(world.fires(severity="high"))
    world.at += timedelta(minutes=1)
    world.hear(world.fires(severity="critical", starts_at=world.at - timedelta(minutes=1)))
    assert world.incident.severity == "P0"
    assert {page.incident for page in world.pages} == {1}


def test_the_severity_that_a_person_chose_stays_and_its_reason_says_what_it_would_be(world):
    world.hear(world.fires(severity="high"))
    rated = events.rated("P2", "Only the staff is hindered.", by_matrix="P1", is_override=True)
    world.record(stream_of(world.incident.id), rated)
    world.hear(world.fires("WebGone", "k2", severity="critical"))
    assert world.incident.severity == "P2"
    assert world.incident.severity_why == (
        "Only the staff is hindered. (WebGone fires. That is P0; it stays P2, as a person chose.)"
    )


def test_what_comes_back_within_the_flap_window_reopens_its_incident(world):
    signal = world.fires()
    world.hear(signal)
    world.hear(world.ends(signal))
    world.record(stream_of(world.incident.id), events.moved("resolved"))
    world.at += timedelta(minutes=3)
    world.hear(world.fires())
    assert (world.incident.state, world.incident.regressions) == ("investigating", 1)
    world.record(stream_of(world.incident.id), events.moved("resolved"))
    world.at += timedelta(minutes=3)
    world.hear(world.fires("Web502", "k2"))
    assert (world.incident.state, world.incident.regressions) == ("investigating", 2)


def test_what_comes_back_later_opens_a_new_incident(world):
    signal = world.fires()
    world.hear(signal)
    world.hear(world.ends(signal))
    world.record(stream_of(world.incident.id), events.moved("resolved"))
    world.at += timedelta(minutes=30)
    world.hear(world.fires())
    assert [each.number for each in world.incidents] == [1, 2]


def test_an_incident_that_a_person_dismissed_stays_so_while_its_alerts_change(world):
    world.hear(world.fires())
    world.record(stream_of(world.incident.id), events.moved("dismissed"))
    world.hear(world.fires(annotations={"summary": "another word"}))
    assert world.incident.state == "dismissed"


def test_once_all_alerts_are_over_whoever_leads_is_told_and_nothing_is_resolved(world):
    one, other = world.fires(), world.fires("Web502", "k2")
    world.hear(one, other)
    world.record(stream_of(world.incident.id), events.role_given("commander", "ada"))
    world.hear(world.ends(one))
    assert entries(world) == []
    world.hear(world.ends(other))
    assert world.incident.state == "investigating"
    text = "All 2 alerts of it are over. Resolve INC-1 if nobody is hindered any more."
    assert entries(world) == [text]
    reminder = world.pages[-1]
    assert (reminder.subject, reminder.incident) == (f"INC-1: {text}", 1)
    assert reminder.policy.levels[0].targets == ("ada",)


def test_a_reminder_comes_once_however_often_it_flaps(world):
    world.hear(world.fires())
    world.record(stream_of(world.incident.id), events.role_given("commander", "ada"))
    for _ in range(2):
        world.hear(world.ends(world.fires()))
        world.at += timedelta(minutes=1)
        world.hear(world.fires())
    world.hear(world.ends(world.fires()))
    assert sum(page.group == "incident/1" for page in world.pages) == 1


def test_when_the_gravest_is_over_it_is_suggested_to_lower_the_severity(world):
    grave, other = world.fires(severity="critical"), world.fires("Web502", "k2", severity="high")
    world.hear(grave, other)
    world.hear(world.ends(grave))
    assert world.incident.severity == "P0"
    assert entries(world) == ["What still fires of it is P1 at the most. Lower INC-1 from P0 if that tells how it is."]


def test_drills_open_drills_and_never_meet_what_is_real(world):
    world.hear(world.fires(), source=DRILL)
    world.hear(world.fires())
    assert [(each.is_drill, each.number) for each in world.incidents] == [(True, 1), (False, 2)]


def test_a_silenced_alert_opens_none_until_it_is_released(world):
    until = world.at + timedelta(minutes=30)
    world.silences.add([Matcher("alertname", "WebDown")], starts_at=world.at, ends_at=until, by="ada", comment="Known.")
    world.hear(world.fires())
    assert world.alert.status == "suppressed" and world.incidents == []
    world.later(minutes=31)
    assert world.alert.incident == world.incident.number == 1


def test_an_alert_that_must_fire_for_a_while_opens_one_then(tmp_path):
    world = OpeningWorld(tmp_path, "- **Opens an Incident:** alerts of P0 after 10 minutes")
    short, long = world.fires("Short", "k1"), world.fires("Long", "k2")
    world.hear(short, long)
    world.later(minutes=5)
    world.hear(world.ends(short))
    assert world.incidents == []
    world.later(minutes=6)
    alert = next(each for each in world.alerts if each.name == "Long")
    assert world.incident.alerts == (alert.id,) and alert.incident == 1
    assert "incident" not in {timer.name for timer in world.timers("alert/")}
    world.close()


def test_the_sender_of_a_service_that_the_line_does_not_name_opens_none(tmp_path):
    world = OpeningWorld(tmp_path, "- **Opens an Incident:** alerts for shop as P1")
    world.hear(world.fires())
    assert world.incidents == []
    world.hear(world.fires("ShopDown", "k2", severity="warning", labels={"service": "shop"}))
    assert (world.incident.severity, world.incident.services) == ("P1", ("shop",))
    world.close()


def test_a_thousand_groups_at_once_are_a_few_incidents_and_one_storm(world):
    world.hear(*(world.fires(f"A{n}", f"k{n}", labels={"service": f"s{n % 100}"}) for n in range(1000)))
    incidents = world.incidents
    assert len(incidents) == MOST_OPENED + 1
    (storm,) = (each for each in incidents if STORM in each.tags)
    assert len(storm.services) == 100 - MOST_OPENED
    assert storm.title.startswith("Much at once: s") and storm.title.endswith("and 94 more services")
    assert sum(len(each.alerts) for each in incidents) == 1000
    assert {alert.incident for alert in world.alerts} == {each.number for each in incidents}
    attached = [kind for kind in world.kinds(stream_of(storm.id)) if kind == events.ATTACHED]
    assert len(attached) <= 5, "one for each transaction, and not for each alert"


def test_after_a_storm_what_begins_has_an_incident_of_its_own(world):
    world.hear(*(world.fires(f"A{n}", f"k{n}", labels={"service": f"s{n}"}) for n in range(6)))
    world.at += timedelta(minutes=20)
    world.hear(world.fires("Later", "later", labels={"service": "later"}))
    assert world.incidents[-1].services == ("later",)


def test_what_a_person_took_out_stays_out(world):
    world.hear(world.fires())
    world.ledger.record(detaching(world.incident, of(world.incident), "not ours"), actor="ada", at=world.at)
    world.hear(world.fires(annotations={"summary": "another word"}))
    assert world.alert.incident is None and world.incident.alerts == ()


def test_the_line_may_be_written_while_it_runs(tmp_path):
    world = AlertWorld(tmp_path)
    world.hear(world.fires(severity="high"))
    world.library.put(saying(LINE))
    world.hear(world.fires("WebDown", "k2", severity="high"))
    assert len(world.ledger.rows("incidents")) == 1
    world.close()


def test_where_no_line_and_no_incident_is_concerned_nothing_is_read(tmp_path):
    world = AlertWorld(tmp_path)
    asked: list[str] = []
    rows, latest = world.ledger.rows, world.ledger.latest
    world.ledger.rows = lambda view, **more: asked.append(view) or rows(view, **more)  # type: ignore[method-assign]
    world.ledger.latest = lambda view, groups: asked.append(view) or latest(view, groups)  # type: ignore[method-assign]
    world.hear(*(world.fires(key=f"k{n}") for n in range(20)))
    assert "incidents" not in asked
    world.close()


# -- whoever acknowledges ----------------------------------------------------------------------------------------------


def test_whoever_acknowledges_the_alert_takes_care_of_the_incident(world):
    world.hear(world.fires())
    world.at += timedelta(minutes=2)
    world.verbs.acknowledge([world.alert.id], "ada", via="web", why="I look.")
    incident = world.incident
    assert (incident.acknowledged_by, incident.acknowledged_at) == ("ada", world.at)
    assert incident.holders("commander") == ("ada",)
    world.at += timedelta(minutes=2)
    world.verbs.acknowledge([world.alert.id], "ben", via="web")
    assert world.incident.acknowledged_by == "ada" and world.incident.holders("commander") == ("ada",)


def test_whoever_acknowledges_a_page_of_several_groups_acknowledges_their_incident_once(world):
    world.hear(world.fires(), world.fires("Web502", "k2"))
    world.verbs.acknowledge([alert.id for alert in world.alerts], "ada", via="chat")
    kinds = world.kinds(stream_of(world.incident.id))
    assert kinds.count(events.ACKNOWLEDGED) == 1


def test_an_acknowledgement_by_the_senders_own_means_counts(world):
    signal = world.fires()
    world.hear(signal, source=PAGERDUTY)
    world.hear(replace(signal, action="acknowledged", by="ben"), source=PAGERDUTY)
    assert world.incident.acknowledged_by == "ben"
