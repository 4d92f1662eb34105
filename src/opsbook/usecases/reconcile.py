"""The verb reconcile: what fires at the senders and here is brought to agree, because what began and ended within an
outage is never delivered. Asks nobody by itself.

- **What fires there and is unknown here** is received as if its inlet had been sent it.
- **What is open here and gone there** is over, once it was gone for a while: a sender that was started anew knows
  nothing for some time, and that is no news.
- **A sender that cannot be reached says nothing.** Nothing is resolved then; its alerts are stale when their own time
  is over, and no sooner. Where several send for one group, all of them must agree that something is gone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ledger.alert import Alert, alert_of, identity
from opsbook.ledger.alert_events import ALERTS
from opsbook.ledger.signal import Batch, Signal, Source
from opsbook.usecases.alerting_ports import Firing
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.ledger_ports import EngineLedger, Sighting
from opsbook.usecases.receive import Receiving

EVERY_S = 60.0
GONE_FOR = timedelta(seconds=120)  # Prometheus tells an Alertmanager that was started anew within a minute
FORMAT = "reconciliation"
_AT_ONCE = 1000  # rows read at a time
_ASKED_AT_ONCE = 500  # identities


class _Told(Struct, frozen=True):
    """What the senders of one group tell, by key; `silent` are those that could not be asked, `by` the inlets that
    were, `asked_at` when that began."""

    group: str
    signals: dict[str, Signal]
    by: dict[str, str]  # inlet → address
    silent: frozenset[str]
    asked_at: datetime


class Reconciling:
    """Asks each inlet's sender by its address (`alerts.reconcile`). `due` returns at once and works in a thread of its
    own; `once` does it here. `report` hears of each trouble once, and once more when it is over."""

    def __init__(
        self, ledger: EngineLedger, receiving: Receiving, inlets: Inlets, firing: Firing, *,
        addresses: Mapping[str, str], now: Callable[[], datetime], every_s: float = EVERY_S,
        gone_for: timedelta = GONE_FOR, report: Callable[[str], None] = lambda words: None,
    ) -> None:  # fmt: skip
        self._ledger, self._receiving, self._inlets, self._firing = ledger, receiving, inlets, firing
        self._addresses = dict(addresses)
        self._now = now
        self._every = timedelta(seconds=every_s)
        self._gone_for = gone_for
        self._report = report
        self._gone: dict[str, dict[str, datetime]] = {}  # by group: alert → since when no sender tells of it
        self._done_at: datetime | None = None
        self._thread: threading.Thread | None = None
        self._troubles: dict[str, str] = {}

    def due(self, now: datetime) -> bool:
        """Begins, where it is time and nothing is under way; whether it did. Never raises: see `troubles`."""
        is_due = self._done_at is None or now >= self._done_at + self._every or now < self._done_at
        if not self._addresses or not is_due or (self._thread is not None and self._thread.is_alive()):
            return False
        self._done_at = now
        self._thread = threading.Thread(target=self._attempt, name="reconciling", daemon=True)
        self._thread.start()
        return True

    def troubles(self) -> dict[str, str]:
        """By inlet why its sender could not be asked, or the group why nothing could be recorded."""
        return dict(self._troubles)

    def once(self) -> None:
        """Asks all senders and records what follows. Raises Failure where the ledger does not answer."""
        by_group: dict[str, dict[str, Source]] = {}
        for inlet in self._addresses:
            source = self._source(inlet)
            if source is not None:
                by_group.setdefault(source.group, {})[inlet] = source
        for group, sources in by_group.items():
            told = self._ask(group, sources)
            self._receive(told, sources)
            self._resolve(told, sources)

    def _attempt(self) -> None:
        try:
            self.once()
            self._went_well("ledger")
        except (Failure, Refusal) as wrong:
            self._went_wrong("ledger", wrong)

    def _went_wrong(self, what: str, wrong: Exception) -> None:
        if what not in self._troubles:
            self._report(f"Reconciliation of '{what}': {wrong}")
        self._troubles[what] = str(wrong)

    def _went_well(self, what: str) -> None:
        if self._troubles.pop(what, None) is not None:
            self._report(f"Reconciliation of '{what}' goes on again.")

    def _source(self, inlet: str) -> Source | None:
        """The inlet of that name; one that was never added is the open one of a kind."""
        try:
            found = self._inlets.find(inlet)
            if found.is_paused:
                return None
            return Source(found.name, found.kind, found.group)
        except Usage:
            return self._inlets.source_for(inlet, "", name=inlet, is_open=True)

    def _ask(self, group: str, sources: Mapping[str, Source]) -> _Told:
        asked_at = self._now()
        signals: dict[str, Signal] = {}
        silent: set[str] = set()
        for inlet in sources:
            try:
                batch = self._firing.ask(self._addresses[inlet])
            except Failure as wrong:
                self._went_wrong(inlet, wrong)
                silent.add(inlet)
                continue
            self._went_well(inlet)
            signals.update((signal.key, signal) for signal in batch.signals)
        return _Told(group, signals, {inlet: self._addresses[inlet] for inlet in sources}, frozenset(silent), asked_at)

    # -- what fires there -----------------------------------------------------------------------------------------

    def _receive(self, told: _Told, sources: Mapping[str, Source]) -> None:
        source = next(iter(sources.values()))
        known = dict(self._latest(told.group, list(told.signals)))
        unknown = []
        sightings = []
        for key, signal in told.signals.items():
            alert = known.get(key)
            if alert is not None and alert.is_open and alert.status != "stale":
                sightings.append(Sighting(ALERTS + identity(told.group, key), told.asked_at, signal.ends_at))
            elif _is_news(signal, alert):
                unknown.append(_of_the_same_episode(signal, alert))
        if sightings:
            self._ledger.sight(sightings)
        if unknown:
            self._record(source, unknown, f"These fire at {_hosts(told)}, which says so when it is asked.")

    def _latest(self, group: str, keys: Sequence[str]) -> Iterator[tuple[str, Alert]]:
        for start in range(0, len(keys), _ASKED_AT_ONCE):
            some = keys[start : start + _ASKED_AT_ONCE]
            for row in self._ledger.latest("alerts", [identity(group, key) for key in some]).values():
                alert = alert_of(row)
                yield alert.key, alert

    # -- what is gone there ---------------------------------------------------------------------------------------

    def _resolve(self, told: _Told, sources: Mapping[str, Source]) -> None:
        if told.silent:  # whoever does not answer may know of it
            return
        by_source: dict[str, list[Signal]] = {}
        before, gone = self._gone.get(told.group, {}), dict[str, datetime]()
        for alert in self._open(told.group):
            if alert.source not in sources or alert.key in told.signals or alert.first_at >= told.asked_at:
                continue
            since = gone[alert.id] = before.get(alert.id, told.asked_at)
            if told.asked_at - since >= self._gone_for:
                by_source.setdefault(alert.source, []).append(_over(alert, since, told))
        self._gone[told.group] = gone
        for inlet, signals in by_source.items():
            self._record(sources[inlet], signals, f"These are open here, and {_hosts(told)} lists them no longer.")

    def _open(self, group: str) -> Iterator[Alert]:
        before: int | None = None
        while rows := self._ledger.rows("alerts", is_open=True, before=before, limit=_AT_ONCE):
            before = rows[-1].first
            yield from (alert_of(row) for row in rows if row.row.document["source_group"] == group)

    def _record(self, source: Source, signals: Sequence[Signal], why: str) -> None:
        # Plain words: it is no body of that inlet's kind, and must not be read as one when somebody receives it again.
        raw = "\n".join([why, *(f"{each.key} {msgspec.json.encode(each.labels).decode()}" for each in signals)])
        self._receiving.receive(source, Batch(FORMAT, tuple(signals)), raw.encode("utf-8", "replace"))


def _is_news(signal: Signal, alert: Alert | None) -> bool:
    """Whether it fires as far as nobody here knows. What a sender, or a person, ended since it began there is over: the
    list may have been made before that, and a person's word is weighed by what is delivered."""
    if alert is None or alert.is_open or alert.ended_how == "expired":
        return True
    over = alert.ends_at or alert.changed_at
    return signal.starts_at is not None and signal.starts_at > over


def _of_the_same_episode(signal: Signal, alert: Alert | None) -> Signal:
    """Prometheus tells since when a rule holds, and sends since when it fires, which is later: one episode still."""
    is_same = alert is not None and signal.starts_at is not None and signal.starts_at <= alert.starts_at
    return replace(signal, starts_at=alert.starts_at) if is_same and alert is not None else signal


def _over(alert: Alert, since: datetime, told: _Told) -> Signal:
    why = f"{_hosts(told)} does not list it any more, since {since:%H:%M} UTC; nothing had said that it is over."
    return Signal(
        alert.key, "resolved", alert.labels, alert.annotations, alert.starts_at, max(since, alert.starts_at),
        by="reconciliation", note=why,
    )  # fmt: skip


def _hosts(told: _Told) -> str:
    from urllib.parse import urlsplit

    return " and ".join(urlsplit(address).netloc.rpartition("@")[2] for address in told.by.values())
