"""A small world to watch: pages with probes, endpoints that are up or down, stores that may be broken, a moved clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from tests.book.whole_reading import page_of

from opsbook.book.page import Page
from opsbook.book.probe import Probe, probes_of
from opsbook.ground.errors import Failure
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.health import Health, Reading
from opsbook.usecases.library import Book, PageFacts
from opsbook.usecases.watch import Clocks, LiveWatch

START = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)


def facts_of(page: Page) -> PageFacts:
    """What a library keeps of a page, as far as a watch asks."""
    outline: object = None
    return PageFacts(page.path, "", page.kind, page.title, page.service, None, None, outline, probes=probes_of(page))


class World:
    """The library, the prober, the samples, the ledger and the clock of one watch, all in memory."""

    def __init__(self, text: str = "", *, chance: float = 0.0) -> None:
        self.elapsed = 0.0
        self.book = Book(0, None, {})
        self.changes: list[Callable[[Book], None]] = []
        self.down: dict[str, str] = {}  # address → why
        self.asked: list[tuple[float, str]] = []
        self.held: list[Callable[[], None]] | None = None  # with a list, what is started waits in it
        self.kept: list[Reading] = []
        self.events: list[Event] = []
        self.broken: set[str] = set()
        self.said: list[str] = []
        self.told: list[tuple[str, Health]] = []
        self.configured: Callable[[Probe], Probe] = lambda probe: probe
        self.write(text)
        self.chance = chance

    # -- as a library ---------------------------------------------------------

    def write(self, text: str, *, is_whole: bool = True) -> None:
        """Puts one runbook in the place of whatever was there."""
        page = page_of(text, "runbooks/a.md")
        self.book = Book(self.book.number + 1, None, {}, {page.path: facts_of(page)}, is_whole=is_whole)
        for tell in self.changes:
            tell(self.book)

    def snapshot(self) -> Book:
        return self.book

    def on_change(self, tell: Callable[[Book], None]) -> None:
        self.changes.append(tell)

    # -- as a prober ----------------------------------------------------------

    def ask(self, probes: Sequence[Probe], tell: Callable[[Probe, Reading], None]) -> None:
        if "prober" in self.broken:
            raise ZeroDivisionError("no answer")
        for probe in probes:
            self.asked.append((self.elapsed, probe.address))
            why = self.down.get(probe.address)
            outcome = "ok" if why is None else "refused"
            tell(probe, Reading(probe.key, self.now(), outcome, why or "It answered 200 in 3 ms.", 3.0, None))

    # -- as samples -----------------------------------------------------------

    def add(self, readings: Sequence[Reading]) -> None:
        self._may("samples")
        self.kept.extend(readings)

    def last(self, probe: str, count: int) -> list[Reading]:
        self._may("samples")
        return [reading for reading in reversed(self.kept) if reading.probe == probe][:count]

    def roll_up(self, now: datetime) -> None:
        self._may("samples")

    # -- as a ledger ----------------------------------------------------------

    def append(
        self, stream: str, drafts: Sequence[Draft], *, expected: int | None, actor: str, at: datetime
    ) -> tuple[Event, ...]:
        self._may("ledger")
        number = len(self.read(stream))
        new = [Event(stream, number + n, 0, at, actor, each.kind, each.facts, "", "") for n, each in enumerate(drafts, 1)]
        self.events.extend(new)
        return tuple(new)

    def read(self, stream: str, after: int = 0) -> list[Event]:
        self._may("ledger")
        return [event for event in self.events if event.stream == stream and event.number > after]

    def streams(self, prefix: str) -> list[str]:
        self._may("ledger")
        return sorted({event.stream for event in self.events if event.stream.startswith(prefix)})

    def _may(self, what: str) -> None:
        if what in self.broken:
            raise Failure(f"The {what} cannot be written: the disk is full.", retryable=True)

    # -- as clocks ------------------------------------------------------------

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed)

    def start(self, job: Callable[[], None]) -> None:
        job() if self.held is None else self.held.append(job)

    def clocks(self) -> Clocks:
        return Clocks(self.now, lambda: self.elapsed, lambda: self.chance, self.said.append, self.start)

    def in_thread(self) -> Clocks:
        """Clocks that start jobs for real."""
        return Clocks(self.now, lambda: self.elapsed, lambda: self.chance, self.said.append,
                      lambda job: threading.Thread(target=job, daemon=True).start())  # fmt: skip

    def watch(self, clocks: Clocks | None = None) -> LiveWatch:
        """A watch of this world that has not been started."""
        watch = LiveWatch(self, self, self, self, configured=lambda p: self.configured(p), clocks=clocks or self.clocks())
        watch.on_reading(lambda probe, reading, health: self.told.append((probe.address, health)))
        return watch

    def forward(self, watch: LiveWatch, seconds: float) -> None:
        """Lets the time pass as a running watch would see it: it wakes when it said that it would."""
        end = self.elapsed + seconds
        wait = watch.tick()
        while self.elapsed + wait <= end:
            self.elapsed += max(wait, 0.01)
            wait = watch.tick()
        self.elapsed = end
        watch.tick()

    def asked_of(self, address: str) -> list[float]:
        return [at for at, asked in self.asked if asked == address]


def runbook(*addresses: str, labels: str = "- **Check Frequency:** 10s\n") -> str:
    """A runbook with these health checks."""
    checks = "".join(f"- **Health Check URL:** {address}\n{labels}" for address in addresses)
    return f"# API Runbook\n\n**Service:** api\n\n## Health Checks\n\n{checks}"
