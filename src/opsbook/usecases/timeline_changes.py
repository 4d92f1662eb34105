"""Deploys and other changes that senders told of, as entries of a timeline. Records nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from opsbook.usecases.changes import Change, changes
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.timeline_entry import TimelineEntry

Told = Callable[[Sequence[str], datetime, datetime], list[TimelineEntry]]


def changes_told(ledger: EngineLedger, book: Callable[[], Book]) -> Told:
    """What finds the changes of services from one time to another, as `Timelines` takes it; those of which nobody says
    of which service they are count too, as one of them may be why."""

    def told(services: Sequence[str], since: datetime, until: datetime) -> list[TimelineEntry]:
        return [entry_of_change(each) for each in changes(ledger, services, since, until, book=book())]

    return told


def entry_of_change(change: Change) -> TimelineEntry:
    """The entry of a change. Its link leads out of here, so it is told in the words, where it can be seen as what it
    is."""
    of = f" ({', '.join(change.services)})" if change.services else ""
    verb = "Deploy" if change.kind == "deploy" else "Change"
    link = f" {change.link}" if change.link.startswith(("https://", "http://")) else ""
    return TimelineEntry(
        change.key, change.at, change.recorded_at, change.kind, change.by or "sender",
        f"{verb}{of}: {change.text}{link}",
    )
