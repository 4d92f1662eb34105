"""What is told of a page that several people must answer, and of messages that wait for their turn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.usecases.paging_world import PagingWorld, level, policy

from opsbook.entrypoints.shown.alert_view import page_state
from opsbook.entrypoints.shown.paged import page_rows, page_text
from opsbook.ledger import page_events as events
from opsbook.usecases.page_shown import page_model, waits_for

BOTH = policy(level(1, 0, "primary", needs=2))


@pytest.fixture
def world(tmp_path):
    world = PagingWorld(tmp_path)
    yield world
    world.close()


def answered(world, *people):
    page = world.open(frozen=BOTH)
    world.tick()
    for person in people:
        world.tell(page, events.page_acknowledged(person, "link", None))
    return world.page(page)


def test_a_page_that_two_must_answer_tells_that_one_has(world):
    page = answered(world, "ada")
    assert (page.state, page.answers) == ("active", "1 of 2 have acknowledged")
    assert page_state(page) == ("Waking people, 1 of 2 have acknowledged", "bad")
    assert page_rows([page])[0][-1] == "api is down (1 of 2 have acknowledged)"
    assert "  1 of 2 have acknowledged" in "\n".join(page_text(page, (), None))
    assert page_model(page)["needs"] == 2


@pytest.mark.parametrize("people", [(), ("ada", "ben")])
def test_nothing_is_counted_before_the_first_and_after_the_last_answer(world, people):
    page = answered(world, *people)
    assert (page.answers, page.is_open) == ("", True)
    assert page.state == ("acknowledged" if people else "active")


def test_a_message_that_waits_for_its_turn_says_when_and_why(world):
    world.person("ada", "email", "sms")
    page = world.open()
    world.tick()
    first, later = world.page(page).notifications
    said = "It is sent at 03:12:00 UTC unless somebody answers before: sms comes 2 min after email."
    assert (first.state, waits_for(world.page(page), first)) == ("accepted", "")
    assert (later.state, waits_for(world.page(page), later)) == ("waiting", said)
    assert said in "\n".join(page_text(world.page(page), (), None))
    assert page_model(world.page(page))["notifications"][1]["waits_for"] == said


def test_a_message_that_waits_for_the_end_of_quiet_hours_says_when(world):
    world.person("ada", "email", time_zone="UTC", quiet=(0, 6 * 3600))
    page = world.open(severity="P2")
    world.tick()
    (only,) = world.page(page).notifications
    assert waits_for(world.page(page), only) == "It is sent at 06:00:00 UTC unless somebody answers before."


def test_a_message_whose_turn_has_come_waits_for_nothing(world):
    world.person("ada", "email", "sms")
    page = world.open()
    world.later(minutes=3)
    assert world.at > world.page(page).opened_at + timedelta(minutes=2)
    assert [waits_for(world.page(page), each) for each in world.page(page).notifications] == ["", ""]
