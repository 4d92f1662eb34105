"""Editing in the browser: a form that works without scripts, a preview with findings, and a commit; loses no text."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from markupsafe import Markup

from opsbook.book.differences import diff_lines
from opsbook.book.page import PAGE_ENDINGS, read_page
from opsbook.book.rendering import book_address, quote_path, render
from opsbook.book.typed_text import editable_text, page_bytes
from opsbook.config import Config
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.book_pages import crumbs_of, path_in
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Failure, Finding, PageConflict, Refusal, Usage
from opsbook.usecases.desk import Desk
from opsbook.usecases.discovery import draft_of
from opsbook.usecases.edit import PageEdit, Sides, save_page, sides_of
from opsbook.usecases.new import KINDS, Asked, new
from opsbook.usecases.ports import Unreadable
from opsbook.wire import build_seed

Asks = Request[Any, Any, Any]
EDITS = {"act": "edit-page"}
PREVIEW = "/preview"
LONGEST_PATH = 1024
DISCOVERY_S = 10.0  # how long who asks for a draft waits for what is deployed


@get("/edit/{path:path}", opt=EDITS, sync_to_thread=True)
def edit_page(request: Asks) -> Response[Any]:
    """The form for a page; for one that is not there yet, an empty one."""
    desk, path = desk_of(request), path_in(request)
    check_path(desk, path)
    raw = source(desk, path)
    text, digest = (editable_text(raw), digest_of(raw)) if raw is not None else ("", "")
    return form(request, path, text=text, digest=digest)


@post("/edit/{path:path}", opt=EDITS, status_code=200)
async def change_page(request: Asks) -> Response[Any]:
    """Saves what was typed, or shows what it would look like."""
    path, fields = path_in(request), await fields_of(request)
    if path.endswith(PREVIEW):
        return await asyncio.to_thread(preview, request, path.removesuffix(PREVIEW), fields)
    return await asyncio.to_thread(saved, request, path, fields)


def saved(request: Asks, path: str, fields: Mapping[str, str]) -> Response[Any]:
    """The page that was saved; or the form again, with what was typed and why it is not saved."""
    desk, me = desk_of(request), me_of(request)
    text, message, digest = (fields.get(name, "") for name in ("text", "message", "digest"))
    edit = PageEdit(path, digest or None, me.name, (me.name, me.email), message)
    typed = {"text": text, "digest": digest, "message": message}
    try:
        check_path(desk, path)
        done = save_page(desk, edit, text)
    except PageConflict as wrong:
        return conflict(request, wrong, message)
    except Usage as wrong:
        return form(request, path, **typed, wrong=str(wrong), status=400)
    except Refusal as wrong:
        return form(request, path, **typed, wrong=str(wrong), status=409)
    except Failure as wrong:
        return form(request, path, **typed, wrong=str(wrong), status=503)
    return go_on(f"{book_address(path)}?saved={done.commit[:12] if done.commit else 'file'}")


def conflict(request: Asks, wrong: PageConflict, message: str) -> Response[Any]:
    """The form again with both sides; the text in it is both joined where that can be done, else one's own."""
    sides = sides_of(wrong)
    return form(
        request, wrong.path, text=sides.mine if sides.merged is None else sides.merged, message=message, sides=sides,
        digest=sides.their_digest or "", wrong=str(wrong), status=409,
    )  # fmt: skip


def preview(request: Asks, path: str, fields: Mapping[str, str]) -> Response[Any]:
    """What the typed text looks like, with its findings: a fragment for scripts, the form again without them."""
    desk = desk_of(request)
    check_path(desk, path)
    text = fields.get("text", "")
    try:
        html, found = previewed(desk, path, text)
    except Refusal as wrong:  # a line that a browser could not show was changed
        html, found = f"<p>{Markup.escape(str(wrong))}</p>", []
    if request.headers.get("hx-request") == "true":
        return page(request, "preview.html", html=html, found=found, path_shown=path)
    engine: Any = request.app.template_engine
    drawn = Markup(engine.get_template("preview.html").render(html=html, found=found, path_shown=path))
    digest, message = fields.get("digest", ""), fields.get("message", "")
    return form(request, path, text=text, digest=digest, message=message, first=drawn)


def previewed(desk: Desk, path: str, text: str) -> tuple[str, list[Finding]]:
    """The HTML and the findings of a page if it had this text."""
    raw = page_bytes(source(desk, path) or b"", text)
    html = render(read_page(path, raw, desk.library.reading), desk.library.around()).html
    return html, desk.library.findings_in(path, raw)


