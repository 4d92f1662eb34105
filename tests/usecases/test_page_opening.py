"""What follows at once of a page is recorded with what opens it, and goes out when that is on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.usecases.alert_world import AlertWorld
from tests.usecases.paging_world import TWO_LEVELS, PagingWorld

from opsbook import paging_parts
from opsbook.ground.errors import Fenced
from opsbook.ledger import page_events as events
from opsbook.ledger.page import stream_of
from opsbook.usecases.ledger_ports import Timer, Write

FIRST = [events.PAGE_OPENED, events.LEVEL_REACHED, events.OWED, events.ATTEMPT_BEGUN]


@pytest.fixture
def world(tmp_path):
    world = PagingWorld(tmp_path)
    yield world
    world.close()


def opening(world: PagingWorld, id: str, **after: float) -> Write:
    draft = events.page_opened(
        group=id, subject=f"{id} is down", severity="P1", service="api", policy=TWO_LEVELS, place=None, alerts=("a",)
    )
    return Write(stream_of(id), [draft], 0, [Timer(stream_of(id), "level", world.at + timedelta(**after))])


def recorded(world: PagingWorld, *writes: Write):
    whole, then = world.pager.opening(writes, world.at)
    world.ledger.record(whole, actor="router", at=world.at, fence=world.lease)
    return then


def kinds(world: PagingWorld, id: str) -> list[str]:
    return [event.kind for event in world.ledger.read(stream_of(id))]


def test_the_first_attempt_is_on_record_with_the_page_and_before_it_is_made(world):
    then = recorded(world, opening(world, "p1"))
    assert kinds(world, "p1") == FIRST
    assert world.mail() == []
    then()
    assert world.mail() == ["email:ada [page] p1 is down"]


def test_what_became_of_it_and_the_next_level_follow_as_ever(world):
    recorded(world, opening(world, "p1"))()
    world.tick()
    assert [each.state for each in world.page("p1").notifications] == ["accepted"]
    world.mail()
    world.later(minutes=5)
    assert world.mail() == ["email:ben [page] p1 is down"]


def test_an_attempt_that_was_recorded_and_not_made_is_made_by_whoever_takes_over(world):
    recorded(world, opening(world, "p1"))
    world.pager = world.engine()
    world.pager.look_at_all(world.lease)
    world.later(minutes=1)
    assert world.mail() == ["email:ada [page] p1 is down"]
    (notification,) = world.page("p1").notifications
    assert [attempt.is_duplicate for attempt in notification.attempts] == [False, True]


def test_nothing_is_sent_of_what_could_not_be_recorded(world):
    world.ledger.release(world.lease)
    world.claimed("there")
    with pytest.raises(Fenced):
        recorded(world, opening(world, "p1"))
    assert world.mail() == [] and world.ledger.rows("pages") == []


def test_many_pages_at_once_are_left_to_their_timers(world):
    recorded(world, *(opening(world, f"p{number}") for number in range(6)))()
    assert kinds(world, "p0") == FIRST[:1]
    world.tick()
    assert len(world.mail()) == 6


def test_a_page_whose_time_has_not_come_waits_for_it(world):
    recorded(world, opening(world, "p1", minutes=5))()
    assert kinds(world, "p1") == FIRST[:1]


def test_a_page_that_cannot_be_moved_on_is_opened_all_the_same(world):
    world.broken["page p1"] = ValueError("broken")
    recorded(world, opening(world, "p1"))()
    assert kinds(world, "p1") == FIRST[:1]


def test_an_alert_is_on_record_with_its_page_and_the_attempt_in_one_transaction(world, tmp_path):
    world.on_call["@ada"] = ["ada"]
    alerts = AlertWorld(tmp_path, ledger=world.ledger)
    alerts.receive(alerts.fires())
    batches = [timer.stream for timer in alerts.timers("batch/")]
    before = world.ledger.head()
    moved = []
    record = world.ledger.record
    world.ledger.record = lambda *words, **named: moved.append(record(*words, **named)) or moved[-1]
    alerts.router.route(batches, world.lease, opening=world.pager.opening)
    assert len(moved) == 1 and world.ledger.head() == before + len(moved[0])
    assert [event.kind for event in moved[0] if event.stream.startswith("page/")] == FIRST
    assert world.mail() and alerts.alert.page == alerts.pages[0].id


def test_what_comes_while_late_pages_wait_goes_with_them_in_one_message(world, tmp_path, monkeypatch):
    monkeypatch.setattr(paging_parts, "_now", lambda: world.at)
    world.on_call["@ada"] = ["ada"]
    pager, outbox = world.engine_and_outbox()
    world.open("late")
    world.at += timedelta(minutes=3)
    alerts = AlertWorld(tmp_path, ledger=world.ledger)
    alerts.at = world.at
    alerts.receive(alerts.fires())
    for work in paging_parts._works(
        world.ledger, alerts.router, pager, outbox=outbox, heartbeats=None, progressed=lambda: None
    ):
        if work.prefix in ("batch/", "page/"):
            work.do(world.ledger.due(work.at_once, work.prefix), world.lease)
    assert [told for told in world.mail() if told.startswith("email:ada")] == ["email:ada [digest] 2 pages"]
