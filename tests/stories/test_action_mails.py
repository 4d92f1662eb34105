"""Whoever promised something is mailed after the incident is over, until the box on its page is ticked: over a real book
in git, a real ledger, a real mail server. Only the clock is moved.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.stories.mailbox import Mailbox, text_of
from tests.usecases.learn_world import ADA, BOOK, book_in
from tests.usecases.test_action_items import Promised

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ground.errors import Fenced
from opsbook.ledger.page_moves import Rules
from opsbook.ledger.views import VIEWS
from opsbook.usecases.action_nags import ActionNags
from opsbook.usecases.contact_book import ContactBook
from opsbook.usecases.ledger_ports import Lease
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.owing import Owing
from opsbook.usecases.page_plan import whom
from opsbook.usecases.paging import Pager, taking_turns
from opsbook.usecases.sending import Outbox
from opsbook.usecases.wording import Wording
from opsbook.wire_notify import build_notifier

PATIENCE_S = 60
ITEM = "Write the runbook of the till"
PEOPLE = """# On-Call

| Name | Handle | E-Mail | Time Zone |
| --- | --- | --- | --- |
| Ada Byron | @ada | ada@example.org | Europe/Copenhagen |
"""
REPORT = f"""# Incident Response: The till is slow

**Severity:** P3
**Status:** Resolved
**Started:** 2026-03-20 10:00 UTC
**Resolved:** 2026-03-20 11:00 UTC

## Prevention

- [ ] {ITEM} (@ada, due 2026-04-01)
"""
BEFORE = datetime(2026, 3, 30, 10, 0, tzinfo=UTC)
THE_DAY = datetime(2026, 4, 1, 10, 0, tzinfo=UTC)


def settled(book: Promised) -> None:
    """Waits until the book is read as it stands on the disk."""
    book.library.look()
    book.library.wait_whole(20)


class Engine:
    """What reminds and what pages, with a ledger and a worker that mails of its own."""

    def __init__(self, book: Promised, name: str) -> None:
        self.book = book
        self.name = name
        self.ledger = SqliteLedger(book.config.db.removeprefix("sqlite:///"), views=VIEWS, clock=lambda: int(book.now.timestamp() * 1e6))
        self.moved = threading.Event()
        self.troubles: list[str] = []
        read, chance = book.library.snapshot, secrets.token_bytes
        contacts = ContactBook(self.ledger, read, now=book.clock, chance=chance)
        self.notifier = build_notifier(book.config, "https://ops.example.org")
        owing = Owing(lambda level, at: whom(directory_of(read()), level, at), contacts, self.notifier, quiet=(),
                      before=taking_turns(self.ledger))  # fmt: skip
        wording = Wording(book.library, self.ledger, contacts, address="https://ops.example.org", now=book.clock)
        self.outbox = Outbox(self.notifier, wording, chance=chance, moved=self.moved.set, guard=self.guard)
        self.pager = Pager(self.ledger, owing, self.outbox, now=book.clock, rules=Rules(), guard=self.guard)
        self.nags = ActionNags(
            self.ledger, read, contacts, now=book.clock, address="https://ops.example.org"
        )
        self.lease: Lease | None = None

    def guard(self, name: str, do: Callable[[], None]) -> bool:
        """Does it, and keeps what went wrong."""
        try:
            do()
        except Exception as wrong:
            self.troubles.append(f"{name}: {wrong}")
            return False
        return True

    def takes_over(self) -> None:
        """Is the one that pages from now on."""
        self.lease = self.ledger.claim("pager", self.name, 3600)
        assert self.lease is not None
        self.pager.look_at_all(self.lease)

    def works(self) -> None:
        """Reminds, and sends until nothing is due or under way."""
        assert self.lease is not None
        self.nags.look(self.lease)
        until = time.monotonic() + PATIENCE_S
        while True:
            self.moved.clear()
            did = self.pager.advance(self.ledger.due(100, "page/"), self.lease)
            if not did and not self.outbox.is_busy() and not self.outbox.has_news():
                break
            assert did or self.moved.wait(until - time.monotonic()), "what was handed over is never told"
        assert self.troubles == []

    def close(self) -> None:
        self.notifier.close()
        self.ledger.close()


class Town:
    """A book with a promise, a mail server, and a clock that is moved."""

    def __init__(self, root: Path) -> None:
        self.mailbox = Mailbox()
        git = book_in(root, **{"incidents__on-call": PEOPLE, "incidents__2026-03-20-till": REPORT})
        settings = f'[notify]\nsmtp = "{self.mailbox.address}"\nfrom = "opsbook@example.org"\n'
        git.write(f"{BOOK}/opsbook.toml", settings.encode())
        git.commit("settings")
        self.book = Promised(root)
        self.book.now = BEFORE
        self.engines: list[Engine] = []

    def engine(self, name: str = "one") -> Engine:
        """One more engine, which does not page yet."""
        self.engines.append(Engine(self.book, name))
        return self.engines[-1]

    def mails(self) -> list[EmailMessage]:
        """Those that tell of the promise."""
        return [each for each in self.mailbox.mails if ITEM in text_of(each)]

    def close(self) -> None:
        for each in self.engines:
            each.close()
        self.book.close()
        self.mailbox.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    made.close()


def test_a_promise_is_mailed_to_its_owner_until_its_box_is_ticked(town: Town) -> None:
    engine = town.engine()
    engine.takes_over()
    engine.works()
    (mail,) = town.mails()
    assert mail["To"] == "ada@example.org"
    assert "https://ops.example.org/incidents/actions?owner=ada" in text_of(mail)
    assert "No page of the book" not in text_of(mail)

    town.book.now = THE_DAY
    engine.takes_over()
    engine.works()
    assert len(town.mails()) == 2

    town.book.actions.mark(town.book.key(ITEM), "ada", ADA, is_done=True)
    settled(town.book)
    for week in (1, 2, 3):
        town.book.now = THE_DAY + timedelta(weeks=week)
        engine.takes_over()
        engine.works()
    assert len(town.mails()) == 2


def test_of_two_engines_the_second_mails_nothing_again(town: Town) -> None:
    first, second = town.engine("one"), town.engine("two")
    first.takes_over()
    first.works()
    assert second.ledger.claim("pager", "two", 3600) is None
    town.book.now += timedelta(hours=2)  # the first hangs, and its lease ends
    second.takes_over()
    second.works()
    assert len(town.mails()) == 1

    town.book.now = THE_DAY
    second.takes_over()
    with pytest.raises(Fenced):
        first.nags.look(first.lease)  # type: ignore[arg-type]
    second.works()
    assert len(town.mails()) == 2
