"""What the pages say is watched, each with its exact place, for whoever compares it with rule files or a server."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from opsbook.book.lint import Around
from opsbook.book.monitoring import AlertNote, Dashboard, Metric, read_monitoring
from opsbook.book.page import Page
from opsbook.book.promql import Expression, read_expression
from opsbook.ground.errors import Span


class Watched(Struct, frozen=True, kw_only=True):
    """A metric, an alert or a dashboard of a page. `span` is where its name stands; `expression_span` where its
    expression does, and None where that is not found as it is written."""

    item: Metric | AlertNote | Dashboard
    page_kind: str
    span: Span
    expression: str = ""
    expression_span: Span | None = None


def watched_on(page: Page, around: Around) -> tuple[Watched, ...]:
    """All metrics, alerts and dashboards of a page, in its order."""
    told = read_monitoring(page, around)
    if told is None:
        return ()
    found: list[Metric | AlertNote | Dashboard] = [*told.metrics, *told.alerts, *told.dashboards]
    items = sorted(found, key=lambda item: item.line)
    text = page.document.content.decode("utf-8", "replace")
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    return tuple(_placed(page, item, text, starts) for item in items)


def _placed(page: Page, item: Metric | AlertNote | Dashboard, text: str, starts: list[int]) -> Watched:
    begins = starts[item.line - 1]
    named = text.find(item.name, begins, starts[item.line] if item.line < len(starts) else len(text))
    span = Span(page.path, item.line, max(named - begins, 0) + 1)
    expression = "" if isinstance(item, Dashboard) else item.expression
    return Watched(
        item=item, page_kind=page.kind, span=span, expression=expression,
        expression_span=_found(page.path, expression, text, begins) if expression else None,
    )  # fmt: skip


def _found(path: str, expression: str, text: str, begins: int) -> Span | None:
    """The place of an expression as written, at or below its item."""
    for written in (expression, expression.replace("|", "\\|")):
        pattern = r"\s+".join(re.escape(word) for word in written.split())
        found = re.compile(pattern).search(text, begins, begins + 20_000)
        if found:
            at = found.start()
            line_at = text.rfind("\n", 0, at) + 1
            start = len(text[:at].encode())
            return Span(path, text.count("\n", 0, at) + 1, at - line_at + 1, start, start + len(found[0].encode()))
    return None


_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ELSEWHERE = re.compile(
    r"(?is)^\s*(select|from|fields|source|avg|sum|max|min|count)\s*[:*\s]\s*(?!by\b|without\b)[\w.*@]"
    r"|\|\s|\|=|==?\s*'|\bwhere\b"
)


def is_promql(text: str) -> bool:
    """Whether an expression on a page means to be one of Prometheus: other systems' and words are not judged."""
    if _ELSEWHERE.search(text):
        return False
    if text.count(" ") > 4 and not re.search(r"[({\[]", text):
        return "_" in text and read_expression(text).fault is None  # many words, and no sentence is one
    return bool(re.search(r"[a-zA-Z_:][\w:]*\s*[({\[]|[a-z]+_[a-z_]+", text))


def expression_of(watched: Watched) -> Expression | None:
    """The expression that it has, where that is one of Prometheus, else its name where that is a metric's."""
    if watched.expression:
        return read_expression(watched.expression) if is_promql(watched.expression) else None
    name = watched.item.name.strip("`")
    is_metric = isinstance(watched.item, Metric) and "_" in name and _METRIC.fullmatch(name)
    return read_expression(name) if is_metric else None


def faulty_expressions(page: Page, around: Around) -> Iterator[tuple[int, int, str]]:
    """The byte range of each mistake in an expression of the page that is written as code, and what is wrong there."""
    content = page.document.content
    for watched in watched_on(page, around):
        span = watched.expression_span
        if span is None or not is_promql(watched.expression):
            continue
        before = content[max(0, span.start - 40) : span.start].rstrip()
        is_code = before.endswith(b"`") or b"```" in before
        written = content[span.start : span.end].decode("utf-8", "replace")
        fault = read_expression(written.replace("\\|", "|")).fault
        if fault is None or not is_code:
            continue
        at = span.start + len(_upto(written, fault.offset).encode())
        yield min(at, span.end - 1), span.end, fault.why


def _upto(written: str, offset: int) -> str:
    """The written text before a place of it as it reads without what a table escapes."""
    at = seen = 0
    while at < len(written) and seen < offset:
        at += 2 if written.startswith("\\|", at) else 1
        seen += 1
    return written[:at]
