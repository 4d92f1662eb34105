"""The book's folder as a whole: the state of a moment at which nobody was changing it, and when to look again.

- **Git at work.** While `index.lock` is there git is changing files, so a look waits for it; a lock that somebody left
  behind holds up nothing: it is old, and no page changes under it.
- **Nobody at work.** A file that was changed this very moment may change again within the grain of its time stamp, so
  such a listing is made again.
- **Watching.** Each folder of the book, the root and git's own folders; never what lies below other folders, so that
  a `node_modules` costs nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import date
from hashlib import blake2b
from typing import Protocol

from msgspec import Struct

from opsbook.adapters.book_disk.git_marks import GitFolder, Marks
from opsbook.adapters.book_disk.watching import FolderWatch
from opsbook.ground.errors import Usage
from opsbook.usecases.following import State
from opsbook.usecases.library import BookOnDisk
from opsbook.usecases.lint import Scope
from opsbook.usecases.ports import PageFile

__all__ = ["BookDisk", "Opened"]

_PATIENCE_S = 10.0  # with git's lock, or with files that change at every look
_STEP_S = 0.02
_LONG_PATIENCE_S = 60.0  # with a checkout that goes on and on
_BUSY_NS = 2_000_000_000
_GRAIN_NS = 12_000_000  # the kernel stamps files by its clock's ticks, of 4 to 10 ms


class Listed(BookOnDisk, Protocol):
    """A book that can be listed and tells where."""

    @property
    def folder(self) -> str:
        """The book's folder, absolute."""
        ...

    @property
    def folders(self) -> list[str]:
        """The folders that the last listing looked into, absolute."""
        ...

    def owner_files(self, files: Sequence[PageFile]) -> list[str]:
        """Every place where an owner of these pages may be written."""


class Opened(Struct, frozen=True):
    """A book as its configuration says: `question` names what the answers of lint depend on, `settings` are the files
    that were read for it, absolute, whether they are there or not."""

    source: Listed
    scope: Callable[[date], Scope]
    question: str
    settings: tuple[str, ...]


class BookDisk:
    """One book. `open_book` reads the configuration and raises Usage where it is wrong."""

    def __init__(self, root: str, open_book: Callable[[], Opened]) -> None:
        self._root = root
        self._open = open_book
        self._git = GitFolder(root)
        self._opened = open_book()
        self._settings = _stats(self._opened.settings)
        self._owners: tuple[tuple[int, int, int], ...] = ()
        self._wrong: str | None = None
        self._watch: FolderWatch | None = None

    def state(self) -> State | None:
        """The book at a moment at which nobody was changing it, as far as that can be had; None without its folder."""
        began = time.monotonic()
        while True:
            self._reopen()
            before = self._git.marks()
            waited_s = time.monotonic() - began
            if _is_locked(before) and waited_s < _PATIENCE_S:
                time.sleep(_STEP_S)
                continue
            source = self._opened.source
            files = tuple(source.pages())
            is_there = os.path.isdir(source.folder)
            self._follow(source, is_there)
            if not is_there:
                return None
            after = self._git.marks()
            is_calm = before == after and not _changed_within(files, _GRAIN_NS)
            is_busy = after.lock_ns is not None and _changed_within(files, _BUSY_NS)
            if (is_calm and not is_busy) or waited_s > (_LONG_PATIENCE_S if is_busy else _PATIENCE_S):
                break
            time.sleep(_STEP_S)
        self._regard_owners(files)
        return State(files, after.commit, self._opened.source, self._opened.scope, self._grounds(), _mark(after))

    def is_still(self, state: State) -> bool:
        """Whether git has neither moved nor begun to."""
        marks = self._git.marks()
        return _mark(marks) == state.mark and not _is_locked(marks)

    def trouble(self) -> str | None:
        """What is wrong with the configuration since it was last read without fault."""
        return self._wrong

    def watch(self, tell: Callable[[], None]) -> None:
        """Has `tell` called from another thread, soon after something changed and then was quiet."""
        self._watch = FolderWatch(tell)
        self._follow(self._opened.source, os.path.isdir(self._opened.source.folder))

    def close(self) -> None:
        """Ends the watch."""
        if self._watch is not None:
            self._watch.close()

    def _follow(self, source: Listed, is_there: bool) -> None:
        if self._watch is None:
            return
        folders = source.folders if is_there else [_nearest(source.folder)]
        others = {self._root, *(os.path.dirname(path) for path in self._opened.settings)}
        git = self._git.watched()
        kept = [folder for folder in dict.fromkeys((*folders, *sorted(others), *git)) if os.path.isdir(folder)]
        self._watch.follow(kept)

    def _reopen(self) -> None:
        """Reads the configuration again where its files changed; one that is wrong leaves what was."""
        now = _stats(self._opened.settings)
        if now == self._settings:
            return
        self._settings = now
        try:
            self._opened = self._open()
            self._wrong = None
        except Usage as wrong:
            self._wrong = f"The configuration is not followed until it is mended: {wrong}"

    def _regard_owners(self, files: Sequence[PageFile]) -> None:
        """A book remembers the owners that it read; where their files changed it is opened anew."""
        now = _stats(self._opened.source.owner_files(files))
        if self._owners and now != self._owners and self._wrong is None:
            self._opened = self._open()
        self._owners = now

    def _grounds(self) -> str:
        told = f"{self._opened.question}\0{self._settings}\0{self._owners}\0{self._root}"
        return blake2b(told.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _mark(marks: Marks) -> str:
    return f"{marks.head}\0{marks.commit}\0{marks.index}"


def _is_locked(marks: Marks) -> bool:
    """Whether git began to change the index, not so long ago that the lock was rather left behind."""
    return marks.lock_ns is not None and time.time_ns() - marks.lock_ns < _PATIENCE_S * 1e9


def _changed_within(files: Sequence[PageFile], time_ns: int) -> bool:
    newest = max((file.changed_ns for file in files), default=0)
    return 0 <= time.time_ns() - newest < time_ns


def _stats(paths: Sequence[str]) -> tuple[tuple[int, int, int], ...]:
    found = []
    for path in paths:
        try:
            status = os.stat(path)
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        except OSError:
            found.append((0, 0, 0))
    return tuple(found)


def _nearest(folder: str) -> str:
    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return folder
