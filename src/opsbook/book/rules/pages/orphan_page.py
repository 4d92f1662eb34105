"""`orphan-page`: a page that no other page links to. It is found by search alone, and by nobody who browses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.kinds import is_transcript
from opsbook.book.lint import Around, Outline, book_rule
from opsbook.ground.errors import Finding, Span


@book_rule("orphan-page", "info")
def check(outlines: Sequence[Outline], _around: Around) -> Iterator[Finding]:
    linked = {path for outline in outlines for path in outline.links_to if path != outline.path}
    for outline in outlines:
        # An index is where one starts, and a folder of one page has nobody who could link to it. A transcript is found
        # by its run.
        is_alone = outline.kind in ("index", "template") or len(outlines) < 2 or is_transcript(outline.path)
        if outline.path in linked or is_alone:
            continue
        yield Finding(
            "orphan-page",
            "info",
            Span(outline.path, 1, 1),
            "No page of the book links to this page.",
            "Link to it from the README of its folder or from a related page.",
        )
