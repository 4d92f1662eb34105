"""The verb watch: asks every probe of the book when it is due, judges the answers, keeps them, and tells of them.

One thread decides; others wait for answers and put them into its queue. What cannot be kept for now (a full disk, a
locked ledger) is kept in memory and tried again, and the asking goes on.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from queue import Empty, SimpleQueue

from msgspec import Struct

from opsbook.book.probe import Probe
from opsbook.ground.errors import Failure
from opsbook.ledger.event import Draft
from opsbook.ledger.health import Health, Reading, change, fold, judge, resumed
from opsbook.usecases.library import Book, Library
from opsbook.usecases.serving_ports import Ledger, Prober, Samples
from opsbook.usecases.turns import Turns

ACTOR = "opsbook"
STORED_EVERY_S = 2.0  # readings are written together; a crash loses no more than this
TRIED_AGAIN_S = 5.0
ROLLED_UP_EVERY_S = 300.0
LONGEST_WAIT_S = 30.0
MOST_BATCHES = 16  # asked at the same time; further ones wait until one has come back
MOST_UNSTORED = 20_000
MOST_UNRECORDED = 2_000

Listener = Callable[[Probe, Reading, Health], None]


class Clocks(Struct, frozen=True):
    """What a watch takes from the world: `now` is the time of day, `running` seconds that only go forward, `chance`
    numbers from 0 to 1, `report` takes a sentence for whoever operates this, `start` runs a job in the background."""

    now: Callable[[], datetime]
    running: Callable[[], float]
    chance: Callable[[], float]
    report: Callable[[str], None]
    start: Callable[[Callable[[], None]], None]


def in_background(job: Callable[[], None]) -> None:
    """Runs a job in a thread of its own, which does not keep the program from ending."""
    threading.Thread(target=job, name="probing", daemon=True).start()


class _Owed(Struct, frozen=True):
    stream: str
    draft: Draft
    at: datetime


class _Came(Struct, frozen=True):
    """What comes back from asking: a reading of a key (None where nothing was told of it), or the end of a batch."""

    key: str = ""
    reading: Reading | None = None
    is_last: bool = False
    wrong: BaseException | None = None


class _Batch:
    """Probes that are asked together. However the asking ends, each of them comes back, and then the batch."""

    def __init__(self, probes: Sequence[Probe], came: SimpleQueue[_Came], wake: threading.Event) -> None:
        self._silent = dict.fromkeys(probe.key for probe in probes)
        self._came, self._wake = came, wake

    def tell(self, probe: Probe, reading: Reading) -> None:
        """Takes a reading, from whichever thread it comes."""
        self._silent.pop(probe.key, None)
        self._came.put(_Came(probe.key, reading))
        self._wake.set()

    def __enter__(self) -> _Batch:
        return self

    def __exit__(self, _kind: object, wrong: BaseException | None, _trace: object) -> bool:
        for key in self._silent:
            self._came.put(_Came(key))
        self._came.put(_Came(is_last=True, wrong=wrong))
        self._wake.set()
        return True  # what was raised is raised again by the loop: a thread that ends in silence is noticed by nobody


class LiveWatch:
    """The probes of a library's book, asked for as long as it runs; a `Watch`.

    `configured` makes of a page's probe the one that is asked.
    """

    def __init__(
        self,
        library: Library,
        prober: Prober,
        samples: Samples,
        ledger: Ledger,
        *,
        configured: Callable[[Probe], Probe],
        clocks: Clocks,
    ) -> None:
        self._library, self._prober, self._samples, self._ledger = library, prober, samples, ledger
        self._configured = configured
        self._clocks = clocks
        self._turns = Turns(clocks.chance)
        self._lock = threading.Lock()  # over what other threads read
        self._probes: dict[str, Probe] = {}
        self._healths: dict[str, Health] = {}
        self._listeners: list[Listener] = []
        self._wanted: SimpleQueue[tuple[str, ...]] = SimpleQueue()
        self._came: SimpleQueue[_Came] = SimpleQueue()
        self._unstored: deque[Reading] = deque(maxlen=MOST_UNSTORED)
        self._owed: deque[_Owed] = deque(maxlen=MOST_UNRECORDED)
        self._batches = 0
        self._seen = -1
        self._store_at = self._record_at = self._roll_at = 0.0
        self._troubles: dict[str, str] = {}
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        library.on_change(lambda _book: self._wake.set())

    # -- what others ask ---------------------------------------------------------------------------------------

    def probes(self) -> Mapping[str, Probe]:
        """Every probe of the book by its key."""
        with self._lock:
            return dict(self._probes)

    def healths(self) -> Mapping[str, Health]:
        """The health of every probe by its key."""
        with self._lock:
            return dict(self._healths)

    def ask_now(self, keys: Sequence[str]) -> None:
        """Asks these at once, besides their turn; returns without waiting for the answers."""
        self._wanted.put(tuple(keys))
        self._wake.set()

    def on_reading(self, tell: Listener) -> None:
        """Has `tell` called, from the watch's own thread, with each reading and the health that it led to."""
        self._listeners.append(tell)

    def troubles(self) -> Mapping[str, str]:
        """What cannot be kept at the moment, `samples` or `ledger`, and why."""
        with self._lock:
            return dict(self._troubles)

    # -- life --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to watch, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ends the watch and writes what has been read; answers that are still to come are lost."""
        self._is_stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                return
        self._take_readings()
        self._keep(is_last=True)

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                wait_s = self.tick()
            except Exception as wrong:  # a bug or a foreign error: the watch of everything else must go on
                self._clocks.report(f"The watch goes on after a mistake of its own: {type(wrong).__name__}: {wrong}")
                wait_s = 1.0
            self._wake.wait(wait_s)
            self._wake.clear()

    def tick(self) -> float:
        """Does what is due and returns how many seconds nothing will be, unless something comes."""
        self._follow(self._library.snapshot())
        self._take_wishes()
        self._take_readings()
        if self._batches < MOST_BATCHES:
            self._ask(self._turns.take_due(self._clocks.running()))
        self._take_readings()
        self._keep()
        running = self._clocks.running()
        waits = [self._turns.next_due() if self._batches < MOST_BATCHES else running + LONGEST_WAIT_S, self._roll_at]
        waits += [self._store_at] if self._unstored else []
        waits += [self._record_at] if self._owed else []
        return min(max(min(waits) - running, 0.0), LONGEST_WAIT_S)

    # -- which probes there are --------------------------------------------------------------------------------

    def _follow(self, book: Book) -> None:
        if book.number == self._seen:
            return
        now = self._clocks.running()
        current = {probe.key: self._configured(probe) for facts in book.facts.values() for probe in facts.probes}
        fresh = [probe for probe in current.values() if self._turns.put(probe, now) == "new"]
        # While the book is still being read, what is absent may only be late.
        gone = [key for key in self._turns.probes() if key not in current] if book.is_whole else []
        for key in gone:
            self._turns.remove(key)
        before = self._before(fresh) if fresh else {}
        with self._lock:
            self._probes = self._turns.probes()
            for key in gone:
                self._healths.pop(key, None)
            self._healths.update(before)
        self._seen = book.number

    def _before(self, probes: Sequence[Probe]) -> dict[str, Health]:
        """The healths as they were left: the last change from the ledger, the last reading from the samples."""
        healths = {probe.key: Health(probe.key) for probe in probes}
        try:
            known = frozenset(self._ledger.streams("probe/"))
            for key in healths:
                if _stream(key) in known:
                    healths[key] = fold(key, self._ledger.read(_stream(key)))
        except Failure as wrong:
            self._trouble("ledger", f"What was known of the probes cannot be read: {wrong}")
        try:
            for key, health in healths.items():
                last = self._samples.last(key, 1)
                healths[key] = resumed(health, last[0] if last else None)
        except Failure as wrong:
            self._trouble("samples", f"The last readings cannot be read: {wrong}")
        return healths

    # -- asking ------------------------------------------------------------------------------------------------

    def _take_wishes(self) -> None:
        while True:
            try:
                self._turns.want(self._wanted.get_nowait())
            except Empty:
                return

    def _ask(self, probes: list[Probe]) -> None:
        if not probes:
            return
        self._batches += 1

        def ask() -> None:
            with _Batch(probes, self._came, self._wake) as batch:
                self._prober.ask(probes, batch.tell)

        self._clocks.start(ask)

    def _take_readings(self) -> None:
        while True:
            try:
                came = self._came.get_nowait()
            except Empty:
                return
            if came.key in self._turns:
                self._take(came.key, came.reading)
            if came.is_last:
                self._batches -= 1
            if came.wrong is not None:
                raise came.wrong

    def _take(self, key: str, reading: Reading | None) -> None:
        probe, running = self._turns.probe(key), self._clocks.running()
        if reading is None:
            self._turns.answered(key, running, is_in_doubt=False)
            return
        before = self._healths.get(key) or Health(key)
        after = judge(before, reading, failures=probe.failures, successes=probe.successes)
        self._turns.answered(key, running, is_in_doubt=after.streak > 0)
        with self._lock:
            self._healths[key] = after
        self._unstored.append(reading)
        draft = change(before, after, _facts(probe))
        if draft is not None:
            self._owed.append(_Owed(_stream(key), draft, reading.at))
            self._record_at = running
        for tell in self._listeners:
            tell(probe, reading, after)

    # -- keeping -----------------------------------------------------------------------------------------------

    def _keep(self, *, is_last: bool = False) -> None:
        running = self._clocks.running()
        if self._owed and (is_last or running >= self._record_at):
            self._record_at = running + TRIED_AGAIN_S
            self._record()
        if self._unstored and (is_last or running >= self._store_at):
            self._store_at = running + STORED_EVERY_S
            self._store()
        if running >= self._roll_at:
            self._roll_at = running + ROLLED_UP_EVERY_S
            self._roll_up()

    def _record(self) -> None:
        try:
            while self._owed:
                owed = self._owed[0]
                self._ledger.append(owed.stream, [owed.draft], expected=None, actor=ACTOR, at=owed.at)
                self._owed.popleft()
        except Failure as wrong:
            self._trouble("ledger", f"{len(self._owed)} changes of health wait to be recorded: {wrong}")
        else:
            self._fine("ledger")

    def _store(self) -> None:
        readings = list(self._unstored)
        try:
            self._samples.add(readings)
        except Failure as wrong:
            self._store_at += TRIED_AGAIN_S
            self._trouble("samples", f"Readings wait in memory until they can be written: {wrong}")
        else:
            self._unstored.clear()
            self._fine("samples")

    def _roll_up(self) -> None:
        try:
            self._samples.roll_up(self._clocks.now())
        except Failure as wrong:
            self._trouble("samples", f"Old readings cannot be rolled up: {wrong}")

    def _trouble(self, what: str, why: str) -> None:
        with self._lock:
            is_new = what not in self._troubles
            self._troubles[what] = why
        if is_new:  # once, not every few seconds
            self._clocks.report(why)

    def _fine(self, what: str) -> None:
        with self._lock:
            was = self._troubles.pop(what, None)
        if was is not None:
            self._clocks.report(f"The {what} can be written again.")


def _stream(key: str) -> str:
    return f"probe/{key}"


def _facts(probe: Probe) -> dict[str, object]:
    """What an event says of its probe, so that it can be read after the page has changed."""
    return {
        "probe": probe.key,
        "path": probe.path,
        "line": probe.line,
        "service": probe.service,
        "kind": probe.kind,
        "address": probe.address,
        "name": probe.name,
    }
