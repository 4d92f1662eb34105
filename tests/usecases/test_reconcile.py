"""What fires at the senders and here is brought to agree, and nothing is resolved on a guess."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ground.errors import Failure
from opsbook.ledger import alert_events
from opsbook.ledger.alert import identity
from opsbook.ledger.inbound.fingerprints import fingerprint
from opsbook.ledger.signal import BATCHES, Batch, Signal, batch_of, source_of
from opsbook.ledger.views import VIEWS
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.receive import Receiving
from opsbook.usecases.reconcile import Reconciling

START = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
API = {"alertname": "ApiDown", "job": "api"}
KEY = fingerprint(API)


class World:
    """A ledger, and senders that answer what a test says; None for one that does not."""

    def __init__(self, folder) -> None:
        self.now = START
        self.lists: dict[str, list[Signal] | None] = {"http://am:9093": []}
        self.ledger = SqliteLedger(str(folder / "opsbook.db"), views=VIEWS)
        chance = random.Random(3).randbytes
        clock = lambda: self.now  # noqa: E731
        self.inlets = Inlets(self.ledger, now=clock, chance=chance)
        self.receiving = Receiving(self.ledger, now=clock, chance=chance)
        self.asks(alertmanager="http://am:9093")

    def asks(self, **addresses: str) -> None:
        """The senders that are asked, by their inlets."""
        self.reconciling = Reconciling(
            self.ledger, self.receiving, self.inlets, self, addresses=addresses, now=lambda: self.now
        )

    def ask(self, address: str) -> Batch:
        """Plays the senders."""
        found = self.lists[address]
        if found is None:
            raise Failure(f"{address} cannot be asked.", retryable=True)
        return Batch("list", tuple(found))

    def look(self, after: timedelta = MINUTE) -> list[tuple[str, str, Signal]]:
        """One look, some time later; what was received by it: inlet, action, signal."""
        before = set(self.ledger.streams(BATCHES))
        self.now += after
        self.reconciling.once()
        events = [self.ledger.read(stream)[0] for stream in self.ledger.streams(BATCHES) if stream not in before]
        return [(source_of(event).name, each.action, each) for event in events for each in batch_of(event).signals]

    def alert(self, id: str = "a", *drafts, source: str = "alertmanager", labels=API, starts_at=START) -> None:
        """An alert that was routed."""
        fired = alert_events.fired(
            key=fingerprint(labels), source=source, source_group="alertmanager", labels=labels, annotations={},
            fingerprint="f", starts_at=starts_at, ends_at=None, severity="P1", severity_why="", service=None, group="",
            place=None,
        )  # fmt: skip
        self.ledger.append(f"alert/{id}", [fired, *drafts], expected=None, actor="router", at=self.now)


def firing(starts_at: datetime = START, labels=API) -> Signal:
    """What a sender tells of an alert that fires."""
    return Signal(fingerprint(labels), "firing", labels, {}, starts_at)


@pytest.fixture
def world(tmp_path):
    """Nothing fires."""
    made = World(tmp_path)
    yield made
    made.ledger.close()


def test_what_fires_there_and_is_unknown_here_is_received_from_its_inlet(world):
    world.lists["http://am:9093"] = [firing()]
    [(inlet, action, signal)] = world.look()
    assert (inlet, action, signal.labels) == ("alertmanager", "firing", API)


def test_what_is_open_here_is_only_seen_again(world):
    world.alert()
    world.lists["http://am:9093"] = [firing()]
    assert world.look() == []
    name = f"alert/{identity('alertmanager', KEY)}"
    assert world.ledger.sighted([name])[name].at == START + MINUTE


def test_what_is_gone_there_for_two_minutes_is_over_with_the_reason(world):
    world.alert()
    assert [world.look(), world.look()] == [[], []]
    [(_, action, signal)] = world.look()
    assert (action, signal.ends_at) == ("resolved", START + MINUTE)
    assert "am:9093 does not list it any more" in signal.note


def test_a_sender_that_was_started_anew_and_knows_nothing_for_a_moment_ends_nothing(world):
    world.alert()
    assert world.look() == []
    world.lists["http://am:9093"] = [firing()]
    assert world.look() == []
    world.lists["http://am:9093"] = []
    assert [world.look(), world.look()] == [[], []]


def test_a_sender_that_does_not_answer_ends_nothing_and_is_told_of(world):
    world.alert()
    world.lists["http://am:9093"] = None
    assert [world.look() for _ in range(5)] == [[]] * 5
    assert "cannot be asked" in world.reconciling.troubles()["alertmanager"]


def test_an_alert_of_an_inlet_whose_sender_is_not_asked_is_left_alone(world):
    world.alert(source="grafana")
    assert [world.look() for _ in range(4)] == [[]] * 4


def test_two_senders_of_one_group_must_agree_that_something_is_gone(world):
    world.inlets.add("two", "alertmanager", "ada", group="alertmanager")
    world.inlets.add("alertmanager", "alertmanager", "ada")
    world.asks(alertmanager="http://am:9093", two="http://two:9093")
    world.alert()
    world.lists["http://two:9093"] = [firing()]
    assert [world.look() for _ in range(4)] == [[]] * 4
    world.lists["http://two:9093"] = None
    assert [world.look() for _ in range(4)] == [[]] * 4
    world.lists["http://two:9093"] = []
    assert [len(world.look()) for _ in range(3)] == [0, 0, 1]


def test_a_list_that_was_made_before_the_end_came_opens_nothing_again(world):
    world.alert("a", alert_events.resolved("sender", START + MINUTE, "Over."))
    world.lists["http://am:9093"] = [firing()]
    assert world.look() == []


def test_a_new_episode_that_was_never_delivered_is_received(world):
    world.alert("a", alert_events.resolved("sender", START + MINUTE, "Over."))
    world.lists["http://am:9093"] = [firing(START + 5 * MINUTE)]
    assert [action for _, action, _ in world.look(9 * MINUTE)] == ["firing"]


def test_what_was_taken_for_over_because_nobody_sent_it_again_is_received_with_its_start(world):
    world.alert("a", alert_events.resolved("expired", START + MINUTE, "Nobody sent it again."))
    world.lists["http://am:9093"] = [firing(START - 5 * MINUTE)]
    [(_, _, signal)] = world.look()
    assert signal.starts_at == START


def test_it_begins_at_the_start_and_then_each_minute_alone(world):
    begun = [world.reconciling.due(START + seconds * timedelta(seconds=1)) for seconds in (0, 30, 59)]
    world.reconciling._thread.join()
    assert [*begun, world.reconciling.due(START + MINUTE)] == [True, False, False, True]
    world.reconciling._thread.join()
