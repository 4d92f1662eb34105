"""The verb receive: what an inlet understood becomes one synced event with a due routing timer. Routes nothing.

What was seen before and says nothing new is noted as a sighting instead, so that a sender which repeats itself every
minute does not fill the ledger.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
from msgspec import Struct, field

from opsbook.ground.errors import Conflict
from opsbook.ledger.alert import identity
from opsbook.ledger.alert_events import ALERTS
from opsbook.ledger.signal import BATCHES, ROUTE, Batch, Signal, Slip, Source, received
from opsbook.ledger.view import Kept
from opsbook.usecases.ids import run_id
from opsbook.usecases.ledger_ports import EngineLedger, Sighting, Timer, Write
from opsbook.usecases.redaction import redacted

RAW = "raw/"  # what attachments of bodies begin with; the name of one is that of its batch
INLETS_SEEN = "inlet/"  # what sightings of inlets begin with
CHANGES = "change/"  # what attachments begin with that tell of changes, such as deploys; each is named as its batch
LETTERS = 7  # of chance in the id of a batch: hundreds come in one second
MOST_IN_ONE = 1000  # signals of one event; a greater body becomes several, in order, in one transaction
MOST_CHANGES = 20  # of one body
KEPT_UNREAD = 64 << 10  # bytes of a body of which nothing could be read
MOST_REMEMBERED = 100_000  # identities; about 25 MB. Whatever is forgotten is only recorded once more
MOST_INLETS = 10_000  # whose sightings are counted; names of open inlets are anybody's
SEEN_EVERY = timedelta(seconds=5)  # when an inlet was last seen is noted this often
TRIES = 8  # to find an id that nobody has
ASKED_AT_ONCE = 500  # identities
_REPEATING = ("firing", "resolved")


class Receipt(Struct, frozen=True):
    """What was recorded: the id of the batch (empty where nothing in it was new), how many signals and slips."""

    batch: str
    signals: int
    slips: int


class _Heard(Struct):
    """The signals of one body against what was told before: their identities and digests by place, the places of those
    that say nothing new, and of identities that were told before the alert that has ended since."""

    names: list[str]
    digests: list[int]
    again: set[int] = field(default_factory=set)
    ended: dict[str, str] = field(default_factory=dict)


class Receiving:
    """What every inlet hands its bodies to; any thread may call it."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes],
        nudge: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._now = now
        self._chance = chance
        self._nudge = nudge  # wakes whoever routes in another process, once something is recorded
        self._told: dict[str, tuple[str, int, str]] = {}  # identity → action, digest, the ended alert it was told after
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[datetime, int]] = {}  # inlet → when it was noted last, bodies since

    def receive(
        self, source: Source, batch: Batch, raw: bytes, headers: Mapping[str, str] | None = None, *,
        secrets: Sequence[str] = (),
    ) -> Receipt:  # fmt: skip
        """Keeps a body; returns once it is synced. Raises Failure(retryable=True) where that cannot be done now.
        `headers` are the few that tell who sent it; no secret among them. `secrets` are those that may be in the body:
        they are taken out of it first."""
        raw, batch = redacted(raw, batch, secrets)
        now = self._now()
        # What a paused sender says again is not kept twice either; once it is resumed all that it says is news.
        heard = self._heard(f"paused/{source.name}" if source.is_paused else source.group, batch.signals)
        mark = f"slips/{source.name}"
        is_same_slip = bool(batch.slips) and self._is_told(mark, "slips", hash(raw))
        sightings = [
            Sighting(ALERTS + heard.names[place], now, batch.signals[place].ends_at)
            for place in heard.again if batch.signals[place].action == "firing" and not source.is_paused
        ]  # fmt: skip
        sightings += self._seen_of(source.name, now)
        if sightings:
            self._ledger.sight(sightings)
        receipt = Receipt("", len(batch.signals), len(batch.slips))
        if len(heard.again) == len(batch.signals) and (is_same_slip or not batch.slips):
            return receipt
        news = [signal for place, signal in enumerate(batch.signals) if place not in heard.again]
        kept = msgspec.structs.replace(batch, signals=tuple(news)) if heard.again else batch
        id = self._record(source, kept, raw, headers)
        self._remember(batch.signals, heard)
        if batch.slips:
            with self._lock:
                self._told[mark] = ("slips", hash(raw), "")
        self._nudge()
        return msgspec.structs.replace(receipt, batch=id)

    def forget(self, source_group: str, key: str) -> None:
        """The next signal of this identity is news, whatever it says: its alert ended or changed elsewhere."""
        with self._lock:
            self._told.pop(identity(source_group, key), None)

    def _record(self, source: Source, batch: Batch, raw: bytes, headers: Mapping[str, str] | None) -> str:
        if is_cut := not batch.signals and len(raw) > KEPT_UNREAD:
            raw, batch = _beginning(raw, batch)
        digest, parts = sha256(raw).hexdigest(), _parts(batch)
        drafts = [received(source, part, digest, headers, is_cut=is_cut) for part in parts]
        changes = b"" if source.is_paused else _changes(batch)
        left = TRIES
        while True:
            left -= 1
            now = self._now()
            id = run_id(now, self._chance(LETTERS))
            names = [f"{BATCHES}{id}" + (f".{number + 1:03d}" if number else "") for number in range(len(parts))]
            writes = [
                Write(name, [draft], expected=0, set_timers=[] if source.is_paused else [Timer(name, ROUTE, now)])
                for name, draft in zip(names, drafts, strict=True)
            ]
            try:
                kept = {RAW + id: raw} | ({CHANGES + id: changes} if changes else {})
                self._ledger.record(writes, actor=f"inlet:{source.name}", at=now, attach=kept)
            except Conflict:  # another batch of this second has the id already
                if not left:
                    raise
            else:
                return id

    def _heard(self, group: str, signals: Sequence[Signal]) -> _Heard:
        heard = _Heard([identity(group, signal.key) for signal in signals], [_digest(signal) for signal in signals])
        told = {
            name: signal.action
            for name, signal, digest in zip(heard.names, signals, heard.digests, strict=True)
            if signal.action in _REPEATING and self._is_told(name, signal.action, digest)
        }
        if not told:
            return heard
        again = set(told)
        for name, kept in self._latest(list(told)):
            is_live = kept.row.is_open and kept.row.document.get("status") != "stale"
            if told[name] == "firing" and not is_live:
                heard.ended[name] = kept.stream
                if self._told.get(name, ("", 0, ""))[2] != kept.stream:
                    again.discard(name)
            elif told[name] == "resolved" and kept.row.is_open:
                again.discard(name)
        counted = Counter(heard.names)  # what is told of twice in one body is a story, and is recorded
        heard.again.update(place for place, name in enumerate(heard.names) if name in again and counted[name] == 1)
        return heard

    def _latest(self, names: Sequence[str]) -> Iterator[tuple[str, Kept]]:
        for start in range(0, len(names), ASKED_AT_ONCE):
            yield from self._ledger.latest("alerts", names[start : start + ASKED_AT_ONCE]).items()

    def _is_told(self, name: str, action: str, digest: int) -> bool:
        told = self._told.get(name)
        return told is not None and told[:2] == (action, digest)

    def _remember(self, signals: Sequence[Signal], heard: _Heard) -> None:
        with self._lock:
            for place, (signal, name, digest) in enumerate(zip(signals, heard.names, heard.digests, strict=True)):
                if place in heard.again:
                    continue
                self._told.pop(name, None)  # so that it stands last: those that stand first are forgotten first
                if signal.action in _REPEATING:
                    self._told[name] = (signal.action, digest, heard.ended.get(name, ""))
            while len(self._told) > MOST_REMEMBERED:
                del self._told[next(iter(self._told))]

    def _seen_of(self, name: str, now: datetime) -> list[Sighting]:
        """That an inlet sent something, where it is time to note it; this body counts."""
        with self._lock:
            noted, count = self._seen.get(name, (None, 0))
            if noted is not None and noted <= now < noted + SEEN_EVERY:
                self._seen[name] = (noted, count + 1)
                return []
            self._seen[name] = (now, 0)
            while len(self._seen) > MOST_INLETS:
                del self._seen[next(iter(self._seen))]
        return [Sighting(INLETS_SEEN + name, now, count=count + 1)]


