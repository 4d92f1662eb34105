"""Keeps the search index up with a book that is served, so that a query asks the index and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from opsbook.book.search import SearchAnswer
from opsbook.ground.errors import Failure
from opsbook.usecases.library import Book, Library
from opsbook.usecases.ports import BookSource
from opsbook.usecases.search import Index, Pages, bring_up, digests_of, sections_of

_FEW_PAGES = 100
_STEP_PAGES = 600
_WAIT_S = 1.0  # a query waits for the change of a page that it may be about, and not for a whole index
_AGAIN_S = 20.0  # after another program kept the index


class KeptIndex(Index, Protocol):
    """An index that tells what it holds."""

    def digests(self) -> dict[str, str]:
        """The digest of every page that is indexed."""
        ...


def bring_up_in_steps(source: BookSource, index: KeptIndex) -> None:
    """Brings the index up to the book, some hundred pages at a time, so that those can be found already."""
    known, wanted = index.digests(), digests_of(source)
    there = {path: digest for path, digest in wanted.items() if known.get(path) == digest}
    missing = [path for path in wanted if path not in there]
    for start in range(0, len(missing), _STEP_PAGES):
        there |= {path: wanted[path] for path in missing[start : start + _STEP_PAGES]}
        index.update(sections_of(source, there))


class Aside(Protocol):
    """Another process, which spares this one the memory and the time of thousands of pages."""

    def aside(self, job: Callable[[], object]) -> None:
        """Does a job to its end or its death."""
        ...

    def close(self) -> None:
        """Ends the job at hand."""
        ...


class SearchUpkeep:
    """An index that is always that of the book: brought up after each snapshot, in a thread of its own. `whole` does it
    from the files alone, in another process; whatever that leaves is done here."""

    def __init__(self, library: Library, index: KeptIndex, aside: Aside, whole: Callable[[], object]) -> None:
        self._library, self._index, self._aside, self._whole = library, index, aside, whole
        self._turn = threading.Condition()
        self._wanted = library.snapshot().number
        self._done = 0
        self._is_closed = False
        self._wrong: str | None = None
        self._thread = threading.Thread(target=self._run, name="search", daemon=True)
        library.on_change(self._want)
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Waits until the index is that of the snapshot in force; False when the time is over first."""
        number = self._library.snapshot().number
        with self._turn:
            return self._turn.wait_for(lambda: self._done >= number or self._is_closed, timeout_s)

    def update(self, pages: Pages) -> object:
        """Nothing: the upkeep is done already, or at work."""

    def search(self, text: str, limit: int) -> SearchAnswer:
        """The best sections of the snapshot in force; while thousands of pages are new to the index, of those that are
        in it."""
        self.wait(_WAIT_S)
        return self._index.search(text, limit)

    def trouble(self) -> str | None:
        """Why the index is not up, as a sentence; None when it is or soon will be."""
        return self._wrong

    def close(self) -> None:
        """Ends the upkeep; what is being written is written to its end."""
        with self._turn:
            self._is_closed = True
            self._turn.notify_all()
        self._aside.close()
        self._thread.join()

    def _want(self, book: Book) -> None:
        if book.is_whole:  # while a cold start still reads, the files are those of the first snapshot
            with self._turn:
                self._wanted = book.number
                self._turn.notify_all()

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(
                    lambda: self._wanted > self._done or self._is_closed, _AGAIN_S if self._wrong else None
                )
                if self._is_closed:
                    return
                number = self._wanted
            try:
                self._bring_up()
                self._wrong = None
            except Failure as wrong:
                self._wrong = str(wrong)
            with self._turn:
                self._done = number
                self._turn.notify_all()

    def _bring_up(self) -> None:
        known = self._index.digests()
        wanted = digests_of(self._library)
        if sum(1 for path, digest in wanted.items() if known.get(path) != digest) > _FEW_PAGES:
            self._aside.aside(self._whole)
        if not self._is_closed:
            bring_up(self._library, self._index)
