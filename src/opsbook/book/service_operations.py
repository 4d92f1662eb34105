"""The operations of each service over the whole book: which its runbook tells itself, which it reaches by a link to a
shared page, which it answers in a word, and which are missing. Decides from outlines; reads no page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from opsbook.book.kinds import RUNBOOK_SLOTS
from opsbook.book.lint import Outline
from opsbook.book.operation_words import OF_KEEPERS, OPERATIONS
from opsbook.book.operations_told import OperationTold

State = Literal["there", "unfilled", "words", "answered", "missing", "not-asked"]


class ServiceOperation(Struct, frozen=True, gc=False):
    """An operation of a service: a procedure is there, its slots are unfilled, it is told in words alone, answered as
    not done here, missing, or not asked of a service that keeps nothing. `path` and `anchor` are its place; `practised`
    the last day that is known."""

    operation: str
    state: State
    path: str = ""
    anchor: str = ""
    title: str = ""
    is_verified: bool = False
    practised: date | None = None
    is_shared: bool = False


# Sections of a service's runbook; a page needs two of them to be taken for one.
_OF_A_SERVICE = frozenset(RUNBOOK_SLOTS) - {"overview", "troubleshooting"}
_ORDER: tuple[State, ...] = ("there", "words", "unfilled", "answered")


def service_operations(
    outline: Outline, by_path: Mapping[str, Outline], practised: Mapping[str, date]
) -> tuple[ServiceOperation, ...]:
    """Those of one runbook, in the order of OPERATIONS. `practised` are the ledger's days by PATH#ANCHOR."""
    known = outline.operations
    if known is None:
        return ()
    candidates = [(outline.path, each) for each in known.told] + list(_linked(outline, by_path))
    # Whoever makes a backup keeps something, and will want it back.
    keeps = known.keeps or any(
        each.operation in OF_KEEPERS and each.how == "procedure" and each.is_filled for each in known.told
    )
    found = []
    for operation in OPERATIONS:
        told = [(path, each) for path, each in candidates if each.operation == operation]
        if not told:
            is_asked = keeps or operation not in OF_KEEPERS
            found.append(ServiceOperation(operation, "missing" if is_asked else "not-asked"))
            continue
        path, best = min(told, key=lambda pair: _rank(outline.path, *pair))
        days = [day for where, each in told if (day := practised_on(by_path, practised, where, each.anchor))]
        verified = best.is_verified or any(each.is_verified for where, each in told if where != outline.path)
        found.append(ServiceOperation(
            operation, _state(best), path, best.anchor, best.title, verified and best.how == "procedure",
            max(days, default=None) if best.how == "procedure" else None, path != outline.path,
        ))  # fmt: skip
    return tuple(found)


def practised_on(
    by_path: Mapping[str, Outline], practised: Mapping[str, date], path: str, anchor: str
) -> date | None:
    """When a procedure was last practised: by a run that the ledger knows, or by the day written on its page."""
    outline = by_path.get(path)
    written = outline.operations.practised_on if outline and outline.operations else ""
    days = [day for day in (practised.get(f"{path}#{anchor}"), date.fromisoformat(written) if written else None) if day]
    return max(days, default=None)


def _state(told: OperationTold) -> State:
    if not told.is_filled:
        return "unfilled"
    return "there" if told.how == "procedure" else "words" if told.how == "words" else "answered"


def _rank(own: str, path: str, told: OperationTold) -> tuple[int, bool, bool, bool, int]:
    return _ORDER.index(_state(told)), path != own, told.is_for_trying, not told.is_verified, told.line


def _linked(outline: Outline, by_path: Mapping[str, Outline]) -> Iterator[tuple[str, OperationTold]]:
    """What the shared pages tell that a runbook links to: all of a page, or what an anchor leads to."""
    anchors: dict[str, set[str]] = {}
    for reference in outline.references:
        if reference.path != outline.path and reference.anchor:
            anchors.setdefault(reference.path, set()).add(reference.anchor.removesuffix("/rollback"))
    for path in sorted(outline.links_to - {outline.path}):
        target = by_path.get(path)
        if target is None or target.kind != "procedure" or target.operations is None:
            continue
        wanted = anchors.get(path)
        for told in target.operations.told:
            if wanted is None or told.anchor in wanted or not wanted.isdisjoint(told.around):
                yield path, told


def runbooks_of(by_path: Mapping[str, Outline]) -> list[Outline]:
    """The runbooks that are about a service, by path: many a page in such a folder is about one task."""
    return [
        each for _, each in sorted(by_path.items())
        if each.kind == "runbook" and each.operations is not None and len(each.slots & _OF_A_SERVICE) > 1
    ]  # fmt: skip
