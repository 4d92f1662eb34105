"""All open alerts, held in memory for as long as a list is looked at, so that counting and grouping ask no database.

Brought up to date at each look by what was recorded since. Holds what a list shows of an alert, and nothing else.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from opsbook.ledger.alert import ALERT_VIEW
from opsbook.ledger.alert_events import ALERTS, AlertStatus, Place
from opsbook.ledger.view import Kept
from opsbook.usecases.ledger_ports import EngineLedger

MOST_HELD = 50_000  # alerts; of more than these the newest are held, and a list says so
_AT_ONCE = 1_000
_MOST_ROWS = 500  # alerts that changed since the last look; of more all are read anew
STATUSES: tuple[AlertStatus, ...] = ("firing", "acknowledged", "suppressed", "stale")
_GRAVITY: dict[str, int] = {"firing": 0, "stale": 1, "acknowledged": 2, "suppressed": 3}


class Listed(Struct, frozen=True):
    """What a list shows of an alert. `summary` is what its sender says of it in a line."""

    id: str
    status: AlertStatus
    name: str
    summary: str
    severity: str
    service: str | None
    group: str
    labels: dict[str, str]
    starts_at: datetime
    changed_at: datetime
    place: Place | None = None
    page: str = ""
    acknowledged_by: str = ""
    suppressed_by: tuple[str, ...] = ()
    source: str = ""
    ends_at: datetime | None = None
    is_drill: bool = False
    why: str = ""
    why_not_paged: str = ""

    @property
    def matched_labels(self) -> dict[str, str]:
        """The labels that matchers are asked of: its own, and its service where none of them tells it."""
        return {"service": self.service, **self.labels} if self.service else self.labels


class Group(Struct, frozen=True):
    """Alerts that wake people together: the gravest first. `status` and `severity` are the gravest of them."""

    key: str
    alerts: tuple[Listed, ...]
    status: AlertStatus
    severity: str
    newest_at: datetime
    page: str = ""


class Looked(Struct, frozen=True):
    """The open alerts at one look, the newest first, with the positions at which they began; `is_cut` where there are
    more than are held."""

    alerts: tuple[Listed, ...]
    position: int
    is_cut: bool = False
    began: tuple[int, ...] = ()


class Board:
    """The open alerts of a ledger. Any thread may look; one at a time brings it up to date."""

    def __init__(self, ledger: EngineLedger) -> None:
        self._ledger = ledger
        self._turn = threading.Lock()
        self._held: dict[str, tuple[int, Listed]] = {}
        self._looked: Looked | None = None
        self._is_cut = False

    def look(self) -> Looked:
        """The open alerts as they are recorded by now. Raises Failure where the ledger does not answer."""
        with self._turn:
            known = self._looked
            head = self._ledger.head()
            if known is not None and known.position == head:
                return known
            changed = self._changed(known.position, head) if known is not None else None
            if changed is None:
                self._read_all()
            elif not changed and known is not None:
                self._looked = Looked(known.alerts, head, known.is_cut, known.began)
                return self._looked
            else:
                for stream in changed or ():
                    self._take(stream, self._ledger.row(ALERT_VIEW.name, stream))
            ordered = sorted(self._held.values(), key=lambda each: each[0], reverse=True)
            began = tuple(first for first, _ in ordered)
            self._looked = Looked(tuple(listed for _, listed in ordered), head, self._is_cut, began)
            return self._looked

    def _changed(self, position: int, head: int) -> list[str] | None:
        """The streams of alerts with events behind a position; None where they are so many that all is read anew."""
        found: dict[str, None] = {}
        while position < head:
            events = self._ledger.after(position, _AT_ONCE)
            if not events:
                break
            found.update({event.stream: None for event in events if event.stream.startswith(ALERTS)})
            if len(found) > _MOST_ROWS:
                return None
            position = events[-1].position
        return list(found)

    def _read_all(self) -> None:
        self._held.clear()
        before: int | None = None
        while len(self._held) < MOST_HELD:
            rows = self._ledger.rows(ALERT_VIEW.name, is_open=True, before=before, limit=_AT_ONCE)
            for kept in rows:
                self._take(kept.stream, kept)
            if len(rows) < _AT_ONCE:
                self._is_cut = False
                return
            before = rows[-1].first
        self._is_cut = True

    def _take(self, stream: str, kept: Kept | None) -> None:
        if kept is None or not kept.row.is_open:
            self._held.pop(stream, None)
        else:
            self._held[stream] = (kept.first, listed(kept.row.document))


def listed(document: Mapping[str, Any]) -> Listed:
    """What a list shows of the alert that a row of the view holds."""
    labels, annotations = document["labels"], document["annotations"]
    summary = annotations.get("summary") or annotations.get("description") or annotations.get("message") or ""
    name = labels.get("alertname") or annotations.get("summary") or document["key"]
    return msgspec.convert({**document, "name": name, "summary": summary if summary != name else ""}, Listed)


def select(
    alerts: Iterable[Listed], status: Sequence[str] = (), is_wanted: Callable[[Listed], bool] = lambda _: True
) -> list[Listed]:
    """Those of some statuses (none: all) that are wanted, in the order given."""
    return [each for each in alerts if (not status or each.status in status) and is_wanted(each)]


def counted(alerts: Iterable[Listed]) -> dict[str, int]:
    """How many there are of each status."""
    counts = Counter(each.status for each in alerts)
    return {status: counts[status] for status in STATUSES}


def grouped(alerts: Iterable[Listed]) -> list[Group]:
    """The groups, those that need somebody first: firing before the others, the gravest first, then the newest."""
    by_key: dict[str, list[Listed]] = {}
    for each in alerts:
        by_key.setdefault(each.group, []).append(each)
    groups = [_group(key, members) for key, members in by_key.items()]
    groups.sort(key=lambda group: group.newest_at, reverse=True)
    groups.sort(key=lambda group: (_GRAVITY[group.status], group.severity))
    return groups


def _group(key: str, members: list[Listed]) -> Group:
    members.sort(key=lambda each: (_GRAVITY[each.status], each.severity))
    first = members[0]
    page = next((each.page for each in members if each.page), "")
    return Group(
        key, tuple(members), first.status, min(each.severity for each in members),
        max(each.starts_at for each in members), page,
    )  # fmt: skip


