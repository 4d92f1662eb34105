"""Planned work is owed to its subscribers with its announcement: those it concerns, once for each change they read."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from tests.usecases.snapshots import snapshot
from tests.usecases.told_world import START, ToldWorld

from opsbook.ledger.telling import telling_of
from opsbook.usecases.kept_subscribers import KeptSubscribers
from opsbook.usecases.maintenance import Maintenances
from opsbook.usecases.subscriptions import Subscriptions
from opsbook.usecases.telling_planned import planned_owed_to

PAGE = """# Incident Response

## Status Page

| Component | Services | Description |
| --- | --- | --- |
| Paying | payment-api | Cards |
| Mailing | mail | Mail |
"""


class Planned:
    """Subscribers and planned work of a ledger."""

    def __init__(self, folder) -> None:
        self.world = ToldWorld(folder)
        self.book = snapshot({"docs/operations/incidents/incident-response.md": PAGE})
        chance = random.Random(5).randbytes
        self.subscriptions = Subscriptions(self.world.ledger, now=lambda: self.world.now, chance=chance)
        kept = KeptSubscribers(self.world.ledger, now=lambda: self.world.now, chance=chance)
        self.verbs = Maintenances(
            self.world.ledger, lambda: self.book, now=lambda: self.world.now, chance=chance,
            owed=planned_owed_to(kept.of_components),
        )  # fmt: skip

    def ask(self, address: str, *topics: str, scope: str = "customers") -> None:
        self.subscriptions.ask("email", address, scope=scope, topics=topics, is_confirmed=True, by="Ada")

    def announce(self, *components: str, id: str = "", hours: int = 2) -> str:
        begins = START + timedelta(days=1)
        ends = begins + timedelta(hours=hours)
        return self.verbs.announce("Upgrade", "ada", starts_at=begins, ends_at=ends, components=components, id=id).id

    def owed(self) -> list[str]:
        found = [telling_of(each) for each in self.world.ledger.rows("tellings", limit=100)]
        return sorted(f"{each.update} {each.shown[:1]}" for each in found)


@pytest.fixture
def planned(tmp_path):
    made = Planned(tmp_path)
    yield made
    made.world.ledger.close()


def test_those_are_told_whom_it_concerns(planned):
    planned.ask("all@example.org")
    planned.ask("paying@example.org", "Paying")
    planned.ask("mailing@example.org", "Mailing")
    planned.ask("team@example.org", scope="team")
    planned.announce("Paying")
    assert planned.owed() == ["1 a", "1 p"]


def test_who_was_told_is_told_that_it_concerns_them_no_more(planned):
    planned.ask("paying@example.org", "Paying")
    made = planned.announce("Paying")
    planned.announce("Mailing", id=made)
    assert planned.owed() == ["1 p", "2 p"]


def test_what_changes_nothing_that_is_read_is_told_to_nobody(planned):
    planned.ask("all@example.org")
    made = planned.announce("Paying")
    planned.announce("Paying", id=made)
    assert planned.owed() == ["1 a"]


def test_that_it_is_called_off_is_told(planned):
    planned.ask("all@example.org")
    planned.verbs.end(planned.announce("Paying"), "ada")
    assert planned.owed() == ["1 a", "2 a"]
