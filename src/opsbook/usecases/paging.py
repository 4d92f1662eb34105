"""The engine of pages: who is woken next, by what, and what became of it. Decides by `page_moves`, records, then sends.

- **Intent before effect.** An attempt is recorded and synced before the message is handed over, its result after.
- **One engine.** All that is recorded is fenced by its lease; an attempt that a former engine left open is tried again
  and labelled, for it may have come through.
- **One broken page stops no other.** Each is prepared by itself under `guard`, and tried again later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from opsbook.ground.errors import Conflict
from opsbook.ledger import page_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.page import Page, page_of, stream_of
from opsbook.ledger.page_events import PlannedLevel
from opsbook.ledger.page_moves import Rules, lost, next_moves
from opsbook.usecases.alerting_ports import Contact
from opsbook.usecases.bundling import LATE, Due
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.owing import Owing
from opsbook.usecases.page_draft import LEVEL, PageDraft, id_of
from opsbook.usecases.sending import Guard, Handing, Outbox, begun

ACTOR = "pager"
VIEW = "pages"
AT_ONCE = 100  # pages that are recorded in one transaction
AT_ONCE_OPENED = 5  # pages that go out with what opens them
ROWS = 200  # rows of the view that are read at once
MOST_MOVES = 500  # of one page at one moment; more would be a ring
BROKEN_FOR = timedelta(seconds=30)  # before a page that could not be moved on is tried again
TAKEN_OVER = "Another engine had begun it, and nobody knows whether it came through."


class Pager:
    """Moves pages on. `owing` knows whom a level means and how they are reached, `outbox` hands messages over."""

    def __init__(
        self, ledger: EngineLedger, owing: Owing, outbox: Outbox, *, now: Callable[[], datetime], rules: Rules,
        guard: Guard,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._owing = owing
        self._outbox = outbox
        self._now = now
        self._rules = rules
        self._guard = guard

    def advance(self, timers: Sequence[Timer], lease: Lease) -> int:
        """Does what is due: the pages of these timers, and of attempts that ended. Gives how many pages that was.

        Raises Fenced where another engine took over, Failure(retryable=True) where the ledger cannot be written to.
        """
        fired: dict[str, set[str]] = {id_of(each.stream): set() for each in timers}
        for each in timers:
            fired[id_of(each.stream)].add(each.name)
        at = max([self._now(), *(each.due for each in timers)])  # the database's clock said so
        late = frozenset(id_of(each.stream) for each in timers if each.due < at - LATE)
        return self._advance(fired, at, lease, late=late)

    def look_at_all(self, lease: Lease) -> int:
        """Looks at every open page, as an engine that takes over does: nothing is silent because a timer was."""
        ids = [page.id for page in self.open_pages()]
        return sum(
            self._advance({page: set() for page in ids[start : start + AT_ONCE]}, self._now(), lease)
            for start in range(0, len(ids), AT_ONCE)
        )

    def hand_off(self, lease: Lease) -> int:
        """Tells whoever is on call now of pages that were open before; gives how many pages that concerned."""
        at = self._now()
        drafts: dict[str, PageDraft] = {}
        for page in self.open_pages():
            self._guard(f"page {page.id}", partial(self._handed_off, page, at, drafts))
        self._write({id: draft.write(at) for id, draft in drafts.items()}, at, lease)
        return len(drafts)

    def _handed_off(self, page: Page, at: datetime, drafts: dict[str, PageDraft]) -> None:
        draft = PageDraft(page, at)
        draft.add(self._owing.of_handoff(page, at))
        if draft.drafts:
            drafts[page.id] = draft

    def open_pages(self) -> Iterator[Page]:
        """Every page that is not over, the last opened first."""
        before = None
        while rows := self._ledger.rows(VIEW, is_open=True, before=before, limit=ROWS):
            yield from map(page_of, rows)
            before = rows[-1].first
            if len(rows) < ROWS:
                return

    def _advance(
        self, fired: Mapping[str, set[str]], at: datetime, lease: Lease, *, late: frozenset[str] = frozenset()
    ) -> int:
        came = self._outbox.collect()
        drafts: dict[str, PageDraft] = {}
        due: list[tuple[Due, Contact]] = []
        for page in dict.fromkeys((*fired, *came)):
            prepare = partial(self._prepare, page, at, came=came.get(page, ()), drafts=drafts, due=due)
            self._guard(f"page {page}", prepare)
        told_late = [(replace(each, is_late=each.page.id in late), contact) for each, contact in due]
        writes, going = self._begun(drafts, told_late, at, fired)
        writes |= {id: _put_off(id, names, at) for id, names in fired.items() if id not in drafts}
        done = self._write(writes, at, lease)
        for page in done:
            self._outbox.recorded(page)
        self._hand_over(going, done)
        return len(done)

    def opening(self, writes: Sequence[Write], at: datetime) -> tuple[Sequence[Write], Callable[[], None]]:
        """What is about to be recorded, with all that follows at once of the few pages that it opens: levels reached,
        messages owed, attempts begun. Once that is recorded call what comes with it, which hands the messages over.

        So the first page of what fires waits for one sync less. Many at once are left to their timers, which are due:
        they go in few messages."""
        opened = {id_of(each.stream): each for each in writes if _is_due_opening(each, at)}
        drafts: dict[str, PageDraft] = {}
        due: list[tuple[Due, Contact]] = []
        if len(opened) <= AT_ONCE_OPENED:
            for id, write in opened.items():
                self._guard(f"page {id}", partial(self._prepare_new, id, write.drafts[0], at, drafts=drafts, due=due))
        begun, going = self._begun(drafts, due, at, {})
        ours = {stream_of(id): write for id, write in begun.items()}
        return [ours.get(each.stream, each) for each in writes], partial(self._hand_over, going, begun.keys())

    def _prepare_new(
        self, id: str, opening: Draft, at: datetime, *, drafts: dict[str, PageDraft], due: list[tuple[Due, Contact]]
    ) -> None:
        draft = PageDraft.opened(id, opening, at)
        due += self._moved(draft)
        drafts[id] = draft

    def _begun(
        self, drafts: Mapping[str, PageDraft], due: Sequence[tuple[Due, Contact]], at: datetime,
        fired: Mapping[str, set[str]],
    ) -> tuple[dict[str, Write], list[Handing]]:  # fmt: skip
        """What is to be recorded of pages, with the attempts that begin, and what is handed over then."""
        going, held = self._outbox.choose(due, at)
        for handing in going:
            for item in handing.items:
                drafts[item.due.page.id].add((begun(item),))
        waits: dict[str, datetime] = {}
        for bundle in held:
            for each in bundle.held:
                assert bundle.until is not None
                waits[each.page.id] = min(bundle.until, waits.get(each.page.id, bundle.until))
                if each.notification.state != "waiting":
                    drafts[each.page.id].add((events.settled(each.notification.owed.id, "waiting", bundle.why),))
        writes = {
            id: draft.write(_wake_at(draft, self._rules, waits.get(id)), fired.get(id, ()))
            for id, draft in drafts.items()
        }
        return writes, going

    def _hand_over(self, going: Sequence[Handing], recorded: Collection[str]) -> None:
        """Hands over what is on record."""
        for handing in going:
            kept = tuple(item for item in handing.items if item.due.page.id in recorded)
            also = tuple(item for item in handing.also if item.due.page.id in recorded)
            if kept:
                self._outbox.hand_over(Handing(handing.contact, kept, handing.why, also))

    def _prepare(
        self, id: str, at: datetime, *, came: Sequence[Draft], drafts: dict[str, PageDraft],
        due: list[tuple[Due, Contact]],
    ) -> None:  # fmt: skip
        kept = self._ledger.row(VIEW, stream_of(id))
        if kept is None:
            return
        draft = PageDraft(page_of(kept), at)
        draft.add(came)
        draft.add(self._left_open(draft.page))
        due += self._moved(draft)
        drafts[id] = draft

    def _left_open(self, page: Page) -> Iterator[Draft]:
        for each in page.notifications:
            attempt = each.open_attempt
            if attempt is not None and not self._outbox.is_waiting((page.id, each.owed.id, attempt.number)):
                yield lost(each, TAKEN_OVER)

    def _moved(self, draft: PageDraft) -> list[tuple[Due, Contact]]:
        """Moves a page on as far as it goes now, and gives the messages that are due then."""
        for _ in range(MOST_MOVES):
            moves = next_moves(draft.page, draft.at, self._rules, without_other=draft.without_other)
            if moves.record:
                draft.add(moves.record)
            elif moves.fall_back:
                self._fall_back(draft, moves.fall_back)
            elif moves.reach is not None:
                draft.add(self._owing.of_level(draft.page, moves.reach, draft.at))
            else:
                due, gone = self._due(draft.page, moves.send)
                if not gone:
                    return due
                draft.add(events.settled(each, "failed", "The contact is not there any more.") for each in gone)
        raise AssertionError(f"The page {draft.page.id} does not come to rest.")

    def _fall_back(self, draft: PageDraft, ids: Collection[int]) -> None:
        """Owes messages to other contacts, and notes the ids for which there is none."""
        for each in ids:
            failed = draft.page.notification(each)
            instead = self._owing.instead_of(draft.page, failed, draft.at) if failed is not None else ()
            draft.add(instead)
            if not instead:
                draft.without_other |= {each}

    def _due(self, page: Page, ids: Collection[int]) -> tuple[list[tuple[Due, Contact]], list[int]]:
        due, gone = [], []
        for each in ids:
            notification = page.notification(each)
            assert notification is not None
            contact = self._owing.contact_of(notification.owed)
            if contact is None:
                gone.append(each)
            else:
                due.append((Due(page, notification), contact))
        return due, gone

    def _write(self, writes: Mapping[str, Write], at: datetime, lease: Lease) -> set[str]:
        """Records of pages, many in one transaction; those that moved on meanwhile are left for the next look."""
        done: set[str] = set()
        ids = list(writes)
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            try:
                self._ledger.record([writes[id] for id in some], actor=ACTOR, at=at, fence=lease)
                done |= set(some)
            except Conflict:
                done |= {id for id in some if self._is_written(writes[id], at, lease)}
        return done

    def _is_written(self, write: Write, at: datetime, lease: Lease) -> bool:
        try:
            self._ledger.record([write], actor=ACTOR, at=at, fence=lease)
        except Conflict:
            return False
        return True


def _wake_at(draft: PageDraft, rules: Rules, held: datetime | None) -> datetime | None:
    """When a page is looked at again. One with more to be done by then is looked at at once."""
    moves = next_moves(draft.page, draft.at, rules, without_other=draft.without_other)
    soon = draft.at if moves.record or moves.fall_back or moves.reach else None
    return min((each for each in (soon, moves.wake_at, held) if each is not None), default=None)


def _is_due_opening(write: Write, at: datetime) -> bool:
    """Whether a write opens a page whose first level is due at once."""
    is_opening = write.expected == 0 and len(write.drafts) == 1 and write.drafts[0].kind == events.PAGE_OPENED
    return is_opening and any(each.name == LEVEL and each.due <= at for each in write.set_timers)


def _put_off(id: str, names: Collection[str], at: datetime) -> Write:
    """Looks at a page again later, so that it stands before no other."""
    stream = stream_of(id)
    return Write(stream, (), None, (Timer(stream, LEVEL, at + BROKEN_FOR),), tuple(sorted({*names} - {LEVEL})))


def taking_turns(ledger: EngineLedger) -> Callable[[Page, PlannedLevel], str]:
    """Tells whose turn it was last at a level of the same policy, by the pages before."""

    def before(page: Page, planned: PlannedLevel) -> str:
        for kept in ledger.rows(VIEW, limit=ROWS):
            other = page_of(kept)
            if (other.policy.name, other.policy.path) == (page.policy.name, page.policy.path):
                for each in reversed(other.notifications):
                    if each.owed.level == planned.level and each.owed.purpose == "page":
                        return each.owed.person
        return ""

    return before
