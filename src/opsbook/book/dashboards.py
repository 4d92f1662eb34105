"""Dashboards of Grafana, read from JSON as it is exported, and from ConfigMaps that hold such JSON. Asks no Grafana."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from opsbook.book.promql import Expression, read_expression
from opsbook.ground.errors import Finding, Span
from opsbook.ground.yaml_events import read_any_yaml
from opsbook.ground.yaml_nodes import Node, Scalar, SourceLines, Unreadable

MOST_NESTED = 8  # Grafana nests panels once, in rows
_ELSEWHERE = frozenset({"loki", "elasticsearch", "influxdb", "mysql", "postgres", "tempo", "cloudwatch", "jaeger",
                        "graphite"})  # fmt: skip


class Panel(Struct, frozen=True):
    """A panel: its title, the expressions of Prometheus that it draws as they are written, its unit by Grafana's name,
    and the row that it lies in."""

    title: str
    expressions: tuple[str, ...] = ()
    unit: str = ""
    row: str = ""
    kind: str = ""


class Board(Struct, frozen=True):
    """A dashboard and where its file has it."""

    title: str
    uid: str
    path: str
    line: int
    panels: tuple[Panel, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Its place in the file."""
        return f"{self.path}:{self.line}"


def read_dashboards(path: str, text: str) -> tuple[tuple[Board, ...], tuple[Finding, ...]]:
    """The dashboards of a text and what is wrong with it. A text without one gives neither."""
    if '"panels"' not in text and '"rows"' not in text and "panels" not in text:
        return (), ()
    if text.lstrip()[:1] in ("{", "["):
        found, wrong = _decoded(text)
        if wrong:
            return (), (_broken(path, wrong),)
        boards = [board for each in _documents(found) for board in _boards(path, text, each)]
        return tuple(boards), ()
    return _of_yaml(path, text)


def expressions_of(board: Board) -> Iterator[tuple[Panel, Expression]]:
    """Each expression of its panels, read with whatever its variables stand for."""
    for panel in board.panels:
        for text in panel.expressions:
            yield panel, read_expression(text, has_variables=True)


def _decoded(text: str) -> tuple[Any, str]:
    try:
        return msgspec.json.decode(text.encode("utf-8", "surrogatepass")), ""
    except (msgspec.DecodeError, UnicodeError, RecursionError) as wrong:
        return None, str(wrong)


def _documents(found: Any) -> Iterator[dict[str, Any]]:
    """The dashboards in what was decoded: itself, in a wrapper of the API, in a ConfigMap, in a list of any."""
    waiting = [found]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, list):
            waiting = [*each, *waiting]
        elif isinstance(each, dict):
            if isinstance(each.get("dashboard"), dict):
                each = each["dashboard"]
            if isinstance(each.get("items"), list):
                waiting = [*each["items"], *waiting]
            elif isinstance(each.get("data"), dict) and "panels" not in each:
                texts = [value for value in each["data"].values() if isinstance(value, str)]
                waiting = [*(_decoded(text)[0] for text in texts), *waiting]
            elif isinstance(each.get("panels", each.get("rows")), list) and isinstance(each.get("title"), str):
                yield each


def _of_yaml(path: str, text: str) -> tuple[tuple[Board, ...], tuple[Finding, ...]]:
    try:
        documents = read_any_yaml(SourceLines(text))
    except (Unreadable, RecursionError):
        return (), ()  # another tool's file: a template, or no YAML
    boards: list[Board] = []
    findings: list[Finding] = []
    waiting: list[Node] = list(documents)
    seen: set[int] = set()
    while waiting:
        node = waiting.pop(0)
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, list):
            waiting = [*node, *waiting]
        elif isinstance(node, dict):
            waiting = [*node.values(), *waiting]
        elif isinstance(node, Scalar) and node.text.lstrip().startswith("{") and '"panels"' in node.text:
            found, wrong = _decoded(node.text)
            if wrong:
                findings.append(_broken(path, wrong, node.line))
            boards += [msgspec.structs.replace(board, line=node.line)
                       for each in _documents(found) for board in _boards(path, node.text, each)]  # fmt: skip
    return tuple(boards), tuple(findings)


def _broken(path: str, why: str, line: int = 1) -> Finding:
    return Finding("invalid-dashboard", "warning", Span(path, line, 1), f"This dashboard is not JSON: {why}.")


def _boards(path: str, text: str, found: dict[str, Any]) -> Iterator[Board]:
    uid = found.get("uid")
    uid = uid if isinstance(uid, str) else ""
    tags = found.get("tags")
    at = re.search(rf'"uid"\s*:\s*"{re.escape(uid)}"', text) if uid else None
    yield Board(
        found["title"], uid, path, text.count("\n", 0, at.start()) + 1 if at else 1, tuple(_panels(found)),
        tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
    )  # fmt: skip


def _panels(found: dict[str, Any], row: str = "", depth: int = 0) -> Iterator[Panel]:
    for each in (*_listed(found, "rows"), *_listed(found, "panels")):
        told = each.get("title")
        title = told if isinstance(told, str) else ""
        if (each.get("type") == "row" or "panels" in each) and depth < MOST_NESTED:
            yield from _panels(each, title or row, depth + 1)
            row = title or row if each.get("type") == "row" else row
            continue
        library = each.get("libraryPanel")
        if isinstance(library, dict):
            model = library.get("model")
            each = {**(model if isinstance(model, dict) else {}), **each}
            title = title or str(library.get("name") or "")
        yield Panel(title, tuple(_expressions(each)), _unit(each), row, str(each.get("type") or ""))


def _listed(found: dict[str, Any], key: str) -> list[dict[str, Any]]:
    listed = found.get(key)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _expressions(panel: dict[str, Any]) -> Iterator[str]:
    for target in _listed(panel, "targets"):
        source = target.get("datasource") or panel.get("datasource")
        kind = source.get("type") if isinstance(source, dict) else None
        text = target.get("expr")
        if kind not in _ELSEWHERE and isinstance(text, str) and text.strip():
            yield text


def _unit(panel: dict[str, Any]) -> str:
    config = panel.get("fieldConfig")
    defaults = config.get("defaults") if isinstance(config, dict) else None
    unit = defaults.get("unit") if isinstance(defaults, dict) else panel.get("format")
    return unit if isinstance(unit, str) else ""
