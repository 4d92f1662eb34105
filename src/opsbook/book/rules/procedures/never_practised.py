"""`never-practised`: procedures of a service that nobody is known to have done, neither by a run nor by a day on the
page. Whether they work is a guess."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.lint import Around, Outline, book_rule
from opsbook.book.operation_words import TITLES
from opsbook.book.service_operations import runbooks_of, service_operations
from opsbook.ground.errors import Finding, Span


@book_rule("never-practised", "info")
def check(outlines: Sequence[Outline], around: Around) -> Iterator[Finding]:
    by_path = {outline.path: outline for outline in outlines}
    practised = around.settings.practised
    found = {
        outline.path: [each for each in service_operations(outline, by_path, practised) if each.state == "there"]
        for outline in runbooks_of(by_path)
    }
    # A team that records no practice at all is not told so of every page.
    if not practised and not any(each.practised for there in found.values() for each in there):
        return
    for path, there in found.items():
        outline = by_path[path]
        never = [each for each in there if each.practised is None]
        if not never or outline.operations is None:
            continue
        first = never[0]
        count = "none" if len(never) == len(there) else f"{len(there) - len(never)}"
        yield Finding(
            "never-practised", "info", Span(outline.path, outline.operations.places.get("", 1), 1),
            f"Of {len(there)} operations of '{outline.service or outline.title}' {count} is known to have been"
            f" practised; never: {', '.join(TITLES[each.operation].lower() for each in never)}.",
            f"Begin with `opsbook run {first.path}#{first.anchor}` where nothing can break; or write"
            " **Last Practised:** with the day below the title.",
        )  # fmt: skip
