"""The streams: events with resume, what open pages are told, and what happens to slow listeners and at the end."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace
from tests.entrypoints.door import opened
from tests.ledger.planned import manual, started

from opsbook.book.plan import Plan
from opsbook.entrypoints import listeners as module
from opsbook.entrypoints.api.events import what_is_seen_by
from opsbook.entrypoints.streams import Listener, Streams
from opsbook.ledger.event import Draft
from opsbook.ledger.run_events import run_ended
from opsbook.usecases.authority import Actor


def everything(_event: object) -> bool:
    """Whoever may see all."""
    return True


async def take(stream: AsyncIterator[bytes], count: int) -> list[bytes]:
    """The next messages that are no comments."""
    found: list[bytes] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            told = await anext(stream)
            if not told.startswith(b":"):
                found.append(told)
    return found


def positions(told: list[bytes]) -> list[int]:
    """The cursors of messages."""
    return [int(each.split(b"\n")[0].removeprefix(b"id: ")) for each in told]


def record(desk, stream: str, kind: str = "HealthChanged") -> int:
    """Records an event; its position."""
    draft = Draft(kind, {"n": 1})
    return desk.ledger.append(stream, [draft], expected=None, actor="test", at=datetime.now(UTC))[-1].position


@pytest.fixture
def desk(repository):
    with opened(repository) as door:
        yield door.desk


def test_what_is_recorded_already_comes_first_and_then_what_happens_nothing_twice(desk):
    async def listen() -> list[int]:
        streams = Streams(desk)
        streams.open()
        first = record(desk, "probe/x")
        listening = streams.watch_events(first - 1, everything, lambda: True)
        told = await take(listening, 1)
        later = [await asyncio.to_thread(record, desk, "probe/x") for _ in range(20)]
        told += await take(listening, 20)
        assert positions(told) == [first, *later]
        streams.close()
        assert [each async for each in listening] == []
        return later

    assert asyncio.run(listen())


def test_a_listener_that_comes_back_goes_on_behind_what_it_has(door):
    last = [record(door.desk, "probe/y") for _ in range(3)]

    async def listen() -> list[bytes]:
        streams = Streams(door.desk)
        streams.open()
        told = await take(streams.watch_events(last[0], everything, lambda: True), 2)
        streams.close()
        return told

    assert positions(asyncio.run(listen())) == last[1:]


def test_a_slow_listener_is_told_to_come_back():
    async def listen() -> list[tuple[int, bytes]]:
        listener = Listener()
        for number in range(module.WAITING_MOST + 5):
            listener.put(b"x", position=number)
        assert listener.lags
        return await listener.take()

    assert len(asyncio.run(listen())) == module.WAITING_MOST


def test_only_the_last_health_of_a_probe_waits_for_a_slow_page():
    async def listen() -> list[tuple[int, bytes]]:
        listener = Listener()
        for number in range(10_000):
            listener.put(b"%d" % number, key=f"probe {number % 3}")
        return await listener.take()

    assert [content for _, content in asyncio.run(listen())] == [b"9999", b"9997", b"9998"]


def test_an_open_page_is_told_of_another_book(repository):
    with opened(repository) as door:

        async def listen() -> dict[str, object]:
            streams = Streams(door.desk)
            streams.open()
            listening = streams.watch_pages(lambda: True)
            (first,) = await take(listening, 1)
            (repository / "docs/operations/another.md").write_text("# Another\n")
            door.desk.library.look()
            while True:
                (told,) = await take(listening, 1)
                if told.startswith(b"event: book"):
                    streams.close()
                    return {"before": json.loads(first.split(b"data: ")[1]), "after": json.loads(told.split(b"data: ")[1])}

        told = asyncio.run(listen())
        assert told["after"]["number"] > told["before"]["number"]


def test_a_stream_ends_with_the_session_that_opened_it(door):
    async def listen() -> list[bytes]:
        streams = Streams(door.desk)
        allowed = [True]
        listening = streams.watch_pages(lambda: allowed[0])
        await take(listening, 1)
        allowed[0] = False
        return [each async for each in listening if each.startswith(b"event: health") is False]

    assert asyncio.run(listen()) == []


@pytest.mark.parametrize(("role", "is_told"), [(None, False), ("viewer", False), ("operator", False), ("admin", True)])
def test_what_happens_to_accounts_is_told_to_admins_alone(door, role, is_told):
    door.session("viewer", "told-of")
    record(door.desk, "probe/z")
    sees = what_is_seen_by(Actor("somebody", role, "session") if role else None)
    kinds = {event.stream.partition("/")[0] for event in door.desk.ledger.after(0, 10_000) if sees(event)}
    assert ("account" in kinds) is is_told
    assert "probe" in kinds


def test_there_are_no_more_streams_than_the_server_takes(door, monkeypatch):
    monkeypatch.setattr("opsbook.entrypoints.web.live.MOST_STREAMS", 0)
    answer = door.ask("GET", "/live")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


def test_seats_are_counted_when_they_are_asked_for_and_not_when_the_stream_begins(desk):
    streams = Streams(desk)
    with ThreadPoolExecutor(16) as many:
        seats = list(many.map(lambda _: streams.seat(30), range(200)))
    assert sum(seat is not None for seat in seats) == 30


def test_a_seat_is_given_back_when_the_stream_ends_and_when_it_never_began(desk):
    streams = Streams(desk)
    begun, unbegun = streams.seat(2), streams.seat(2)

    async def listen(seat) -> None:
        listening = streams.watch_pages(lambda: True, seat)
        await take(listening, 1)
        await listening.aclose()

    asyncio.run(listen(begun))
    assert streams.seats == 1
    forgotten = streams.watch_events(0, everything, lambda: True, unbegun)
    del unbegun, forgotten
    assert streams.seats == 0


class Watched:
    """A library of which is only wanted that somebody has it look."""

    def __init__(self) -> None:
        self.is_to_look = threading.Event()
        self.look_soon = self.is_to_look.set

    def on_change(self, tell: object) -> None:
        """Never tells."""


def test_when_a_run_has_ended_the_book_is_judged_anew(desk):
    library = Watched()
    begun = started(Plan("a.md", "restore", "Restore", (manual("1"),)))

    async def listen() -> None:
        streams = Streams(replace(desk, library=library))
        streams.open()
        for draft, is_to_look in ((begun, False), (run_ended("succeeded", ""), True)):
            listening = streams.watch_events(desk.ledger.head(), everything, lambda: True)
            await anext(listening)  # it listens from here on
            desk.ledger.append("run/one", [draft], expected=None, actor="zoe", at=datetime.now(UTC))
            await take(listening, 1)
            assert await asyncio.to_thread(library.is_to_look.wait, 10 if is_to_look else 0) is is_to_look
        streams.close()

    asyncio.run(listen())
