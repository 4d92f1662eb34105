"""Everything that routing and paging need, put together from a Config: the ledger, the book, the notifier with secrets.

Only the child that pages has it; whoever answers the web imports none of it.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from opsbook import __version__
from opsbook.alert_parts import build_ways
from opsbook.book.reach import Directory
from opsbook.config import Config, authorities
from opsbook.drill_works import build_drill_chores, build_drill_works
from opsbook.ground.errors import Failure, Refusal
from opsbook.incident_works import Around, build_incident_works
from opsbook.ledger.alert_events import ALERTS
from opsbook.ledger.heartbeat import HEARTBEATS
from opsbook.ledger.page_events import PAGES, PlannedLevel
from opsbook.ledger.page_moves import Rules
from opsbook.ledger.path_test import PATH_TEST
from opsbook.ledger.signal import BATCHES
from opsbook.ledger.silence import SILENCES
from opsbook.usecases.bodies import MOST_FORGOTTEN, Bodies
from opsbook.usecases.bundling import was_away
from opsbook.usecases.contact_book import ContactBook
from opsbook.usecases.dead_man import DeadMan
from opsbook.usecases.engine_loop import Chore, EngineLoop, Waking, Work
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.heartbeats import Heartbeats
from opsbook.usecases.inhibiting import Inhibiting
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer
from opsbook.usecases.library import Library
from opsbook.usecases.matching import Matcher
from opsbook.usecases.notices import RUNS, Notices
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.owing import Owing, Whom
from opsbook.usecases.page_plan import whom
from opsbook.usecases.paging import Pager, taking_turns
from opsbook.usecases.paging_audit import Beating, audit
from opsbook.usecases.path_test import PathTester
from opsbook.usecases.receive import Receiving
from opsbook.usecases.reconcile import Reconciling
from opsbook.usecases.routing import WHOLE_S, Router, Routes
from opsbook.usecases.run_journal import TOLD
from opsbook.usecases.search import Index
from opsbook.usecases.sending import Outbox
from opsbook.usecases.silences import Silences
from opsbook.usecases.unreachable import unreachable
from opsbook.usecases.wording import Wording
from opsbook.wire import build_library, build_search_index, build_senders
from opsbook.wire_ledger import build_ledger, node_of, served_at
from opsbook.wire_notify import build_notifier

if TYPE_CHECKING:
    from opsbook.adapters.notifying import WorkerNotifier

HANDS_OFF_S = 60.0
DEAD_MAN_S = 60.0
FOLLOWS_S = 5.0
RECONCILE_S = 5.0  # how often it is asked whether it is time
PATH_TEST_S = 60.0
PAGES_BETWEEN_S, MOST_BETWEEN = 1.5, 1000  # while a storm is routed, whoever it is about is woken so often
SECRETS_S = 60.0
FORGETTING, FORGETS_S = "what is kept no longer", 60.0
SPARE_S = 25.0  # beyond the time that an attempt may take, before it is taken for lost


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
            ledger, _matcher(config, library, index), silences, _routes(config), now=_now, chance=secrets.token_bytes,
            inhibiting=Inhibiting(ledger, library.snapshot),
        )  # fmt: skip
        heartbeats = Heartbeats(ledger, now=_now, chance=secrets.token_bytes)
        owner = _owner(config)
        bodies = build_senders(config, ledger).bodies
        look = _looking(guard, notifier)
        _aside(lambda: _begin_looking(library, contacts, config, look))
        chores = [
            Chore("secrets of messages", SECRETS_S, lambda lease: _aside(look)),
            Chore("hand-over of duty", HANDS_OFF_S, pager.hand_off),
            Chore("what keeps alerts quiet", FOLLOWS_S, router.follow_book),
            Chore(FORGETTING, FORGETS_S, lambda lease: _aside(lambda: _forget(bodies, guard))),
            *_dead_man(config, ledger),
            *_reconciling(config, ledger),
        ]

        def taken(lease: Lease) -> None:
            router.taken(lease)
            pager.look_at_all(lease)

        works = list(_works(
            ledger, router, pager, outbox=outbox, heartbeats=heartbeats, progressed=lambda: loop.progressed()
        ))  # fmt: skip
        around = Around(ledger, library, notifier, contacts, guard, config.public_url or address, waking.notify)
        for more, further in (build_incident_works(config, around), _own_alerts(config, around, address)):
            works += more
            chores += further
        loop = EngineLoop(
            ledger, works, chores, owner=owner, lease_s=config.paging_lease_s, now=_now, monotonic=time.monotonic,
            waking=waking, guard=guard, report=_report, taken=taken,
            beating=Beating(ledger, owner=owner, now=_now, troubles=guard.troubles).beat,
        )  # fmt: skip
        yield PagingParts(loop)


def _works(
    ledger: EngineLedger, router: Router, pager: Pager, *, outbox: Outbox, heartbeats: Heartbeats,
    progressed: Callable[[], None],
) -> tuple[Work, ...]:
    """Who does what is due, in this order: what was received is routed before anything is sent."""
    notices = Notices(ledger)
    paged_at = [0.0]

    def route(timers: Sequence[Timer], lease: Lease) -> None:
        is_behind = was_away((*timers, *ledger.due(1, PAGES)), _now())  # then nobody is woken before all is known

        def between() -> None:
            progressed()
            if not is_behind and time.monotonic() >= paged_at[0] + PAGES_BETWEEN_S:
                page(ledger.due(MOST_BETWEEN, PAGES), lease)
                paged_at[0] = time.monotonic()

        if is_behind:
            router.route([each.stream for each in timers], lease, between=between)
        else:
            router.route([each.stream for each in timers], lease, between=between, opening=pager.opening)

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
        Work(PAGES, page, 5000, wanted=outbox.has_news, is_under_way=outbox.is_busy),
    )


def _reconciling(config: Config, ledger: EngineLedger) -> list[Chore]:
    """What asks the senders what fires there; nothing where none is configured."""
    if not config.reconcile:
        return []
    from opsbook.adapters.firing_lists import FiringLists  # inside: few ask any

    chance = secrets.token_bytes
    reconciling = Reconciling(
        ledger, Receiving(ledger, now=_now, chance=chance), Inlets(ledger, now=_now, chance=chance),
        FiringLists(), addresses=config.reconcile, now=_now, report=_report,
    )  # fmt: skip
    return [Chore("reconciliation", RECONCILE_S, lambda lease: reconciling.due(_now()))]


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
    return Routes(config.group_by, config.flap_window_s, config.ack_timeout_s, config.catch_all, config.synthetic)


def _looking(guard: Guarded, notifier: WorkerNotifier) -> Callable[[], None]:
    """Looks whether what messages are sent with can work, and has the engine tell where it cannot."""

    def look() -> None:
        if faults := notifier.faults():
            raise Refusal(" ".join(faults))

    def guarded() -> None:
        guard("what messages are sent with", look)

    return guarded


def _begin_looking(library: Library, contacts: ContactBook, config: Config, look: Callable[[], None]) -> None:
    """Tells at the start what would otherwise be noticed by a page that reaches nobody."""
    look()
    library.wait_whole(WHOLE_S)
    with suppress(Failure):  # the ledger's own trouble is told by whoever needs it
        for told in unreachable(library.snapshot(), contacts, build_ways(config), config.catch_all):
            _report(told)


def _forget(bodies: Bodies, guard: Guarded) -> None:
    """Forgets what is kept no longer; beside the loop, for the sizes of a million bodies take seconds to add up."""

    def forget() -> None:
        while bodies.forget_old() >= MOST_FORGOTTEN:
            pass

    with suppress(Failure):  # the ledger is away, which the loop tells
        guard(FORGETTING, forget)


def _dead_man(config: Config, ledger: EngineLedger) -> list[Chore]:
    if not config.dead_man:
        return []
    from opsbook.adapters.dead_man import CurlPinger  # libcurl: only where there is a switch

    pinger = CurlPinger(f"Opsbook/{__version__}", authorities())
    dead_man = DeadMan(
        pinger, config.dead_man, audit=lambda: audit(ledger, _now()), aside=_aside, report=_report
    )  # fmt: skip
    return [Chore("dead man's switch", DEAD_MAN_S, lambda lease: dead_man.tell())]


def _own_alerts(config: Config, around: Around, address: str) -> tuple[list[Work], list[Chore]]:
    """What posts alerts to the server's own inlet: the test of the path, and drills; and the drills that are due."""
    works, chores = _path_test(config, around.ledger, address)
    due = build_drill_chores(config, around.ledger, around.library, around.contacts, address=around.address)
    return [*works, *build_drill_works(around.ledger, address, _report)], [*chores, *due]


