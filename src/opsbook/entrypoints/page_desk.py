"""What the verbs of pages on the command line share: the pages of a ledger, and who acts. Knows no verb."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from opsbook.entrypoints.options import Shared
from opsbook.entrypoints.people import actor_by_token, at_terminal

if TYPE_CHECKING:
    from opsbook.config import Config
    from opsbook.ledger.path_test import PathTest
    from opsbook.usecases.ledger_ports import EngineLedger
    from opsbook.usecases.pages import Pages
    from opsbook.usecases.path_test import PathTests


class PageDesk(Struct, frozen=True):
    """The pages of the ledger that the options name, and what else its verbs ask."""

    config: Config
    ledger: EngineLedger
    pages: Pages
    path_tests: PathTests

    def who(self) -> str:
        """Who acts: the account whose token is in OPSBOOK_TOKEN, else the user of this machine."""
        from opsbook.config import token

        secret = token()
        if not secret:
            return at_terminal()
        return actor_by_token(self.config, cast(Any, self.ledger), secret, "respond").name

    def why_not_now(self) -> list[str]:
        """What keeps a page from being sent now, in sentences."""
        from opsbook.usecases.paging_audit import audit

        told = list(audit(self.ledger, datetime.now(UTC)).troubles)
        return [*told, "It is sent once 'opsbook serve' runs on this ledger."] if told else []

    def waited(self, before: PathTest, within_s: float) -> PathTest:
        """The test after it has ended, or as it is when the time is over."""
        until = time.monotonic() + within_s
        while True:
            position = self.ledger.head()
            found = self.path_tests.last()
            left_s = until - time.monotonic()
            if (found.ended_at is not None and found.number > before.number) or left_s <= 0:
                return found
            self.ledger.wait(position, min(left_s, 1.0))


def length_s(text: str) -> float:
    """A length of time as it was typed, in seconds; raises Usage for what is none."""
    from opsbook.ground.durations import read_duration
    from opsbook.ground.errors import Usage

    length = read_duration(text) if text != "0" else timedelta(0)
    if length is None:
        raise Usage(f"'{text}' is no length of time. Write one such as 30m, 2h or 1d.")
    return length.total_seconds()


@contextmanager
def page_desk(shared: Shared) -> Iterator[PageDesk]:
    """It, until the end of the `with`. The book is read once something asks of it."""
    from functools import cache

    from opsbook.alert_parts import build_pages, build_path_tests
    from opsbook.usecases.duty_book import duty_book
    from opsbook.usecases.library import Book
    from opsbook.wire import build_book
    from opsbook.wire_ledger import build_ledger

    config = shared.config()
    book: Callable[[], Book] = cache(lambda: duty_book(build_book(config)))
    ledger = build_ledger(config)
    try:
        yield PageDesk(config, ledger, build_pages(config, ledger, book), build_path_tests(config, ledger))
    finally:
        ledger.close()
