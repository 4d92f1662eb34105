"""What steps printed: its end on the page, all of it on a page of its own, as a stream, and raw. Keeps nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.response import Stream
from msgspec import Struct

from opsbook.entrypoints.output_stream import watch_output
from opsbook.entrypoints.shown.ansi import Paper, kept_mark, read_mark
from opsbook.entrypoints.shown.pen import PLAIN
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.live import HEADERS, seated, still_allowed
from opsbook.ground.errors import Usage
from opsbook.ledger.run import Attempt, Run
from opsbook.usecases.run_ports import Outputs

Asks = Request[Any, Any, Any]
READS = {"act": "read"}
ON_PAGE = 32 * 1024  # bytes of the end of an output that come with the page of a run
FIRST = 1024 * 1024  # bytes that are shown at once, or streamed from the past
MOST = 16 * 1024 * 1024  # bytes that a page of its own shows; more is raw
PART = 64 * 1024


class Console(Struct, frozen=True):
    """The end of what an attempt printed, as HTML; `mark` is where the stream goes on, `skipped` how many bytes stand
    before it."""

    address: str
    whole: str
    last: str
    mark: str
    skipped: int
    size: int


def console_of(outputs: Outputs, run: Run, step: str, attempt: Attempt, *, most: int = ON_PAGE) -> Console:
    """The end of the output of an attempt; what the ledger has of it where the output is not kept any more."""
    size = outputs.size(attempt.key)
    raw = outputs.read(attempt.key, max(0, size - most), most)
    start = max(0, size - len(raw))
    if start:  # begin with a whole line, where there is one
        cut = raw.find(b"\n") + 1
        raw, start = raw[cut:], start + cut
    elif not size:
        raw, start = attempt.tail.encode(), 0
    paper = Paper(start)
    shown = paper.show(raw)
    mark = kept_mark(paper.mark if size else (0, PLAIN))
    return Console(address_of(run.id, step, attempt.number), shown.whole, shown.last, mark, start, size)


def address_of(run: str, step: str, attempt: int) -> str:
    """What names an attempt in addresses."""
    return f"/runs/{run}/output?{urlencode({'step': step, 'attempt': attempt})}"


def attempt_of(request: Asks) -> tuple[Run, str, Attempt]:
    """The attempt that the address names: its last one where none is named; raises Usage for one that is not there."""
    run = desk_of(request).runs.find(str(request.path_params["run"]))
    number, wanted = request.query_params.get("step", ""), request.query_params.get("attempt", "")
    step = run.step(number)
    if step is None:
        raise Usage(f"The run {run.id} has no step '{number[:40]}'.")
    found = next((each for each in step.attempts if str(each.number) == wanted), None)
    if found is None and not wanted and step.attempts:
        found = step.attempts[-1]
    if found is None:
        raise Usage(f"Step {number} of the run {run.id} has no attempt '{wanted[:40]}'.")
    return run, number, found


@get("/runs/{run:str}/output", opt=READS, sync_to_thread=True, media_type="text/event-stream")
def output_stream(request: Asks) -> Stream:
    """What an attempt prints, as server-sent events: `id` is where a later stream goes on."""
    run, step, attempt = attempt_of(request)
    desk = desk_of(request)
    written = request.headers.get("last-event-id", "") or request.query_params.get("after", "")
    mark = read_mark(written)
    size = desk.outputs.size(attempt.key)
    if mark is None or mark[0] > size:  # a mark beyond the end is of an output that is not kept any more
        mark = (max(0, size - FIRST), PLAIN)
    streams, seat = seated(request)
    content = watch_output(
        streams, run=run.id, step=step, key=attempt.key, mark=mark, is_allowed=still_allowed(request), seat=seat
    )
    return Stream(content, media_type="text/event-stream", headers=HEADERS)


@get("/runs/{run:str}/output/page", opt=READS, sync_to_thread=True)
def output_page(request: Asks) -> Response[Any]:
    """The output of an attempt on a page of its own: its last megabyte, or all of it."""
    run, step, attempt = attempt_of(request)
    is_all = "all" in request.query_params
    shown = console_of(desk_of(request).outputs, run, step, attempt, most=MOST if is_all else FIRST)
    return page(
        request, "run_output.html", place="Runs", run=run, step=run.plan.step(step), attempt=attempt, console=shown,
        query=shown.address.partition("?")[2], most=MOST,
    )  # fmt: skip


@get("/fragments/runs/{run:str}/output", opt=READS, sync_to_thread=True)
def output_fragment(request: Asks) -> Response[Any]:
    """The end of the output of an attempt, for the page of its run."""
    run, step, attempt = attempt_of(request)
    console = console_of(desk_of(request).outputs, run, step, attempt)
    return page(request, "run_output_part.html", console=console, attempt=attempt)


@get("/runs/{run:str}/output/raw", opt=READS, sync_to_thread=True)
def output_raw(request: Asks) -> Stream:
    """The output of an attempt, byte for byte, to be kept as a file."""
    run, step, attempt = attempt_of(request)
    name = f"{run.id}-{step}-{attempt.number}.log"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    content = in_parts(desk_of(request).outputs, attempt.key)
    return Stream(content, media_type="text/plain; charset=utf-8", headers=headers)


async def in_parts(outputs: Outputs, key: str) -> AsyncIterator[bytes]:
    """An output from its begin to its end, part by part."""
    offset = 0
    while part := await asyncio.to_thread(outputs.read, key, offset, PART):
        offset += len(part)
        yield part


ROUTES = (output_stream, output_page, output_fragment, output_raw)
