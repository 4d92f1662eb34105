"""One save in a git working tree: a kill at any point leaves the old page or the new one, and git free to go on.

The order, and what a start after a kill finds:

1. `index.lock` is taken, with words of ours in it, so that no other git moves the branch or the index meanwhile.
   *Found without a journal:* it is ours and nobody's; removed.
2. The journal: what the page was and will be, and at which commit.
3. The page is replaced. *Found:* the page is put back, since nobody was told that it was saved.
4. `git commit` on an index of our own, made of HEAD and this one page: hooks, signing and the author are git's own
   business, and nothing that anybody staged comes along. *Found:* the branch has the page, so the save is finished.
5. The user's index learns what was committed, by a file renamed over it. 6. Journal and lock are removed.

`git commit --only` does nearly this, but its lock cannot be told from another git's after a kill, it wants new pages
added to the user's index first, and it reads the page again instead of taking the bytes that were checked.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

import msgspec
from msgspec import Struct

from opsbook.adapters.git_repository.git import Git
from opsbook.adapters.git_repository.persons import persons
from opsbook.ground.errors import Failure, PageConflict, Refusal
from opsbook.usecases.ports import PageWriter, Unreadable

_OURS = b"opsbook is saving a page\n"
_JOURNAL = "opsbook-save"
_LOCK = "opsbook-save.own"
_COMMIT_INDEX = "opsbook-commit.index"
_NEXT_INDEX = "opsbook-next.index"
# The journal last: while it is there, the rest may be needed.
_OWN_FILES = (_LOCK, f"{_JOURNAL}.part", _COMMIT_INDEX, f"{_COMMIT_INDEX}.lock", _NEXT_INDEX, f"{_NEXT_INDEX}.lock",
              _JOURNAL)  # fmt: skip
_PATIENCE_S = 3.0
_COMMIT_S = 120.0  # hooks may run a linter over the page
_LEFT_S = 5.0  # no living git holds the lock of a branch for so long
_NOTHING = "0" * 40
# Our own commits neither wait for a clean-up nor start one; objects and the branch are on the disk when it is told.
_SETTINGS = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.fsync=committed")


class Page(Struct, frozen=True):
    """A page to be committed: what it was (None: none), what it will be, and by whom, why."""

    path: str
    before: bytes | None
    after: bytes
    author: tuple[str, str]
    message: str


class _Journal(Struct):
    path: str
    head: str | None
    before: bytes | None
    after: bytes
    blob: str
    began_s: float


class ReadablePages(PageWriter, Protocol):
    """Pages as files."""

    def read(self, path: str) -> bytes | Unreadable:
        """A page's bytes."""
        ...

    def forget_parts(self, path: str) -> None:
        """Removes what killed programs left of a page's next version."""
        ...


