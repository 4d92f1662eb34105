"""A small world for paging: a real ledger whose clock is moved, people with contacts, and a notifier that is watched."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger import page_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.page import Page, page_of, stream_of
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.ledger.page_moves import Rules
from opsbook.ledger.views import VIEWS
from opsbook.usecases.alerting_ports import Contact, Handed, Message, Reachable
from opsbook.usecases.ledger_ports import Lease, Timer
from opsbook.usecases.owing import Owing
from opsbook.usecases.paging import Pager, taking_turns
from opsbook.usecases.sending import Item, Outbox, in_order

BEGIN = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)


def level(number: int, after_s: float, *targets: str, needs: int = 1, takes_turns: bool = False) -> PlannedLevel:
    return PlannedLevel(number, after_s, targets, f"level {number}", needs, takes_turns)


def policy(*levels: PlannedLevel, repeat: int = 0, catch_all: Sequence[str] = ("owner",)) -> FrozenPolicy:
    return FrozenPolicy("api", "incidents/policy.md", 1, None, levels, repeat, None, tuple(catch_all), 1800.0)


TWO_LEVELS = policy(level(1, 0, "primary"), level(2, 300, "secondary"))


class Post:
    """A notifier that keeps what it is given, and answers as it is told: at once, unless it `holds`."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.answers: dict[str, list[Handed]] = {}
        self.unusable: dict[str, str] = {}
        self.holds = False
        self.held: list[Callable[[Handed], None]] = []

    def send(self, message: Message, address: str, tell: Callable[[Handed], None]) -> None:
        self.sent.append((address, message))
        if self.holds:
            self.held.append(tell)
            return
        answers = self.answers.get(address, [])
        tell(answers.pop(0) if answers else Handed("accepted", "", 12.0))

    def why_not(self, kind: str) -> str:
        return self.unusable.get(kind, "")

    def close(self) -> None:
        pass


class Plainly:
    """Writes messages that tests can read."""

    def single(self, item: Item) -> Message:
        page, owed = item.due.page, item.due.notification.owed
        return Message(item.key, owed.kind, f"[{owed.purpose}] {page.subject}", owed.why, page.severity,
                       ack_url=f"/a/{page.id}.{owed.id}.{item.secret}" if item.secret else "")  # fmt: skip

    def digest(self, items: Sequence[Item], why: str, also: Sequence[Item] = ()) -> Message:
        body = "\n".join(item.due.page.subject for item in in_order(items, also))
        first = items[0]
        return Message(first.key, first.due.notification.owed.kind, f"[digest] {len(items)} pages", f"{why}\n{body}",
                       first.due.page.severity)  # fmt: skip


class PagingWorld:
    """Pages over a ledger of its own. `on_call` tells whom a target means now; `people` how they are reached."""

    def __init__(self, folder: Path, *, quiet: Sequence[str] = ("P2", "P3")) -> None:
        self.at = BEGIN
        self.folder = folder
        self.ledger = self.opened()
        self.on_call: dict[str, list[str]] = {"primary": ["ada"], "secondary": ["ben"], "owner": ["olga"]}
        self.people: dict[str, Reachable] = {}
        for name in ("ada", "ben", "cleo", "olga"):
            self.person(name, "email")
        self.post = Post()
        self.broken: dict[str, Exception] = {}
        self.wrong: list[str] = []
        self.quiet = quiet
        self.pager = self.engine()
        self.lease = self.claimed("here")
        self.count = 0

    def opened(self) -> SqliteLedger:
        return SqliteLedger(str(self.folder / "opsbook.db"), views=VIEWS, clock=lambda: int(self.at.timestamp() * 1e6))

    def engine(self) -> Pager:
        return self.engine_and_outbox()[0]

    def engine_and_outbox(self) -> tuple[Pager, Outbox]:
        owing = Owing(self.whom, self, self.post, quiet=self.quiet, before=taking_turns(self.ledger))
        outbox = Outbox(self.post, Plainly(), chance=secrets.token_bytes, moved=lambda: None, guard=self.guard)
        pager = Pager(self.ledger, owing, outbox, now=lambda: self.at, rules=Rules(), guard=self.guard)
        return pager, outbox

    def claimed(self, owner: str) -> Lease:
        lease = self.ledger.claim("pager", owner, 10.0)
        assert lease is not None
        return lease

    def guard(self, name: str, do: Callable[[], None]) -> bool:
        try:
            if name in self.broken:
                raise self.broken[name]
            do()
        except Exception as wrong:
            self.wrong.append(f"{name}: {wrong}")
            return False
        return True

    def person(self, name: str, *kinds: str, **more: object) -> None:
        contacts = tuple(Contact(kind, kind, f"{kind}:{name}", f"{kind[0]}…", "book") for kind in kinds)
        self.people[name] = Reachable(name, name, contacts, **more)  # type: ignore[arg-type]

    def reachable(self, name: str) -> Reachable:
        return self.people.get(name, Reachable(name, name, ()))

    def whom(self, planned: PlannedLevel, at: datetime) -> tuple[list[tuple[str, str]], str]:
        found = [(name, f"on call by '{target}'") for target in planned.targets
                 for name in self.on_call.get(target, [] if target in self.on_call else [target])]  # fmt: skip
        return found, "" if found else f"Nobody is on call by {', '.join(planned.targets)}."

    def open(
        self, subject: str = "api is down", severity: str = "P1", *, frozen: FrozenPolicy = TWO_LEVELS, alerts: int = 1
    ) -> str:
        self.count += 1
        page = f"261126-0310{self.count:02}-page"
        draft = events.page_opened(
            group=subject, subject=subject, severity=severity, service="api", policy=frozen, place=None,
            alerts=tuple(f"{page}-{count}" for count in range(alerts)),
        )  # fmt: skip
        self.ledger.append(
            stream_of(page), [draft], expected=0, actor="router", at=self.at,
            set_timers=[Timer(stream_of(page), "level", self.at)],
        )  # fmt: skip
        return page

    def tell(self, page: str, *drafts: Draft, actor: str = "router") -> None:
        """What others record of a page, with the timer that has it looked at."""
        self.ledger.append(
            stream_of(page), drafts, expected=None, actor=actor, at=self.at,
            set_timers=[Timer(stream_of(page), "level", self.at)],
        )  # fmt: skip

    def tick(self) -> None:
        """Does what is due now, until nothing is."""
        for _ in range(50):
            timers = self.ledger.due(100, "page/")
            moved = self.pager.advance(timers, self.lease)
            if not moved:
                return
        raise AssertionError("paging does not come to rest")

    def later(self, **length: float) -> None:
        """Moves the clock from one timer to the next, as the loop would wake up, and does what is due at each."""
        until = self.at + timedelta(**length)
        self.tick()
        while True:
            next_s = self.ledger.next_due_s("page/")
            if next_s is None or self.at + timedelta(seconds=next_s) > until:
                break
            self.at += timedelta(seconds=next_s)
            self.tick()
        self.at = until
        self.tick()

    def page(self, id: str) -> Page:
        kept = self.ledger.row("pages", stream_of(id))
        assert kept is not None
        return page_of(kept)

    def mail(self) -> list[str]:
        """Who got what since this was asked last, as ADDRESS TITLE."""
        told = [f"{address} {message.title}" for address, message in self.post.sent]
        self.post.sent.clear()
        return told

    def close(self) -> None:
        self.ledger.close()
