"""Inlets: tokens that are replaced without a gap, mappings that are checked, sources that are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.usecases.inlet_world import SOURCE, SendersWorld, batch_with, firing

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.inbound import generic
from opsbook.ledger.inbound.parsers import parser_of
from opsbook.ledger.signal import Signal, Source
from opsbook.usecases.inlets import Inlets


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SendersWorld]:
    world = SendersWorld(tmp_path)
    yield world
    world.ledger.close()


def test_a_token_shows_its_inlet_and_no_other_does(world):
    _, token = world.inlets.add("shop", "alertmanager", "ada", group="both")
    assert world.inlets.source_for("alertmanager", token, is_open=False) == Source("shop", "alertmanager", "both")
    assert world.inlets.source_for("alertmanager", token[:-1], is_open=False) is None
    assert world.inlets.source_for("alertmanager", "", is_open=False) is None


def test_a_token_is_for_its_kind_of_door_alone(world):
    _, token = world.inlets.add("shop", "alertmanager", "ada")
    assert world.inlets.source_for("grafana", token, is_open=False) is None
    assert world.inlets.source_for("alertmanager-api", token, is_open=False) == Source("shop", "alertmanager-api", "shop")


def test_a_token_is_replaced_without_a_gap(world):
    _, old = world.inlets.add("shop", "grafana", "ada")
    new = world.inlets.rotate("shop", "ada")
    assert all(world.inlets.source_for("grafana", token, is_open=False) for token in (old, new))
    with pytest.raises(Refusal, match="2 tokens already"):
        world.inlets.rotate("shop", "ada")
    world.inlets.revoke("shop", world.inlets.find("shop").tokens[0], "ada")
    assert [bool(world.inlets.source_for("grafana", token, is_open=False)) for token in (old, new)] == [False, True]


def test_a_sender_may_bring_the_key_that_it_has(world):
    world.inlets.add("pd", "pagerduty", "ada", token="R0123456789abcdef0123456789abcdef")
    found = world.inlets.source_for("pagerduty", "R0123456789abcdef0123456789abcdef", is_open=False)
    assert found == Source("pd", "pagerduty", "pd")
    with pytest.raises(Usage, match="16 to 512"):
        world.inlets.rotate("pd", "ada", token="short")
    with pytest.raises(Refusal, match="cannot share"):
        world.inlets.add("other", "pagerduty", "ada", token="R0123456789abcdef0123456789abcdef")


def test_no_token_is_in_the_ledger(world):
    _, token = world.inlets.add("shop", "alertmanager", "ada")
    world.inlets.rotate("shop", "ada", token="R0123456789abcdef")
    told = str([event.facts for event in world.ledger.after(0, 100)])
    assert token not in told and "R0123456789abcdef" not in told


def test_on_this_machine_itself_every_kind_has_a_source_of_its_own(world):
    assert world.inlets.source_for("alertmanager", "", is_open=True) == Source("alertmanager", "alertmanager", "alertmanager")
    one, two = (world.inlets.source_for("pagerduty", key, is_open=True) for key in ("key-of-one-team", "key-of-another"))
    assert one is not None and two is not None and one.group != two.group and "key-of" not in one.group + two.group
    named = world.inlets.source_for("generic", "", name="backups", is_open=True)
    assert named == Source("backups", "generic", "generic:backups")


def test_a_token_of_ours_that_does_not_count_is_refused_on_this_machine_itself_too(world):
    _, token = world.inlets.add("shop", "alertmanager", "ada")
    world.inlets.revoke("shop", world.inlets.find("shop").tokens[0], "ada")
    for shown in (token, "opsi_nope"):
        assert world.inlets.source_for("alertmanager", shown, is_open=True) is None
    assert world.inlets.source_for("alertmanager", "a-key-of-theirs", is_open=True) is not None


def test_on_this_machine_itself_an_inlet_of_the_name_is_meant_without_its_token(world):
    world.inlets.add("backups", "generic", "ada", group="jobs")
    assert world.inlets.source_for("generic", "", name="backups", is_open=True) == Source("backups", "generic", "jobs")


def test_a_token_is_not_for_the_inlet_of_another_name(world):
    _, token = world.inlets.add("backups", "generic", "ada")
    assert world.inlets.source_for("generic", token, name="other", is_open=False) is None


def test_what_a_paused_inlet_sends_is_kept_once_and_not_routed_until_it_is_received_again(world):
    _, token = world.inlets.add("shop", "generic", "ada")
    world.inlets.pause("shop", "ada")
    raw = b'{"status": "firing", "labels": {"alertname": "A"}}'
    batch = parser_of("generic", {}, {})(raw)

    def send():
        source = world.inlets.source_for("generic", token, is_open=False)
        return world.receiving.receive(source, batch, raw).batch

    held = send()
    assert world.ledger.due(10, "batch/") == [] and world.bodies.find(held).is_held
    assert send() == ""
    world.bodies.replay(held)
    assert len(world.ledger.due(10, "batch/")) == 1
    world.inlets.pause("shop", "ada", is_paused=False)
    world.receiving.forget("shop", batch.signals[0].key)
    assert not world.bodies.find(send()).is_held


def test_what_a_resumed_inlet_says_again_is_news(world):
    _, token = world.inlets.add("shop", "generic", "ada")
    raw = b'{"status": "firing", "labels": {"alertname": "A"}}'
    batch = parser_of("generic", {}, {})(raw)
    for is_paused in (True, False):
        world.inlets.pause("shop", "ada", is_paused=is_paused)
        assert world.receiving.receive(world.inlets.source_for("generic", token, is_open=False), batch, raw).batch
    assert len(world.ledger.due(10, "batch/")) == 1


def test_what_another_program_changes_counts_within_a_second(world):
    other = Inlets(world.ledger, now=lambda: world.at, chance=lambda n: b"7" * n)
    world.inlets.source_for("alertmanager", "", is_open=True)
    _, token = other.add("shop", "alertmanager", "ada")
    world.forward(seconds=1)
    assert world.inlets.source_for("alertmanager", token, is_open=False)
    other.remove("shop", "ada")
    world.forward(seconds=1)
    assert world.inlets.source_for("alertmanager", token, is_open=False) is None


def test_a_name_can_be_used_again(world):
    _, old = world.inlets.add("shop", "alertmanager", "ada")
    world.inlets.remove("shop", "ada")
    assert world.inlets.all() == []
    _, new = world.inlets.add("shop", "grafana", "ada")
    assert world.inlets.source_for("alertmanager", old, is_open=False) is None
    assert world.inlets.source_for("grafana", new, is_open=False)


@pytest.mark.parametrize(
    ("name", "kind", "mapping", "told"),
    [
        ("Shop!", "generic", {}, "cannot be the name"),
        ("shop", "alertmanger", {}, "Did you mean 'alertmanager'"),
        ("shop", "generic", {"summry": "a"}, "Did you mean 'summary'"),
        ("shop", "generic", {"summary": "a["}, "no JMESPath"),
        ("shop", "grafana", {"summary": "a"}, "has a format of its own"),
    ],
)
def test_what_cannot_be_an_inlet_is_told(world, name, kind, mapping, told):
    with pytest.raises(Usage, match=told.replace("[", r"\[")):
        world.inlets.add(name, kind, "ada", mapping=mapping)


def test_a_wrong_name_is_answered_with_a_guess(world):
    world.inlets.add("backups", "generic", "ada")
    with pytest.raises(Usage, match="Did you mean 'backups'"):
        world.inlets.find("backup")


def test_a_body_is_received_again_as_the_mapping_is_now(world):
    world.inlets.add("backups", "generic", "ada")
    raw = b'{"job": {"name": "nightly"}}'
    source = Source("backups", "generic", "backups")
    first = world.receiving.receive(source, generic.parse(raw), raw)
    assert (first.signals, first.slips) == (0, 1)
    world.inlets.remap("backups", "ada", {"summary": "job.name"})
    again = world.bodies.replay(first.batch)
    assert again.batch and again.batch != first.batch and (again.signals, again.slips) == (1, 0)


def test_what_was_posted_to_alertmanagers_api_is_not_received_again_and_it_is_told_why(world):
    source = Source("prom", "alertmanager-api", "prom")
    id = world.receiving.receive(source, batch_with(firing("a")), b"[]").batch
    with pytest.raises(Refusal, match="for minutes alone: received now it would tell of then"):
        world.bodies.replay(id)


def test_what_an_address_told_too_is_received_again_as_it_was_understood(world):
    source = Source("old", "opsgenie", "old")
    id = world.receiving.receive(source, batch_with(firing("a")), b"{}").batch
    again = world.bodies.replay(id)
    assert again.batch not in ("", id) and again.signals == 1


def test_bodies_are_listed_the_last_first_and_by_what_was_wrong(world):
    unread = batch_with(slips=generic.parse(b"{").slips)
    for key in "ab":
        world.receiving.receive(SOURCE, batch_with(firing(key)), b"raw")
        world.forward(hours=20)
    world.receiving.receive(SOURCE, unread, b"{")
    listed = world.bodies.latest()
    assert [body.at for body in listed] == sorted((body.at for body in listed), reverse=True) and len(listed) == 3
    assert [body.slips for body in world.bodies.latest(slips_only=True)] == [unread.slips]
    assert world.bodies.latest(inlet="other") == []
    assert len(world.bodies.latest(limit=2)) == 2


def test_beyond_their_size_the_oldest_bytes_are_forgotten_first(world):
    receipts = []
    for key in "abc":
        receipts.append(world.receiving.receive(SOURCE, batch_with(firing(key)), key.encode() * 500_000))
        world.forward(minutes=1)
    assert world.bodies.forget_old() == 1
    assert [world.bodies.find(each.batch).size for each in receipts] == [None, 500_000, 500_000]


def test_of_a_body_of_which_nothing_could_be_read_only_the_beginning_is_kept(world):
    garbage = b"{" * 100_000
    first = world.receiving.receive(SOURCE, generic.parse(garbage), garbage)
    body = world.bodies.find(first.batch)
    assert (body.raw, body.size) == (garbage[: 64 * 1024], 64 * 1024)
    assert body.slips[-1].why == "Nothing of it could be read, so only the first 64 KB of its 100,000 bytes are kept."
    with pytest.raises(Refusal, match="Only the beginning"):
        world.bodies.replay(first.batch)


def test_a_great_body_of_which_something_could_be_read_is_kept_whole(world):
    great = b"x" * 100_000
    slips = generic.parse(b"{").slips
    first = world.receiving.receive(SOURCE, batch_with(firing(), slips=slips), great)
    assert world.bodies.find(first.batch).raw == great


def test_changes_are_kept_for_more_than_a_year(world):
    first = world.receiving.receive(SOURCE, batch_with(firing(), Signal("deploy", "change")), b"raw")
    world.forward(days=399)
    world.bodies.forget_old()
    assert world.ledger.attachments("change/") == [f"change/{first.batch}"]
    world.forward(days=2)
    world.bodies.forget_old()
    assert world.ledger.attachments("change/") == []


def test_bytes_are_forgotten_after_their_days_and_the_event_stays(world):
    first = world.receiving.receive(SOURCE, batch_with(firing()), b"raw")
    world.forward(days=31)
    assert world.bodies.forget_old() == 1
    assert world.bodies.find(first.batch).raw is None
    with pytest.raises(Refusal, match="not kept any more"):
        world.bodies.replay(first.batch)
