"""What is published is handed over to everybody once, tried again, labelled, dropped where it is outdated, and told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.usecases.told_world import Receivers, ToldWorld, teller

from opsbook.ground.errors import Fenced
from opsbook.ledger.telling import Telling
from opsbook.usecases.alerting_ports import Handed
from opsbook.usecases.ledger_ports import Timer
from opsbook.usecases.telling_owed import tellings

SECOND = timedelta(seconds=1)


class Engine:
    """An engine that tells, and its clock; its lease is as that of a real one."""

    def __init__(self, folder, *, is_drill: bool = False) -> None:
        self.world = ToldWorld(folder)
        self.world.declare(is_drill=is_drill)
        self.receivers = Receivers()
        self.teller = teller(self.world, self.receivers)
        self.lease = self.world.ledger.claim("pager", "one", 600)

    def run(self, *, after_s: float = 0) -> None:
        """Does all that is due so much later, until nothing more comes of it."""
        self.world.now += after_s * SECOND
        for _ in range(10):
            timers = [each for each in self._timers() if each.due <= self.world.now]
            if not timers and not self.teller.has_news():
                return
            self.teller.do(timers, self.lease)
        raise AssertionError("It does not come to rest.")

    def _timers(self):
        rows = self.world.ledger._rows("SELECT stream, name, due FROM timer WHERE stream LIKE 'telling/%'", ())
        return [Timer(stream, name, datetime.fromtimestamp(due / 1e6, UTC)) for stream, name, due in rows]

    def restart(self) -> None:
        """Another engine goes on."""
        self.teller = teller(self.world, self.receivers)

    def told(self, update: int) -> list[Telling]:
        """Who gets an update, and how far that is."""
        return tellings(self.world.ledger, "one", update)


@pytest.fixture
def engine(tmp_path):
    """An engine over a P1."""
    made = Engine(tmp_path)
    yield made
    made.world.ledger.close()


def test_each_channel_gets_an_update_once(engine):
    update = engine.world.published("team", "**Cards** do not work.", channels=["#ops", "mail:team@example.org"])
    engine.run()
    assert sorted(address for address, _ in engine.receivers.got) == ["#ops", "team@example.org"]
    assert {each.state for each in engine.told(update)} == {"accepted"}
    message = engine.receivers.got[0][1]
    assert message.title == "[P1] INC-14 Cards are refused by db-7: Investigating"
    assert message.body.startswith("Cards do not work.\n\nhttps://ops.example.org/incidents/14")


def test_customers_get_nothing_of_what_is_ours(engine):
    engine.world.published("customers", "Cards do not work.", channels=["mail:list@example.org"],
                           components={"Paying": "degraded"})  # fmt: skip
    engine.run()
    message = engine.receivers.got[0][1]
    assert message.title == "Paying: Investigating"
    for secret in ("db-7", "payment-api", "P1", "INC-14", "Ada"):
        assert secret not in f"{message.title} {message.body} {message.html} {message.facts}"


def test_customers_get_no_id_and_no_severity_that_is_used_inside(engine):
    engine.world.published("customers", "Cards do not work.", channels=["mail:list@example.org"])
    engine.run()
    message = engine.receivers.got[0][1]
    assert message.severity == ""
    assert not message.key.startswith("one-")
    assert ".one." not in str(message.facts["thread"])


def test_a_receiver_that_is_away_gets_it_later(engine):
    engine.receivers.answer = lambda address: Handed("retrying", "503")
    update = engine.world.published("team", "Cards do not work.", channels=["#ops"])
    engine.run()
    assert engine.told(update)[0].state == "retrying"
    engine.receivers.answer = lambda address: Handed("accepted")
    engine.run(after_s=6)
    assert engine.told(update)[0].state == "accepted"
    assert len({message.key for _, message in engine.receivers.got}) == 2


def test_what_fails_is_told_on_the_incident_once(engine):
    engine.receivers.answer = lambda address: Handed("failed", "The mail server answered 550.")
    update = engine.world.published("team", "Cards do not work.", channels=["mail:gone@example.org", "#ops"])
    engine.run()
    engine.run(after_s=100)
    told = [each for each in engine.world.ledger.read("incident/one") if each.kind == "StatusUpdateUndelivered"]
    assert sorted(each.facts["to"] for each in told) == ["#ops", "mail:gone@example.org"]
    assert {each.facts["update"] for each in told} == {update}


def test_after_a_kill_it_goes_out_once_more_and_says_so(engine):
    engine.receivers.is_silent = True
    update = engine.world.published("team", "Cards do not work.", channels=["#ops"])
    engine.run()
    engine.restart()
    engine.receivers.is_silent = False
    engine.run(after_s=41)
    engine.run(after_s=6)
    [telling] = engine.told(update)
    assert (telling.state, [each.is_duplicate for each in telling.attempts]) == ("accepted", [False, True])
    first, second = engine.receivers.got
    assert "may have got this already" not in first[1].body
    assert "You may have got this already" in second[1].body


def test_after_an_outage_the_newest_goes_and_the_others_say_why_not(engine):
    for number in range(3):
        engine.world.published("team", f"Update {number}", channels=["#ops"])
        engine.world.now += 600 * SECOND
    engine.run()
    assert [message.body.splitlines()[0] for _, message in engine.receivers.got] == ["Update 2"]
    assert [each.state for number in (1, 2, 3) for each in engine.told(number)] == ["dropped", "dropped", "accepted"]
    assert engine.told(1)[0].why.startswith("Update 2 took its place")


def test_an_older_update_still_goes_to_those_who_get_no_newer(engine):
    engine.world.published("team", "To all", channels=["#ops", "#all"])
    engine.world.published("team", "To some", channels=["#ops"])
    engine.run()
    assert {(address, message.body.splitlines()[0]) for address, message in engine.receivers.got} == {
        ("#ops", "To some"), ("#all", "To all"),
    }  # fmt: skip


def test_a_former_engine_records_and_sends_nothing_more(engine):
    update = engine.world.published("team", "Cards do not work.", channels=["#ops"])
    engine.world.ledger.release(engine.lease)
    engine.world.ledger.claim("pager", "two", 600)
    with pytest.raises(Fenced):
        engine.run()
    assert engine.receivers.got == []
    assert engine.told(update)[0].state == "owed"


def test_a_message_that_cannot_be_written_stops_no_other(engine):
    update = engine.world.published("team", "Cards do not work.", channels=["#bad", "#ops"])
    send = engine.receivers.send

    def broken(message, address, tell):
        if address == "#bad":
            raise ValueError(address)
        send(message, address, tell)

    engine.receivers.send = broken
    engine.run()
    assert {each.name: each.state for each in engine.told(update)} == {"#bad": "lost", "#ops": "accepted"}


def test_a_drill_says_so_wherever_it_is_read(tmp_path):
    engine = Engine(tmp_path, is_drill=True)
    engine.world.published("team", "Cards do not work.", channels=["#ops"])
    engine.run()
    assert engine.receivers.got[0][1].title.startswith("[DRILL] [P1] INC-14")
    engine.world.ledger.close()
