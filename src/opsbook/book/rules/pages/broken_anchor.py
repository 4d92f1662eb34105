"""`broken-anchor`: a `#fragment` that names no heading of its page. It opens the right page at the wrong place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.links import guess_anchor, has_anchor, squeezed
from opsbook.book.lint import Around, Outline, Reference, book_rule
from opsbook.ground.errors import Edit, Finding


@book_rule("broken-anchor", "error")
def check(outlines: Sequence[Outline], _around: Around) -> Iterator[Finding]:
    anchors = {outline.path: outline.anchors for outline in outlines}
    for outline in outlines:
        for reference in outline.references:
            known = anchors.get(reference.path)
            if known is None or has_anchor(known, reference.anchor):
                continue
            yield _finding(outline, reference, guess_anchor(reference.anchor, known))


def _finding(outline: Outline, reference: Reference, near: str | None) -> Finding:
    edits: tuple[Edit, ...] = ()
    if near and squeezed(near) == squeezed(reference.anchor) and reference.fragment_at:
        start, end = reference.fragment_at
        edits = (Edit(start, end, near),)
    where = "This page" if reference.path == outline.path else f"The page '{reference.path}'"
    return Finding(
        "broken-anchor",
        "error",
        reference.span,
        f"{where} has no heading with the anchor '#{reference.anchor}'.",
        f"Did you mean '#{near}'?" if near else "Link to a heading that is there, or to the page alone.",
        reference.href,
        edits,
    )
