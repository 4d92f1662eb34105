"""What is received is one synced event with a due timer; what says nothing new is only sighted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from tests.usecases.inlet_world import SOURCE, START, SendersWorld, batch_with, firing

from opsbook.ground.errors import Failure
from opsbook.ledger import alert_events
from opsbook.ledger.signal import ROUTE, Batch, Signal, Slip, Source, source_of
from opsbook.usecases import receive


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SendersWorld]:
    world = SendersWorld(tmp_path)
    yield world
    world.ledger.close()


def routed(world: SendersWorld, key: str = "k", *, over: bool = False) -> None:
    """The alert of a key, as the router would record it."""
    stream = f"alert/{world.at:%y%m%d-%H%M%S}-{key}"
    fired = alert_events.fired(
        key=key, source="shop", source_group="shop", labels={"alertname": key}, annotations={}, fingerprint="",
        starts_at=START, ends_at=None, severity="P1", severity_why="", service=None, group="", place=None,
    )  # fmt: skip
    ended = [alert_events.resolved("person", world.at, "A person said so.")] if over else []
    world.ledger.append(stream, [fired, *ended], expected=0, actor="router", at=world.at)


def test_a_body_is_one_event_with_its_bytes_and_a_timer_that_is_due(world):
    receipt = world.receiving.receive(SOURCE, batch_with(firing("a"), firing("b")), b"raw", {"user-agent": "x"})
    (event,) = world.batches()
    assert (event.stream, receipt.signals, receipt.slips) == (f"batch/{receipt.batch}", 2, 0)
    assert event.facts["raw"] == sha256(b"raw").hexdigest() and event.facts["headers"] == {"user-agent": "x"}
    assert source_of(event) == SOURCE
    assert world.ledger.attachment(f"raw/{receipt.batch}") == b"raw"
    assert [(timer.stream, timer.name) for timer in world.ledger.due(10, "batch/")] == [(event.stream, ROUTE)]
    assert world.nudges == 1


def test_a_repeat_is_a_sighting_and_no_event(world):
    world.receiving.receive(SOURCE, batch_with(firing()), b"raw")
    world.forward(minutes=1)
    receipt = world.receiving.receive(SOURCE, batch_with(firing(ends_at=world.at + timedelta(minutes=4))), b"raw")
    assert (receipt.batch, receipt.signals) == ("", 1)
    assert world.told() == [("k", "firing")]
    sighting = world.ledger.sighted(["alert/shop/k"])["alert/shop/k"]
    assert (sighting.at, sighting.until, sighting.count) == (world.at, world.at + timedelta(minutes=4), 1)


@pytest.mark.parametrize(
    "other",
    [
        firing(annotations={"summary": "other"}),
        firing(severity="critical"),
        msgspec.structs.replace(firing(), starts_at=START + timedelta(hours=1)),
        msgspec.structs.replace(firing(), action="resolved"),
    ],
)
def test_what_says_something_new_is_recorded(world, other):
    world.receiving.receive(SOURCE, batch_with(firing()), b"raw")
    assert world.receiving.receive(SOURCE, batch_with(other), b"raw").batch
    assert len(world.batches()) == 2


def test_of_a_body_only_what_is_new_is_recorded(world):
    world.receiving.receive(SOURCE, batch_with(firing("a")), b"raw")
    world.receiving.receive(SOURCE, batch_with(firing("a"), firing("b")), b"raw")
    assert world.told() == [("a", "firing"), ("b", "firing")]


def test_the_same_key_of_another_group_is_another_alert(world):
    for group in ("one", "two"):
        world.receiving.receive(Source(group, "alertmanager", group), batch_with(firing()), b"raw")
    assert len(world.batches()) == 2


def test_highly_available_senders_of_one_group_tell_of_one_alert(world):
    for name in ("one", "two"):
        world.receiving.receive(Source(name, "alertmanager", "both"), batch_with(firing()), b"raw")
    assert len(world.batches()) == 1


def test_it_fires_again_although_a_person_ended_it_so_that_is_news_once(world):
    world.receiving.receive(SOURCE, batch_with(firing()), b"raw")
    routed(world, over=True)
    assert world.receiving.receive(SOURCE, batch_with(firing()), b"raw").batch
    assert not world.receiving.receive(SOURCE, batch_with(firing()), b"raw").batch


def test_a_repeat_of_a_live_alert_is_no_news_whoever_routed_it(world):
    world.receiving.receive(SOURCE, batch_with(firing()), b"raw")
    routed(world)
    assert not world.receiving.receive(SOURCE, batch_with(firing()), b"raw").batch


def test_an_end_that_is_told_again_is_no_news(world):
    over = msgspec.structs.replace(firing(), action="resolved", ends_at=START)
    world.receiving.receive(SOURCE, batch_with(over), b"raw")
    assert not world.receiving.receive(SOURCE, batch_with(over), b"raw").batch
    routed(world)  # it fires after all
    assert world.receiving.receive(SOURCE, batch_with(over), b"raw").batch


def test_twice_in_one_body_is_a_story_and_is_recorded_in_order(world):
    over = msgspec.structs.replace(firing(), action="resolved")
    world.receiving.receive(SOURCE, batch_with(firing()), b"raw")
    world.receiving.receive(SOURCE, batch_with(firing(), over, firing()), b"raw")
    assert world.told() == [("k", "firing"), ("k", "firing"), ("k", "resolved"), ("k", "firing")]


def test_what_a_person_did_from_afar_is_always_recorded(world):
    acknowledged = Signal("k", "acknowledged", by="ada")
    for _ in range(2):
        assert world.receiving.receive(SOURCE, batch_with(acknowledged), b"raw").batch


def test_what_was_forgotten_is_news(world):
    world.receiving.receive(SOURCE, batch_with(firing()), b"raw")
    world.receiving.forget("shop", "k")
    assert world.receiving.receive(SOURCE, batch_with(firing()), b"raw").batch


def test_only_so_many_are_remembered(world, monkeypatch):
    monkeypatch.setattr(receive, "MOST_REMEMBERED", 3)
    for key in "abcde":
        world.receiving.receive(SOURCE, batch_with(firing(key)), b"raw")
    assert [bool(world.receiving.receive(SOURCE, batch_with(firing(key)), b"raw").batch) for key in "ea"] == [False, True]


def test_a_body_of_which_nothing_could_be_read_is_kept_once(world):
    unread = Batch("test", slips=(Slip("body", "It is not JSON."),))
    first = world.receiving.receive(SOURCE, unread, b"{")
    assert first.batch and world.ledger.attachment(f"raw/{first.batch}") == b"{"
    assert not world.receiving.receive(SOURCE, unread, b"{").batch
    assert world.receiving.receive(SOURCE, unread, b"{{").batch


def test_nothing_at_all_is_nothing(world):
    assert world.receiving.receive(SOURCE, batch_with(), b"{}").batch == ""
    assert world.batches() == []


def test_a_great_body_becomes_several_events_in_order_and_one_transaction(world):
    many = batch_with(*(firing(f"{number:04d}") for number in range(2_500)), slips=(Slip("x", "y"),))
    receipt = world.receiving.receive(SOURCE, many, b"raw")
    events = world.batches()
    assert [event.stream for event in events] == [f"batch/{receipt.batch}{part}" for part in ("", ".002", ".003")]
    assert [key for key, _ in world.told()] == [f"{number:04d}" for number in range(2_500)]
    assert len(world.ledger.due(10, "batch/")) == 3
    assert receive.raw_name(events[2].stream) == f"raw/{receipt.batch}"
    assert world.bodies.find(receipt.batch).signals == 2_500


def test_two_batches_that_chance_gives_one_id_are_both_recorded(world, monkeypatch):
    chances = iter([b"aaaa", b"aaaa", b"aaaa", b"bbbb"])
    monkeypatch.setattr(world.receiving, "_chance", lambda _size: next(chances))
    ids = [world.receiving.receive(SOURCE, batch_with(firing(key)), key.encode()).batch for key in "ab"]
    assert len(set(ids)) == 2 and [world.ledger.attachment(f"raw/{id}") for id in ids] == [b"a", b"b"]


def test_what_could_not_be_recorded_is_not_remembered(world):
    world.ledger.close()
    for _ in range(2):
        with pytest.raises(Failure):
            world.receiving.receive(SOURCE, batch_with(firing()), b"raw")


def test_an_inlet_is_seen_and_its_bodies_counted(world):
    world.inlets.add("shop", "alertmanager", "ada")
    for _ in range(3):
        world.receiving.receive(SOURCE, batch_with(firing()), b"raw")
    world.forward(seconds=10)
    world.receiving.receive(SOURCE, batch_with(firing()), b"raw")
    inlet = world.inlets.find("shop")
    assert (inlet.received, inlet.last_seen_at) == (4, world.at)


def test_no_secret_is_in_the_event_or_in_the_body(world):
    raw = b'{"routing_key": "R0123456789abcdef", "note": "see https://ada:hunter2hunter2@db.acme.io/"}'
    signal = firing(annotations={"key": "R0123456789abcdef", "url": "https://ada:hunter2hunter2@db.acme.io/"})
    receipt = world.receiving.receive(SOURCE, batch_with(signal), raw, secrets=["R0123456789abcdef"])
    (event,) = world.batches()
    kept = world.ledger.attachment(f"raw/{receipt.batch}") + msgspec.json.encode(event.facts)
    assert b"R0123456789abcdef" not in kept and b"hunter2hunter2" not in kept
    assert b'"routing_key": "***"' in kept
