"""The output of one attempt to whoever watches it, while it grows and until it has ended. Reads what is kept; runs
nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from opsbook.entrypoints.shown.ansi import Paper, kept_mark
from opsbook.entrypoints.shown.pen import PLAIN, Pen
from opsbook.entrypoints.streams import COMMENT, HEARTBEAT_S, Seat, Streams, message
from opsbook.ground.errors import Failure

EVERY_S = 0.15  # how often is looked for more: outputs tell nobody that they have grown
LOOK_S = 1.0  # how often is asked whether the attempt has ended, and whether this may still be read
PART = 64 * 1024  # bytes in one event
BEHIND = 1024 * 1024  # bytes; whoever is further behind is led to the end, as no browser can show so much so fast


async def watch_output(
    streams: Streams, *, run: str, step: str, key: str, mark: tuple[int, Pen], is_allowed: Callable[[], bool],
    seat: Seat,
) -> AsyncIterator[bytes]:  # fmt: skip
    """The events `output` (lines that are whole, and the one after them as far as it is known), `skipped` where some
    was left out, and at last `end`."""
    outputs = streams.desk.outputs
    paper, offset = Paper(*mark), mark[0]
    looked, told = 0.0, time.monotonic()
    try:
        yield COMMENT
        while not streams.is_closing:
            part = await asyncio.to_thread(outputs.read, key, offset, PART)
            if len(part) == PART and (left := await _left_out(streams, key, offset)):
                paper, offset = Paper(offset + left, PLAIN), offset + left
                yield message("skipped", {"bytes": left}, kept_mark(paper.mark))
                continue
            if part:
                offset, told = offset + len(part), time.monotonic()
                yield _shown(paper, part)
                continue
            if time.monotonic() - looked >= LOOK_S:
                looked = time.monotonic()
                if not is_allowed():
                    return
                if await asyncio.to_thread(_has_ended, streams, run, step, key):
                    part = await asyncio.to_thread(outputs.read, key, offset, PART)
                    if not part:
                        rest = paper.end()
                        yield message("end", {"whole": rest.whole, "last": rest.last})
                        return
                    offset += len(part)
                    yield _shown(paper, part)
            if time.monotonic() - told >= HEARTBEAT_S:
                told = time.monotonic()
                yield COMMENT
            await asyncio.sleep(EVERY_S)
    except Failure:  # it may be read again; whoever watches comes back, and is told why if it may not
        return
    finally:
        seat.leave()


def _shown(paper: Paper, part: bytes) -> bytes:
    shown = paper.show(part)
    return message("output", {"whole": shown.whole, "last": shown.last}, kept_mark(paper.mark))


async def _left_out(streams: Streams, key: str, offset: int) -> int:
    """How many bytes are left out to come near the end; none for whoever is near."""
    behind = await asyncio.to_thread(streams.desk.outputs.size, key) - offset
    return behind - PART if behind > BEHIND + PART else 0


def _has_ended(streams: Streams, run: str, step: str, key: str) -> bool:
    found = streams.desk.runs.find(run).step(step)
    return found is None or all(attempt.ended_at is not None for attempt in found.attempts if attempt.key == key)
