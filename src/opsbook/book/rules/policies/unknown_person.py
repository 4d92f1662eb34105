"""`unknown-person`: somebody is named where paging looks, and no page knows them. They will not be reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.lint import Around, Outline, book_rule
from opsbook.ground.errors import Finding
from opsbook.ground.guesses import closest


@book_rule("unknown-person", "error")
def check(outlines: Sequence[Outline], around: Around) -> Iterator[Finding]:
    known = {_plain(name): name for outline in outlines for name in outline.people}
    known.update((_plain(name), name) for name in sorted(around.settings.people))
    if not known:
        return  # a book without a page of people keeps them elsewhere
    for outline in outlines:
        is_reached = any(each.of == "address" or _plain(each.name) in known for each in outline.mentions)
        for mention in outline.mentions:
            if _plain(mention.name) in known or mention.of == "address":
                continue
            guess = closest(_plain(mention.name), known)
            if mention.of == "contact" and is_reached and not guess:
                continue  # words for whoever reads them, beside somebody who is known
            meant = f" Did you mean '{known[guess]}'?" if guess else ""
            yield Finding(
                "unknown-person",
                "error",
                mention.span,
                f"'{mention.name}' is neither a person nor a team nor a schedule that the book knows.{meant}",
                "Correct the name, or add it to the table of people, teams or schedules.",
            )


def _plain(name: str) -> str:
    return " ".join(name.strip(" @`*_").casefold().split())
