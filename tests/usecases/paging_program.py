"""A program that pages over a ledger until it is killed; what it hands over is a line in a file. For `test_paging_crashes`.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from opsbook.adapters.nudges import Nudge
from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger.page_moves import Rules
from opsbook.ledger.views import VIEWS
from opsbook.usecases.alerting_ports import Contact, Handed, Message, Reachable
from opsbook.usecases.engine_loop import EngineLoop, Work
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.owing import Owing
from opsbook.usecases.paging import Pager, taking_turns
from opsbook.usecases.sending import Outbox, Plain

LEASE_S = 0.4


class FilePost:
    """Hands over by one write to a file, which a kill does not undo."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def send(self, message: Message, address: str, tell: Callable[[Handed], None]) -> None:
        os.write(self._file, f"{message.key} {address} {message.title}\n".encode())
        threading.Timer(0.002, tell, [Handed("accepted", "", 2.0)]).start()

    def why_not(self, kind: str) -> str:
        return ""

    def close(self) -> None:
        pass


class Everybody:
    """Whoever is named has an address."""

    def reachable(self, name: str) -> Reachable:
        return Reachable(name, name, (Contact("email", "email", f"{name}@example.org", "…", "book"),))


def page(database: str, sent: str) -> None:
    """Pages for ever."""
    ledger = SqliteLedger(database, views=VIEWS)
    waking, guard, post = Nudge(), Guarded(lambda words: None), FilePost(sent)

    def now() -> datetime:
        return datetime.now(UTC)

    owing = Owing(lambda level, at: ([(name, "named") for name in level.targets], ""), Everybody(), post, quiet=(),
                  before=taking_turns(ledger))  # fmt: skip
    outbox = Outbox(post, Plain(), chance=secrets.token_bytes, moved=waking.notify, guard=guard)
    pager = Pager(ledger, owing, outbox, now=now, rules=Rules(), guard=guard)
    EngineLoop(
        ledger, [Work("page/", pager.advance, wanted=outbox.has_news)], [], owner=secrets.token_hex(4), lease_s=LEASE_S,
        now=now, monotonic=time.monotonic, waking=waking, guard=guard, report=lambda words: None,
        taken=pager.look_at_all,
    ).run(threading.Event())  # fmt: skip


if __name__ == "__main__":
    page(sys.argv[1], sys.argv[2])
