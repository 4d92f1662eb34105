"""The stream of an output: what it holds, where it goes on, and when it ends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from tests.entrypoints.door import Door, opened, write_repository
from tests.entrypoints.played_runs import begun, ended, started

from opsbook.entrypoints.output_stream import BEHIND, watch_output
from opsbook.entrypoints.shown.ansi import read_mark
from opsbook.entrypoints.shown.pen import PLAIN, Pen
from opsbook.entrypoints.streams import Streams
from opsbook.ledger.run import Run


@pytest.fixture
def own(tmp_path) -> Iterator[Door]:
    """A door of the test's own."""
    write_repository(tmp_path)
    with opened(tmp_path) as door:
        yield door


def streams_of(door: Door) -> Streams:
    """The streams of the door."""
    found: Streams = door.app.app.app.state["streams"]
    return found


def watched(door: Door, run: Run, mark: tuple[int, Pen] = (0, PLAIN), is_allowed: bool = True) -> AsyncIterator[bytes]:
    """The stream of the first attempt of step 1."""
    streams = streams_of(door)
    seat = streams.seat(300)
    assert seat is not None
    key = run.steps[0].attempts[0].key
    return watch_output(streams, run=run.id, step="1", key=key, mark=mark, is_allowed=lambda: is_allowed, seat=seat)


def read(content: bytes) -> tuple[str, str, dict[str, object]]:
    """A server-sent event: its name, its id, and what it holds."""
    text = content.decode()
    found = re.fullmatch(r"(?:id: (\S+)\n)?event: (\S+)\ndata: (.*)\n\n", text)
    assert found, text
    return found[2], found[1] or "", msgspec.json.decode(found[3])


def whole(stream: AsyncIterator[bytes]) -> list[tuple[str, str, dict[str, object]]]:
    """All events of a stream that ends."""

    async def take() -> list[bytes]:
        return [content async for content in stream]

    return [read(content) for content in asyncio.run(asyncio.wait_for(take(), 20)) if not content.startswith(b":")]


def test_what_was_printed_comes_and_the_stream_ends_with_the_attempt(own):
    run = ended(own, begun(own, started(own), "1", b"one\n\x1b[31mtwo\nthr"), "1")
    events = whole(watched(own, run))
    assert [name for name, _, _ in events] == ["output", "end"]
    assert events[0][2] == {"whole": 'one\n<span class="t-i1">two</span>\n', "last": '<span class="t-i1">thr</span>'}


def test_a_stream_goes_on_at_the_line_that_was_not_whole(own):
    run = ended(own, begun(own, started(own), "1", b"one\n\x1b[31mtwo\nthree\n"), "1")
    mark = read_mark(whole(watched(own, run))[0][1])
    assert mark is not None
    own.desk.outputs.append(run.steps[0].attempts[0].key, 19, b"four\n")
    assert whole(watched(own, run, mark))[0][2]["whole"] == '<span class="t-i1">four</span>\n'


def test_it_grows_as_it_is_printed_and_ends_only_with_the_attempt(own):
    run = begun(own, started(own), "1", b"one\n")
    key = run.steps[0].attempts[0].key

    async def follow() -> list[str]:
        seen = []
        async for content in watched(own, run):
            if content.startswith(b":"):
                continue
            name, _, said = read(content)
            seen.append(f"{name} {said['whole']}")
            if len(seen) == 1:
                await asyncio.to_thread(own.desk.outputs.append, key, 4, b"two\n")
            if len(seen) == 2:
                await asyncio.to_thread(ended, own, run, "1")
        return seen

    assert asyncio.run(asyncio.wait_for(follow(), 20)) == ["output one\n", "output two\n", "end "]


def test_whoever_is_far_behind_is_led_near_the_end(own):
    raw = b"".join(b"line %07d\n" % number for number in range(3 * BEHIND // 13))
    run = ended(own, begun(own, started(own), "1", raw), "1")
    events = whole(watched(own, run))
    assert events[0][0] == "skipped"
    shown = "".join(str(said["whole"]) for name, _, said in events if name == "output")
    assert len(shown) < BEHIND
    assert shown.endswith(f"line {3 * BEHIND // 13 - 1:07d}\n")


def test_a_stream_of_somebody_who_may_not_read_any_more_ends_and_gives_its_seat_back(own):
    run = begun(own, started(own), "1", b"one\n")
    before = streams_of(own).seats
    assert [name for name, _, _ in whole(watched(own, run, is_allowed=False))] == ["output"]
    assert streams_of(own).seats == before


@pytest.mark.parametrize("mark", ["x", "1", "999999999999999-0", "-5-0", "1-zz"])
def test_a_mark_that_leads_nowhere_does_no_harm(own, mark):
    run = ended(own, begun(own, started(own), "1", b"one\n"), "1")
    answer = own.ask("GET", f"/runs/{run.id}/output?step=1", headers={"last-event-id": mark})
    assert answer.status_code == 200
    assert "event: end" in answer.text