class Saving:
    """Saves in one working tree, one at a time: `lock` is the descriptor that keeps others out, and that git and its
    hooks hold for as long as they live."""

    def __init__(self, git: Git, place: str, pages: ReadablePages, lock: int) -> None:
        self._git, self._place, self._pages, self._lock = git, place, pages, lock

    def commit(self, page: Page) -> str:
        """The commit that holds the page and nothing else; only while the index is locked. Raises PageConflict, Refusal
        or Failure, and then nothing has changed."""
        head = self._git.line("rev-parse", "-q", "--verify", "HEAD")
        blob = self._blob(page.path, page.after)
        journal = _Journal(page.path, head, page.before, page.after, blob, time.time())
        self._write_journal(journal)
        try:
            if not self._pages.replace(page.path, page.before, page.after):
                raise self._not_replaced(page)
            commit = self._commit(page, head, blob)
            self._tell_index(commit)
        except BaseException:
            self._settle(journal)
            raise
        self._forget()
        return commit

    def recover(self) -> None:
        """Finishes or undoes a save that was cut off. Only while nobody else saves."""
        journal = self._read_journal()
        if journal is None:
            if self._own_lock():
                self._unlock()
            self._forget()
            return
        self._clear_ref_locks(journal)
        if not self._own_lock():
            with self.index_locked():
                self._settle(journal)
            return
        self._settle(journal)
        self._unlock()

    def _settle(self, journal: _Journal) -> None:
        """After a save that did not come to its end: what the branch says is so."""
        head = self._git.line("rev-parse", "-q", "--verify", "HEAD")
        if head is not None and head != journal.head and self._blob_at(head, journal.path) == journal.blob:
            self._tell_index(head)
        elif self._pages.read(journal.path) == journal.after:
            self._put_back(journal)
        self._pages.forget_parts(journal.path)
        self._forget()

    def _put_back(self, journal: _Journal) -> None:
        if journal.before is not None:
            self._pages.replace(journal.path, journal.after, journal.before)
            return
        with suppress(OSError):
            os.unlink(os.path.join(self._git.root, journal.path))

    def _not_replaced(self, page: Page) -> Exception:
        now = self._pages.read(page.path)
        theirs = None if isinstance(now, Unreadable) else now
        if theirs == page.before:
            return Failure(f"The page '{page.path}' cannot be written. Is its folder writable, and the disk not full?")
        message = f"The page '{page.path}' was changed while it was being saved."
        return PageConflict(message, page.path, base=page.before, mine=page.after, theirs=theirs)

    # -- git --------------------------------------------------------------------------------------------------

    def _blob(self, path: str, content: bytes) -> str:
        """What git makes of these bytes at this path, line endings and filters applied, put among its objects."""
        found = self._git.ask("hash-object", "-w", "--stdin", "--path", path, given=content)
        return found.decode("ascii").strip()

    def _blob_at(self, commit: str, path: str) -> str | None:
        return self._git.line("rev-parse", "-q", "--verify", f"{commit}:{path}")

    def _commit(self, page: Page, head: str | None, blob: str) -> str:
        index = os.path.join(self._place, _COMMIT_INDEX)
        own = {"GIT_INDEX_FILE": index}
        self._copy_index(index)
        self._git.ask("read-tree", *(("--reset", head) if head else ("--empty",)), variables=own)
        entry = f"{self._mode(head, page.path)},{blob},{page.path}"
        self._git.ask("update-index", "--add", "--cacheinfo", entry, variables=own)
        done = self._git.run(
            *_SETTINGS, "commit", "--quiet", "--cleanup=whitespace", "--file=-",
            given=page.message.encode("utf-8", "replace"), variables={**own, **persons(self._git, page.author)},
            limit_s=_COMMIT_S, kept_open=[self._lock],
        )  # fmt: skip
        commit = self._git.line("rev-parse", "-q", "--verify", "HEAD")
        if commit is None or commit == head:
            if done.status == 1:
                raise Refusal(f"The repository's own checks refused the page '{page.path}': {done.words}")
            raise Failure(f"git could not commit the page '{page.path}': {done.words}")
        if self._git.line("rev-parse", "-q", "--verify", f"{commit}^") != head:
            self._withdraw(commit)
            raise Failure("The branch was moved while the page was being saved; try again.", retryable=True)
        return commit

    def _withdraw(self, commit: str) -> None:
        """Takes back a commit made on top of another than was looked at: its tree would undo that one."""
        parent = self._git.line("rev-parse", "-q", "--verify", f"{commit}^")
        if parent is not None:
            self._git.run("update-ref", "-m", "opsbook: withdrawn, the branch had moved", "HEAD", parent, commit)

    def _mode(self, head: str | None, path: str) -> str:
        listed = self._git.ask("ls-tree", "-z", head, "--", path) if head else b""
        return listed.split(b" ", 1)[0].decode("ascii") if listed else "100644"

    def _tell_index(self, commit: str) -> None:
        """Lets the user's index know what was committed, and leaves the rest of it as it is."""
        following = os.path.join(self._place, _NEXT_INDEX)
        own = {"GIT_INDEX_FILE": following}
        changed = self._git.ask("diff-tree", "-r", "-z", "--root", "--no-commit-id", "--no-renames", commit)
        self._copy_index(following)
        self._git.ask("update-index", "-z", "--index-info", given=_index_lines(changed), variables=own)
        os.replace(following, os.path.join(self._place, "index"))

    def _copy_index(self, target: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(target + ".lock")  # left by a git that was killed; these names are ours alone
        with suppress(FileNotFoundError):
            os.unlink(target)
        with suppress(FileNotFoundError):  # a repository in which nothing was ever added
            shutil.copyfile(os.path.join(self._place, "index"), target)

    # -- locks and journal ------------------------------------------------------------------------------------

    @contextmanager
    def index_locked(self) -> Iterator[None]:
        """Keeps every other git from moving the branch or the index; raises Failure when one is at work for long."""
        path = os.path.join(self._place, "index.lock")
        give_up = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._put_lock(path)
                break
            except FileExistsError as wrong:
                if self._own_lock():
                    self._unlock()
                elif time.monotonic() > give_up:
                    message = (
                        f"Another git is at work in this repository, or was stopped in the middle: '{path}' is there. "
                        "Try again; when no git is running, delete that file."
                    )
                    raise Failure(message, retryable=True) from wrong
                time.sleep(0.02)
            except OSError as wrong:
                raise Failure(f"The repository cannot be written to: {wrong.strerror} · {self._place}") from wrong
        try:
            yield
        finally:
            self._unlock()

    def _put_lock(self, path: str) -> None:
        """Makes the lock with its words in it from the first moment: an empty one could be anybody's."""
        own = os.path.join(self._place, _LOCK)
        with open(own, "wb") as file:
            file.write(_OURS)
        try:
            os.link(own, path)
        finally:
            os.unlink(own)

    def _own_lock(self) -> bool:
        try:
            with open(os.path.join(self._place, "index.lock"), "rb") as file:
                return file.read(len(_OURS) + 1) == _OURS
        except OSError:
            return False

    def _unlock(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(self._place, "index.lock"))

    def _write_journal(self, journal: _Journal) -> None:
        path = os.path.join(self._place, _JOURNAL)
        try:
            with open(path + ".part", "wb") as file:
                file.write(msgspec.msgpack.encode(journal))
                file.flush()
                os.fsync(file.fileno())
            os.replace(path + ".part", path)
        except OSError as wrong:
            raise Failure(f"The repository cannot be written to: {wrong.strerror} · {path}") from wrong

    def _read_journal(self) -> _Journal | None:
        try:
            with open(os.path.join(self._place, _JOURNAL), "rb") as file:
                return msgspec.msgpack.decode(file.read(), type=_Journal)
        except (FileNotFoundError, msgspec.DecodeError, ValueError):
            return None

    def _forget(self) -> None:
        for name in _OWN_FILES:
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self._place, name))

    def _clear_ref_locks(self, journal: _Journal) -> None:
        """Removes the locks of HEAD and the branch that our own git left when it was killed: made during that save, and
        held for longer than any living git would."""
        branch = self._git.line("symbolic-ref", "-q", "HEAD")
        shared = self._git.line("rev-parse", "--path-format=absolute", "--git-common-dir") or self._place
        locks = [os.path.join(self._place, "HEAD.lock")]
        if branch:
            locks.append(os.path.join(shared, *branch.split("/")) + ".lock")
        for path in locks:
            with suppress(OSError):
                made_s = os.stat(path).st_mtime
                if journal.began_s - 1 <= made_s <= journal.began_s + _COMMIT_S:
                    time.sleep(max(0.0, min(_LEFT_S, made_s + _LEFT_S - time.time())))
                    if os.stat(path).st_mtime == made_s:
                        os.unlink(path)


def _index_lines(raw: bytes) -> bytes:
    """`diff-tree -z` as `update-index --index-info` takes it."""
    fields = raw.split(b"\0")[:-1]
    lines = []
    for header, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, _, blob, _ = header.split(b" ")
        lines.append(mode + b" " + blob + b"\t" + path + b"\0")
    return b"".join(lines)
