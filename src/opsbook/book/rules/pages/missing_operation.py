"""`missing-operation`: a runbook does not say how its service is deployed, rolled back, scaled, restarted, backed up or
restored, and links to no shared page that does. Somebody will need it at night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from posixpath import dirname, relpath

from opsbook.book.lint import Around, Outline, book_rule
from opsbook.book.operation_words import HEADED, SAID
from opsbook.book.service_operations import ServiceOperation, runbooks_of, service_operations
from opsbook.ground.errors import Finding, Span

_SECTION = {"deploy": "deployment", "rollback": "deployment"}
_HEADING = {"deployment": "Deployment", "common-operations": "Common Operations"}


@book_rule("missing-operation", "info")
def check(outlines: Sequence[Outline], around: Around) -> Iterator[Finding]:
    by_path = {outline.path: outline for outline in outlines}
    for outline in runbooks_of(by_path):
        found = service_operations(outline, by_path, {})
        if all(each.state in ("missing", "not-asked", "unfilled") for each in found) and _is_begun(found):
            continue  # a template that nobody has filled in yet: `placeholder` tells
        missing = [each.operation for each in found if each.state == "missing"]
        for slot, operations in groupby(missing, key=lambda name: _SECTION.get(name, "common-operations")):
            yield _finding(outline, slot, list(operations), by_path)


def _is_begun(operations: Sequence[ServiceOperation]) -> bool:
    return any(each.state == "unfilled" for each in operations)


def _finding(outline: Outline, slot: str, operations: list[str], by_path: Mapping[str, Outline]) -> Finding:
    known = outline.operations
    places = known.places if known else {}
    line = places.get(slot) or places.get("", 1)
    headings = _joined([f"`### {HEADED[name]}`" for name in operations], "and")
    below = f" below {_HEADING[slot]}" if slot in places else f" below a heading `## {_HEADING[slot]}`"
    shared = _shared(outline, operations, by_path)
    link = f" Or link to the shared one: {shared}." if shared else ""
    return Finding(
        "missing-operation", "info", Span(outline.path, line, 1),
        f"The runbook of '{outline.service or outline.title}' does not say how to"
        f" {_joined([SAID[name] for name in operations], 'or')}.",
        f"Write {headings}{below}, or say in a sentence that it is not done and why.{link}",
    )  # fmt: skip


def _shared(outline: Outline, operations: list[str], by_path: Mapping[str, Outline]) -> str:
    """The first shared procedure of the book for one of them, as a link from the runbook."""
    for path, each in sorted(by_path.items()):
        if each.kind != "procedure" or each.operations is None:
            continue
        told = next((t for t in each.operations.told if t.operation in operations and t.how == "procedure"), None)
        if told is not None:
            return f"[{each.title}]({relpath(path, dirname(outline.path) or '.')}#{told.anchor})"
    return ""


def _joined(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
