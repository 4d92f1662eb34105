"""Editing in the browser: a form that works without scripts, a preview with findings, and a commit; loses no text."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post

from opsbook.book.page import PAGE_ENDINGS, read_page
from opsbook.book.rendering import book_address, quote_path, render
from opsbook.config import Config
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.book_pages import crumbs_of
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.ground.errors import Failure, Finding, Refusal, Usage
from opsbook.ground.line_ends import typed_over
from opsbook.usecases.desk import Desk
from opsbook.usecases.editing import Clash, Typed, draft, save, source
from opsbook.usecases.new import KINDS, Asked, new
from opsbook.wire import build_seed

Asks = Request[Any, Any, Any]
EDITS = {"act": "edit-page"}
PREVIEW = "/preview"


@get("/edit/{path:path}", opt=EDITS, sync_to_thread=True)
def edit_page(request: Asks, path: str, line: int = 0) -> Response[Any]:
    """The form for a page; for one that is not there yet, an empty one."""
    path = path.strip("/")
    check_path(desk_of(request), path)
    opened = draft(desk_of(request), path)
    return form(request, path, text=opened.text, base=opened.based_on, line=max(line, 0))


@post("/edit/{path:path}", opt=EDITS, status_code=200)
async def change_page(request: Asks, path: str) -> Response[Any]:
    """Saves what was typed, or shows what it would look like."""
    path = path.strip("/")
    fields = await fields_of(request)
    if path.endswith(PREVIEW):
        return await asyncio.to_thread(preview, request, path.removesuffix(PREVIEW), fields)
    return await asyncio.to_thread(saved, request, path, fields)


def saved(request: Asks, path: str, fields: Mapping[str, str]) -> Response[Any]:
    """The page that was saved; or the form again, with what was typed and why it is not saved."""
    desk, me = desk_of(request), me_of(request)
    text, message, base = (fields.get(name, "") for name in ("text", "message", "base"))
    typed = Typed(path, text, base, message, (me.name, me.email))
    try:
        check_path(desk, path)
        done = save(desk, typed)
    except (Refusal, Usage, Failure) as wrong:
        status = 503 if isinstance(wrong, Failure) else 409
        return form(request, path, text=text, base=base, message=message, wrong=str(wrong), status=status)
    if isinstance(done, Clash):
        return form(
            request, path, text=text, base=done.based_on, message=message, wrong=done.why, conflict=done, status=409
        )
    return go_on(f"{book_address(path)}?saved={done.commit[:12] if done.commit else 'file'}")


def preview(request: Asks, path: str, fields: Mapping[str, str]) -> Response[Any]:
    """What the typed text looks like, with its findings: a fragment for scripts, the form again without them."""
    check_path(desk_of(request), path)
    text = fields.get("text", "")
    html, found = previewed(desk_of(request), path, text)
    if "whole" not in fields:
        return page(request, "preview.html", html=html, found=found)
    engine: Any = request.app.template_engine
    drawn = engine.get_template("preview.html").render(html=html, found=found)
    base, message = fields.get("base", ""), fields.get("message", "")
    return form(request, path, text=text, base=base, message=message, preview=drawn)


def previewed(desk: Desk, path: str, text: str) -> tuple[str, list[Finding]]:
    """The HTML and the findings of a page if it had this text."""
    raw = typed_over(source(desk, path) or b"", text)
    html = render(read_page(path, raw, desk.library.reading), desk.library.around()).html
    return html, desk.library.findings_in(path, raw)


def form(request: Asks, path: str, *, text: str, base: str, status: int = 200, **more: Any) -> Response[Any]:
    """The form for editing, filled in."""
    known = {"line": 0, "message": "", "wrong": "", "conflict": None, "preview": "", **more}
    shown = page(
        request, "edit.html", place="Book", status=status, path_shown=path, text=text.replace("\r\n", "\n"), base=base,
        action=f"/edit/{quote_path(path)}", crumbs=crumbs_of(path), page_at=book_address(path),
        usual_message=f"{path}: edited by {me_of(request).name}", **known,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"  # a form that is shown again from a cache would lose what was typed
    return shown


def check_path(desk: Desk, path: str) -> None:
    """Raises Usage for a path that no page of the book can have; the repository looks closer when it saves."""
    folder = desk.library.book
    is_inside = folder in ("", ".") or path.startswith(f"{folder}/")
    is_plain = all(part and part[0] != "." for part in path.split("/")) and path.isprintable()
    if path not in desk.library.snapshot().files and not (is_inside and is_plain and path.endswith(PAGE_ENDINGS)):
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
def new_page(request: Asks, kind: str = "runbook", name: str = "") -> Response[Any]:
    """A new page from the book's own template, to be changed before it is saved."""
    desk, wrong = desk_of(request), ""
    config: Config = request.app.state["config"]
    if name:
        sheet = Sheet(desk)
        asked = Asked(kind, name, {}, desk.now(), config.severities)
        try:
            if kind not in KINDS:
                raise Usage(f"There is no template for '{kind[:40]}'.")
            created = new(desk.library, sheet, build_seed(), asked, person=me_of(request).name)
            text = next(iter(sheet.contents.values())).decode("utf-8", "replace")
            return form(request, created.path, text=text, base="")
        except (Refusal, Usage) as refused:
            wrong = str(refused)
    return page(
        request, "new_page.html", place="Book", kinds=KINDS, kind=kind, name=name, wrong=wrong,
        status=409 if wrong else 200,
    )  # fmt: skip


ROUTES = (edit_page, change_page, new_page)
