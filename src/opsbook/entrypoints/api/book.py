"""The book by its API: services, pages, their sources and history, search, findings, coverage. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException, NotFoundException
from msgspec import Meta, Struct

from opsbook.entrypoints.api import models
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.problems import PROBLEM, problem
from opsbook.entrypoints.streams import health_model
from opsbook.entrypoints.web.answering import actor_of, desk_of, service_in
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Failure, Finding, PageConflict, Severity
from opsbook.ledger.health import Health
from opsbook.usecases.desk import Desk
from opsbook.usecases.edit import PageEdit, save_bytes
from opsbook.usecases.library import Book
from opsbook.usecases.now import unasked_of, why_unprobed
from opsbook.usecases.ports import Unreadable
from opsbook.usecases.search import search_model
from opsbook.usecases.service_names import named_service
from opsbook.usecases.show import page_model

WORST: tuple[Literal["unhealthy", "unknown", "healthy"], ...] = ("unhealthy", "unknown", "healthy")
LONGEST_QUERY = 4_000  # characters; a pasted error is long, a pasted file is no question
SOURCE = "text/markdown"
UNBASED = "Send If-Match with the ETag that the change is based on, or * for a page that is to be new."


class HistoryQuery(Struct, forbid_unknown_fields=True):
    """How many commits are asked for."""

    limit: Annotated[int, Meta(ge=1, le=500, description="How many commits at most.")] = 50


class SearchQuery(Struct, forbid_unknown_fields=True):
    """What is searched."""

    q: Annotated[str, Meta(max_length=LONGEST_QUERY, description="Words, a name, or a pasted error.")]
    limit: Annotated[int, Meta(ge=1, le=100, description="How many sections at most.")] = 20


class LintQuery(Struct, forbid_unknown_fields=True):
    """Which findings are asked for, and which part of them."""

    path: Annotated[str, Meta(description="Only of this page, or of the pages below this folder.")] = ""
    rule: Annotated[str, Meta(description="Only of this rule.")] = ""
    severity: Annotated[Severity, Meta(description="Only of this severity.")] | None = None
    owner: Annotated[str, Meta(description="Only of pages of this owner.")] = ""
    offset: Annotated[int, Meta(ge=0, le=1_000_000, description="How many to pass over.")] = 0
    limit: Annotated[int, Meta(ge=1, le=5_000, description="How many at most.")] = 500


class SaveQuery(Struct, forbid_unknown_fields=True):
    """What is told of a change."""

    message: Annotated[str, Meta(max_length=5_000, description="The message of the commit.")] = ""


@operation("GET", "/services", models.Services)
def services(request: Asks) -> dict[str, Any]:
    """Every service, with its runbook and the worst health of its probes."""
    desk = desk_of(request)
    book, healths = desk.library.snapshot(), _healths_by_service(desk)
    return {"services": [_brief(book, name, path, healths) for name, path in sorted(book.services.items())]}


def _healths_by_service(desk: Desk) -> dict[str, list[Health]]:
    by_path: dict[str, list[Health]] = {}
    healths = desk.watch.healths()
    for key, probe in desk.watch.probes().items():
        by_path.setdefault(probe.path, []).append(healths.get(key) or Health(key))
    return by_path


def _brief(book: Book, name: str, path: str, healths: Mapping[str, list[Health]]) -> dict[str, Any]:
    facts = book.facts.get(path)
    own = healths.get(path, [])
    worst = min(own, key=lambda health: WORST.index(health.state), default=None)
    covered = facts.coverage if facts else None
    return {
        "service": name,
        "name": (facts.service if facts else None) or name,
        "path": path,
        "owner": facts.owner if facts else None,
        "last_updated": facts.last_updated if facts else None,
        "health": worst.state if worst else "none",
        "why": worst.why if worst else why_unprobed(unasked_of(facts) if facts else None),
        "probes": len(own),
        "missing": list(covered.missing) if covered else [],
        "score": covered.score if covered else None,
    }


def service_of(request: Asks) -> tuple[str, str]:
    """The address name of the service in an address, however it is written there, and the path of its runbook."""
    book, written = desk_of(request).library.snapshot(), service_in(request)
    name = named_service(book, written)
    if name is None:
        raise NotFoundException(f"The book has no service '{written}'. GET /api/v1/services lists them.")
    return name, book.services[name]


@operation("GET", "/services/{service}", models.Service)
def service(request: Asks) -> dict[str, Any]:
    """A service: its runbook and its probes."""
    desk = desk_of(request)
    name, path = service_of(request)
    healths = desk.watch.healths()
    probes = [
        health_model(probe, healths.get(key) or Health(key))
        for key, probe in desk.watch.probes().items() if probe.path == path
    ]  # fmt: skip
    return {"service": name, "page": _page(desk, path), "probes": probes}


@operation("GET", "/book", models.Tree)
def tree(request: Asks) -> dict[str, Any]:
    """Every page of the book, in the order of its path."""
    desk = desk_of(request)
    book = desk.library.snapshot()
    pages = []
    for path, file in book.files.items():
        facts = book.facts.get(path)
        told = {name: getattr(facts, name, None) for name in ("kind", "title", "service", "owner", "last_updated")}
        count = len(facts.findings) if facts else 0
        pages.append({"path": path, **told, "size_bytes": file.size_bytes, "findings": count})
    return {
        "number": book.number, "commit": book.commit, "is_whole": book.is_whole, "book": desk.library.book,
        "pages": pages,
    }  # fmt: skip


@operation("GET", "/pages/{path}", models.PageModel)
def page(request: Asks) -> dict[str, Any]:
    """A page, as the command line's show tells it"""
    return _page(desk_of(request), path_of(request))


