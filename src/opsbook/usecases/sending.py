"""Messages on their way: which of those that are due go together, what is said, and what became of each.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from queue import Empty, SimpleQueue
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger import page_events as events
from opsbook.ledger.event import Draft
from opsbook.usecases.alerting_ports import Contact, Handed, Message, Notifier
from opsbook.usecases.bundling import WHY, WINDOW, Bundled, Due, Parcel, bundled, gravest_and_newest

SECRET_BYTES = 18

Guard = Callable[[str, Callable[[], None]], bool]  # does something that may fail by itself; whether it did not


class Item(Struct, frozen=True):
    """One notification on its way: its page, the attempt, and the secret of its link."""

    due: Due
    attempt: int
    secret: str = ""

    @property
    def name(self) -> tuple[str, int, int]:
        """What it is known by: page, notification, attempt."""
        return (self.due.page.id, self.due.notification.owed.id, self.attempt)

    @property
    def key(self) -> str:
        """What this attempt is called for ever, for receivers that drop what came twice."""
        return ".".join(map(str, self.name))


class Handing(Struct, frozen=True):
    """What goes to one contact in one message; `why` tells why several do. `also` are those that go to another contact
    of the same person, and are told of here as well."""

    contact: Contact
    items: tuple[Item, ...]
    why: str = ""
    also: tuple[Item, ...] = ()


class Composing(Protocol):
    """Writes messages."""

    def single(self, item: Item) -> Message:
        """What somebody gets of one page."""
        ...

    def digest(self, items: Sequence[Item], why: str, also: Sequence[Item] = ()) -> Message:
        """What somebody gets of several pages at once, the gravest first; the contact and the key are those of the
        first of `items`."""
        ...


class Outbox:
    """What is being handed over. `moved` is called from another thread when something came of it; `heard` is told by
    handle and contact what came of each message."""

    def __init__(
        self, notifier: Notifier, compose: Composing, *, chance: Callable[[int], bytes], moved: Callable[[], None],
        guard: Guard, heard: Callable[[str, str, Handed], None] = lambda _handle, _contact, _handed: None,
    ) -> None:  # fmt: skip
        self._notifier = notifier
        self._compose = compose
        self._chance = chance
        self._moved = moved
        self._guard = guard
        self._heard = heard
        self._came: SimpleQueue[tuple[Handing, Handed]] = SimpleQueue()
        self._results: dict[str, list[Draft]] = defaultdict(list)
        self._sent: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._digests: dict[tuple[str, str], datetime] = {}
        self.in_flight: set[tuple[str, int, int]] = set()

    def choose(self, due: Sequence[tuple[Due, Contact]], now: datetime) -> tuple[list[Handing], list[Bundled]]:
        """What goes now, and what waits, of all that is due."""
        by_contact: dict[tuple[str, str], list[Due]] = defaultdict(list)
        contacts: dict[tuple[str, str], Contact] = {}
        late = {each.notification.owed.person for each, _ in due if each.is_late}
        for each, contact in due:
            person = each.notification.owed.person
            name = (person, contact.id)
            by_contact[name].append(replace(each, is_late=person in late))
            contacts[name] = contact
        going, held = [], []
        for name, some in by_contact.items():
            found = bundled(some, now, sent=self._sent_lately(name, now), last_digest=self._digests.get(name))
            held += [found] if found.held else []
            for parcel in found.parcels:
                going.append(self._handing(contacts[name], parcel))
                self._sent[name].append(now)
                if len(parcel.due) > 1:
                    self._digests[name] = now
        return _told_everywhere(going), held

    def _sent_lately(self, name: tuple[str, str], now: datetime) -> Sequence[datetime]:
        sent = self._sent[name]
        while sent and sent[0] <= now - WINDOW:
            sent.popleft()
        return sent

    def _handing(self, contact: Contact, parcel: Parcel) -> Handing:
        items = []
        for due in parcel.due:
            secret = self._chance(SECRET_BYTES).hex() if due.notification.owed.purpose != "resolved" else ""
            items.append(Item(due, len(due.notification.attempts) + 1, secret))
        return Handing(contact, tuple(items), parcel.why)

    def hand_over(self, handing: Handing) -> None:
        """Begins to hand a message over whose attempts are recorded. Returns at once."""
        self.in_flight |= {item.name for item in handing.items}
        message = self._written(handing)

        def tell(handed: Handed) -> None:
            self._came.put((handing, handed))
            self._moved()

        address = handing.contact.address
        if not self._guard(f"notifier {message.key}", lambda: self._notifier.send(message, address, tell)):
            tell(Handed("lost", "It could not be handed to the notifier, which is a fault of Opsbook's."))

    def _written(self, handing: Handing) -> Message:
        """The message; a plain one where it cannot be written as it should, for that must keep nobody asleep."""
        made: list[Message] = []

        def write() -> None:
            many = len(handing.items) + len(handing.also) > 1
            made.append(self._compose.digest(handing.items, handing.why, handing.also) if many
                        else self._compose.single(handing.items[0]))  # fmt: skip

        self._guard(f"message {handing.items[0].key}", write)
        return made[0] if made else Plain().digest(handing.items, handing.why, handing.also)

    def collect(self) -> dict[str, list[Draft]]:
        """By page what became of attempts and is not recorded yet."""
        while True:
            try:
                handing, handed = self._came.get_nowait()
            except Empty:
                return dict(self._results)
            for item in handing.items:
                self._results[item.due.page.id] += _outcome(item, handed, handing)
            handle, contact = handing.items[0].due.notification.owed.handle, handing.contact.id
            self._guard(f"contact {contact} of {handle}", partial(self._heard, handle, contact, handed))

    def has_news(self) -> bool:
        """Whether something came of an attempt that nobody has collected."""
        return not self._came.empty()

    def is_busy(self) -> bool:
        """Whether something is being handed over."""
        return bool(self.in_flight)

    def is_waiting(self, name: tuple[str, int, int]) -> bool:
        """Whether this process waits for what becomes of an attempt."""
        return name in self.in_flight

    def recorded(self, page: str) -> None:
        """What became of the attempts of a page is on record now."""
        for draft in self._results.pop(page, ()):
            if draft.kind == events.ATTEMPT_ENDED:
                self.in_flight.discard((page, draft.facts["notification"], draft.facts["attempt"]))


def in_order(items: Sequence[Item], also: Sequence[Item]) -> Sequence[Item]:
    """All that one message tells, the gravest first."""
    return sorted((*items, *also), key=lambda item: gravest_and_newest(item.due))


def _told_everywhere(going: Sequence[Handing]) -> list[Handing]:
    """What was late and goes to several contacts of one person is told of whole by each."""
    by_person: dict[str, list[Handing]] = defaultdict(list)
    for each in going:
        by_person[each.items[0].due.notification.owed.person].append(each)
    return [
        _with_others(each, by_person[each.items[0].due.notification.owed.person])
        if any(item.due.is_late for item in each.items) else each for each in going
    ]  # fmt: skip


def _with_others(handing: Handing, all: Sequence[Handing]) -> Handing:
    own = {item.due.page.id for item in handing.items}
    others = {item.due.page.id: item for each in all for item in each.items if item.secret}
    also = tuple(item for page, item in others.items() if page not in own)
    return replace(handing, also=also, why=handing.why or WHY["late"]) if also else handing


def begun(item: Item) -> Draft:
    """That an attempt is about to be made; only the hash of its secret is recorded."""
    notification = item.due.notification
    is_duplicate = any(each.state in ("lost", "sending") for each in notification.attempts)
    ack_hash = sha256(item.secret.encode()).hexdigest() if item.secret else ""
    return events.attempt_begun(notification.owed.id, item.attempt, ack_hash, is_duplicate)


def _outcome(item: Item, handed: Handed, handing: Handing) -> Iterator[Draft]:
    number = item.due.notification.owed.id
    yield events.attempt_ended(
        number, item.attempt, handed.state, reason=handed.reason, latency_ms=handed.latency_ms,
        retry_after_s=handed.retry_after_s if handed.state == "retrying" else None,
    )  # fmt: skip
    if handed.state in ("accepted", "delivered") and item is not handing.items[0]:
        first = handing.items[0].due
        others = len(handing.items) - 1
        yield events.settled(
            number, "bundled",
            f"Sent as one of {others + 1} in the message of page {first.page.id}. {handing.why}".strip(),
        )  # fmt: skip


class Plain:
    """The least that somebody has to know, in plain words; what is used where a message cannot be written better."""

    def single(self, item: Item) -> Message:
        """One page."""
        return self.digest((item,), item.due.notification.owed.why)

    def digest(self, items: Sequence[Item], why: str, also: Sequence[Item] = ()) -> Message:
        """Several."""
        first, pages = items[0], [item.due.page for item in in_order(items, also)]
        lines = [f"{page.severity} {page.subject} (page {page.id})" for page in pages]
        return Message(
            key=first.key, kind=first.due.notification.owed.kind, title=lines[0],
            body="\n".join([*lines, why]), severity=pages[0].severity,
        )  # fmt: skip
