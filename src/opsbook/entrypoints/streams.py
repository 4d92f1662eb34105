"""What listeners are told as it happens: one reader of the ledger, and one room for the pages. Asks nobody.

Threads below the doors tell it; listeners are coroutines of the one loop. Nothing here waits for a slow listener: what
it has not taken is either forgotten (an old health of the same probe) or it is shown the door, and comes back for more.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from opsbook.book.probe import Probe
from opsbook.entrypoints.incident_feed import IncidentFeed
from opsbook.entrypoints.listeners import COMMENT as COMMENT
from opsbook.entrypoints.listeners import HEARTBEAT_S as HEARTBEAT_S
from opsbook.entrypoints.listeners import LAGGED as LAGGED
from opsbook.entrypoints.listeners import Listener as Listener
from opsbook.entrypoints.listeners import message as message
from opsbook.ground.errors import Failure
from opsbook.ledger.event import Event, Moved, shown_facts
from opsbook.ledger.health import Health, Reading
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import CORRECTED, INCIDENTS, NOTED, PINNED
from opsbook.ledger.person import PEOPLE
from opsbook.ledger.run_events import RUN_ENDED
from opsbook.usecases.desk import Desk
from opsbook.usecases.library import Book

MOST_STREAMS = 300
BATCH = 500
LEDGER_AGAIN_S = 1.0
FRESH = timedelta(seconds=5)
RUN = "run/"  # what the names of the streams of runs begin with
ALERTING = ("alert/", "page/", "silence/", "drill/")
# What is told of an incident is shown by its timeline alone; all else moves the rest of its page.
ENTRIES = frozenset({NOTED, CORRECTED, PINNED})
ALERTS_MOST = 20  # of them that are told each by itself, in one reading of the ledger
MOVED_MOST = 200  # last events of runs that are told to a page that has just come


class Seat:
    """One of the streams that there may be; given back by `leave`, or when the stream is forgotten before it began."""

    def __init__(self, given_back: Callable[[], None]) -> None:
        self.leave = weakref.finalize(self, given_back)


class Streams:
    """All listeners of one server: those of the ledger's events, and those of the pages that are open."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.readings = 0  # how many were told, so that what shows health can tell whether it is still right
        self.events: set[Listener] = set()
        self.pages: set[Listener] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.is_closing = False
        self.is_feed_late = False
        self.reader: threading.Thread | None = None
        self.position = 0
        self.seats = 0
        self.turn = threading.RLock()  # a seat may be forgotten, and so given back, while another is taken
        self.feed: IncidentFeed | None = None  # set by whoever can write entries as HTML
        self.moved: deque[tuple[datetime, str, bytes]] = deque(maxlen=MOVED_MOST)
        desk.watch.on_reading(self._read)
        desk.library.on_change(self._changed)

    @property
    def count(self) -> int:
        """How many streams are open."""
        return len(self.events) + len(self.pages)

    def seat(self, most: int) -> Seat | None:
        """A place among `most` streams, taken at once and before the stream begins; None when there is none."""
        with self.turn:
            if self.seats >= most:
                return None
            self.seats += 1
            return Seat(self._given_back)

    def _given_back(self) -> None:
        with self.turn:
            self.seats -= 1

    def open(self) -> None:
        """Begins to listen; called in the loop when the server starts."""
        self.loop = asyncio.get_running_loop()
        self.position = self.desk.ledger.head()
        self.reader = threading.Thread(target=self._follow, name="ledger-reader", daemon=True)
        self.reader.start()

    def close(self) -> None:
        """Ends every stream; called in the loop when the server is to stop."""
        self.is_closing = True
        for listener in [*self.events, *self.pages]:
            listener.close()

    def _follow(self) -> None:
        # The one reader of the ledger for all listeners. It wakes once a second to see whether it is to stop.
        while not self.is_closing:
            try:
                whole, found = self._passed() if self._is_more() else ([], [])
            except Failure:  # it may answer again; meanwhile /readyz says that it does not
                time.sleep(LEDGER_AGAIN_S)
                continue
            self._feed(bool(found))
            if found:
                self.position = found[-1].position
                self._call(self._give, whole, found)
                if any(event.kind == RUN_ENDED or event.stream.startswith(PEOPLE) for event in found):
                    self.desk.library.look_soon()  # lint has less to say: it was practised, a contact was verified

    def _feed(self, is_moved: bool) -> None:
        # What could not be told is told with the next look, which comes once a second at the latest.
        if self.feed is None or not self.feed.is_watched or not (is_moved or self.is_feed_late):
            return
        try:
            self.feed.passed()
            self.is_feed_late = False
        except Failure:
            self.is_feed_late = True

    def hand(self, listeners: Sequence[Listener], content: bytes) -> None:
        """Gives the same bytes to listeners, from whichever thread."""
        self._call(self._hand, listeners, content)

    def _hand(self, listeners: Sequence[Listener], content: bytes) -> None:
        for listener in listeners:
            listener.put(content)

    def _passed(self) -> tuple[list[Event], list[Moved]]:
        """What is recorded behind the position: whole where somebody listens to events, and which events they are.
        Whoever begins to listen after the second look finds in the past what was read before it."""
        if not self.events:
            found = self.desk.ledger.moved(self.position, BATCH)
            if not self.events:
                return [], found
        whole = self.desk.ledger.after(self.position, BATCH)
        return whole, [Moved(event.stream, event.number, event.position, event.kind) for event in whole]

    def _is_more(self) -> bool:
        return self.desk.ledger.wait(self.position, 1.0)

    def _give(self, whole: list[Event], found: list[Moved]) -> None:
        encoded = [(event, as_message(event)) for event in whole] if self.events else []
        for listener in self.events:
            for event, content in encoded:
                if listener.sees is None or listener.sees(event):
                    listener.put(content, position=event.position)

        for each in found:
            if each.stream.startswith(RUN):
                self._show_run(each)
        self._show_alerts(found)
        self._show_incidents(found)

    def _show_run(self, event: Moved) -> None:
        # Which run it is, and no more: the page asks anew for what it shows.
        run = event.stream.removeprefix(RUN)
        content = message("run", {"run": run, "number": event.number, "kind": event.kind})
        self.moved.append((self.desk.now(), run, content))
        self._show(content, event.stream)

    def _show_alerts(self, found: list[Moved]) -> None:
        # Which alert, page or silence, and no more. In a storm only that there are some: a page asks for its own anew.
        about = {event.stream: event.kind for event in found if event.stream.startswith(ALERTING)}
        if len(about) > ALERTS_MOST:
            about = {"": "many"}
        for stream, kind in about.items():
            content = message("alert", {"about": stream, "kind": kind})
            self.moved.append((self.desk.now(), stream, content))
            self._show(content, stream or "alerts")

    def _show_incidents(self, found: list[Moved]) -> None:
        # Which incident, and whether only its timeline has more: the page asks anew for what it shows.
        own = [each for each in found if each.stream.startswith(INCIDENTS)]
        for stream, is_entry in dict.fromkeys((each.stream, each.kind in ENTRIES) for each in own):
            content = message("incident", {"about": stream, "is_entry": is_entry})
            self.moved.append((self.desk.now(), f"{stream} {is_entry}", content))
            self._show(content, f"{stream} {is_entry}")

    def _read(self, probe: Probe, reading: Reading, health: Health) -> None:
        self.readings += 1
        if self.pages:
            content = message("health", health_model(probe, health))
            self._call(self._show, content, probe.key)

    def _changed(self, book: Book) -> None:
        if self.pages:
            self._call(self._show, message("book", {"number": book.number, "commit": book.commit}), "book")

    def _show(self, content: bytes, key: str) -> None:
        for listener in self.pages:
            listener.put(content, key=key)

    def _call(self, told: Callable[..., None], *arguments: object) -> None:
        loop = self.loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(told, *arguments)

    async def watch_pages(
        self, is_allowed: Callable[[], bool], seat: Seat | None = None, *, incident: Incident | None = None,
        since: int = 0,
    ) -> AsyncIterator[bytes]:  # fmt: skip
        """The stream of a page that is open: first how things are, then what changes, for as long as it is allowed.
        With an incident also what happens on it, behind the position up to which its page has been told."""
        listener = Listener()
        self.pages.add(listener)
        try:
            book = self.desk.library.snapshot()
            yield message("book", {"number": book.number, "commit": book.commit})
            for content in [*self._just_read(), *self._just_moved()]:
                yield content
            if incident is not None and self.feed is not None:
                yield await asyncio.to_thread(self.feed.join, incident, since, listener)
            while is_allowed() and (taken := await listener.take()):
                for _, content in taken:
                    yield content
                if listener.lags:  # it comes back, and is told from where it was
                    yield LAGGED
                    return
        except Failure:  # the ledger went away; whoever listens comes back
            return
        finally:
            self.pages.discard(listener)
            if incident is not None and self.feed is not None:
                self.feed.leave(incident, listener)
            if seat is not None:
                seat.leave()

    def _just_read(self) -> list[bytes]:
        # What was read while the page was on its way is not on it, and is not told again before the next reading.
        since = self.desk.now() - FRESH
        probes, healths = self.desk.watch.probes(), self.desk.watch.healths()
        fresh = [health for health in healths.values() if health.last is not None and health.last.at >= since]
        return [message("health", health_model(probes[h.probe], h)) for h in fresh if h.probe in probes]

    def _just_moved(self) -> list[bytes]:
        # A run that moved while its page was on its way would else be shown as it was.
        since = self.desk.now() - FRESH
        return list({run: content for at, run, content in self.moved if at >= since}.values())

    async def watch_events(
        self, after: int, sees: Callable[[Event], bool], is_allowed: Callable[[], bool], seat: Seat | None = None
    ) -> AsyncIterator[bytes]:
        """The stream of the ledger behind a position: what is recorded already, then what comes, nothing twice."""
        listener = Listener(sees)
        self.events.add(listener)  # before the past is read, so that nothing falls between
        try:
            yield COMMENT  # so that the headers go out, and the caller knows that it is heard
            while found := await asyncio.to_thread(self.desk.ledger.after, after, BATCH):
                after = found[-1].position
                for event in found:
                    if sees(event):
                        yield as_message(event)
                if self.is_closing:
                    return
            while is_allowed() and (taken := await listener.take()):
                for position, content in taken:
                    if position > after or not position:
                        yield content
                if listener.lags:
                    yield LAGGED
                    return
        finally:
            self.events.discard(listener)
            if seat is not None:
                seat.leave()