def path_of(request: Asks) -> str:
    """The path of a page in the address; slashes may stand in it as they are, or as %2F."""
    path: str = request.path_params["path"].replace("%2F", "/")
    if path not in desk_of(request).library.snapshot().files:
        raise NotFoundException(f"The book has no page '{path}'. GET /api/v1/book lists them.")
    return path


def _page(desk: Desk, path: str) -> dict[str, Any]:
    book = desk.library.snapshot()
    model = page_model(desk.library.page(path), desk.library, desk.library.around())
    facts = book.facts.get(path)
    return {**model, "digest": facts.digest if facts else digest_of(_source(desk, path)),
            "linked_from": list(book.linked_from.get(path, ()))}  # fmt: skip


def _source(desk: Desk, path: str) -> bytes:
    raw = desk.library.read(path)
    if isinstance(raw, Unreadable):
        raise Failure(f"The page '{path}' cannot be read: {raw.why}.")
    return raw


@operation("GET", "/pages/{path}/source", bytes, media=SOURCE, also=(304,))
def source(request: Asks) -> Response[bytes]:
    """The bytes of a page; the ETag names them, and is what a change is based on"""
    raw = _source(desk_of(request), path_of(request))
    return Response(raw, media_type=SOURCE, headers={"ETag": f'"{digest_of(raw)}"'})


@operation(
    "PUT", "/pages/{path}/source", models.SavedPage, act="edit-page", query=SaveQuery, takes=SOURCE, also=(409, 428),
    headers=(("If-Match", "The ETag of the page that the change is based on; * for a page that is not there yet."),),
)  # fmt: skip
def save(request: Asks, query: SaveQuery, after: bytes) -> dict[str, Any] | Response[Any]:
    """Saves a page, byte for byte, as one commit; 409 holds the page as it is meanwhile"""
    desk, actor = desk_of(request), actor_of(request)
    path = request.path_params["path"].replace("%2F", "/")
    based_on = request.headers.get("if-match", "").strip().removeprefix("W/").strip('"')
    if not based_on:
        raise HTTPException(UNBASED, status_code=428)
    assert actor is not None  # the guard lets nobody in particular change a page
    edit = PageEdit(
        path, None if based_on == "*" else based_on, actor.name, (actor.name, actor.email), query.message
    )
    try:
        return msgspec.to_builtins(save_bytes(desk, edit, after))  # type: ignore[no-any-return]
    except PageConflict as wrong:
        return page_conflict(wrong)


def page_conflict(wrong: PageConflict) -> Response[Any]:
    """The answer that holds the page as it is meanwhile."""
    theirs = wrong.theirs
    told = problem(
        409, str(wrong), path=wrong.path, digest=digest_of(theirs) if theirs is not None else None,
        theirs=theirs.decode("utf-8", "replace") if theirs is not None else None,
    )  # fmt: skip
    return Response(told, status_code=409, media_type=PROBLEM)


@operation("GET", "/pages/{path}/history", models.History, query=HistoryQuery)
def history(request: Asks, query: HistoryQuery) -> dict[str, Any]:
    """The last commits that touched a page"""
    path = path_of(request)
    return {"path": path, "changes": desk_of(request).repository.history(path, query.limit)}


@operation("GET", "/search", models.Hits, query=SearchQuery)
def search(request: Asks, query: SearchQuery) -> dict[str, Any]:
    """The sections that answer words, a name or a pasted error"""
    return search_model(desk_of(request).index.search(query.q, query.limit))


@operation("GET", "/lint", models.Findings, query=LintQuery)
def lint(request: Asks, query: LintQuery) -> dict[str, Any]:
    """What is wrong with the pages, in reading order"""
    book = desk_of(request).library.snapshot()
    owners = {path: facts.owner for path, facts in book.facts.items()}
    found = [finding for finding in book.findings if _is_asked(finding, query, owners)]
    summary = {severity: sum(f.severity == severity for f in found) for severity in ("error", "warning", "info")}
    return {
        "pages": len(book.files), "is_whole": book.is_whole, "total": len(found), "offset": query.offset,
        "findings": [finding_model(f) for f in found[query.offset : query.offset + query.limit]], "summary": summary,
    }  # fmt: skip


def _is_asked(finding: Finding, query: LintQuery, owners: Mapping[str, str | None]) -> bool:
    path, wanted = finding.span.path, query.path.rstrip("/")
    return (
        (not wanted or path == wanted or path.startswith(wanted + "/"))
        and (not query.rule or finding.rule == query.rule)
        and (query.severity is None or finding.severity == query.severity)
        and (not query.owner or owners.get(path) == query.owner)
    )


def finding_model(finding: Finding) -> dict[str, Any]:
    """A finding as the command line's lint tells it."""
    span = finding.span
    told = {
        "rule": finding.rule, "severity": finding.severity, "path": span.path, "line": span.line,
        "column": span.column, "message": finding.message, "fix": finding.fix,
    }  # fmt: skip
    return told if finding.target is None else {**told, "target": finding.target}


ROUTES = (services, service, tree, page, source, save, history, search, lint)