def _path_test(config: Config, ledger: EngineLedger, address: str) -> tuple[list[Work], list[Chore]]:
    """What tests the whole path; nothing where nobody is to be told by it."""
    if not config.synthetic:
        return [], []
    tester = _tester(config, ledger, address)
    return [Work(PATH_TEST, tester.do)], [Chore("test of the path", PATH_TEST_S, tester.begin_when_due)]


def _tester(config: Config, ledger: EngineLedger, address: str) -> PathTester:
    from opsbook.adapters.own_inlet import OwnInlet  # libcurl: only where the path is tested

    poster = OwnInlet(address, f"Opsbook/{__version__}", authorities())
    inlets = Inlets(ledger, now=_now, chance=secrets.token_bytes)
    return PathTester(
        ledger, inlets, poster, to=config.synthetic, alarm_to=config.catch_all, every_s=config.synthetic_every_s,
        now=_now, chance=secrets.token_bytes, aside=_aside,
    )  # fmt: skip


def _aside(job: Callable[[], None]) -> None:
    threading.Thread(target=job, name="aside", daemon=True).start()


def _owner(config: Config) -> str:
    return f"{node_of(config)}/{os.getpid()}/{secrets.token_hex(4)}"


def _report(words: str) -> None:
    sys.stderr.write(f"opsbook: {words}\n")
    sys.stderr.flush()


def _now() -> datetime:
    return datetime.now(UTC)
