"""The silences that may hold an alert, kept in memory and followed by the ledger's position. Any thread may ask.

Where nothing was recorded since, a question costs a look at the position and a few comparisons, however many silences
there are: they are found by a label that they name.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime

from opsbook.ledger.matchers import matches
from opsbook.ledger.silence import Silence, Window, silence_of, window
from opsbook.ledger.view import Kept
from opsbook.usecases.ledger_ports import EngineLedger

_AT_ONCE = 500  # rows read at a time


class _Held:
    """A silence, and the stretch of time that it was last asked about."""

    __slots__ = ("asked_at", "silence", "window")

    def __init__(self, silence: Silence) -> None:
        self.silence = silence
        self.asked_at: datetime | None = None
        self.window: Window | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it is active; what recurs is reckoned once for each time that it does."""
        known, asked = self.window, self.asked_at
        if asked is None or at < asked or (known is not None and at >= known.end):
            known = window(self.silence, at)
            self.window, self.asked_at = known, at
        return known is not None and known.begin <= at


class _Index:
    """Silences by the first label of which they want one value; `rest` want none."""

    def __init__(self, held: dict[str, _Held]) -> None:
        self.held = held
        self.by_label: defaultdict[tuple[str, str], list[_Held]] = defaultdict(list)
        self.rest: list[_Held] = []
        for each in held.values():
            for matcher in each.silence.matchers:
                if matcher.is_equal and not matcher.is_regex and matcher.value:
                    self.by_label[matcher.name, matcher.value].append(each)
                    break
            else:
                self.rest.append(each)

    def holding(self, labels: Mapping[str, str], at: datetime) -> list[Silence]:
        """Those that are active at an instant and match."""
        candidates = list(self.rest)
        if self.by_label:
            for label in labels.items():
                candidates += self.by_label.get(label, ())
        return [each.silence for each in candidates if matches(each.silence.matchers, labels) and each.holds(at)]


class HeldSilences:
    """All silences that are not over, as the ledger has them now."""

    def __init__(self, ledger: EngineLedger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._position = -1
        self._index = _Index({})

    def holding(self, labels: Mapping[str, str], at: datetime) -> list[Silence]:
        """Those that are active at an instant and match."""
        return self._fresh().holding(labels, at)

    def asked(self) -> Callable[[Mapping[str, str], datetime], list[Silence]]:
        """`holding` for many alerts at once, by the silences as they are now: one look at the position for all."""
        return self._fresh().holding

    def _fresh(self) -> _Index:
        head = self._ledger.head()
        if head != self._position:
            with self._lock:
                if head != self._position:
                    self._index = self._read(self._index)
                    self._position = head
        return self._index

    def _read(self, before: _Index) -> _Index:
        found: dict[str, _Held] = {}
        rows: list[Kept] = []
        while not found or len(rows) == _AT_ONCE:
            rows = self._ledger.rows(
                "silences", is_open=True, before=rows[-1].first if rows else None, limit=_AT_ONCE
            )
            for row in rows:
                known = before.held.get(row.stream)
                found[row.stream] = known if known and known.silence.number == row.number else _Held(silence_of(row))
            if not rows:
                break
        is_same = len(found) == len(before.held) and all(before.held.get(key) is each for key, each in found.items())
        return before if is_same else _Index(found)
