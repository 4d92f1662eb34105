"""What senders said becomes alerts, and alerts become pages; nothing is lost, and nobody is woken twice for one thing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.usecases.alert_world import API, AlertWorld

from opsbook.adapters.postgres_ledger import PostgresLedger
from opsbook.ground.errors import Fenced
from opsbook.ledger.silence import Matcher
from opsbook.ledger.views import VIEWS
from opsbook.usecases.ledger_ports import Timer


@pytest.fixture
def world(tmp_path):
    world = AlertWorld(tmp_path)
    yield world
    world.close()


def test_what_fires_is_an_alert_with_its_section_and_a_page(world):
    world.hear(world.fires())
    alert, (page,) = world.alert, world.pages
    assert (alert.status, alert.severity, alert.service, alert.page) == ("firing", "P0", "web", page.id)
    assert alert.place.anchor == "issue-nginx-is-down-or-will-not-start"
    assert alert.group == '{alertname="WebDown", service="web"}' == page.group
    assert (page.alerts, page.severity, page.policy.name) == ((alert.id,), "P0", "Urgent Escalation")
    assert [(timer.name, timer.due) for timer in world.timers("page/")] == [("level", world.at)]
    assert world.timers("batch/") == []


def test_a_repeat_changes_nothing(world):
    fires = world.fires()
    world.hear(fires)
    before = world.ledger.head()
    world.later(minutes=5)
    world.hear(fires)
    assert world.ledger.head() <= before + 1  # at most the batch itself


def test_the_end_ends_the_page(world):
    fires = world.fires()
    world.hear(fires)
    world.later(minutes=1)
    world.hear(world.ends(fires))
    assert (world.alert.status, world.alert.ended_how) == ("resolved", "sender")
    (page,) = world.pages
    assert (page.state, page.ended_how, page.gone) == ("done", "resolved", (world.alert.id,))


def test_a_group_with_an_open_page_gets_no_second_one(world):
    world.hear(world.fires(key="k1"))
    world.hear(world.fires(key="k2"), world.fires(key="k3"))
    (page,) = world.pages
    assert len(page.alerts) == 3 and {alert.page for alert in world.alerts} == {page.id}


def test_a_page_is_called_by_how_many_alerts_it_is_for_by_now_and_in_what_they_differ(world):
    world.hear(world.fires(key="k1"))
    assert world.pages[0].subject == "WebDown: WebDown at k1"
    world.hear(world.fires(key="k2"))
    assert world.pages[0].subject == "WebDown: 2 alerts, by instance"
    world.hear(*(world.fires(key=f"m{n}", labels={"zone": "z", "rack": "r"}) for n in range(50)))
    assert world.pages[0].subject == "WebDown: 52 alerts, by instance, rack and 1 more"


def test_a_page_says_how_many_of_its_alerts_still_fire(world):
    signals = [world.fires(key=f"k{n}") for n in range(3)]
    world.hear(*signals)
    assert world.pages[0].subject == "WebDown: 3 alerts, by instance"
    world.hear(world.ends(signals[0]))
    assert world.pages[0].subject == "WebDown: 2 of 3 alerts, by instance"
    world.hear(*map(world.ends, signals[1:]))
    assert world.pages[0].subject == "WebDown: 3 alerts, by instance"


def test_a_page_goes_on_while_another_of_its_alerts_fires(world):
    one, other = world.fires(key="k1"), world.fires(key="k2")
    world.hear(one, other)
    world.hear(world.ends(one))
    assert [page.state for page in world.pages] == ["active"]
    world.hear(world.ends(other))
    assert [page.state for page in world.pages] == ["done"]


def test_alerts_of_other_groups_get_other_pages(world):
    world.hear(world.fires("WebDown"), world.fires("WebSlow", "k2", "warning"))
    assert [page.policy.name for page in world.pages] == ["Urgent Escalation", "Calm Escalation"]


def test_what_nobody_is_paged_for_says_why(world):
    world.hear(world.fires("WebNews", severity="info"))
    assert world.pages == [] and "P3" in world.alert.why_not_paged


def test_a_graver_member_has_its_own_escalation(world):
    world.hear(world.fires(key="k1", severity="warning"))
    world.hear(world.fires(key="k2", severity="critical"))
    first, second = world.pages
    assert (first.state, first.ended_how) == ("done", "cancelled")
    assert (second.severity, len(second.alerts), second.policy.name) == ("P0", 2, "Urgent Escalation")
    assert {alert.page for alert in world.alerts} == {second.id}


def test_what_is_silent_wakes_nobody_and_pages_when_the_silence_ends(world):
    matcher = Matcher("alertname", "WebDown")
    silence = world.silences.add(
        [matcher], starts_at=world.at, ends_at=world.at + timedelta(hours=1), by="ada", comment="We move a disk."
    )  # fmt: skip
    world.hear(world.fires())
    assert (world.alert.status, world.alert.suppressed_by) == ("suppressed", (f"silence/{silence.id}",))
    assert world.pages == [] and "We move a disk." in world.alert.why_not_paged
    world.later(hours=1, seconds=1)
    assert (world.alert.status, world.alert.why_not_paged) == ("firing", "")
    assert [page.state for page in world.pages] == ["active"]


def test_a_silence_that_begins_ends_the_page(world):
    world.hear(world.fires())
    world.silences.add(
        [Matcher("service", "web")], starts_at=world.at, ends_at=world.at + timedelta(hours=1), by="ada", comment="x y"
    )
    world.later(seconds=1)
    assert world.alert.status == "suppressed"
    assert [(page.state, page.ended_how) for page in world.pages] == [("done", "cancelled")]


def test_an_alert_of_alertmanagers_api_ends_when_it_is_not_sent_again(world):
    fires = world.fires(ends_at=world.at + timedelta(minutes=5))
    world.hear(fires, source=API)
    world.later(minutes=4)
    world.hear(world.fires(starts_at=fires.starts_at, ends_at=world.at + timedelta(minutes=5)), source=API)
    world.later(minutes=4)
    assert world.alert.status == "firing"
    world.later(minutes=2)
    assert (world.alert.status, world.alert.ended_how) == ("resolved", "expired")
    assert [page.state for page in world.pages] == ["done"]


def test_a_batch_of_thousands_is_routed_with_the_gravest_first(world):
    signals = [world.fires("Slow", f"s{n}", "warning") for n in range(600)]
    signals += [world.fires("Down", f"d{n}") for n in range(3)]
    world.hear(*signals)
    assert len(world.alerts) == 603
    assert [page.severity for page in world.pages] == ["P0", "P2"]


def test_what_another_alert_explains_wakes_nobody_until_that_is_over(world):
    cause = world.fires("ClusterDown", "c")
    world.hear(cause)
    world.hear(world.fires("WebSlow", "s", "warning"))
    slow = world.alerts[1]
    assert (slow.status, slow.suppressed_by) == ("suppressed", (f"alert/{world.alerts[0].id}",))
    assert "Quiet while ClusterDown fires" in slow.why_not_paged and len(world.pages) == 1
    world.hear(world.ends(cause))
    assert world.alerts[1].status == "firing"
    assert [page.state for page in world.pages] == ["done", "active"]


def test_a_cause_that_comes_later_or_with_it_quiets_what_it_explains(world):
    world.hear(world.fires("WebSlow", "s", "warning"))
    world.hear(world.fires("ClusterDown", "c"))
    assert [alert.status for alert in world.alerts] == ["suppressed", "firing"]
    assert [page.state for page in world.pages] == ["done", "active"]
    world.hear(world.fires("WebOdd", "o", "warning", labels={"service": "db"}),
               world.fires("ClusterDown", "c2", labels={"service": "db"}))  # fmt: skip
    assert [page.service for page in world.pages if page.state == "active"] == ["web", "db"]


def test_whoever_made_a_silence_is_reminded_until_it_is_over(world):
    world.hear(world.fires())
    world.silences.add(
        [Matcher("service", "web")], starts_at=world.at, ends_at=world.at + timedelta(days=3), by="@ada", comment="x y",
        remind_at=world.at + timedelta(days=1),
    )  # fmt: skip
    world.later(days=1, minutes=1)
    reminder = world.pages[-1]
    assert reminder.policy.levels[0].targets == ("@ada",) and "one open alert is silent by it" in reminder.subject
    world.later(days=2)
    assert world.pages[1].state == "done"


def test_a_person_ended_it_and_it_still_fires_after_the_window(world):
    fires = world.fires()
    world.hear(fires)
    world.later(minutes=1)
    world.verbs.resolve(["WebDown"], "ada")
    world.later(minutes=1)
    world.hear(fires)
    assert world.alert.status == "resolved"  # nobody is woken for what they just said
    world.later(minutes=10)
    assert world.alert.status == "firing" and "ada said" in world.alert.why
    assert [page.state for page in world.pages] == ["done", "active"]


def test_what_a_person_ended_opens_again_while_it_is_posted_and_ends_when_it_is_not(world):
    start = world.at

    def post():
        world.hear(world.fires(starts_at=start, ends_at=world.at + timedelta(minutes=4)), source=API)

    post()
    world.verbs.resolve(["WebDown"], "ada")
    for _ in range(11):
        world.later(minutes=1)
        post()
    assert (world.alert.status, world.alert.episodes) == ("firing", 2)
    world.later(minutes=5)
    assert (world.alert.status, world.alert.ended_how) == ("resolved", "expired")


def test_a_person_ended_it_and_its_sender_agrees(world):
    fires = world.fires()
    world.hear(fires)
    world.verbs.resolve(["WebDown"], "ada")
    world.later(minutes=1)
    world.hear(fires)
    world.later(minutes=1)
    world.hear(world.ends(fires))
    world.later(hours=1)
    assert (world.alert.status, world.alert.ended_by, len(world.pages)) == ("resolved", "ada", 1)


def test_a_crash_between_two_parts_of_a_batch_loses_and_doubles_nothing(world):
    world.receive(*(world.fires(f"A{n % 9}", f"k{n}") for n in range(2500)))
    record, count = world.ledger.record, []

    def cut_off(writes, **given):
        count.append(1)
        if len(count) == 2:
            raise KeyboardInterrupt
        return record(writes, **given)

    world.ledger.record = cut_off
    with pytest.raises(KeyboardInterrupt):
        world.route()
    world.ledger.record = record
    assert 0 < len(world.alerts) < 2500
    world.route()
    assert len(world.alerts) == 2500 == len({alert.key for alert in world.alerts})
    assert len(world.pages) == 9 and world.timers("batch/") == []


def test_the_same_follows_on_postgresql(tmp_path, postgres_url):
    world = AlertWorld(tmp_path, ledger=PostgresLedger(postgres_url, views=VIEWS))
    one, other = world.fires(key="k1"), world.fires(key="k2")
    world.receive(one, other)
    due = world.ledger.due(10, "batch/")
    lease = world.ledger.claim("pager", "here", 30)
    assert world.router.route([timer.stream for timer in due], lease) == 2
    assert {alert.page for alert in world.alerts} == {world.pages[0].id}
    world.receive(world.ends(one), world.ends(other))
    world.router.route([timer.stream for timer in world.ledger.due(10, "batch/")], lease)
    assert [page.ended_how for page in world.pages] == ["resolved"]
    world.ledger.release(lease)
    world.ledger.claim("pager", "there", 30)
    world.receive(world.fires(key="k3"))
    with pytest.raises(Fenced):
        world.router.route([timer.stream for timer in world.ledger.due(10, "batch/")], lease)
    assert len(world.alerts) == 2
    world.close()


def test_what_takes_too_long_is_left_due(world, monkeypatch):
    monkeypatch.setattr("opsbook.usecases.routing.MOST_AT_ONCE", 100)
    for part in range(4):
        world.receive(*(world.fires(key=f"{part}-{n}") for n in range(60)))
    due = [timer.stream for timer in world.timers("batch/")]

    def slow():
        world.at += timedelta(seconds=30)

    assert world.router.route(due, between=slow) == 120
    assert len(world.timers("batch/")) == 2
    world.route()
    assert len(world.alerts) == 240


def test_more_of_the_same_has_a_page_that_wakes_people_not_looked_at_again(world):
    world.hear(world.fires(key="k1"))
    (page,) = world.pages
    stream, later = f"page/{page.id}", world.at + timedelta(minutes=5)
    world.ledger.append(
        stream, (), expected=None, actor="pager", at=world.at, set_timers=[Timer(stream, "level", later)]
    )
    world.hear(world.fires(key="k2"))
    assert len(world.pages[0].alerts) == 2
    assert [timer.due for timer in world.timers("page/")] == [later]
    world.verbs.acknowledge([page.id], "ada", via="web")
    world.ledger.append(
        stream, (), expected=None, actor="pager", at=world.at, set_timers=[Timer(stream, "level", later)]
    )
    world.hear(world.fires(key="k3"))
    assert [timer.due for timer in world.timers("page/")] == [world.at]
