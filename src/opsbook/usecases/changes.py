"""What senders told of changes, such as deploys: found by service and time. Records nothing, and wakes nobody.

They are kept beside the events, each under the name of the batch that told it; that name begins with when it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from opsbook.book.roster.values import plain_name
from opsbook.ledger.signal import BATCHES, Signal
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.receive import CHANGES
from opsbook.usecases.service_names import named_service

# The labels that may say of what it is.
SERVICE_LABELS = ("service", "component", "repository", "app", "application", "project", "job")
MOST = 1000  # bodies that are looked at for one asking
LATE = timedelta(hours=1)  # by how much later than it happened a sender may tell of it
_MOST_NAMES = 100_000  # bodies of one day that tell of changes
_LONGEST = 200  # characters of what a change is called
_DEPLOYS = frozenset({"deployment", "deploy", "deployed", "release", "released", "rollback", "rolledback", "published"})


class Change(Struct, frozen=True):
    """Something that was changed `at`, which was told at `recorded_at`. `key` names it for ever, as entries of a
    timeline are named; `kind` is deploy or change; `services` are as the sender calls them, none where it does not say;
    `link` is an address of the sender's."""

    key: str
    at: datetime
    recorded_at: datetime
    kind: str
    text: str
    services: tuple[str, ...] = ()
    by: str = ""
    link: str = ""


def changes(
    ledger: EngineLedger, services: Sequence[str], since: datetime, until: datetime, *, book: Book | None = None,
    with_others: bool = True,
) -> list[Change]:  # fmt: skip
    """What changed from `since` to `until` of these services, the first first; `with_others` also what nobody says of
    which service it is. With no services everything. With a `book` a service goes by all its names."""
    mine = {_named(book, each) for each in services}
    found = []
    for change in told(ledger, since, until + LATE):
        of = {_named(book, each) for each in change.services}
        is_theirs = not mine or bool(mine & of) or (with_others and not of)
        if is_theirs and since <= change.at <= until:
            found.append(change)
    return sorted(found, key=lambda each: (each.at, each.key))


def told(ledger: EngineLedger, since: datetime, until: datetime, most: int = MOST) -> Iterator[Change]:
    """What was told of changes within a time, the last first; of no more than so many bodies."""
    day, names = since.astimezone(UTC).date(), list[str]()
    while day <= until.astimezone(UTC).date():
        names += ledger.attachments(f"{CHANGES}{day:%y%m%d}-", limit=_MOST_NAMES)
        day += timedelta(days=1)
    within = [name for name in names if since.replace(microsecond=0) <= _when(name) <= until]
    for name in reversed(within[-most:]):
        raw = ledger.attachment(name)
        for place, signal in enumerate(msgspec.json.decode(raw, type=list[Signal]) if raw else ()):
            yield _change(name, place, signal)


def _change(name: str, place: int, signal: Signal) -> Change:
    recorded = _when(name)
    words = " ".join((signal.annotations.get("summary") or signal.key).split())[:_LONGEST].rstrip(".")
    key = f"{BATCHES}{name.removeprefix(CHANGES)}:1" + (f".{place + 1}" if place else "")
    kinds = {*signal.labels.get("alertname", "").lower().split("."), *signal.labels.get("type", "").lower().split(".")}
    return Change(
        key, signal.starts_at or recorded, recorded, "deploy" if kinds & _DEPLOYS else "change", words,
        tuple(text for label in SERVICE_LABELS if (text := signal.labels.get(label))), signal.by,
        next((url for _, url in signal.links), signal.generator),
    )  # fmt: skip


def _when(name: str) -> datetime:
    """When a body came, by the name that it is kept under."""
    return datetime.strptime(name.removeprefix(CHANGES)[:13], "%y%m%d-%H%M%S").replace(tzinfo=UTC)


def _named(book: Book | None, service: str) -> str:
    return plain_name((book is not None and named_service(book, service)) or service)
