"""The book's history and the one way to change it: by git where the book lies in a repository, by files where not.

- Outside of git, and for a page that git is told to ignore, the file alone is written.
- A page with changes that nobody committed is not saved: they would be committed under another's name.
- In the middle of a merge or a rebase, or without a branch, nothing is saved: the commit would not stay.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from datetime import datetime

from opsbook.adapters.git_repository.branches import GitBranches
from opsbook.adapters.git_repository.git import Git
from opsbook.adapters.git_repository.places import check_place
from opsbook.adapters.git_repository.saving import Page, ReadablePages, Saving
from opsbook.adapters.git_repository.turn import turn_in
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Failure, PageConflict, Refusal
from opsbook.usecases.ports import Unreadable
from opsbook.usecases.serving_ports import Change, Saved

__all__ = ["GitBranches", "GitRepository"]

_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_UNBORN = 1  # of `rev-parse --verify HEAD`: no commit yet; 128 is a repository that cannot be read
# What git leaves in its folder while something is half done, and what that is called.
_HALF_DONE = {
    "MERGE_HEAD": "a merge", "rebase-merge": "a rebase", "rebase-apply": "a rebase",
    "CHERRY_PICK_HEAD": "a cherry-pick", "REVERT_HEAD": "a revert", "BISECT_LOG": "a bisection",
}  # fmt: skip


class GitRepository:
    """One book's repository; `pages` are its files, `state` is the folder for the lock between programs."""

    def __init__(self, root: str, folder: str, pages: ReadablePages, state: str) -> None:
        self._root, self._folder, self._pages, self._state = root, folder, pages, state
        self._git = Git(root)
        self._is_git = os.path.exists(os.path.join(root, ".git"))
        self._turn = threading.Lock()

    def history(self, path: str, limit: int) -> list[Change]:
        """The last commits that touched a page or folder, "" for the whole repository, the newest first; empty outside
        of git and before the first commit. Raises Failure where git cannot tell."""
        if not self._is_git:
            return []
        form = "--format=%H%x00%an%x00%aI%x00%s"
        done = self._git.run("-c", "i18n.logOutputEncoding=UTF-8", "log", "-z", f"-n{limit}", form, "--", path or ".")
        if done.status != 0:
            if self._git.run("rev-parse", "-q", "--verify", "HEAD").status == _UNBORN:
                return []
            raise Failure(f"git cannot tell the history of '{path or '.'}': {done.words}")
        fields = done.out.decode("utf-8", "replace").split("\0")
        rows = zip(fields[::4], fields[1::4], fields[2::4], fields[3::4], strict=False)
        return [Change(commit, author, datetime.fromisoformat(at), subject) for commit, author, at, subject in rows]

    def at(self, path: str, commit: str) -> bytes | None:
        """A page's bytes at a commit; None when it was not there."""
        if not self._is_git or not _COMMIT.fullmatch(commit):
            return None
        done = self._git.run("cat-file", "blob", f"{commit}:{path}")
        return done.out if done.status == 0 else None

    def check_place(self, path: str) -> None:
        """Raises Refusal where no page of the book may lie."""
        check_place(self._root, self._folder, path)

    def save(self, path: str, before: bytes | None, after: bytes, *, author: tuple[str, str], message: str) -> Saved:
        """Commits `after` in the place of `before`, byte for byte and alone, and writes it to the working tree."""
        self.check_place(path)
        with self._turn, turn_in(self._state) as lock:
            saving = self._saving(lock)
            if saving is not None:
                saving.recover()
            self._check_before(path, before, after)
            if saving is None or self._is_ignored(path):
                self._write(path, before, after)
                return Saved(path, digest_of(after), None)
            if before == after:
                return Saved(path, digest_of(after), self._git.line("rev-parse", "-q", "--verify", "HEAD"))
            with saving.index_locked():
                self._check_repository()
                self._check_clean(path, before)
                commit = saving.commit(Page(path, before, after, author, message))
            now = self._pages.read(path)  # a hook may have had its way with it
            return Saved(path, digest_of(after if isinstance(now, Unreadable) else now), commit)

    def recover(self, patience_s: float = 2.0) -> None:
        """Finishes or undoes a save that a kill cut off; for the start of a program. Where another one saves, or a git
        of the killed one still works, it waits so long and leaves the rest to the next save."""
        with self._turn, suppress(Failure), turn_in(self._state, patience_s) as lock:
            saving = self._saving(lock)
            if saving is not None:
                saving.recover()

    def _saving(self, lock: int) -> Saving | None:
        if not self._is_git:
            return None
        place = self._git.ask("rev-parse", "--absolute-git-dir").decode("utf-8", "surrogateescape").strip()
        return Saving(self._git, place, self._pages, lock)

    def _check_before(self, path: str, before: bytes | None, after: bytes) -> None:
        now = self._pages.read(path)
        theirs = None if isinstance(now, Unreadable) else now
        if theirs == before and (theirs is not None or not os.path.lexists(os.path.join(self._root, path))):
            return
        what = "there is such a page already" if before is None else "it was changed meanwhile"
        if theirs is None:
            what = "it is not there any more" if before is not None else "something of that name is there already"
        raise PageConflict(f"'{path}' is not saved: {what}.", path, base=before, mine=after, theirs=theirs)

    def _write(self, path: str, before: bytes | None, after: bytes) -> None:
        if not self._pages.replace(path, before, after):
            raise Failure(f"The page '{path}' cannot be written. Is its folder writable, and the disk not full?")

    def _is_ignored(self, path: str) -> bool:
        """Whether git is told to ignore the page and does not keep it all the same."""
        literal = {"GIT_LITERAL_PATHSPECS": "0"}  # this verb takes paths, and refuses to be told so
        return self._git.run("check-ignore", "-q", "--", path, variables=literal).status == 0

    def _check_repository(self) -> None:
        """Refuses where a commit would not stay, or would end what somebody is in the middle of."""
        place = self._git.ask("rev-parse", "--absolute-git-dir").decode("utf-8", "surrogateescape").strip()
        for name, what in _HALF_DONE.items():
            if os.path.exists(os.path.join(place, name)):
                raise Refusal(f"The repository is in the middle of {what}. Finish or abort it first, then save.")
        if self._git.line("symbolic-ref", "-q", "HEAD") is None:
            raise Refusal("No branch is checked out, so a commit would be lost. Check out a branch, then save.")

    def _check_clean(self, path: str, before: bytes | None) -> None:
        """Refuses a page whose changes somebody has not committed yet."""
        status = self._git.ask(
            "--no-optional-locks", "status", "--porcelain=v2", "-z", "--untracked-files=all", "--", path
        )
        kind = status[:1]
        if kind == b"u":
            raise Refusal(f"'{path}' has a merge conflict that is not resolved. Resolve it first, then save.")
        if kind in (b"1", b"2"):
            if before is None:
                raise Refusal(f"'{path}' was deleted here, and that is not committed. Commit it or restore the page.")
            raise Refusal(
                f"'{path}' has changes that nobody has committed. Commit them or discard them first: saving would"
                " commit them under your name."
            )
