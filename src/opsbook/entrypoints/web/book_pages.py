"""The book: its folders and its pages, each as it is or as it was at a commit. Changes nothing."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get
from litestar.response import Redirect

from opsbook.book.page import PAGE_ENDINGS, Page, read_page
from opsbook.book.rendering import Rendered, book_address, quote_path, render
from opsbook.entrypoints.shown.on_page import Pieces, anchors_of, contents, finding_insets, run_insets, summary
from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.practice import practice_of
from opsbook.ground.errors import Finding
from opsbook.ground.guesses import closest
from opsbook.usecases.desk import Desk
from opsbook.usecases.folders import Folder, folder, tree
from opsbook.usecases.library import Book, PageFacts

Asks = Request[Any, Any, Any]
READS = {"act": "read", "kept": "book"}
LAST_COMMITS = 50
MOST_LISTED = 500
_COMMIT = re.compile(r"[0-9a-f]{4,64}")


@get("/book", opt=READS, sync_to_thread=True)
def book_root(request: Asks) -> Response[Any]:
    """The folder of the book."""
    desk = desk_of(request)
    path = desk.library.book
    shown = folder(desk.library.snapshot(), "" if path == "." else path)
    return folder_page(request, shown or Folder(path, (), (), None, {}, {}, 0))


@get("/book/{path:path}", opt=READS, sync_to_thread=True)
def book_place(request: Asks) -> Response[Any]:
    """A page or a folder; an address without the ending of a page leads to it."""
    desk, path = desk_of(request), path_in(request)
    at = request.query_params.get("at", "")
    book = desk.library.snapshot()
    if at:
        return page_at(request, path, at)
    if path in book.files:
        return page_now(request, path)
    shown = folder(book, path)
    if shown is not None:
        return folder_page(request, shown)
    meant = page_meant(book, desk.library.book, path)
    if meant is not None:
        return Redirect(book_address(meant))
    return missing_page(request, path)


def path_in(request: Asks) -> str:
    """The path in the address, without outer slashes."""
    return str(request.path_params["path"]).strip("/")


def page_now(request: Asks, path: str) -> Response[Any]:
    """The page with its findings where they are."""
    desk = desk_of(request)
    asked = request.query_params
    line, saved = asked.get("line", ""), asked.get("saved", "")
    book, shown = desk.library.snapshot(), desk.library.page(path)
    found = findings_of(book, path)
    pieces, facts = pieces_of(request), book.facts.get(path)
    insets = finding_insets(pieces, found)
    if facts is not None and facts.procedures and facts.kind != "template":
        practice = practice_of(desk, path, [procedure.anchor for procedure in facts.procedures])
        insets += run_insets(pieces, shown, facts, practice)
    rendered = render(shown, desk.library.around(), insets=insets)
    if line.isdecimal() and len(line) < 9:
        return Redirect(f"{book_address(path)}#{rendered.line_anchor(int(line)) or 'main'}", status_code=303)
    return page_of(
        request, shown, rendered, found=found, facts=facts_line(facts),
        saved=saved if _COMMIT.fullmatch(saved) or saved == "file" else "",
        service=next((name for name, each in book.services.items() if each == path), ""),
        not_understood=facts.report.not_understood if facts is not None and facts.report is not None else (),
    )  # fmt: skip


def page_at(request: Asks, path: str, at: str) -> Response[Any]:
    """The page as it was at a commit."""
    desk = desk_of(request)
    raw = desk.repository.at(path, at) if _COMMIT.fullmatch(at) else None
    if raw is None:
        return missing_page(request, path, f"There is no page '{path}' at the commit '{at[:64]}'.")
    shown = read_page(path, raw, desk.library.reading)
    change = next((each for each in desk.repository.history(path, LAST_COMMITS) if each.commit.startswith(at)), None)
    rendered = render(shown, desk.library.around())
    return page_of(request, shown, rendered, was=at[:12], was_change=change, facts=[shown.kind])


@get("/history/{path:path}", opt=READS, sync_to_thread=True)
def history_page(request: Asks) -> Response[Any]:
    """The last commits that touched a page: a page of its own, or the list alone where a script asks for it."""
    path = path_in(request)
    desk = desk_of(request)
    changes = desk.repository.history(path, LAST_COMMITS)
    if not changes and path not in desk.library.snapshot().files:
        return missing_page(request, path)
    is_part = "part" in request.query_params  # no header: answers are kept by their address
    return page(
        request, "history_part.html" if is_part else "history.html", place="Book", changes=changes, path_shown=path,
        here=book_address(path), crumbs=crumbs_of(path), most=LAST_COMMITS,
    )  # fmt: skip


def page_of(request: Asks, shown: Page, rendered: Rendered, **more: Any) -> Response[Any]:
    """The template of a page, filled in."""
    desk, path = desk_of(request), shown.path
    book = desk.library.snapshot()
    known: dict[str, Any] = {"found": [], "was": "", "was_change": None, "saved": "", "service": "",
                             "not_understood": (), **more}
    linked = [(each, title_of(book, each)) for each in book.linked_from.get(path, ())]
    return page(
        request, "book_page.html", place="Book", page_path=path, title=shown.title, html=rendered.html,
        entries=contents(rendered),
        has_title=any(entry.level == 1 for entry in rendered.contents), here=book_address(path),
        edit_at=f"/edit/{quote_path(path)}", crumbs=crumbs_of(path), tree=tree_html(request, path),
        linked_from=linked, summary=summary(known["found"]), anchors=anchors_of(known["found"], rendered), **known,
    )  # fmt: skip


def facts_line(facts: PageFacts | None) -> list[str]:
    """What a page is, whose, and since when, in a few words."""
    words = [facts.kind if facts else "being read"]
    if facts and facts.owner:
        words.append(f"owner: {facts.owner}")
    if facts and facts.last_updated:
        words.append(f"last updated {facts.last_updated}")
    return words


def folder_page(request: Asks, shown: Folder) -> Response[Any]:
    """The list of a folder, with its own page below it."""
    desk = desk_of(request)
    book = desk.library.snapshot()
    root = "" if desk.library.book == "." else desk.library.book
    is_root = shown.path == root
    html = ""
    if shown.index and shown.index in book.files:
        html = render(desk.library.page(shown.index), desk.library.around()).html
    name = shown.path.rpartition("/")[2]
    line = f"{shown.count:,} page{'' if shown.count == 1 else 's'}" + (f" in {shown.path}" if shown.path else "")
    return page(
        request, "book_folder.html", place="Book", title="The book" if is_root else name, line=line, folder=shown,
        crumbs=crumbs_of(shown.path), tree=tree_html(request, shown.path), most=MOST_LISTED, html=html,
        index=shown.index, is_whole=book.is_whole, new_at="/new",
    )  # fmt: skip


def missing_page(request: Asks, path: str, why: str = "") -> Response[Any]:
    """What is said where no page is: the pages that were likely meant, search, and a way to write it."""
    desk = desk_of(request)
    book = desk.library.snapshot()
    name = path.rpartition("/")[2][:200]
    names = {each.rpartition("/")[2]: each for each in sorted(book.files, reverse=True)}
    near = closest(name, sorted(names)) or closest(f"{name}.md", sorted(names))
    guesses = [(book_address(names[near]), title_of(book, names[near]))] if near else []
    is_new = path.lower().endswith(PAGE_ENDINGS) and path.startswith(desk.library.book)
    return page(
        request, "not_found.html", place="Book", status=404, title="There is no such page",
        detail=why or f"The book has no page '{path[:400]}'.", guesses=guesses, wanted=words_of(name),
        new_at=f"/edit/{quote_path(path)}" if is_new and not why else "",
    )  # fmt: skip


def looked_for(request: Asks, what: str, wanted: str, *, guesses: list[tuple[str, str]] | None = None) -> Response[Any]:
    """What is said where a name leads nowhere: what was looked for, the sections that come nearest, search."""
    desk = desk_of(request)
    near = list(guesses or ())
    if not near and wanted.strip():
        hits = desk.index.search(words_of(wanted)[:200], 5).hits
        near = [(f"{book_address(hit.path)}#{quote(hit.anchor)}", f"{hit.page}: {hit.section}") for hit in hits]
    return page(
        request, "not_found.html", place="", status=404, title="Nothing is found", detail=what, guesses=near,
        wanted=words_of(wanted), new_at="",
    )  # fmt: skip


def words_of(name: str) -> str:
    """A name in words, for a search: `db-failover.md` is `db failover`."""
    bare = re.sub(r"\.(md|markdown|html)$", "", name, flags=re.I)
    return re.sub(r"[-_./]+", " ", bare).strip()


def page_meant(book: Book, folder: str, path: str) -> str | None:
    """The page that an address without its ending, below the book's own folder, or in other letter case means."""
    for within in (path, f"{folder}/{path}"):
        for ending in ("", *PAGE_ENDINGS, "/README.md", "/index.md"):
            if within + ending in book.files:
                return within + ending
    folded = {each.lower(): each for each in book.files}
    return folded.get(path.lower()) or folded.get(f"{path.lower()}.md")


