"""A night with a moved clock: a fault, its page, its incident by the policy, all that joins it, until it is resolved.

And the same with nodes that are killed before and after every commit: no group has two incidents, and no alert that the
policy names is without the one that it belongs to.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.usecases.opening_world import LINE, OpeningWorld
from tests.usecases.paging_world import Post

from opsbook.adapters.postgres_ledger import PostgresLedger
from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.book.incident_roles import COMMANDER
from opsbook.ledger import incident_events as events
from opsbook.ledger.incident import stream_of
from opsbook.ledger.page_moves import Rules
from opsbook.ledger.views import VIEWS
from opsbook.usecases import routing
from opsbook.usecases.contact_book import ContactBook
from opsbook.usecases.incident_acts import Incidents
from opsbook.usecases.incident_opener import STORM
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.owing import Owing
from opsbook.usecases.page_plan import whom
from opsbook.usecases.pages import Pages
from opsbook.usecases.paging import Pager, taking_turns
from opsbook.usecases.sending import Outbox
from opsbook.usecases.waking import Waking
from opsbook.usecases.wording import Wording


class Night(OpeningWorld):
    """Alerts, whoever they wake, and what people do about it; `post` is what was sent."""

    def __init__(self, folder: Path) -> None:
        clocked = SqliteLedger(str(folder / "o.db"), views=VIEWS, clock=lambda: int(self.at.timestamp() * 1e6))
        self.at = None
        super().__init__(folder, ledger=clocked)
        self.post = Post()
        contacts = ContactBook(self.ledger, self.library.snapshot, now=self.now, chance=secrets.token_bytes)
        owing = Owing(
            lambda level, at: whom(directory_of(self.library.snapshot()), level, at), contacts, self.post, quiet=(),
            before=taking_turns(self.ledger),
        )  # fmt: skip
        words = Wording(self.library, self.ledger, contacts, address="https://ops.example.org", now=self.now)
        outbox = Outbox(self.post, words, chance=secrets.token_bytes, moved=lambda: None, guard=lambda _, do: do() or True)
        self.pager = Pager(self.ledger, owing, outbox, now=self.now, rules=Rules(), guard=lambda _, do: do() or True)
        self.page_verbs = Pages(
            self.ledger, now=self.now, chance=secrets.token_bytes, alerts=self.verbs, ack_timeout_s=1800.0,
            waking=Waking(self.library.snapshot, contacts, (), 1800.0),
        )  # fmt: skip
        self.acts = Incidents(
            self.ledger, self.library.snapshot, self.page_verbs, now=self.now, chance=secrets.token_bytes
        )
        lease = self.ledger.claim("pager", "here", 36_000)
        assert lease is not None
        self.lease = lease

    def now(self):
        return self.at

    def hears(self, *signals) -> None:
        """A body comes, is routed, and people are told."""
        self.receive(*signals)
        self.router.route([timer.stream for timer in self.timers("batch/")], self.lease, opening=self.pager.opening)
        self.pages_on()

    def pages_on(self, **length: float) -> None:
        self.later(**length)
        while timers := self.ledger.due(100, "page/"):
            if not self.pager.advance(timers, self.lease):
                break
        self.pager.advance([], self.lease)

    def told(self) -> list[str]:
        """The titles of what was sent since this was asked last, and to whom."""
        told = [f"{address}: {message.title}" for address, message in self.post.sent]
        self.post.sent.clear()
        return told


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    night = Night(tmp_path)
    yield night
    night.close()


def test_a_night_from_the_fault_to_the_end(night):
    fault = night.fires("Web502", "k1", severity="high")
    night.hears(fault)
    page, incident = night.pages[0], night.incident
    assert night.told() == [f"ada@example.org: P1 INC-1 web: {page.subject}"]
    assert (incident.severity, incident.status, incident.acknowledged_at) == ("P1", "Investigating", None)

    night.pages_on(minutes=2)
    night.page_verbs.acknowledge(page.id, "ada", via="link")
    incident = night.incident
    assert (incident.acknowledged_by, incident.acknowledged_at) == ("ada", night.at)
    assert incident.holders(COMMANDER) == ("ada",)

    night.pages_on(minutes=3)
    graver = night.fires("WebDown", "k2", severity="critical")
    night.hears(graver)
    incident = night.incident
    assert len(incident.alerts) == 2 and len(incident.pages) == 2 and incident.severity == "P0"
    assert all("INC-1" in title for title in night.told())

    night.acts.move(1, "ada", "mitigating")
    night.pages_on(minutes=5)
    night.hears(night.ends(fault), night.ends(graver))
    assert night.incident.status == "Mitigating", "nothing is resolved by itself"
    told = night.told()
    assert any("All 2 alerts of it are over" in title and title.startswith("ada@example.org") for title in told)

    night.acts.move(1, "ada", "resolved", why="The upstream is back.")
    incident = night.incident
    assert (incident.status, incident.resolved_at) == ("Resolved", night.at)
    assert [page.state for page in night.pages if page.alerts or page.gone] == ["done", "done"]
    kinds = night.kinds(stream_of(incident.id))
    assert kinds[0] == events.DECLARED and kinds.count(events.DECLARED) == 1


# -- killed at every commit --------------------------------------------------------------------------------------------


class Killed(BaseException):
    """kill -9, as far as whoever records can tell."""


def dying(ledger: EngineLedger, at: int, *, is_recorded: bool) -> None:
    """From its commit of that number on this ledger records nothing more; that one just so, or not any more."""
    record, count = ledger.record, [0]

    def dies(*given: object, **more: object) -> object:
        count[0] += 1
        if count[0] > at or (count[0] == at and not is_recorded):
            raise Killed
        made = record(*given, **more)  # type: ignore[arg-type]
        if count[0] == at:
            raise Killed
        return made

    ledger.record = dies  # type: ignore[method-assign]


def rounds(worlds: Sequence[OpeningWorld], turn: int, *, at: int, is_recorded: bool) -> bool:
    """One storm of one service and one alert of another, routed by a node that dies, and by the one behind it. Whether
    the first died."""
    first, second = worlds
    service, other = f"web-{turn}", f"db-{turn}"
    names = [("Slow", "high", service), ("Slow", "high", service), ("Down", "critical", service), ("Full", "high", other)]
    for number, (name, severity, of) in enumerate(names):
        first.receive(first.fires(f"{name}{turn}", f"{turn}-{number}", severity, labels={"service": of}))
    has_died = False
    dying(first.ledger, at, is_recorded=is_recorded)
    try:
        first.route()
    except Killed:
        has_died = True
    del first.ledger.record  # type: ignore[attr-defined]
    second.at = first.at
    second.route()
    alerts = [alert for alert in second.alerts if alert.key.startswith(f"{turn}-")]
    incidents = {each.number: each for each in second.incidents}
    assert len(alerts) == 4
    for alert in alerts:
        assert alert.incident is not None and alert.id in incidents[alert.incident].alerts
    assert len({alert.incident for alert in alerts}) == 2, "one for each service"
    own = incidents[next(alert.incident for alert in alerts if alert.service == service)]
    assert own.severity == "P0" and STORM not in own.tags
    pages = [page for page in second.pages if set(page.alerts) & {alert.id for alert in alerts}]
    assert {page.incident for page in pages} == {alert.incident for alert in alerts}
    return has_died


def killed_at_every_commit(worlds: Sequence[OpeningWorld]) -> int:
    """How many kills it took until the first node had nothing more to record."""
    kills = 0
    for is_recorded in (False, True):
        at = 1
        while rounds(worlds, kills, at=at, is_recorded=is_recorded):
            kills, at = kills + 1, at + 1
            for world in worlds:
                world.at += routing.timedelta(minutes=30)
        kills += 1
        for world in worlds:
            world.at += routing.timedelta(minutes=30)
    assert len({each.number for each in worlds[1].incidents}) == len(worlds[1].incidents)
    return kills


def test_a_kill_at_every_commit_leaves_one_incident_for_each_group(tmp_path, monkeypatch):
    monkeypatch.setattr(routing, "MOST_IN_ONE", 1)
    worlds = [OpeningWorld(tmp_path, LINE) for _ in range(2)]
    assert killed_at_every_commit(worlds) >= 8
    for world in worlds:
        world.close()


def test_two_nodes_with_one_database_and_a_kill_at_every_commit(tmp_path, postgres_url, monkeypatch):
    monkeypatch.setattr(routing, "MOST_IN_ONE", 1)
    worlds = [OpeningWorld(tmp_path, LINE, ledger=PostgresLedger(postgres_url, views=VIEWS)) for _ in range(2)]
    assert killed_at_every_commit(worlds) >= 8
    for world in worlds:
        world.close()
