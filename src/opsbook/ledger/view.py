"""What is kept of streams beside their events, so that nobody folds all of them to list some. Knows no database.

A view is a fold whose values are kept in the same transaction as the events; it can be thrown away and made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from opsbook.ledger.event import Event


class Row(Struct, frozen=True):
    """What is kept of one stream: whether more is to come, what it belongs with, and what lists show of it, as plain
    JSON values; to a fold it is what its view says."""

    is_open: bool
    group: str
    document: Any


class View(Struct, frozen=True):
    """A fold over every stream whose name begins with `prefix`. A changed fold has another `version`: then the rows are
    made again from the events. `fold` gets the row so far, None before the first event, and gives the next one.

    `fold` works on documents of the type `document`, which is kept as its JSON: to take a whole Struct apart and put it
    together again for each event costs more than all else. A fold over plain JSON values needs none.
    """

    name: str
    version: int
    prefix: str
    fold: Callable[[Row | None, Event], Row | None]
    document: Any = dict[str, Any]


class Kept(Struct, frozen=True):
    """A row as it is kept: of which stream, made from how many of its events, and the position of its first."""

    stream: str
    number: int
    first: int
    row: Row


def folded(view: View, kept: Kept | None, event: Event) -> Kept | None:
    """What is kept of a stream after one more event of it; the facts must be as they are read back, plain JSON."""
    row = view.fold(kept.row if kept is not None else None, event)
    if row is None:
        return None
    return Kept(event.stream, event.number, kept.first if kept is not None else event.position, row)


def refolded(view: View, events: Iterable[Event], kept: dict[str, Kept] | None = None) -> dict[str, Kept]:
    """What is kept of all streams of a view, made again from their events, or further from what is `kept` of those
    before; other streams' events are passed over. Events of one stream must come in order."""
    made = dict(kept or {})
    for event in events:
        if event.stream.startswith(view.prefix):
            after = folded(view, made.get(event.stream), event)
            if after is not None:
                made[event.stream] = after
            else:
                made.pop(event.stream, None)
    return made
