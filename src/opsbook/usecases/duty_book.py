"""As much of a book as tells who is on call: the pages of kind policy, and runbooks where a service is asked about.

For whoever asks once, from the command line; a server has the whole of it. Reads through a port.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opsbook.book.contact_notes import contact_notes
from opsbook.book.incident_policy import read_policy
from opsbook.book.kinds import Clues, decide_kind
from opsbook.book.lint import Outline
from opsbook.book.page import Page, read_page
from opsbook.ground.digests import digest_of
from opsbook.usecases.following import services_of
from opsbook.usecases.library import Book, PageFacts
from opsbook.usecases.ports import BookSource, Unreadable

_HEAD_BYTES = 2000  # where a page says of itself what it is
_NEITHER = frozenset({"incident", "post-mortem", "template", "metrics", "alerts", "dashboards"})


def duty_book(source: BookSource, *, commit: str | None = None, with_services: bool = True) -> Book:
    """A book with the facts of those pages; what cannot be read is left out."""
    files = {file.path: file for file in source.pages()}
    facts = {page.path: _facts(page, raw) for page, raw in _pages(source, files, with_services)}
    return Book(1, commit, files, facts, services=services_of(facts.values()), is_whole=True)


def _pages(source: BookSource, paths: Iterable[str], with_services: bool) -> Iterator[tuple[Page, bytes]]:
    for path in paths:
        likely = decide_kind(Clues(path, "", None, frozenset(), False, False, False))
        raw = source.read(path)
        if isinstance(raw, Unreadable):
            continue
        is_declared = bool(source.reading.kinds) or b"policy" in raw[:_HEAD_BYTES].lower()
        if likely != "policy" and not is_declared and (not with_services or likely in _NEITHER):
            continue
        page = read_page(path, raw, source.reading)
        if page.kind == "policy" or (with_services and page.kind == "runbook"):
            yield page, raw


def _facts(page: Page, raw: bytes) -> PageFacts:
    outline = Outline(page.path, page.kind, page.title, page.service, frozenset(), (), frozenset(), ())
    return PageFacts(
        page.path, digest_of(raw), page.kind, page.title, page.service, None, None, outline,
        contacts=contact_notes(page), policy=read_policy(page),
    )  # fmt: skip
