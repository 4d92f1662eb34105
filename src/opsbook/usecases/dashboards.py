"""The verbs dashboards: Grafana's JSON into pages, services into Grafana's JSON, and a list of what there is."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from opsbook.book.dashboard_export import Linked, dashboard_of, uid_of
from opsbook.book.dashboard_pages import with_boards
from opsbook.book.dashboards import Board
from opsbook.book.lint import Outline
from opsbook.book.watched import Watched
from opsbook.ground.errors import Conflict, Finding, Usage
from opsbook.usecases.lint_watched import read_boards
from opsbook.usecases.ports import BookSource, PageWriter, RuleFiles, Unreadable


class Imported(Struct, frozen=True):
    """The dashboards that were read, what is wrong with their files, and how the page changes: a unified diff, empty
    where it does not."""

    boards: tuple[Board, ...]
    findings: tuple[Finding, ...]
    page: str
    diff: str


class Written(Struct, frozen=True):
    """A dashboard that was made: its service, the name of its file, and its bytes."""

    service: str
    name: str
    body: bytes


class BoardFiles(Struct, frozen=True):
    """Where dashboards are read from, onto which page they go, and where people open them."""

    paths: tuple[str, ...]
    page: str
    grafana: str = ""


def dashboards_import(
    source: BookSource, files: RuleFiles, writer: PageWriter, asked: BoardFiles, *, is_dry: bool = False
) -> Imported:
    """Writes the dashboards onto their page. Raises Usage where there is none, Conflict where the page changed."""
    boards, findings = read_boards(files.rule_files(asked.paths))
    if not boards and not findings:
        raise Usage("There is no dashboard of Grafana in these files.")
    raw = source.read(asked.page)
    before = None if isinstance(raw, Unreadable) else raw
    after = with_boards(asked.page, before, boards, asked.grafana)
    diff = _diff(asked.page, before, after)
    if diff and not is_dry and not writer.replace(asked.page, before, after):
        raise Conflict(f"'{asked.page}' changed meanwhile or cannot be written; nothing was written.")
    return Imported(tuple(boards), tuple(findings), asked.page, diff)


def page_of(source: BookSource, named: str | None) -> str:
    """The page that dashboards are written onto, relative to the repository."""
    return named or posixpath.join(source.book, "monitoring/dashboards.md")


def _diff(path: str, before: bytes | None, after: bytes) -> str:
    old = (before or b"").decode("utf-8", "replace").splitlines(keepends=True)
    new = after.decode("utf-8", "replace").splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new, path if before is not None else "/dev/null", path))


def dashboards_export(
    watched: Sequence[Watched], outlines: Sequence[Outline], services: Sequence[str], public_url: str
) -> tuple[Written, ...]:
    """A dashboard for each of these services, or for all of which an expression is told. Raises Usage for a service
    that has none."""
    by_service: dict[str, list[Watched]] = {}
    names: dict[str, str] = {}
    runbooks = {o.service.casefold(): o for o in outlines if o.service and o.kind == "runbook"}
    for each in watched:
        for service in _services_of(each, runbooks):
            names.setdefault(service.casefold(), service)
            by_service.setdefault(service.casefold(), []).append(each)
    wanted = [service.casefold() for service in services] or sorted(by_service)
    made = []
    for key in wanted:
        runbook = runbooks.get(key)
        name = runbook.service if runbook and runbook.service else names.get(key, key)
        body = dashboard_of(name, by_service.get(key, ()), _linked(runbook, public_url))
        if body is not None:
            made.append(Written(name, f"{uid_of(name)}.json", body))
        elif services:
            raise Usage(f"No page tells an expression of PromQL for '{name}', so there is nothing to draw.")
    return tuple(made)


def _services_of(watched: Watched, runbooks: dict[str, Outline]) -> Iterator[str]:
    told = watched.item.service
    if told.strip():
        yield from (part.strip() for part in told.split(",") if part.strip())
    else:
        yield from (o.service for o in runbooks.values() if o.service and watched.item.name in o.alerts)


def _linked(runbook: Outline | None, public_url: str) -> Linked:
    if runbook is None or not public_url:
        return Linked("Runbook")
    service = quote((runbook.service or "").lower(), safe="")
    return Linked(f"Runbook: {runbook.title}", f"{public_url.rstrip('/')}/runbooks/{service}")


def board_model(board: Board) -> dict[str, Any]:
    """A dashboard as plain values."""
    return {
        "title": board.title, "uid": board.uid, "path": board.path, "line": board.line, "tags": list(board.tags),
        "panels": [{"title": panel.title, "row": panel.row, "unit": panel.unit, "kind": panel.kind,
                    "expressions": list(panel.expressions)} for panel in board.panels],
    }  # fmt: skip


def finding_model(finding: Finding) -> dict[str, Any]:
    """A finding as plain values."""
    return {"rule": finding.rule, "severity": finding.severity, "path": finding.span.path, "line": finding.span.line,
            "column": finding.span.column, "message": finding.message}  # fmt: skip