def as_message(event: Event) -> bytes:
    """An event of the ledger as a server-sent one: its position is the cursor."""
    return message(event.kind, event_model(event), event.position)


def event_model(event: Event) -> dict[str, object]:
    """An event as JSON has it. By which other names people are known is for approvals alone: such are addresses."""
    facts = {name: value for name, value in shown_facts(event).items() if name != "aliases"}
    return {
        "position": event.position,
        "stream": event.stream,
        "number": event.number,
        "at": event.at,
        "actor": event.actor,
        "kind": event.kind,
        "facts": facts,
        "hash": event.hash,
    }


def health_model(probe: Probe, health: Health) -> dict[str, object]:
    """The health of a probe as JSON has it."""
    last = health.last
    return {
        "probe": probe.key,
        "service": probe.service,
        "path": probe.path,
        "line": probe.line,
        "kind": probe.kind,
        "address": probe.address,
        "name": probe.name,
        "expects": probe.expectation.words,
        "every_s": probe.every_s,
        "state": health.state,
        "since": health.since,
        "why": health.why,
        "streak": health.streak,
        "last": None if last is None else reading_model(last),
    }


def reading_model(reading: Reading) -> dict[str, object]:
    """A reading as JSON has it."""
    return {
        "at": reading.at,
        "outcome": reading.outcome,
        "is_ok": reading.is_ok,
        "why": reading.why,
        "latency_ms": round(reading.latency_ms, 3),
        "status": reading.status,
    }
