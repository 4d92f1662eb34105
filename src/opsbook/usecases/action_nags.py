"""Whoever promised something is reminded of it, also long after the incident is over: a digest for each person, by a
page of their own, at an hour at which people work. Sends nothing itself: pages are delivered by the engine of pages.

- **Once.** What somebody was reminded of is recorded in one transaction with the page, whose id is made of the person
  and their day. So neither a kill nor a second node makes another one.
- **When.** Two days before it is due, on the day, and then as often as the policy page says (weekly unless it does).
- **Who.** The owner; whoever led the incident where nobody owns it, or where it is late for long.
- **It stops** when the box is ticked, when it is dropped with a reason, or where the page says `Reminders: none`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from opsbook.book.action_reminders import USUAL, Reminding
from opsbook.book.roster.calendar import zone_of
from opsbook.book.roster.values import plain_name
from opsbook.ground.errors import Conflict
from opsbook.ledger import action_events
from opsbook.ledger.incident import INCIDENT_VIEW, Incident, incident_of
from opsbook.ledger.page import PAGE_VIEW, page_of
from opsbook.ledger.page import stream_of as page_stream
from opsbook.ledger.page_events import page_done
from opsbook.usecases.action_items import Item, action_items
from opsbook.usecases.alerting_ports import Addresses, Reachable
from opsbook.usecases.followed_policy import followed
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.library import Book
from opsbook.usecases.notices import notice
from opsbook.usecases.page_draft import LEVEL

ACTOR = "pager"
SEVERITY = "P3"  # it wakes nobody
BEFORE = timedelta(days=2)
LONGEST = timedelta(days=400)  # after which a promise is history: an old book is not dug up
MITIGATED_FOR = timedelta(days=2)  # after which an incident is reminded of that is neither resolved nor worse again
HOURS = (9, 17)  # of the reader's day, on weekdays
SHOWN = 3  # items that a digest names
_ROWS = 500
_QUARTER_S = 900  # hours of people begin at quarters of UTC's, in every zone
_MOST = 2000  # incidents that are looked through


class Owed(NamedTuple):
    """Something that somebody is to be reminded of: what it is called, in words, and its day."""

    key: str
    words: str
    due: date
    who: str
    leads: str


class ActionNags:
    """Looks who is to be reminded of what. `address` is how people reach this server."""

    def __init__(
        self, ledger: EngineLedger, book: Callable[[], Book], contacts: Addresses, *, now: Callable[[], datetime],
        address: str = "",
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._book = book
        self._contacts = contacts
        self._now = now
        self._address = address.rstrip("/")
        self._looked: tuple[Book, int, int] | None = None

    def look(self, lease: Lease) -> int:
        """Records the digests that are owed at this hour, and ends those of which nothing is left; gives how many."""
        book, now = self._book(), self._now()
        looked = (book, self._ledger.head(), int(now.timestamp()) // _QUARTER_S)
        was = self._looked
        if not book.is_whole or (was is not None and was[0] is book and was[1:] == looked[1:]):
            return 0  # a page that is not read yet promises nothing, and nothing has changed since the last look
        policy = followed(book).policy.reminders or USUAL
        left = list(self._left(book, now.date())) if policy.every_days else []
        done = 0
        by_person = self._by_person(left, policy, now)
        for handle, (person, items) in by_person.items():
            done += self._remind(handle, person, items, policy=policy, lease=lease, now=now)
        self._end(set(by_person), lease, now)
        self._looked = looked
        return done

    # -- what is owed ------------------------------------------------------------------------------------------

    def _left(self, book: Book, today: date) -> Iterator[Owed]:
        for item in action_items(book, self._ledger, today):
            day = _day(item)
            if item.is_left and not item.is_drill and day is not None and day > today - LONGEST:
                yield Owed(item.key, _words(item), day, item.owner, item.leads)
        for incident in self._incidents():
            if incident.is_drill:
                continue
            leads = next(iter(incident.holders("commander")), "") or incident.acknowledged_by
            review = incident.post_mortem
            if review is not None and review.state not in ("reviewed", "waived") and (day := _date(review.due)):
                words = f"Post-mortem of {incident.name} (due {review.due})"
                yield Owed(f"{incident.number}-post-mortem", words, day, review.owner or leads, leads)
            since = incident.state_since
            if incident.state == "monitoring" and since is not None and since.date() + MITIGATED_FOR <= today:
                words = f"{incident.name} is mitigated since {since:%Y-%m-%d} and not resolved"
                yield Owed(f"{incident.number}-open", words, since.date() + MITIGATED_FOR, leads, leads)

    def _incidents(self) -> Iterator[Incident]:
        before: int | None = None
        seen = 0
        while seen < _MOST and (rows := self._ledger.rows(INCIDENT_VIEW.name, before=before, limit=_ROWS)):
            yield from (incident_of(each) for each in rows if each.row.is_open or each.row.document.get("post_mortem"))
            before, seen = rows[-1].first, seen + len(rows)

    def _by_person(
        self, left: Iterable[Owed], policy: Reminding, now: datetime
    ) -> dict[str, tuple[Reachable, list[Owed]]]:
        """What each is reminded of, by handle; what nobody owns who can be reached is told to whoever led it."""
        found: dict[str, tuple[Reachable, list[Owed]]] = {}
        known: dict[str, Reachable | None] = {}
        for each in left:
            is_long = now.date() >= each.due + timedelta(days=policy.escalates_days)
            owner = self._reachable(each.who, known)
            for person in dict.fromkeys((owner, self._reachable(each.leads, known) if is_long or not owner else None)):
                if person is not None:
                    found.setdefault(_key(person), (person, []))[1].append(each)
        return found

    def _reachable(self, name: str, known: dict[str, Reachable | None]) -> Reachable | None:
        if name not in known:
            person = self._contacts.reachable(name) if name else None
            known[name] = person if person is not None and person.handle and person.contacts else None
        return known[name]

    # -- what is recorded --------------------------------------------------------------------------------------

    def _remind(
        self, handle: str, person: Reachable, items: list[Owed], *, policy: Reminding, lease: Lease, now: datetime
    ) -> bool:
        local = now.astimezone(zone_of(person.time_zone) or UTC)
        if local.weekday() >= 5 or not HOURS[0] <= local.hour < HOURS[1]:
            return False
        told = self._ledger.read(action_events.REMINDERS + handle)
        last: dict[str, date] = {}
        for event in told:
            if event.kind == action_events.REMINDED:
                last.update((key, date.fromisoformat(event.facts["day"])) for key in event.facts["items"])
        day = local.date()
        if day in last.values():
            return False  # once a day is enough
        owed = [each for each in items if _is_owed(each.due, last.get(each.key), day, policy.every_days)]
        if not owed:
            return False
        page = f"actions-{handle}-{day:%y%m%d}"
        subject = _subject(owed, day)
        at = f"{self._address}/incidents/actions?owner={quote(handle)}"
        why = f"You own this, or led the incident. Tick it off, or drop it with a reason: {at}"
        drafts = [action_events.reminded(day, [each.key for each in owed], page)]
        number = told[-1].number if told else 0
        writes = [
            *self._ended(handle, now, "A newer reminder took its place."),
            notice(page, [person.handle], subject, why, group=_group(handle), at=now, severity=SEVERITY),
            Write(action_events.REMINDERS + handle, drafts, number),
        ]
        try:
            self._ledger.record(writes, actor=ACTOR, at=now, fence=lease)
        except Conflict:  # somebody moved one of them meanwhile; it is looked at again
            return False
        return True

    def _end(self, owing: set[str], lease: Lease, now: datetime) -> None:
        """Ends the reminders of those who have nothing left to do."""
        for stream in self._ledger.streams(action_events.REMINDERS):
            handle = stream.removeprefix(action_events.REMINDERS)
            writes = self._ended(handle, now, "Nothing of it is left.") if handle not in owing else []
            if writes:
                try:
                    self._ledger.record(writes, actor=ACTOR, at=now, fence=lease)
                except Conflict:
                    continue

    def _ended(self, handle: str, now: datetime, why: str) -> list[Write]:
        found = []
        for kept in self._ledger.rows(PAGE_VIEW.name, group=_group(handle), is_open=True, limit=_ROWS):
            page = page_of(kept)
            stream = page_stream(page.id)
            found.append(Write(stream, [page_done("cancelled", why)], page.number, [Timer(stream, LEVEL, now)]))
        return found


def _is_owed(due: date, last: date | None, day: date, every_days: int) -> bool:
    """Whether one is to be reminded on a day of something that is due on another, reminded of last on a third."""
    if day < due - BEFORE:
        return False
    if last is None:
        return True
    if day < due:
        return False  # told that it is coming
    if last < due:
        return True
    return day >= last + timedelta(days=every_days)


def _key(person: Reachable) -> str:
    return "-".join(plain_name(person.handle).removeprefix("@").split())


def _group(handle: str) -> str:
    return f"action-items/{handle}"


def _day(item: Item) -> date | None:
    """By when it is due; what names no day is asked for a week after it was promised."""
    told = _date(item.due)
    if told is not None:
        return told
    since = _date(item.since)
    return since + timedelta(days=7) if since is not None else None


def _date(words: str) -> date | None:
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


def _words(item: Item) -> str:
    text = " ".join(item.text.split())
    text = text if len(text) <= 70 else text[:69].rstrip() + "…"
    return text if not item.due or item.due in text else f"{text} (due {item.due})"


def _subject(owed: list[Owed], day: date) -> str:
    late = sum(1 for each in owed if each.due < day)
    count = "1 thing is" if len(owed) == 1 else f"{len(owed)} things are"
    head = f"{count} still to do{f', {late} late' if late else ''}: "
    named = sorted(owed, key=lambda each: each.due)[:SHOWN]
    more = f"; and {len(owed) - SHOWN} more" if len(owed) > SHOWN else ""
    return (head + "; ".join(each.words for each in named) + more)[:300]

