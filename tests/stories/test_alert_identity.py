"""What one alert is, and when it is over: the complaints about other tools, each as a story with a moved clock.

The numbers are those of the list in the reference of incidents, part B and C.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from tests.usecases.alert_world import API, HOOK, PAGERDUTY, AlertWorld

from opsbook.ledger.inbound import alertmanager
from opsbook.ledger.matchers import Matcher, matchers_of
from opsbook.ledger.signal import Signal, Source
from opsbook.usecases.opsgenie_view import model as opsgenie_model

OPSGENIE = Source("genie", "opsgenie", "genie")


@pytest.fixture
def world(tmp_path):
    world = AlertWorld(tmp_path)
    yield world
    world.close()


@dataclass
class Sender:
    """An Alertmanager that sends bodies as they were recorded."""

    world: AlertWorld
    payloads: Path

    def sends(self, name: str) -> None:
        body = (self.payloads / f"{name}.json").read_bytes()
        self.world.receiving.receive(HOOK, alertmanager.parse(body), body)
        self.world.route()


@pytest.fixture
def sender(world, corpora):
    return Sender(world, corpora.parent / "payloads")


def open_keys(world) -> set[str]:
    return {alert.key for alert in world.alerts if alert.is_open}


# 11: two alerts with the same words are two alerts


def test_alerts_that_read_the_same_are_not_merged(world):
    same = {"summary": "Disk is full"}
    world.hear(
        Signal("a", "firing", {"alertname": "DiskFull", "instance": "db-1"}, same, world.at),
        Signal("b", "firing", {"alertname": "DiskFull", "instance": "db-2"}, same, world.at),
    )
    world.hear(Signal("a", "resolved", {"alertname": "DiskFull", "instance": "db-1"}, same, world.at))
    assert open_keys(world) == {"b"}


def test_alerts_without_a_name_are_groups_of_their_own_however_they_read(world):
    for key in ("x", "y"):
        world.hear(Signal(key, "firing", {}, {"summary": "Disk is full"}), source=PAGERDUTY)
    assert len({alert.group for alert in world.alerts}) == 2 == len(world.pages)


def test_the_same_key_of_two_groups_of_senders_is_two_alerts(world):
    world.hear(world.fires(key="1"))
    world.hear(world.fires(key="1"), source=Source("other", "alertmanager", "other"))
    assert len(world.alerts) == 2


# 12: neither too early nor never


def test_one_of_a_group_that_is_over_does_not_end_the_others(sender, world):
    sender.sends("fire-250")
    assert len(open_keys(world)) == 250 and len(world.pages) == 1
    sender.sends("grouped-150firing-100resolved")
    assert len([alert for alert in world.alerts if alert.is_open]) >= 150
    assert any(page.state == "active" for page in world.pages)


def test_what_was_cut_off_is_unknown_and_not_over(sender, world):
    sender.sends("fire-250")
    sender.sends("fire-250-truncated-at-50")
    assert len([alert for alert in world.alerts if alert.is_open]) >= 250


def test_an_end_that_tells_of_an_earlier_episode_ends_nothing(world):
    first = world.fires()
    world.hear(first)
    world.later(minutes=5)
    ended = world.ends(first)
    world.hear(ended)
    world.later(minutes=1)
    world.hear(world.fires())
    assert world.alert.status == "firing" and world.alert.episodes == 2
    world.hear(ended)
    assert world.alert.status == "firing"


def test_a_silent_sender_makes_an_alert_stale_and_never_over(world):
    fires = world.fires()
    world.hear(fires)
    for _ in range(3):
        world.later(hours=4)
        world.receive(fires)
    world.later(hours=30)
    assert world.alert.status == "stale" and "nobody knows" in world.alert.why
    assert [page.state for page in world.pages] == ["active"]
    world.hear(fires)
    assert world.alert.status == "firing"


# 13: what still fires is not over because somebody says so; one alert is silenced, not its group


def test_what_a_person_ends_opens_again_when_it_begins_anew(world):
    world.hear(world.fires())
    world.later(minutes=1)
    world.verbs.resolve(["WebDown"], "ada")
    world.later(minutes=1)
    world.hear(world.fires())
    assert world.alert.status == "firing" and "it still fires" in world.alert.why


def test_a_silence_of_one_alert_leaves_its_group(world):
    world.hear(world.fires(key="web-1"), world.fires(key="web-2"))
    world.silences.add(
        [Matcher("instance", "web-1")], starts_at=world.at, ends_at=world.at + timedelta(hours=1), by="ada",
        comment="It is being mended.",
    )  # fmt: skip
    world.later(seconds=1)
    assert [alert.status for alert in world.alerts] == ["suppressed", "firing"]
    (page,) = world.pages
    assert page.state == "active" and len(page.alerts) == 1


def test_what_ends_while_it_is_silent_is_over_and_pages_nobody(world):
    fires = world.fires()
    world.silences.add(
        [Matcher("service", "web")], starts_at=world.at, ends_at=world.at + timedelta(hours=1), by="ada", comment="x y"
    )
    world.hear(fires)
    world.hear(world.ends(fires))
    world.later(hours=2)
    assert world.alert.status == "resolved" and world.pages == []


# 14: repeats are neither dropped nor counted as news


def test_thousands_of_repeats_are_one_alert_and_few_events(world):
    fires = world.fires()
    world.hear(fires)
    before = world.ledger.head()
    for _ in range(500):
        world.later(minutes=1)
        world.receive(fires)
    world.route()
    assert world.ledger.head() - before < 5
    assert len(world.pages) == 1 and world.alert.status == "firing"


def test_a_repeat_with_other_words_is_told(world):
    world.hear(world.fires(starts_at=world.at))
    world.hear(world.fires(starts_at=world.at, annotations={"summary": "It is worse"}))
    assert world.alert.annotations["summary"] == "It is worse" and len(world.pages) == 1


def test_what_flaps_is_one_alert_and_wakes_people_less_and_less(world):
    for _ in range(6):
        fires = world.fires()
        world.hear(fires)
        world.later(seconds=30)
        world.hear(world.ends(fires))
        world.later(seconds=30)
    assert world.alert.episodes == 6
    world.hear(world.fires())
    due = [timer.due for timer in world.timers("page/") if timer.stream == f"page/{world.pages[-1].id}"]
    assert due[0] > world.at  # it waits for the window; if it fires on, people are woken


def test_an_alert_that_comes_back_much_later_is_another_episode(world):
    first = world.fires()
    world.hear(first)
    world.hear(world.ends(first))
    world.later(hours=1)
    world.hear(world.fires())
    assert [alert.status for alert in world.alerts] == ["resolved", "firing"]


# 15: highly available senders say everything twice, and late


def test_the_second_of_two_senders_pages_nobody_again(sender, world):
    sender.sends("fire-1")
    sender.sends("repeat-1")
    assert (len(world.alerts), len(world.pages)) == (1, 1)


def test_a_late_delivery_does_not_open_what_is_over(world):
    fires = world.fires()
    world.hear(fires)
    world.later(minutes=1)
    world.hear(world.ends(fires))
    world.later(minutes=1)
    world.receiving.forget("am", "k1")
    world.hear(fires)
    assert world.alert.status == "resolved" and len(world.pages) == 1


def test_two_senders_that_tell_starts_some_seconds_apart_are_one_episode(world):
    world.hear(world.fires(ends_at=world.at + timedelta(minutes=5)), source=API)
    world.later(seconds=40)
    world.hear(world.fires(ends_at=world.at + timedelta(minutes=5)), source=API)
    assert (len(world.alerts), world.alert.episodes) == (1, 1)


# 16, 17: the end arrives, at once


def test_the_end_comes_through_and_ends_the_page(sender, world):
    sender.sends("fire-1")
    world.later(seconds=47)
    sender.sends("resolve-1")
    assert world.alert.status == "resolved"
    assert [(page.state, page.ended_how) for page in world.pages] == [("done", "resolved")]


def test_what_fired_and_ended_while_nobody_listened_is_recorded_with_the_reason(sender, world):
    sender.sends("resolve-150")
    assert {alert.status for alert in world.alerts} == {"resolved"} and len(world.alerts) == 150
    assert world.pages == [] and "over before" in world.alerts[0].why_not_paged


def test_a_story_in_one_body_is_read_in_order(world):
    first = world.fires()
    world.receive(first)
    world.receive(world.ends(first))
    world.receive(world.fires(starts_at=world.at + timedelta(seconds=1)))
    world.route()
    assert (len(world.alerts), world.alert.status, world.alert.episodes) == (1, "firing", 2)


def test_what_fired_and_ended_before_it_was_routed_wakes_nobody(world):
    first = world.fires()
    world.receive(first)
    world.receive(world.ends(first))
    world.route()
    assert world.alert.status == "resolved" and world.pages == []


# 18, 19: acknowledging, its end, and what comes from afar


def test_what_is_acknowledged_is_woken_for_again_by_something_new(world):
    world.hear(world.fires(key="k1"))
    world.verbs.acknowledge(["WebDown"], "ada", via="web")
    world.hear(world.fires(key="k2"))
    (page,) = world.pages
    assert len(page.alerts) == 2 and page.news
    assert [timer.due for timer in world.timers("page/")] == [world.at]


def test_a_trigger_does_not_wake_whoever_acknowledged_it(world):
    trigger = Signal("disk", "firing", {"service": "web"}, {"summary": "Disk is full"}, severity="critical")
    world.hear(trigger, source=PAGERDUTY)
    world.hear(Signal("disk", "acknowledged", by="bot"), source=PAGERDUTY)
    assert world.alert.status == "acknowledged" and world.pages[0].state == "acknowledged"
    world.later(minutes=1)
    world.hear(trigger, source=PAGERDUTY)
    assert world.alert.status == "acknowledged" and not world.pages[0].news


def test_an_answer_to_what_is_not_open_is_dropped_and_kept_in_its_batch(world):
    world.hear(Signal("disk", "acknowledged"), Signal("disk", "resolved"), source=PAGERDUTY)
    assert world.alerts == [] and len(world.ledger.streams("batch/")) == 1


def test_after_its_end_a_trigger_much_later_is_another_alert(world):
    trigger = Signal("disk", "firing", {}, {"summary": "Disk is full"}, severity="critical")
    world.hear(trigger, source=PAGERDUTY)
    world.later(minutes=1)
    world.hear(Signal("disk", "resolved"), source=PAGERDUTY)
    world.later(hours=1)
    world.hear(trigger, source=PAGERDUTY)
    assert [alert.status for alert in world.alerts] == ["resolved", "firing"]


def test_a_graver_priority_raises_the_page_and_a_note_is_kept(world):
    world.hear(Signal("disk", "firing", {"alertname": "Disk"}, {}, severity="P1"), source=PAGERDUTY)
    world.hear(
        Signal("disk", "priority", severity="P0"), Signal("disk", "note", note="It is db-1.", by="eve"),
        Signal("disk", "snoozed", until=world.at + timedelta(hours=2), by="eve"), source=PAGERDUTY,
    )  # fmt: skip
    assert (world.alert.severity, world.alert.notes[0].text) == ("P0", "It is db-1.")
    assert world.alert.status == "acknowledged" and world.pages[-1].severity == "P0"
    world.later(hours=2, seconds=1)
    assert world.alert.status == "firing"


def test_a_snooze_holds_the_alert_and_its_page_and_is_told_to_opsgenies_clients(world):
    world.hear(Signal("disk", "firing", {"alertname": "Disk"}, {}, severity="P1"), source=OPSGENIE)
    end = world.at + timedelta(hours=2)
    world.hear(Signal("disk", "snoozed", until=end, by="eve"), source=OPSGENIE)
    assert (world.pages[0].state, world.pages[0].acknowledged_until) == ("acknowledged", end)
    told = opsgenie_model(world.alert)
    assert (told["snoozed"], told["snoozedUntil"], told["status"]) == (True, "2026-11-26T05:10:00.000Z", "open")
    world.later(hours=2, seconds=1)
    told = opsgenie_model(world.alert)
    assert (told["snoozed"], "snoozedUntil" in told, world.pages[0].state) == (False, False, "active")


def test_the_history_of_an_identity_is_there(world):
    for _ in range(2):
        fires = world.fires()
        world.hear(fires)
        world.hear(world.ends(fires))
        world.later(hours=1)
    assert len(world.verbs.noise(world.alerts[0]).episodes) == 2
    assert [event.kind for event in world.verbs.events(world.alerts[0])] == ["AlertFired", "AlertResolved"]
    assert len(world.verbs.select(matchers=matchers_of(['service="web"']), is_open=False)) == 2


# Whole bodies


@pytest.mark.parametrize(
    ("name", "alerts", "pages"),
    [("fire-2000", 2000, None), ("fire-62of4groups", 62, None), ("fire-nogroup-1", 1, 1), ("fire-odd-characters", None, None)],
)
def test_bodies_as_they_were_sent_become_alerts_and_pages(sender, world, name, alerts, pages):
    sender.sends(name)
    assert world.alerts and (alerts is None or len(world.alerts) == alerts)
    assert pages is None or len(world.pages) == pages
    assert all(alert.page or alert.why_not_paged for alert in world.alerts)
