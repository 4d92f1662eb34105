"""`unmeasured-component`: a component of the status page is made of a service that no runbook has.

Nothing measures it, so customers are shown that all is well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.lint import Around, Outline, book_rule
from opsbook.book.page import stem
from opsbook.book.status_components import service_key
from opsbook.ground.errors import Finding
from opsbook.ground.guesses import closest


@book_rule("unmeasured-component", "error")
def check(outlines: Sequence[Outline], _around: Around) -> Iterator[Finding]:
    if not any(outline.shown_services for outline in outlines):
        return
    runbooks = [each for each in outlines if each.kind == "runbook"]
    known = {service_key(stem(each.path)): stem(each.path) for each in runbooks}
    known.update((service_key(each.service), each.service) for each in runbooks if each.service)
    for outline in outlines:
        for named in outline.shown_services:
            if service_key(named.name) in known:
                continue
            guess = closest(service_key(named.name), known)
            meant = f" Did you mean '{known[guess]}'?" if guess else ""
            yield Finding(
                "unmeasured-component",
                "error",
                named.span,
                f"No runbook is of the service '{named.name}', so nothing measures this part of the component.{meant}",
                "Write the service as its runbook does, give it a runbook, or take it out of the row.",
            )
