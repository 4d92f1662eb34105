"""What senders told of changes is found by service and time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.usecases.alert_world import AlertWorld

from opsbook.ledger.signal import Batch, Signal, Source
from opsbook.usecases.changes import changes

GITHUB = Source("github", "generic", "github")


@pytest.fixture
def world(tmp_path):
    world = AlertWorld(tmp_path)
    yield world
    world.close()


def told(world, summary, **more):
    labels = more.pop("labels", {})
    signal = Signal(summary, "change", labels, {"summary": summary}, **more)
    world.receiving.receive(GITHUB, Batch("test", (signal,)), summary.encode())


def texts(world, *services, hours=1, **more):
    until = world.at + timedelta(minutes=1)
    return [each.text for each in changes(world.ledger, services, until - timedelta(hours=hours), until, **more)]


def test_changes_of_a_service_are_found_and_those_of_nobody_in_particular(world):
    for summary, labels in (("v3 of web", {"service": "web"}), ("v9 of shop", {"service": "shop"}), ("Patches", {})):
        told(world, summary, labels=labels)
        world.at += timedelta(seconds=1)
    assert texts(world, "web") == ["v3 of web", "Patches"]
    assert texts(world, "web", with_others=False) == ["v3 of web"]
    assert texts(world) == ["v3 of web", "v9 of shop", "Patches"]


def test_a_service_goes_by_all_its_names_where_the_book_knows_it(world):
    told(world, "v3 of web", labels={"repository": "Web"})
    assert texts(world, "web", book=world.library.snapshot()) == ["v3 of web"]


def test_a_change_counts_when_it_happened_and_not_when_it_was_told(world):
    told(world, "early", starts_at=world.at - timedelta(hours=2))
    told(world, "just now", starts_at=world.at - timedelta(minutes=2))
    assert texts(world) == ["just now"]
    world.at += timedelta(minutes=30)
    told(world, "long after it happened", starts_at=world.at - timedelta(minutes=20))
    assert texts(world) == ["just now", "long after it happened"]


def test_changes_of_days_ago_are_found(world):
    told(world, "old")
    world.at += timedelta(days=3)
    told(world, "new")
    assert texts(world, hours=80) == ["old", "new"]
    assert texts(world) == ["new"]


def test_a_change_tells_who_and_where_and_has_a_key_for_ever(world):
    signal = Signal("k", "change", {"alertname": "Deployment", "service": "web"}, {"summary": "v3"}, by="ada",
                    generator="https://ci.example.org/3")  # fmt: skip
    world.receiving.receive(GITHUB, Batch("test", (signal, Signal("k2", "change", {}, {"summary": "more"}))), b"x")
    first, second = sorted(changes(world.ledger, [], world.at, world.at), key=lambda each: each.key)
    (stream,) = world.ledger.streams("batch/")
    assert (first.key, second.key) == (f"{stream}:1", f"{stream}:1.2")
    assert (first.kind, first.by, first.link, second.kind) == ("deploy", "ada", "https://ci.example.org/3", "change")
