"""Everything that routing and paging need, put together from a Config: the ledger, the book, the notifier with secrets.

Only the child that pages has it; whoever answers the web imports none of it.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from msgspec import Struct

from opsbook.book.reach import Directory
from opsbook.config import Config
from opsbook.ledger.alert_events import ALERTS
from opsbook.ledger.heartbeat import HEARTBEATS
from opsbook.ledger.page_events import PAGES, PlannedLevel
from opsbook.ledger.page_moves import Rules
from opsbook.ledger.signal import BATCHES
from opsbook.ledger.silence import SILENCES
from opsbook.usecases.contact_book import ContactBook
from opsbook.usecases.engine_loop import Chore, EngineLoop, Waking, Work
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.heartbeats import Heartbeats
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer
from opsbook.usecases.library import Library
from opsbook.usecases.matching import Matcher
from opsbook.usecases.notices import RUNS, Notices
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.owing import Owing, Whom
from opsbook.usecases.page_plan import whom
from opsbook.usecases.paging import Pager, taking_turns
from opsbook.usecases.routing import Router, Routes
from opsbook.usecases.run_journal import TOLD
from opsbook.usecases.search import Index
from opsbook.usecases.sending import Outbox
from opsbook.usecases.silences import Silences
from opsbook.usecases.wording import Wording
from opsbook.wire import build_library, build_search_index
from opsbook.wire_ledger import build_ledger, node_of, served_at
from opsbook.wire_notify import build_notifier

HANDS_OFF_S = 60.0
SPARE_S = 10.0  # beyond the time that an attempt may take, before it is taken for lost


class PagingParts(Struct, frozen=True):
    """What the child that pages works with."""

    loop: EngineLoop


@contextmanager
def build_paging_parts(config: Config, waking: Waking) -> Iterator[PagingParts]:
    """The parts, until the end of the `with`. Raises Failure where the book or the ledger cannot be used."""
    with ExitStack() as stack:
        ledger = build_ledger(config)
        stack.callback(ledger.close)
        library = build_library(config, keeps_facts=False)
        stack.callback(library.close)
        index = build_search_index(config)
        stack.callback(index.close)
        address = served_at(config) or ""
        notifier = build_notifier(config, address)
        stack.callback(notifier.close)
        guard = Guarded(_report)
        contacts = ContactBook(ledger, library.snapshot, now=_now, chance=secrets.token_bytes)
        owing = Owing(
            _people(library), contacts, notifier, quiet=config.quiet_severities, before=taking_turns(ledger)
        )
        wording = Wording(library, ledger, contacts, address=address, now=_now)
        outbox = Outbox(
            notifier, wording, chance=secrets.token_bytes, moved=waking.notify, guard=guard, heard=contacts.attempted
        )
        rules = Rules(attempt_s=config.notify_timeout_s + SPARE_S, again_s=config.ack_timeout_s)
        pager = Pager(ledger, owing, outbox, now=_now, rules=rules, guard=guard)
        silences = Silences(ledger, now=_now, chance=secrets.token_bytes)
        router = Router(
            ledger, _matcher(config, library, index), silences, _routes(config), now=_now, chance=secrets.token_bytes
        )
        heartbeats = Heartbeats(ledger, now=_now, chance=secrets.token_bytes)
        chores = [Chore("hand-over of duty", HANDS_OFF_S, pager.hand_off)]
        yield PagingParts(EngineLoop(
            ledger, _works(ledger, router, pager, heartbeats), chores, owner=_owner(config),
            lease_s=config.paging_lease_s, now=_now, monotonic=time.monotonic, waking=waking, guard=guard,
            report=_report, taken=pager.look_at_all,
        ))  # fmt: skip


def _works(
    ledger: EngineLedger, router: Router, pager: Pager, heartbeats: Heartbeats
) -> tuple[Work, ...]:
    """Who does what is due, in this order: what was received is routed before anything is sent."""
    notices = Notices(ledger)

    def route(timers: Sequence[Timer], lease: Lease) -> None:
        router.route([each.stream for each in timers], lease)

    def late(timers: Sequence[Timer], lease: Lease) -> None:
        for each in timers:
            heartbeats.late(each.stream.removeprefix(HEARTBEATS), lease)

    def page(timers: Sequence[Timer], lease: Lease) -> None:
        pager.advance(timers, lease)

    return (
        Work(HEARTBEATS, late),
        Work(BATCHES, route, 2000),
        Work(ALERTS, lambda timers, lease: router.look(timers, lease), 2000),
        Work(SILENCES, lambda timers, lease: router.turn(timers, lease)),
        Work(RUNS, lambda timers, lease: notices.deliver(timers, lease, _now()), name=TOLD),
        Work(PAGES, page, 5000),
    )


def _people(library: Library) -> Whom:
    """Whom a level means, by the book as it is then; what all levels ask of it is worked out once for each state."""
    kept: list[tuple[int, Directory]] = []

    def people(level: PlannedLevel, at: datetime) -> tuple[Sequence[tuple[str, str]], str]:
        book = library.snapshot()
        if not kept or kept[0][0] != book.number:
            kept[:] = [(book.number, directory_of(book))]
        return whom(kept[0][1], level, at)

    return people


def _matcher(config: Config, library: Library, index: Index) -> Matcher:
    return Matcher(
        library, index, lambda: library.snapshot().commit, config.url_bases, config.severities, config.runbook_keys
    )


def _routes(config: Config) -> Routes:
    return Routes(config.group_by, config.flap_window_s, config.ack_timeout_s, config.catch_all)


def _owner(config: Config) -> str:
    return f"{node_of(config)}/{os.getpid()}/{secrets.token_hex(4)}"


def _report(words: str) -> None:
    sys.stderr.write(f"opsbook: {words}\n")
    sys.stderr.flush()


def _now() -> datetime:
    return datetime.now(UTC)
