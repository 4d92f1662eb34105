"""A small world of drills: a real ledger, a book in memory, routing and paging as they are, a clock that is moved. What
is posted to the server's own inlet is read and received as the door does it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from tests.usecases.alert_world import Shelf
from tests.usecases.paging_world import Plainly, Post

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ground.errors import Failure
from opsbook.ledger.alert import Alert, alert_of
from opsbook.ledger.drill import Drill
from opsbook.ledger.inbound.alertmanager_api import Clock, parse
from opsbook.ledger.page import Page, page_of
from opsbook.ledger.page_moves import Rules
from opsbook.ledger.views import VIEWS
from opsbook.usecases.alerting_ports import Contact, Reachable
from opsbook.usecases.alerts import Alerts
from opsbook.usecases.drill_making import Maker
from opsbook.usecases.drilling import Driller
from opsbook.usecases.drills import Drills
from opsbook.usecases.inhibiting import Inhibiting
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.matching import Matcher
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.owing import Owing
from opsbook.usecases.page_plan import whom
from opsbook.usecases.pages import Pages
from opsbook.usecases.paging import Pager, taking_turns
from opsbook.usecases.receive import Receiving
from opsbook.usecases.routing import Router, Routes
from opsbook.usecases.sending import Outbox
from opsbook.usecases.silences import Silences
from opsbook.usecases.waking import Waking

BEGIN = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


class DrillWorld:
    """Drills over a ledger of their own; `at` is what the clock says. While `is_away` the inlet takes nothing; what was
    posted is in `posted`."""

    def __init__(self, folder: Path, pages: Mapping[str, str], ledger: Any = None) -> None:
        self.at = BEGIN
        self.ledger = ledger or SqliteLedger(
            str(folder / "opsbook.db"), views=VIEWS, clock=lambda: int(self.at.timestamp() * 1e6)
        )
        self.library = Shelf(pages)
        self.matcher = Matcher(self.library, None, lambda: "c0ffee")
        self.maker = Maker(self.library, self.matcher)
        self.is_away, self.posted = False, []  # type: ignore[var-annotated]
        self.post_box = Post()
        self.lease = self.ledger.claim("pager", "here", 1e6)
        self.build()

    def build(self) -> None:
        """The parts anew, as a process that starts has them."""
        now, chance = (lambda: self.at), secrets.token_bytes
        self.receiving = Receiving(self.ledger, now=now, chance=chance)
        self.inlets = Inlets(self.ledger, now=now, chance=chance)
        self.router = Router(
            self.ledger, self.matcher, Silences(self.ledger, now=now, chance=chance), Routes(catch_all=("olga",)),
            now=now, chance=chance, inhibiting=Inhibiting(self.ledger, self.library.snapshot),
        )  # fmt: skip
        owing = Owing(
            lambda level, at: whom(directory_of(self.library.snapshot()), level, at), self, self.post_box, quiet=(),
            before=taking_turns(self.ledger),
        )  # fmt: skip
        outbox = Outbox(self.post_box, Plainly(), chance=chance, moved=lambda: None, guard=self.guard)
        self.pager = Pager(self.ledger, owing, outbox, now=now, rules=Rules(), guard=self.guard)
        self.pages_of = Pages(
            self.ledger, now=now, chance=chance, ack_timeout_s=1800.0, nudge=lambda: None,
            waking=Waking(self.library.snapshot, self), alerts=Alerts(self.ledger, now=now, ack_timeout_s=1800),
        )  # fmt: skip
        self.drills = Drills(self.ledger, now=now, chance=chance)
        self.driller = Driller(self.ledger, self.inlets, self, now=now, aside=lambda job: job())

    def guard(self, name: str, do: Any) -> bool:
        do()
        return True

    def reachable(self, name: str) -> Reachable:
        plain = name.lower().split()[0]
        return Reachable(name, plain, (Contact("email", "email", f"{plain}@example.org", "…", "book"),))

    def post(self, alerts: Sequence[dict[str, object]], token: str) -> None:
        """The server's own inlet."""
        if self.is_away:
            raise Failure("It does not answer.", retryable=True)
        source = self.inlets.source_for("alertmanager-api", token, is_open=False)
        assert source is not None and source.is_drill
        body = msgspec.json.encode(list(alerts))
        self.receiving.receive(source, parse(body, Clock(self.at, timedelta(minutes=5))), body)
        self.posted += alerts

    def tick(self) -> None:
        """Does what is due now, until nothing is."""
        for _ in range(50):
            done = False
            if timers := self.ledger.due(100, "drill/"):
                self.driller.do(timers, self.lease)
                done = True
            if timers := self.ledger.due(100, "batch/"):
                self.router.route([each.stream for each in timers], self.lease)
                done = True
            if timers := self.ledger.due(100, "alert/"):
                self.router.look(timers, self.lease)
                done = True
            done = bool(self.pager.advance(self.ledger.due(100, "page/"), self.lease)) or done
            if not done:
                return
        raise AssertionError("it does not come to rest")

    def later(self, **length: float) -> None:
        """Moves the clock from one timer to the next, and does what is due at each."""
        until = self.at + timedelta(**length)
        self.tick()
        while (next_s := self.ledger.next_due_s("")) is not None and self.at + timedelta(seconds=next_s) <= until:
            self.at += timedelta(seconds=max(next_s, 0.001))
            self.tick()
        self.at = until
        self.tick()

    def mail(self) -> list[str]:
        """Who got what since this was asked last, as ADDRESS TITLE."""
        told = [f"{address} {message.title}" for address, message in self.post_box.sent]
        self.post_box.sent.clear()
        return told

    @property
    def alerts(self) -> list[Alert]:
        return [alert_of(row) for row in reversed(self.ledger.rows("alerts", limit=1000))]

    @property
    def pages(self) -> list[Page]:
        return [page_of(row) for row in reversed(self.ledger.rows("pages", limit=1000))]

    def begun(self, scene: Any, *people: str, speed: float = 1.0) -> Drill:
        """A drill of that scene which these people joined, and which runs."""
        drill = self.drills.plan(scene, "ada", speed=speed)
        for person in people:
            self.drills.join(drill.id, person)
        self.drills.start(drill.id, people[0])
        self.tick()
        return self.drills.find(drill.id)

    def close(self) -> None:
        self.ledger.close()
