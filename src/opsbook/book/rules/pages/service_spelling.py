"""`service-spelling`: a service that two runbooks write in two ways. It is shown as two services, each half watched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.lint import Around, Outline, book_rule
from opsbook.ground.errors import Finding, Span


@book_rule("service-spelling", "warning")
def check(outlines: Sequence[Outline], _around: Around) -> Iterator[Finding]:
    first: dict[str, Outline] = {}
    for outline in sorted(outlines, key=lambda each: each.path):
        if outline.kind != "runbook" or not outline.service:
            continue
        known = first.setdefault(outline.service.casefold(), outline)
        if known.service == outline.service:
            continue
        yield Finding(
            "service-spelling",
            "warning",
            Span(outline.path, 1, 1),
            f"This runbook's service is '{outline.service}', and in '{known.path}' it is '{known.service}': they are"
            " shown as two services.",
            "Write it in the same way on both, or give them names that differ in more than letter case.",
        )
