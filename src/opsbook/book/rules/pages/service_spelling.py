"""`service-spelling`: a service that two runbooks write in two ways, or that an escalation is for and no page has.

The one is shown as two services, each half watched; by the other nobody is paged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.lint import Around, Outline, book_rule
from opsbook.book.page import stem
from opsbook.ground.errors import Finding, Span
from opsbook.ground.guesses import closest
from opsbook.ground.slugs import github_slug


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
    if any(outline.paged_services for outline in outlines):
        yield from _paged(outlines)


def _paged(outlines: Sequence[Outline]) -> Iterator[Finding]:
    """The services of escalations that no page has; a book without services leaves them to the labels of alerts."""
    known = {github_slug(each.service): each.service for each in outlines if each.service}
    stems = {github_slug(stem(each.path)): each.path for each in outlines if each.kind == "runbook"}
    for outline in outlines if known else ():
        for named in outline.paged_services:
            if github_slug(named.name) in known or github_slug(named.name) in stems:
                continue
            guess = closest(github_slug(named.name), known)
            meant = f" Did you mean '{known[guess]}'?" if guess else ""
            yield Finding(
                "service-spelling",
                "warning",
                named.span,
                f"This escalation is for the service '{named.name}', which no page has.{meant}",
                "Write the service as its runbook does, or give it a runbook.",
            )
