"""Proposals: what is to be reviewed, what each changes and why; taken, changed first, or declined. Loses no text."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post

from opsbook.book.differences import diff_lines, side_by_side
from opsbook.book.rendering import book_address
from opsbook.book.typed_text import editable_text, page_bytes
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.edit_pages import side_lines
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Failure, PageConflict, Refusal, Usage
from opsbook.ledger.proposal import Proposal
from opsbook.usecases.desk import Desk
from opsbook.usecases.edit import sides_of
from opsbook.usecases.ports import Unreadable

Asks = Request[Any, Any, Any]
READS = {"act": "read"}
EDITS = {"act": "edit-page"}
TABS = {"": "To review", "accepted": "Accepted", "declined": "Declined", "superseded": "Superseded"}
TONES = {"open": "note", "accepted": "good", "declined": "", "superseded": ""}
SHOWN = 100
LOOKED_AT = 500


@get("/proposals", opt=READS, sync_to_thread=True)
def proposals_page(request: Asks) -> Response[Any]:
    """What is to be reviewed, the newest first; or what became of others."""
    desk = desk_of(request)
    tab = request.query_params.get("state", "")
    tab = tab if tab in TABS else ""
    found = desk.incident_desk.proposals.select(is_open=None, limit=LOOKED_AT)
    by_tab = {name: [each for each in found if each.state == (name or "open")] for name in TABS}
    shown = page(
        request, "proposals.html", place="Book", tabs=TABS, tab=tab, now=desk.now(), tones=TONES,
        counts={name: len(each) for name, each in by_tab.items()}, proposals=by_tab[tab][:SHOWN],
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


@get("/proposals/{proposal:str}", opt=READS, sync_to_thread=True)
def proposal_page(request: Asks) -> Response[Any]:
    """What one changes, and why."""
    return shown(request, found_in(request))


@post("/proposals/{proposal:str}", opt=EDITS, status_code=200)
async def decide_proposal(request: Asks) -> Response[Any]:
    """Takes it, as it is or as it was changed, or declines it."""
    fields = await fields_of(request)
    return await asyncio.to_thread(decided, request, fields)


def decided(request: Asks, fields: Mapping[str, str]) -> Response[Any]:
    """The page of what was decided; or the same again with why it was not done, and what was typed."""
    desk, me = desk_of(request), me_of(request)
    found = found_in(request)
    proposals = desk.incident_desk.proposals
    text = fields.get("text") if fields.get("do") == "accept-changed" else None
    try:
        if fields.get("do") == "decline":
            proposals.decline(found.id, me.name, fields.get("why", ""))
            return go_on(f"/proposals/{found.id}")
        if "digest" not in fields and fields.get("seen") != digest_of(proposals.content(found)):
            raise Refusal("It was changed since you looked at it: this is how it is now.")
        based_on = fields.get("digest") if text is not None else None
        done = proposals.accept(found.id, me.name, (me.name, me.email), text=text, based_on=based_on)
    except PageConflict as wrong:
        return conflict(request, found, wrong)
    except Usage as wrong:
        return shown(request, found, wrong=str(wrong), text=text, status=400)
    except Refusal as wrong:
        return shown(request, proposals.find(found.id), wrong=str(wrong), text=text, status=409)
    except Failure as wrong:
        return shown(request, found, wrong=str(wrong), text=text, status=503)
    return go_on(f"{book_address(done.path)}?saved={done.taken[:12] if done.taken else 'file'}")


def conflict(request: Asks, found: Proposal, wrong: PageConflict) -> Response[Any]:
    """The proposal with both sides; the text in its form is both joined where that can be done, else the proposed."""
    sides = sides_of(wrong)
    text = sides.mine if sides.merged is None else sides.merged
    return shown(request, found, wrong=str(wrong), text=text, sides=sides, status=409)


def shown(
    request: Asks, found: Proposal, *, wrong: str = "", text: str | None = None, sides: Any = None, status: int = 200
) -> Response[Any]:
    """The page of a proposal. What it changes is told against the page as it is now while it is open, later against
    what it was made from."""
    desk = desk_of(request)
    proposals = desk.incident_desk.proposals
    content = proposals.content(found)
    before = as_it_is(desk, found.path) if found.is_open else proposals.made_from(found)
    typed = editable_text(content) if text is None else text.replace("\r\n", "\n")
    findings = desk.library.findings_in(found.path, _typed(before, typed, content)) if found.is_open else []
    incident_address = f"/incidents/{found.incident}" if found.incident is not None else ""
    made = page(
        request, "proposal.html", place="Book", status=status, proposal=found, now=desk.now(), wrong=wrong,
        lines=diff_lines(editable_text(before or b""), editable_text(content)), is_new=before is None, text=typed,
        rows=side_by_side(editable_text(before), editable_text(content)) if before is not None else [],
        is_changed=text is not None, seen=digest_of(content), sides=sides, lines_of=side_lines, tones=TONES,
        digest=(sides.their_digest or "") if sides is not None else None, findings=findings,
        page_at=book_address(found.path), incident_at=incident_address,
        is_there=found.path in desk.library.snapshot().files,
        why_not="" if may(request, "edit-page") else why_not(request, "edit-page"),
    )  # fmt: skip
    made.headers["Cache-Control"] = "no-store"  # a form that is shown again from a cache would lose what was typed
    return made


def _typed(before: bytes | None, typed: str, content: bytes) -> bytes:
    try:
        return page_bytes(content or before or b"", typed)
    except Refusal:  # a line that a browser could not show was changed
        return content


def as_it_is(desk: Desk, path: str) -> bytes | None:
    """The page as it is now; None where there is none, or it cannot be read."""
    if path not in desk.library.snapshot().files:
        return None
    raw = desk.library.read(path)
    return None if isinstance(raw, Unreadable) else raw


def found_in(request: Asks) -> Proposal:
    """The proposal that the address names."""
    return desk_of(request).incident_desk.proposals.find(str(request.path_params["proposal"]))


ROUTES = (proposals_page, proposal_page, decide_proposal)