def form(request: Asks, path: str, *, text: str, digest: str, status: int = 200, **more: Any) -> Response[Any]:
    """The form for editing, filled in."""
    known = {"message": "", "wrong": "", "sides": None, "first": "", **more}
    usual = "" if known["message"] else ("Edit " if digest else "Add ") + path.rpartition("/")[2]
    known["message"] = known["message"] or usual
    shown = page(
        request, "edit.html", place="Book", status=status, path_shown=path, digest=digest,
        text=text.replace("\r\n", "\n"), save_at=f"/edit/{quote_path(path)}", crumbs=crumbs_of(path),
        page_at=book_address(path), lines_of=side_lines, **known,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"  # a form that is shown again from a cache would lose what was typed
    return shown


def side_lines(sides: Sides, side: str) -> list[str]:
    """What one side changed, as the lines of a diff; against the other side where the beginning is not known."""
    text = (sides.mine if side == "mine" else sides.theirs) or ""
    base = sides.base if sides.base is not None else ((sides.theirs if side == "mine" else sides.mine) or "")
    return diff_lines(base, text)


def source(desk: Desk, path: str) -> bytes | None:
    """The bytes of a page as they are now; None when the book has no such page."""
    if path not in desk.library.snapshot().files:
        return None
    raw = desk.library.read(path)
    if isinstance(raw, Unreadable):
        raise Failure(f"The page '{path}' cannot be read: {raw.why}.")
    return raw


def check_path(desk: Desk, path: str) -> None:
    """Raises Usage for a path that no page of the book can have; the repository looks closer when it saves."""
    folder = desk.library.book
    if path in desk.library.snapshot().files:
        return
    is_inside = folder in ("", ".") or path.startswith(f"{folder}/")
    is_plain = all(part and part[0] != "." for part in path.split("/")) and path.isprintable()
    if not (is_inside and is_plain and path.endswith(PAGE_ENDINGS) and len(path) <= LONGEST_PATH):
        raise Usage(f"'{path[:200]}' cannot be a page of the book: pages lie below '{folder}' and end in .md.")


class Sheet:
    """Stands in for the disk while a new page is drawn up: what would be written is kept, and nothing else happens."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.contents: dict[str, bytes] = {}

    def exists(self, path: str) -> bool:
        """Whether the book has the page."""
        folder = self._desk.library.book
        return (f"{folder}/{path}" if folder not in ("", ".") else path) in self._desk.library.snapshot().files

    def create(self, contents: Mapping[str, bytes]) -> list[str]:
        """Keeps the page."""
        self.contents.update(contents)
        return list(contents)


@get("/new", opt=EDITS, sync_to_thread=True)
def new_page(request: Asks) -> Response[Any]:
    """A new page from the book's own template, to be changed before it is saved."""
    kind, name = request.query_params.get("kind", KINDS[0]), request.query_params.get("name", "").strip()
    wrong = ""
    if name:
        try:
            return drawn_up(request, kind, name)
        except (Refusal, Usage) as refused:
            wrong = str(refused)
    return page(
        request, "new_page.html", place="Book", kinds=KINDS, kind=kind, name=name, wrong=wrong,
        status=409 if wrong else 200,
    )  # fmt: skip


def drawn_up(request: Asks, kind: str, name: str) -> Response[Any]:
    """The form with the template of a kind, filled in as far as is known."""
    desk = desk_of(request)
    config: Config = request.app.state["config"]
    if kind not in KINDS:
        raise Usage(f"There is no template for '{kind[:40]}'.")
    sheet = Sheet(desk)
    asked = Asked(kind, name, {}, desk.now(), config.severities)
    created = new(desk.library, sheet, build_seed(), asked, person=me_of(request).name)
    return form(request, created.path, text=editable_text(next(iter(sheet.contents.values()))), digest="")


@get("/new/discovered", opt=EDITS, sync_to_thread=True)
def discovered_page(request: Asks) -> Response[Any]:
    """A runbook of a service that was found deployed, as far as that tells it, to be changed before it is saved."""
    desk, service = desk_of(request), request.query_params.get("service", "").strip()
    settings = desk.scope().settings
    known = desk.deployed.known(DISCOVERY_S)
    each = draft_of(desk.library, build_seed(), known, settings, service=service, today=desk.now().date())
    return form(request, each.path, text=editable_text(each.after), digest="")


ROUTES = (edit_page, change_page, new_page, discovered_page)
