"""Paging with a moved clock: levels, acknowledgements, contacts that fail, engines that are gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.usecases.paging_world import PagingWorld, level, policy

from opsbook.ground.errors import Fenced
from opsbook.ledger import page_events as events
from opsbook.usecases.alerting_ports import Handed


@pytest.fixture
def world(tmp_path):
    made = PagingWorld(tmp_path)
    yield made
    made.close()


def states(world, page):
    return [each.state for each in world.page(page).notifications]


def test_the_first_level_is_woken_at_once_and_the_second_when_nobody_answers(world):
    world.open()
    world.tick()
    assert world.mail() == ["email:ada [page] api is down"]
    world.later(seconds=299)
    assert world.mail() == []
    world.later(seconds=2)
    assert world.mail() == ["email:ben [page] api is down"]


def test_an_acknowledged_page_wakes_nobody_more_until_its_time_is_over(world):
    page = world.open()
    world.tick()
    world.mail()
    world.tell(page, events.page_acknowledged("ada", "web", world.at + timedelta(minutes=30)), actor="ada")
    world.later(minutes=29)
    assert world.mail() == []
    world.later(minutes=2)
    assert world.mail() == ["email:ada [page] api is down"]
    assert "not mended" in world.page(page).why


def test_everybody_who_was_woken_hears_that_it_is_over(world):
    page = world.open()
    world.later(minutes=6)
    world.mail()
    world.tell(page, events.left((f"{page}-0",), "It was resolved."))
    world.tick()
    assert sorted(world.mail()) == ["email:ada [resolved] api is down", "email:ben [resolved] api is down"]
    world.later(hours=48)
    assert world.mail() == [] and world.page(page).ended_how == "resolved"


def test_when_nobody_answers_the_catch_all_is_woken_and_then_all_begins_again(world):
    page = world.open()
    world.later(minutes=11)
    assert [each.split()[0] for each in world.mail()] == ["email:ada", "email:ben", "email:olga"]
    world.later(minutes=30)
    assert world.mail()[0] == "email:ada [page] api is down"
    assert world.page(page).state == "active"


def test_a_level_that_reaches_nobody_is_passed_over_at_once_and_says_why(world):
    world.on_call["primary"] = []
    page = world.open()
    world.tick()
    assert world.mail() == ["email:ben [page] api is down"]
    assert "Nobody is on call by primary" in world.page(page).reached[0].why


def test_when_no_level_reaches_anybody_the_catch_all_is_woken_at_once(world):
    world.on_call |= {"primary": [], "secondary": ["nobody-knows-how"]}
    page = world.open()
    world.tick()
    assert world.mail() == ["email:olga [page] api is down"]
    assert "Nobody knows how to reach nobody-knows-how" in world.page(page).reached[1].why


def test_a_contact_that_fails_is_replaced_by_another_at_once(world):
    world.person("ada", "email", "sms")
    world.post.answers["email:ada"] = [Handed("failed", "The mailbox is full.")]
    page = world.open()
    world.tick()
    assert [each.split()[0] for each in world.mail()] == ["email:ada", "sms:ada"]
    assert states(world, page) == ["failed", "cancelled", "accepted"]


def test_a_person_whose_every_contact_fails_is_passed_over_for_the_next_level(world):
    world.post.answers["email:ada"] = [Handed("failed", "No such mailbox.")]
    world.open()
    world.tick()
    assert [each.split()[0] for each in world.mail()] == ["email:ada", "email:ben"]


def test_what_did_not_come_through_is_tried_three_times_and_then_has_failed(world):
    world.post.answers["email:ada"] = [Handed("retrying", "421 come back")] * 3
    page = world.open()
    world.later(seconds=40)
    assert [each.split()[0] for each in world.mail()] == ["email:ada"] * 3 + ["email:ben"]
    assert "tried 3 times" in world.page(page).notifications[0].settled_why


def test_a_receiver_that_asks_to_wait_a_minute_is_tried_a_minute_later(world):
    world.post.answers["email:ada"] = [Handed("retrying", "429", 1000.0, retry_after_s=60.0)]
    page = world.open()
    world.later(seconds=60)
    assert world.page(page).notifications[0].state == "retrying"
    world.later(seconds=1)
    assert world.page(page).notifications[0].state == "accepted"


def test_contacts_without_rules_are_used_in_turn_and_no_more_once_it_is_acknowledged(world):
    world.person("ada", "email", "sms", "phone")
    page = world.open()
    world.later(minutes=2)
    assert [each.split()[0] for each in world.mail()] == ["email:ada", "sms:ada"]
    world.tell(page, events.page_acknowledged("ada", "web", None))
    world.later(minutes=20)
    assert world.mail() == []
    assert states(world, page) == ["accepted", "accepted", "cancelled"]


def test_several_people_are_needed_where_the_policy_says_so(world):
    world.on_call["primary"] = ["ada", "cleo"]
    page = world.open(frozen=policy(level(1, 0, "primary", needs=2), level(2, 300, "secondary")))
    world.tick()
    world.mail()
    world.tell(page, events.page_acknowledged("ada", "web", None))
    world.later(minutes=6)
    assert world.mail() == ["email:ben [page] api is down"]
    world.tell(page, events.page_acknowledged("ben", "web", None))
    assert world.page(page).state == "acknowledged"


def test_people_who_take_turns_are_woken_one_after_the_other(world):
    world.on_call["primary"] = ["ada", "cleo"]
    frozen = policy(level(1, 0, "primary", takes_turns=True))
    for subject in ("one", "two", "three"):
        world.open(subject, frozen=frozen)
        world.tick()
    assert world.mail() == ["email:ada [page] one", "email:cleo [page] two", "email:ada [page] three"]


def test_what_is_not_grave_waits_for_the_end_of_quiet_hours_and_so_does_its_second_level(world):
    world.person("ada", "email", quiet=(22 * 3600, 7 * 3600), time_zone="Europe/Berlin")
    page = world.open(severity="P2")
    world.tick()
    assert world.mail() == [] and states(world, page) == ["waiting"]
    world.later(hours=2, minutes=49)  # it is 05:59 UTC
    assert world.mail() == []
    world.later(minutes=2)
    assert world.mail() == ["email:ada [page] api is down"]
    world.later(minutes=5)
    assert world.mail() == ["email:ben [page] api is down"]


def test_what_is_grave_wakes_people_in_their_quiet_hours(world):
    world.person("ada", "email", quiet=(0, 86_399))
    world.open(severity="P0")
    world.tick()
    assert world.mail() == ["email:ada [page] api is down"]


def test_an_engine_that_takes_over_sends_again_what_was_under_way_and_labels_it(world):
    world.post.holds = True
    page = world.open()
    world.tick()
    world.at += timedelta(seconds=11)
    world.post.holds = False
    world.pager, before, world.lease = world.engine(), world.lease, world.claimed("there")
    world.pager.look_at_all(world.lease)
    world.later(seconds=5)
    assert world.mail() == ["email:ada [page] api is down"] * 2
    attempts = world.page(page).notifications[0].attempts
    assert [(each.state, each.is_duplicate) for each in attempts] == [("lost", False), ("accepted", True)]
    with pytest.raises(Fenced):
        world.pager.look_at_all(before)
        world.open("another")
        world.pager.advance(world.ledger.due(10, "page/"), before)


def test_a_page_that_cannot_be_moved_on_stops_no_other(world):
    broken = world.open("broken")
    world.broken[f"page {broken}"] = ValueError("its plan cannot be read")
    world.open("fine")
    world.tick()
    assert world.mail() == ["email:ada [page] fine"]
    del world.broken[f"page {broken}"]
    world.later(seconds=31)
    assert world.mail() == ["email:ada [page] broken"]


def test_new_news_wakes_people_again_although_it_was_acknowledged(world):
    page = world.open()
    world.tick()
    world.tell(page, events.page_acknowledged("ada", "web", None))
    world.tick()
    world.mail()
    world.tell(page, events.joined(("another",), "Another member of the group fires."))
    world.tick()
    assert world.mail() == ["email:ada [page] api is down: 2 alerts"]
    assert "Another member" in world.page(page).why


def test_whoever_comes_on_call_while_a_page_is_open_hears_of_all_in_one_message(world):
    for subject in ("one", "two"):
        page = world.open(subject)
    world.tick()
    world.tell(page, events.page_acknowledged("ada", "web", None))
    world.tick()
    world.mail()
    world.on_call["primary"] = ["cleo"]
    assert world.pager.hand_off(world.lease) == 2
    world.tick()
    assert world.mail() == ["email:cleo [digest] 2 pages"]
    assert world.pager.hand_off(world.lease) == 0


def test_after_an_outage_one_message_tells_what_is_still_open_the_gravest_and_newest_first(world):
    over = world.open("over before anybody paged")
    world.open("older")
    world.at += timedelta(seconds=10)
    world.open("newer")
    world.open("grave", "P0")
    world.tell(over, events.left((f"{over}-0",), "It was resolved."))
    world.at += timedelta(hours=2)
    world.tick()
    ((address, message),) = world.post.sent
    assert address == "email:ada"
    assert message.body.splitlines()[1:] == ["grave", "newer", "older"]
    assert world.page(over).notifications == ()


def test_after_an_outage_each_kind_of_contact_gets_one_message_with_all_that_is_open(world):
    world.person("ada", "email", "sms")
    told = world.open("told by mail before")
    world.tick()
    world.mail()
    world.at += timedelta(hours=2)
    world.open("new", "P0")
    world.tick()
    bodies = {address: message.body.splitlines()[1:] for address, message in world.post.sent}
    assert {address: bodies[address] for address in ("email:ada", "sms:ada")} == {
        "email:ada": ["new", "told by mail before"], "sms:ada": ["new", "told by mail before"],
    }  # fmt: skip
    assert len({message.key for _, message in world.post.sent}) == len(world.post.sent)
    assert [each.state for each in world.page(told).notifications if each.owed.person == "ada"] == ["accepted"] * 2


def test_more_than_ten_pages_at_once_are_one_message_and_none_is_late(world):
    for count in range(30):
        world.open(f"group {count}")
    world.tick()
    assert world.mail() == ["email:ada [digest] 30 pages"]
    world.open("one more")
    world.tick()
    assert world.mail() == ["email:ada [page] one more"]


def test_only_the_hash_of_a_links_secret_is_recorded(world):
    page = world.open()
    world.tick()
    secret = world.post.sent[0][1].ack_url.rsplit(".", 1)[1]
    recorded = world.ledger.read(f"page/{page}")
    assert secret not in str(recorded)
    assert len(world.page(page).notifications[0].ack_hashes[0]) == 64