def raw_name(batch: str) -> str:
    """The name under which the body of a batch is kept; the parts of a great one share it."""
    return RAW + batch.removeprefix(BATCHES).partition(".")[0]


def _digest(signal: Signal) -> int:
    """What a signal says, apart from until when it counts: of this process alone, and quick."""
    return hash(msgspec.json.encode((
        signal.labels, signal.annotations, signal.starts_at, signal.severity, signal.generator, signal.links,
    )))  # fmt: skip


def _changes(batch: Batch) -> bytes:
    """What a batch tells of changes, which no alert is made of, as messages about alerts tell it; empty for nothing."""
    told = [signal for signal in batch.signals if signal.action == "change"][:MOST_CHANGES]
    return msgspec.json.encode(told) if told else b""


def _beginning(raw: bytes, batch: Batch) -> tuple[bytes, Batch]:
    kept = f"the first {KEPT_UNREAD >> 10} KB of its {len(raw):,} bytes are kept"
    slip = Slip("body", f"Nothing of it could be read, so only {kept}.")
    return raw[:KEPT_UNREAD], msgspec.structs.replace(batch, slips=(*batch.slips, slip))


def _parts(batch: Batch) -> list[Batch]:
    if len(batch.signals) <= MOST_IN_ONE:
        return [batch]
    parts = [batch.signals[start : start + MOST_IN_ONE] for start in range(0, len(batch.signals), MOST_IN_ONE)]
    rest = [msgspec.structs.replace(batch, signals=part, slips=(), truncated=0) for part in parts[1:]]
    return [msgspec.structs.replace(batch, signals=parts[0]), *rest]
