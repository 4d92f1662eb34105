"""Subscriptions begin by a link that came to the address, end by a link in each message, and leave no address behind."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from tests.usecases.told_world import ToldWorld

from opsbook.book.probe_reach import Reach
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger import subscription as events
from opsbook.usecases.subscriptions import MOST_WAITING, Subscriptions

MINUTE = timedelta(minutes=1)
ADDRESS = "reader@example.org"


class Readers:
    """A ledger, its subscriptions and a clock."""

    def __init__(self, folder) -> None:
        self.world = ToldWorld(folder)
        self.world.declare()
        self.verbs = Subscriptions(
            self.world.ledger, now=lambda: self.world.now, chance=random.Random(2).randbytes, refusal=Reach((), is_public=True).refusal
        )

    def keys(self, id: str) -> tuple[str, str]:
        """The secrets of the links that confirm and end one."""
        beside = self.verbs.kept.beside(id)
        assert beside is not None
        return beside.confirm, beside.leave

    def subscribe(self, address: str = ADDRESS, **more) -> str:
        """One that is confirmed."""
        id = self.verbs.ask("email", address, **more).id
        self.verbs.confirm(id, self.keys(id)[0])
        return id

    def mails(self) -> int:
        """How many messages to confirm were owed."""
        return sum(row.stream.startswith("telling/confirm") for row in self.world.ledger.rows("tellings"))

    def told(self, audience: str = "customers", components=("Paying",)) -> list[str]:
        """Whom an update is owed to now."""
        self.world.draft(audience, "x")
        update = self.world.incident.updates[-1]
        return [id for id, _ in self.verbs.kept.of_update(self.world.incident, update, components)]


@pytest.fixture
def readers(tmp_path):
    """Nobody yet."""
    made = Readers(tmp_path)
    yield made
    made.world.ledger.close()


def test_it_is_in_force_once_the_link_was_used(readers):
    id = readers.verbs.ask("email", ADDRESS).id
    assert (readers.mails(), readers.told()) == (1, [])
    readers.verbs.confirm(id, readers.keys(id)[0])
    assert readers.told() == [id]


def test_asking_twice_answers_the_same_and_sends_one_message(readers):
    first = readers.verbs.ask("email", ADDRESS)
    assert readers.verbs.ask("email", ADDRESS.upper()) == first
    assert readers.mails() == 1
    readers.world.now += 20 * MINUTE
    assert readers.verbs.ask("email", ADDRESS) == first
    assert readers.mails() == 2


def test_what_is_in_force_stays_so_while_somebody_asks_anew(readers):
    id = readers.subscribe(topics=["Paying"])
    readers.world.now += 20 * MINUTE
    readers.verbs.ask("email", ADDRESS, topics=["Mail"])
    assert readers.told() == [id]
    assert readers.told(components=("Mail",)) == []


@pytest.mark.parametrize("key", ["", "wrong"])
def test_a_wrong_link_does_nothing_and_says_the_same_as_no_subscription(readers, key):
    id = readers.subscribe()
    with pytest.raises(Usage) as wrong:
        readers.verbs.leave(id, key)
    with pytest.raises(Usage) as unknown:
        readers.verbs.leave("0" * 20, key)
    assert str(wrong.value) == str(unknown.value)
    assert readers.told() == [id]


def test_the_link_that_ends_confirms_nothing(readers):
    id = readers.verbs.ask("email", ADDRESS).id
    with pytest.raises(Usage):
        readers.verbs.confirm(id, readers.keys(id)[1])


def test_leaving_forgets_the_address(readers):
    id = readers.subscribe()
    readers.verbs.leave(id, readers.keys(id)[1])
    assert (readers.told(), readers.verbs.kept.beside(id)) == ([], None)
    assert all(ADDRESS not in str(event.facts) for event in readers.world.ledger.after(0, 1000))


def test_who_left_may_come_back(readers):
    id = readers.subscribe()
    readers.verbs.leave(id, readers.keys(id)[1])
    assert readers.subscribe() == id
    assert readers.told() == [id]


def test_what_nobody_confirms_is_forgotten(readers):
    id = readers.verbs.ask("email", ADDRESS).id
    key = readers.keys(id)[0]
    readers.world.now += timedelta(days=3)
    with pytest.raises(Usage):
        readers.verbs.confirm(id, key)
    assert readers.verbs.forget_unconfirmed() == 1
    assert readers.verbs.kept.beside(id) is None


def test_a_subscription_of_a_component_hears_of_that_alone(readers):
    paying = readers.subscribe("a@example.org", topics=["paying"])
    mail = readers.subscribe("b@example.org", topics=["Mail"])
    assert readers.told() == [paying]
    assert set(readers.told(components=("Mail", "Paying"))) == {paying, mail}


def test_those_who_work_here_subscribe_to_services(readers):
    id = readers.subscribe(scope="team", topics=["payment-api"], by="Ada")
    other = readers.subscribe("c@example.org", scope="team", topics=["mail"], by="Ada")
    assert other != id
    assert readers.told("team") == [id]
    assert readers.told("customers") == []


def test_who_knows_a_webhook_cannot_learn_what_signs_its_messages(readers):
    made = readers.verbs.ask("webhook", "https://hooks.example.org/x")
    readers.verbs.confirm(made.id, readers.keys(made.id)[0])
    readers.world.now += 20 * MINUTE
    other = readers.verbs.ask("webhook", "https://hooks.example.org/x")
    beside = readers.verbs.kept.beside(made.id)
    assert beside is not None
    assert beside.signer == made.signer != other.signer


@pytest.mark.parametrize("later", [1, 20])
def test_who_asks_for_a_webhook_after_another_does_not_get_what_signs_its_messages(readers, later):
    made = readers.verbs.ask("webhook", "https://hooks.example.org/x")
    readers.world.now += later * MINUTE
    readers.verbs.ask("webhook", "https://hooks.example.org/x")
    readers.verbs.confirm(made.id, readers.keys(made.id)[0])
    beside = readers.verbs.kept.beside(made.id)
    assert beside is not None
    assert beside.signer == made.signer


@pytest.mark.parametrize("host", [
    "127.0.0.1:8471", "2130706433", "127.1", "0x7f.1", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.5", "192.168.1.1",
    "[fd12::1]", "100.64.0.1", "[::ffff:10.0.0.5]",
])  # fmt: skip
def test_a_webhook_that_a_stranger_names_cannot_go_inside(readers, host):
    with pytest.raises(Usage, match="cannot go there"):
        readers.verbs.ask("webhook", f"http://{host}/hook")


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest", "http://[fd00:ec2::254]/", "ftp://example.org"])
def test_a_webhook_cannot_go_where_nothing_may(readers, address):
    with pytest.raises(Usage):
        readers.verbs.ask("webhook", address)


def test_no_address_is_repeated_where_it_is_wrong(readers):
    with pytest.raises(Usage) as wrong:
        readers.verbs.ask("email", "not an address <script>")
    assert "script" not in str(wrong.value)


def test_too_many_that_wait_are_no_people(readers):
    for number in range(MOST_WAITING):
        readers.verbs.ask("email", f"{number}@example.org")
    with pytest.raises(Refusal, match="use the feed"):
        readers.verbs.ask("email", "more@example.org")


def test_an_admin_ends_one(readers):
    id = readers.subscribe()
    readers.verbs.end(id, "Ada")
    assert readers.told() == []
    found = readers.verbs.kept.find(id)
    assert found is not None
    assert (found.state, found.why) == ("ended", "Ada ended it.")
    assert events.stream_of(id) == f"subscription/{id}"
