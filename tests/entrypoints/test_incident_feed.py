"""What happens on an incident reaches everybody who has it open: once each, the same bytes, and nothing is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from tests.entrypoints.door import Door, opened

from opsbook.entrypoints.incident_feed import IncidentFeed
from opsbook.entrypoints.shown.timeline_view import ShownEntry
from opsbook.entrypoints.streams import Streams
from opsbook.ledger.incident import Incident
from opsbook.usecases.incident_acts import Declaration


def in_a_loop(watch: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs it in a loop of its own, in a thread: the test's own may have one already, which a browser left there."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(watch())).result()


@pytest.fixture
def door(repository) -> Iterator[Door]:
    with opened(repository) as door:
        door.desk.incident_desk.incidents.declare(Declaration("The API is down"), "ada")
        yield door


def streams_of(door: Door, write=lambda one: f"<li>{one.html}</li>") -> Streams:
    streams = Streams(door.desk)
    streams.feed = IncidentFeed(door.desk.incident_desk.timelines, write, streams.hand)
    streams.open()
    return streams


def incident_of(door: Door) -> Incident:
    return door.desk.incident_desk.incidents.find(1)


async def told(stream: AsyncIterator[bytes]) -> tuple[int, dict, bytes]:
    """The next message of the timeline: its cursor, what it says, its bytes."""
    async with asyncio.timeout(10):
        async for each in stream:
            if b"event: timeline\n" in each:
                lines = dict(line.split(b": ", 1) for line in each.strip().split(b"\n"))
                return int(lines[b"id"]), msgspec.json.decode(lines[b"data"]), each
    raise AssertionError("the stream ended")


async def note(door: Door, text: str) -> None:
    await asyncio.to_thread(door.desk.incident_desk.incidents.note, 1, "ada", text)


def texts(content: dict) -> list[str]:
    return [each["html"].removeprefix("<li>").removesuffix("</li>") for each in content["entries"]]


def test_an_entry_is_composed_once_and_all_get_the_same_bytes(door):
    written: list[str] = []

    def write(one: ShownEntry) -> str:
        written.append(one.html)
        return f"<li>{one.html}</li>"

    async def watch() -> None:
        streams, incident = streams_of(door, write), incident_of(door)
        all = [streams.watch_pages(lambda: True, incident=incident) for _ in range(20)]
        for each in all:
            await told(each)  # each is told where it is, and from then on what happens
        await note(door, "Hello")
        found = [await told(each) for each in all]
        assert len({content for _, _, content in found}) == 1
        assert texts(found[0][1]) == ["Hello"]
        streams.close()

    in_a_loop(watch)
    assert written == ["Hello"]


def test_who_comes_back_is_told_what_they_missed_and_nothing_twice(door):
    async def watch() -> None:
        streams, incident = streams_of(door), incident_of(door)
        first = streams.watch_pages(lambda: True, incident=incident)
        position, _, _ = await told(first)
        await note(door, "One")
        position, content, _ = await told(first)
        assert texts(content) == ["One"]
        await first.aclose()
        await note(door, "Two")
        await note(door, "Three")
        again = streams.watch_pages(lambda: True, incident=incident, since=position)
        position, content, _ = await told(again)
        assert texts(content) == ["Two", "Three"]
        await note(door, "Four")
        _, content, _ = await told(again)
        assert texts(content) == ["Four"]
        streams.close()

    in_a_loop(watch)


def test_while_much_is_written_and_many_come_each_entry_comes_exactly_once(door):
    most = 60

    def write_many() -> None:
        for number in range(most):
            door.desk.incident_desk.incidents.note(1, "ada", f"n{number}")

    async def follow(streams: Streams, incident: Incident, since: int) -> list[str]:
        found: list[str] = []
        stream = streams.watch_pages(lambda: True, incident=incident, since=since)
        while len(found) < most:
            _, content, _ = await told(stream)
            found += texts(content)
        await stream.aclose()
        return found

    async def watch() -> None:
        streams, incident = streams_of(door), incident_of(door)
        since = door.desk.ledger.head()
        writer = threading.Thread(target=write_many)
        writer.start()
        following = []
        for _ in range(8):
            following.append(asyncio.ensure_future(follow(streams, incident, since)))
            await asyncio.sleep(0)
        for found in await asyncio.gather(*following):
            assert found == [f"n{number}" for number in range(most)]
        writer.join()
        streams.close()

    in_a_loop(watch)


def test_nobody_is_told_of_an_incident_that_they_do_not_have_open(door):
    async def watch() -> None:
        streams = streams_of(door)
        other = await asyncio.to_thread(door.desk.incident_desk.incidents.declare, Declaration("Mail is late"), "ben")
        stream = streams.watch_pages(lambda: True, incident=other)
        await told(stream)
        await note(door, "Not for them")
        await asyncio.to_thread(door.desk.incident_desk.incidents.note, 2, "ada", "For them")
        _, content, _ = await told(stream)
        assert texts(content) == ["For them"]
        streams.close()

    in_a_loop(watch)


def test_an_incident_that_nobody_watches_any_more_is_forgotten(door):
    async def watch() -> None:
        streams = streams_of(door)
        stream = streams.watch_pages(lambda: True, incident=incident_of(door))
        await told(stream)
        assert streams.feed is not None and streams.feed.is_watched
        await stream.aclose()
        assert not streams.feed.is_watched
        streams.close()

    in_a_loop(watch)
