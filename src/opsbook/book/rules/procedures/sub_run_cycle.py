"""`sub-run-cycle`: procedures whose steps run one another in a circle. Such a run would never end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.calls import Node, called
from opsbook.book.lint import Around, Outline, Reference, book_rule
from opsbook.ground.errors import Finding

_Calls = dict[Node, list[tuple[Node, Reference]]]


@book_rule("sub-run-cycle", "error")
def check(outlines: Sequence[Outline], _around: Around) -> Iterator[Finding]:
    calls = _calls(outlines)
    for start in sorted(calls):
        for target, reference in calls[start]:
            way = _way(calls, target, start)
            if way is None:
                continue
            names = " → ".join(
                f"{path}#{anchor}" if path != start[0] else f"#{anchor}" for path, anchor in (start, *way)
            )
            yield Finding(
                "sub-run-cycle",
                "error",
                reference.span,
                f"This step runs what runs it again: {names}.",
                "Take one of the links out of the circle.",
                reference.href,
            )


def _calls(outlines: Sequence[Outline]) -> _Calls:
    by_path = {outline.path: outline for outline in outlines}
    calls: _Calls = {}
    for outline in outlines:
        for reference in outline.references:
            target = by_path.get(reference.path)
            node = called(target, reference.anchor) if reference.is_call and target else None
            if node:
                calls.setdefault((outline.path, reference.caller), []).append((node, reference))
    return calls


def _way(calls: _Calls, start: Node, goal: Node) -> list[Node] | None:
    """The shortest way from one procedure to another along calls, both ends in it; None when there is none."""
    came: dict[Node, Node | None] = {start: None}
    todo = [start]
    for node in todo:
        if node == goal:
            way = [node]
            while (before := came[way[-1]]) is not None:
                way.append(before)
            return way[::-1]
        for target, _ in calls.get(node, ()):
            if target not in came:
                came[target] = node
                todo.append(target)
    return None