def findings_of(book: Book, path: str) -> list[Finding]:
    """The findings of a page; before the book is whole, those of the rules that see one page."""
    if book.is_whole:
        begin = bisect_left(book.findings, path, key=_path_of)  # they come page by page, in the order of the paths
        return list(book.findings[begin : bisect_right(book.findings, path, begin, key=_path_of)])
    facts = book.facts.get(path)
    return list(facts.findings) if facts else []


def _path_of(finding: Finding) -> str:
    return finding.span.path


def title_of(book: Book, path: str) -> str:
    """The title of a page, or its path until it was read."""
    facts = book.facts.get(path)
    return facts.title if facts else path


def pieces_of(request: Asks, *, incident: int | None = None) -> Pieces:
    """What draws the pieces within a page for whoever asks; what is run from there belongs to the incident of that
    number."""
    engine: Any = request.app.template_engine
    module = engine.get_template("_pieces.html").module
    why_no_run = "" if may(request, "run") else why_not(request, "run")
    return Pieces(module, may(request, "edit-page"), why_no_run, f"&incident={incident}" if incident else "")


def tree_html(request: Asks, here: str) -> str:
    """The tree of the book with the way to a path open."""
    desk: Desk = desk_of(request)
    root = "" if desk.library.book == "." else desk.library.book
    engine: Any = request.app.template_engine
    nodes = tree(desk.library.around().pages, root, here)
    return engine.get_template("_tree.html").module.tree(nodes, here)  # type: ignore[no-any-return]


def crumbs_of(path: str) -> list[tuple[str, str | None]]:
    """The way from the book to a page, folder by folder; the last has no address."""
    parts = path.split("/") if path else []
    places: list[tuple[str, str | None]] = [("Book", "/book" if parts else None)]
    for count, part in enumerate(parts, 1):
        places.append((part, book_address("/".join(parts[:count])) if count < len(parts) else None))
    return places


ROUTES = (book_root, book_place, history_page)
