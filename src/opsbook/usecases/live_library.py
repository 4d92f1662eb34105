"""The book while it is served: one thread looks when it is told to, and swaps in each new snapshot as a whole.

Readers never wait for it: they keep the snapshot that they took. What a reader reads is what its snapshot was made of,
or else a newer snapshot's; never a page that changed since and was not looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from opsbook.book.lint import Around
from opsbook.book.page import Page, Reading, read_page
from opsbook.book.roster.values import Imported
from opsbook.ground.errors import Failure, Finding, Usage
from opsbook.ground.guesses import closest
from opsbook.usecases.following import Disk, Keep, State, findings_on, make_book, to_derive
from opsbook.usecases.kept_pages import KeptPages
from opsbook.usecases.library import Book
from opsbook.usecases.lint import surroundings, with_practice, with_verified
from opsbook.usecases.page_facts import Derived, Deriving, derive_part, unpack, unpack_part
from opsbook.usecases.ports import PageFile, Unreadable
from opsbook.usecases.practice import Practised, as_asked, by_page

# Beyond either of these, pages are worked out in other processes: starting one costs a fifth of a second.
_FEW_PAGES = 60
_FEW_BYTES = 400_000
_LOOK_EVERY_S = 30.0  # without being told of any change: a link may lead to a file that is not watched
_LOOK_AGAIN = 5  # times, when the disk changed while it was looked at
_LOOK_WAIT_S = 5.0
_ABSENT = "The book's folder is not there any more."


class Crew(Protocol):
    """Works on many pages without holding up this process."""

    def answers(self, job: Callable[[Sequence[PageFile]], bytes], files: Sequence[PageFile]) -> Iterator[bytes]:
        """The job's answer for each part of the files, as they come; of what failed none comes."""
        ...

    def close(self) -> None:
        """Ends what is still at work."""
        ...


