"""Which service is meant by a name in an address or as somebody wrote it. Knows services by their runbooks alone."""

from __future__ import annotations

from collections.abc import Iterable

from opsbook.ground.guesses import closest
from opsbook.usecases.library import Book


def named_service(book: Book, written: str) -> str | None:
    """The address name of the service that is meant: by that name, by the name on its runbook, or by the runbook's
    file. Letter case is forgiven, but what is written exactly so goes first; None where there is none."""
    if written in book.services:
        return written
    wanted = written.strip().removesuffix(".md")
    by_words: dict[str, str] = {}
    for name, path in book.services.items():
        facts = book.facts.get(path)
        for known in (facts.service if facts else None, path.rpartition("/")[2].removesuffix(".md")):
            if known:
                by_words.setdefault(known, name)
    if wanted in by_words:
        return by_words[wanted]
    lowered = wanted.lower()
    if lowered in book.services:
        return lowered
    return next((name for known, name in by_words.items() if known.lower() == lowered), None)


def unknown_services(book: Book, services: Iterable[str]) -> list[str]:
    """A sentence for each of these that no page knows, with a guess."""
    told = []
    for written in services:
        if book.services and named_service(book, written) is None:
            near = closest(written.strip(), book.services)
            guess = f" Did you mean '{near}'?" if near else ""
            told.append(f"No page knows the service '{written[:80]}': it has no runbook and no health here.{guess}")
    return told
