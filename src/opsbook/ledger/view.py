"""What is kept of streams beside their events, so that nobody folds all of them to list some. Knows no database.

A view is a fold whose values are kept in the same transaction as the events; it can be thrown away and made again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from opsbook.ledger.event import Event


class Row(Struct, frozen=True):
    """What is kept of one stream: whether more is to come, what it belongs with, and what lists show of it, as plain
    JSON values."""

    is_open: bool
    group: str
    document: dict[str, Any]


class View(Struct, frozen=True):
    """A fold over every stream whose name begins with `prefix`. A changed fold has another `version`: then the rows are
    made again from the events. `fold` gets the row so far, None before the first event, and gives the next one."""

    name: str
    version: int
    prefix: str
    fold: Callable[[Row | None, Event], Row | None]


class Kept(Struct, frozen=True):
    """A row as it is kept: of which stream, made from how many of its events, and the position of its first."""

    stream: str
    number: int
    first: int
    row: Row