class LiveLibrary:
    """A book that is followed while it changes; `today` is the calendar, and `practised` tells when each procedure was
    last run with success, by PATH#ANCHOR; `calendars` what those say that the book names, `verified` by name
    whether somebody has proven a contact. Raises Failure without its folder."""

    def __init__(
        self, disk: Disk, keep: Keep, crew: Crew, today: Callable[[], date], *, practised: Practised = dict,
        calendars: Callable[[Book], Mapping[str, Imported]] = lambda book: {},
        verified: Callable[[Book], Mapping[str, bool]] = lambda book: {},
    ) -> None:  # fmt: skip
        self._disk, self._keep, self._crew, self._today, self._practised = disk, keep, crew, today, practised
        self._calendars, self._ask_verified = calendars, verified
        self._verified: Mapping[str, bool] = {}
        self._known: dict[str, Derived] = {}
        self._pages = KeptPages()
        self._around: tuple[State, date, Around] | None = None
        self._listeners: list[Callable[[Book], None]] = []
        self._turn = threading.Condition()
        self._is_asked, self._asks, self._answered = True, 1, 0
        self._is_closed = False
        self._absent = False
        state = self._state_now()
        if state is None:
            raise Failure("The book's folder is not there. Name one with --book DIR.")
        self._state = state
        self._day = today()
        self._known = keep.load(state.grounds, self._day)
        self._deriving = self._around_of(state)
        self._book = self._made(1, state)
        self._thread = threading.Thread(target=self._follow, name="library", daemon=True)
        self._thread.start()
        disk.watch(self.look_soon)

    # -- for readers ------------------------------------------------------------------------------------------

    def snapshot(self) -> Book:
        """The snapshot in force; answers at once."""
        return self._book

    def page(self, path: str) -> Page:
        """A page of the snapshot, parsed; raises Usage when there is none, Failure when it cannot be read."""
        file = self._book.files.get(path)
        kept = self._pages.get(path, file)
        if kept is not None:
            return kept
        raw, file = self._read(path)
        if file is None:
            near = closest(path, self._book.files)
            raise Usage(f"There is no page '{path}' in the book." + (f" Did you mean '{near}'?" if near else ""))
        if isinstance(raw, Unreadable):
            raise Failure(f"The page '{path}' cannot be read: {raw.why}.")
        page = read_page(path, raw, self.reading)
        self._pages.put(page, file)
        return page

    def around(self) -> Around:
        """What rules and links may know besides a page, for the snapshot and for today."""
        state, day = self._state, self._today()
        kept = self._around
        if kept is None or kept[0] is not state or kept[1] != day:
            kept = self._around = (state, day, surroundings(state.source, state.files, state.scope(day)))
        return kept[2]

    def findings_in(self, path: str, raw: bytes) -> list[Finding]:
        """What the rules would say of a page if it had these bytes; for an edit that is not saved yet."""
        state = self._state
        file = PageFile(path, len(raw), 0)
        files = state.files if path in self._book.files else (*state.files, file)
        deriving = Deriving(state.source, files, state.scope(self._today()))
        known = {**self._known, path: deriving.derive(file, raw)}
        return findings_on(path, known, deriving)

    def wait_whole(self, timeout_s: float) -> bool:
        """Waits until every page of the snapshot was read; False when the time is over first."""
        with self._turn:
            return self._turn.wait_for(lambda: self._book.is_whole or self._is_closed, timeout_s) and (
                self._book.is_whole
            )

    def look(self) -> Book:
        """Looks at the disk now instead of when it is told of a change, and returns the snapshot then in force."""
        with self._turn:
            mine = self._ask()
            self._turn.wait_for(lambda: self._answered >= mine or self._is_closed, _LOOK_WAIT_S)
        return self._book

    def look_soon(self) -> None:
        """As `look`, and does not wait for it."""
        with self._turn:
            self._ask()

    def on_change(self, tell: Callable[[Book], None]) -> None:
        """Has `tell` called, from the library's own thread, with each new snapshot, and with the same one when what
        keeps it from being followed began or ended."""
        self._listeners.append(tell)

    def trouble(self) -> str | None:
        """What keeps the book from being followed, as a sentence; None when all is well."""
        if self._absent:
            return f"{_ABSENT} What is shown is the book as it was."
        if not self._is_closed and not self._thread.is_alive():
            return "The book is not followed any more, because of a bug; start Opsbook again."
        return self._disk.trouble()

    def close(self) -> None:
        """Stops following; what was worked out is kept for the next start."""
        with self._turn:
            self._is_closed = True
            self._turn.notify_all()
        self._disk.close()
        self._crew.close()
        if self._thread.ident is not None:  # what failed before it followed anything is closed too
            self._thread.join()

    # -- as a source of pages ---------------------------------------------------------------------------------

    @property
    def book(self) -> str:
        """The book's folder relative to the repository root."""
        return self._state.source.book

    @property
    def is_repository(self) -> bool:
        """Whether `.git` marks the root."""
        return self._state.source.is_repository

    @property
    def depth(self) -> int:
        """How many folders above the book are still the project's."""
        return self._state.source.depth

    @property
    def reading(self) -> Reading:
        """How the pages are to be read."""
        return self._state.source.reading

    def pages(self) -> list[PageFile]:
        """Every page of the snapshot, in the order of its path."""
        return list(self._book.files.values())

    def read(self, path: str) -> bytes | Unreadable:
        """The bytes of a page of the snapshot; of another file that pages may show, as it lies there."""
        if path in self._book.files:
            return self._read(path)[0]
        return self._state.source.read_beside(path)

    def exists(self, path: str) -> bool:
        """Whether the repository holds the path, as a file or a folder."""
        return self._state.source.exists(path)

    def owner_of(self, path: str) -> str | None:
        """The owner of a path by CODEOWNERS or OWNERS."""
        return self._state.source.owner_of(path)

    def changed_on(self, path: str) -> str | None:
        """The day of the last commit that touched a path."""
        return self._state.source.changed_on(path)

    def _read(self, path: str) -> tuple[bytes | Unreadable, PageFile | None]:
        """A page's bytes and the file of the snapshot that they are; one that changed since is looked at first."""
        for _ in range(_LOOK_AGAIN):
            file = self._book.files.get(path)
            if file is None:
                return Unreadable(path, "there is no such page in the book"), None
            raw = self._state.source.read_as(file)
            if raw is not None:
                return raw, file
            self.look()
            if self._absent:
                raise Failure(f"{_ABSENT} The page '{path}' is not kept in memory.", retryable=True)
        raise Failure(f"The page '{path}' is being changed again and again; try again in a moment.", retryable=True)

    # -- following --------------------------------------------------------------------------------------------

    def _ask(self) -> int:
        self._is_asked = True
        self._asks += 1
        self._turn.notify_all()
        return self._asks

    def _follow(self) -> None:
        while not self._is_closed:
            with self._turn:
                self._turn.wait_for(lambda: self._is_asked or self._is_closed, _LOOK_EVERY_S)
                self._is_asked, answering = False, self._asks
            if not self._is_closed:
                self._look()
            with self._turn:
                self._answered = answering
                self._turn.notify_all()

    def _look(self) -> None:
        before, self._verified = self.trouble(), self._ask_verified(self._book)
        for left in reversed(range(_LOOK_AGAIN)):
            state = self._state_now()
            self._absent = state is None
            if state is None or self._is_closed or self._take(state, is_last=not left):
                break
        if self.trouble() != before and not self._is_closed:  # the same book, but another thing is to be said of it
            self._tell()
        if not self._is_closed and self._ask_verified(self._book) != self._verified:
            self.look_soon()  # there are people on the pages by now of whom something is told

    def _state_now(self) -> State | None:
        """What the disk holds, and what the ledger tells of practice and of people's contacts."""
        state = self._disk.state()
        practised = self._practised() if state is not None else {}
        if state is None or not (practised or self._verified):
            return state
        scope, verified = state.scope, self._verified
        return replace(state, scope=lambda day: with_verified(with_practice(scope(day), practised), verified))

    def _tell(self) -> None:
        for tell in self._listeners:
            tell(self._book)

    def _take(self, state: State, *, is_last: bool) -> bool:
        """Makes the state the snapshot in force; False when the disk changed meanwhile, which ends at the last try: a
        folder that never rests is followed all the same."""
        day = self._today()
        is_regrounded = state.grounds != self._state.grounds
        known = {} if is_regrounded else dict(self._known)
        files = {file.path: file for file in state.files}
        told = state.scope(day).settings
        wanted = to_derive(
            known, files, state.source.exists, is_new_day=day != self._day, practised=by_page(told.practised),
            verified=as_asked(told.verified),
        )  # fmt: skip
        removed = known.keys() - files.keys()
        is_same = not wanted and not removed and day == self._day and not is_regrounded
        is_same = is_same and self._book.is_whole and state.commit == self._book.commit
        if is_same and self._calendars(self._book) == self._book.calendars:
            return True
        for path in removed:
            del known[path]
        deriving = Deriving(state.source, state.files, state.scope(day))
        if not self._derive(deriving, state, wanted, known) and not is_last:
            return self._is_closed
        for file in wanted:
            if file.path not in known or known[file.path].file != file:
                known[file.path] = deriving.derive(file, state.source.read(file.path))
        if not is_last and not self._disk.is_still(state):
            return False
        self._deriving, self._known, self._day = deriving, known, day
        self._swap(state)
        self._keep.put(state.grounds, day, known, [*(file.path for file in wanted), *removed])
        return True

    def _derive(
        self, deriving: Deriving, state: State, wanted: Sequence[PageFile], known: dict[str, Derived]
    ) -> bool:
        """Works out what is wanted into `known`; False when a page is not what was listed any more.

        Until the first whole snapshot, what comes is shown as it comes.
        """
        missing = {file.path: file for file in wanted}
        if len(wanted) > _FEW_PAGES or sum(file.size_bytes for file in wanted) > _FEW_BYTES:
            job = partial(derive_part, state.source, deriving.scope, state.files)
            for answer in self._crew.answers(job, wanted):
                for packed in unpack_part(answer):
                    derived = unpack(packed)
                    known[derived.file.path] = derived
                    missing.pop(derived.file.path, None)
                if self._is_closed:
                    return False
                if not self._book.is_whole:
                    self._known = known
                    self._swap(state)
        for path, file in missing.items():
            raw = state.source.read_as(file)
            if raw is None or self._is_closed:
                return False
            known[path] = deriving.derive(file, raw)
        return True

    def _around_of(self, state: State) -> Deriving:
        return Deriving(state.source, state.files, state.scope(self._day))

    def _made(self, number: int, state: State) -> Book:
        files = {file.path: file for file in state.files}
        # Only what is surely still so: the thread looks at the rest.
        known = {path: each for path, each in self._known.items() if files.get(path) == each.file}
        book = make_book(number, state, known, self._deriving)
        calendars = self._calendars(book)
        return replace(book, calendars=calendars) if calendars else book

    def _swap(self, state: State) -> None:
        book = self._made(self._book.number + 1, state)
        with self._turn:
            self._state, self._book = state, book
            self._pages.forget_others(book.files)
            self._turn.notify_all()
        self._tell()
