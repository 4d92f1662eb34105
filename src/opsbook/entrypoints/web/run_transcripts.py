"""A run told from beginning to end: to be read, played, read by programs, or kept beside its runbook by a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request, Response, get, post

from opsbook.book.rendering import book_address
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.answering import desk_of
from opsbook.entrypoints.web.forms import go_on
from opsbook.entrypoints.web.run_pages import head_of, shown_run
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ledger.run import Run
from opsbook.usecases.desk import Desk
from opsbook.usecases.edit import PageEdit, save_bytes
from opsbook.usecases.run_shown import run_model
from opsbook.usecases.transcript import MOST_BYTES, Chain, as_asciicast, as_markdown

Asks = Request[Any, Any, Any]
READS = {"act": "read"}


def run_of(request: Asks) -> Run:
    """The run that the address names."""
    return desk_of(request).runs.find(str(request.path_params["run"]))


def reading(desk: Desk) -> Callable[[str], bytes]:
    """Reads the end of an output by its key; a transcript is read by people, and has no more of it."""

    def read(key: str) -> bytes:
        return desk.outputs.read(key, max(0, desk.outputs.size(key) - MOST_BYTES), MOST_BYTES)

    return read


def markdown_of(desk: Desk, run: Run) -> bytes:
    """The transcript as a page."""
    chain = Chain(run.number, head_of(desk, run))
    return ("\n".join(as_markdown(run, reading(desk), chain)) + "\n").encode()


def attached(body: bytes, name: str, kind: str) -> Response[bytes]:
    """A file that browsers keep and do not show: what is in it was printed by programs."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=kind, headers=headers)


@get("/runs/{run:str}/transcript.md", opt=READS, sync_to_thread=True)
def transcript_markdown(request: Asks) -> Response[bytes]:
    """The transcript as Markdown."""
    run = run_of(request)
    return attached(markdown_of(desk_of(request), run), f"{run.id}.md", "text/markdown; charset=utf-8")


@get("/runs/{run:str}/transcript.json", opt=READS, sync_to_thread=True)
def transcript_json(request: Asks) -> Response[bytes]:
    """The run as JSON, as the command line and the API tell it."""
    run = run_of(request)
    return attached(msgspec.json.encode(run_model(run)), f"{run.id}.json", "application/json")


@get("/runs/{run:str}/transcript.cast", opt=READS, sync_to_thread=True)
def transcript_cast(request: Asks) -> Response[bytes]:
    """The transcript as asciicast, to be played in a terminal."""
    run = run_of(request)
    lines = as_asciicast(run, reading(desk_of(request)))
    return attached(("\n".join(lines) + "\n").encode(), f"{run.id}.cast", "application/x-asciicast")


@post("/runs/{run:str}/transcript", opt={"act": "edit-page"}, status_code=200)
async def commit_transcript(request: Asks) -> Response[Any]:
    """Commits the transcript beside the runbook, in its folder `runs`, and shows the page."""
    return await asyncio.to_thread(_committed, request)


def _committed(request: Asks) -> Response[Any]:
    desk, me, run = desk_of(request), me_of(request), run_of(request)
    path = transcript_path(run)
    message = f"Keep the transcript of the run {run.id}: {run.plan.title}"
    edit = PageEdit(path, None, me.name, (me.name, me.email), message[:500])
    try:
        if not run.has_ended:
            raise Refusal("The run has not ended yet; its transcript is kept once it has.")
        done = save_bytes(desk, edit, markdown_of(desk, run))
    except Refusal as wrong:
        return shown_run(request, run, status=409, wrong=str(wrong))
    except Usage as wrong:
        return shown_run(request, run, status=400, wrong=str(wrong))
    except Failure as wrong:
        return shown_run(request, run, status=503, wrong=str(wrong))
    return go_on(f"{book_address(path)}?saved={done.commit[:12] if done.commit else 'file'}")


def transcript_path(run: Run) -> str:
    """Where the transcript of a run is kept: beside its page, in the folder `runs`."""
    folder, _, _ = run.plan.path.rpartition("/")
    return f"{folder}/runs/{run.id}.md" if folder else f"runs/{run.id}.md"


ROUTES = (transcript_markdown, transcript_json, transcript_cast, commit_transcript)
