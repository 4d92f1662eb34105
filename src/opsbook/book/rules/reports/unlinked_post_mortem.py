"""`unlinked-post-mortem`: a post-mortem and its incident belong together by their names, and neither links to the
other. Whoever reads one does not find the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.lint import Around, Outline, book_rule, partner_of
from opsbook.ground.errors import Finding, Span


@book_rule("unlinked-post-mortem", "info")
def check(outlines: Sequence[Outline], around: Around) -> Iterator[Finding]:
    reports = [each for each in outlines if each.kind == "incident"]
    for outline in outlines if reports else ():
        if outline.kind != "post-mortem":
            continue
        partner = partner_of(outline, reports)
        if partner is None or partner.path in outline.links_to or outline.path in partner.links_to:
            continue
        name = partner.path.rpartition("/")[2]
        yield Finding(
            "unlinked-post-mortem", "info", Span(outline.path, 1, 1),
            f"The post-mortem is of '{partner.path}' by its name, and neither of them links to the other.",
            f"Link to it: `**Incident:** [{partner.title}]({name})`.",
        )  # fmt: skip
