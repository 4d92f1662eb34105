"""Commits beside the branch that is checked out, by git's own plumbing: neither the working tree nor the index nor HEAD
of the repository is touched.

- What is checked out anywhere is neither moved nor deleted: git would show its files as changed.
- The repository's own checks (hooks of `git commit`) look at files that lie there, so they are asked when a proposal is
  accepted, which is an ordinary commit; a commit is signed where `commit.gpgSign` says so.
- A kill leaves the branch as it was or with one whole commit more, and a second try of the same message makes no other.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from msgspec import Struct

from opsbook.adapters.git_repository.git import Git
from opsbook.adapters.git_repository.persons import persons
from opsbook.adapters.git_repository.turn import turn_in
from opsbook.ground.errors import Failure, Refusal

OURS = "opsbook/"  # what branches of ours begin with; only of these are locks taken away that a kill left
_INDEX = "opsbook-branch.index"
_LOOKED_BACK = 50  # commits of a branch, for one of the same message
_LEFT_S = 5.0  # no living git holds the lock of a branch for so long
_SIGN_S = 60.0  # an agent may ask a person
_SETTINGS = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.fsync=committed")


class _Commit(Struct, frozen=True):
    base: str
    path: str
    content: bytes
    author: tuple[str, str]
    message: str


class GitBranches:
    """The branches of one repository; see `usecases.proposals.Branches`. `state` is the folder of the lock between
    programs."""

    def __init__(self, root: str, state: str) -> None:
        self._git = Git(root)
        self._state = state
        self._is_git = os.path.exists(os.path.join(root, ".git"))

    def propose(self, branch: str, path: str, content: bytes, *, author: tuple[str, str], message: str) -> str | None:
        """Commits a page to the branch; None outside of git, and for a page that git is told to ignore."""
        if not self._is_git or self._is_ignored(path):
            return None
        self._check_name(branch)
        with turn_in(self._state):
            head = self._git.line("rev-parse", "-q", "--verify", "HEAD")
            if head is None:
                raise Refusal("The repository has no commit yet, so no branch can begin. Commit something first.")
            tip = self.tip(branch)
            done = self._done_before(branch, message) if tip else None
            if done is not None:
                return done
            self._check_free(branch)
            made = self._commit(_Commit(tip or head, path, content, author, message))
            if made != tip:
                self._move(branch, made, tip or "")
            return made

    def read(self, branch: str, path: str) -> bytes | None:
        """The page as it is on that branch, as a checkout would write it."""
        if not self._is_git:
            return None
        done = self._git.run("cat-file", "--filters", f"refs/heads/{branch}:{path}")
        return done.out if done.status == 0 else None

    def tip(self, branch: str) -> str | None:
        """The last commit of the branch; None where there is no such branch."""
        if not self._is_git:
            return None
        return self._git.line("rev-parse", "-q", "--verify", f"refs/heads/{branch}^{{commit}}")

    def is_merged(self, commit: str) -> bool:
        """Whether what is checked out has that commit."""
        if not self._is_git:
            return False
        return self._git.run("merge-base", "--is-ancestor", commit, "HEAD").status == 0

    def forget(self, branch: str, path: str = "") -> bool:
        """Deletes the branch; leaves one that is checked out somewhere, or that has commits of other files than `path`
        which what is checked out has not. True where there is none any more."""
        if not self._is_git:
            return True
        with turn_in(self._state):
            tip = self.tip(branch)
            if tip is None:
                return True
            if self._place_of(branch) or (path and self._others(branch, path)):
                return False
            self._unlock_left(branch)
            self._git.ask("update-ref", "-m", "opsbook: proposal is over", "-d", f"refs/heads/{branch}", tip)
            return True

    def _commit(self, made: _Commit) -> str:
        """The commit of a page on top of another; that one where the page is the same already."""
        git = self._git
        blob = git.ask("hash-object", "-w", "--stdin", "--path", made.path, given=made.content).decode().strip()
        own = {"GIT_INDEX_FILE": self._own_index()}
        try:
            git.ask("read-tree", "--reset", made.base, variables=own)
            entry = f"{self._mode(made.base, made.path)},{blob},{made.path}"
            git.ask("update-index", "--add", "--cacheinfo", entry, variables=own)
            tree = git.ask("write-tree", variables=own).decode().strip()
        finally:
            with suppress(FileNotFoundError):
                os.unlink(own["GIT_INDEX_FILE"])
        if tree == git.line("rev-parse", f"{made.base}^{{tree}}"):
            return made.base
        sign = ("-S",) if git.line("config", "--type=bool", "commit.gpgSign") == "true" else ()
        done = git.run(
            *_SETTINGS, "commit-tree", *sign, "-p", made.base, "-F", "-", tree,
            given=made.message.strip().encode("utf-8", "replace") + b"\n", variables=persons(git, made.author),
            limit_s=_SIGN_S,
        )  # fmt: skip
        if done.status != 0:
            raise Failure(f"git could not commit the page '{made.path}' to a branch: {done.words}")
        return done.out.decode().strip()

    def _move(self, branch: str, commit: str, before: str) -> None:
        self._unlock_left(branch)
        words = (*_SETTINGS, "update-ref", "--create-reflog", "-m", "opsbook: proposal", f"refs/heads/{branch}")
        done = self._git.run(*words, commit, before)
        if done.status != 0:
            if self.tip(branch) != (before or None):
                raise Failure(f"The branch '{branch}' was moved meanwhile; try again.", retryable=True)
            raise Failure(f"git could not move the branch '{branch}': {done.words}")

    def _own_index(self) -> str:
        place = self._git.ask("rev-parse", "--absolute-git-dir").decode("utf-8", "surrogateescape").strip()
        index = os.path.join(place, _INDEX)
        for left in (index, index + ".lock"):  # by one that was killed; the name is ours alone
            with suppress(FileNotFoundError):
                os.unlink(left)
        return index

    def _mode(self, base: str, path: str) -> str:
        listed = self._git.ask("ls-tree", "-z", base, "--", path)
        return listed.split(b" ", 1)[0].decode("ascii") if listed else "100644"

    def _done_before(self, branch: str, message: str) -> str | None:
        """The commit of the branch with that message, which another try of the same made."""
        form = ("log", "-z", f"-n{_LOOKED_BACK}", "--first-parent", "--format=%H%x01%B", f"refs/heads/{branch}")
        said = self._git.ask("-c", "i18n.logOutputEncoding=UTF-8", *form).decode("utf-8", "replace")
        for each in said.split("\0"):
            commit, _, words = each.partition("\x01")
            if words.strip() == message.strip():
                return commit
        return None

    def _check_name(self, branch: str) -> None:
        if self._git.run("check-ref-format", "--branch", branch).status != 0:
            raise Refusal(f"'{branch}' cannot be the name of a branch.")

    def _check_free(self, branch: str) -> None:
        place = self._place_of(branch)
        if place:
            raise Refusal(f"The branch '{branch}' is checked out in '{place}', and is not changed under your hands.")

    def _place_of(self, branch: str) -> str:
        """The working tree in which the branch is checked out."""
        return self._git.line("for-each-ref", "--format=%(worktreepath)", f"refs/heads/{branch}") or ""

    def _others(self, branch: str, path: str) -> bool:
        """Whether the branch changed other files than the page, beside what is checked out."""
        ref = f"refs/heads/{branch}"
        if self._git.run("merge-base", "--is-ancestor", ref, "HEAD").status == 0:
            return False
        changed = self._git.run("diff", "--name-only", "-z", "--no-renames", f"HEAD...{ref}")
        return changed.status != 0 or any(name for name in changed.out.split(b"\0") if name and name != path.encode())

    def _is_ignored(self, path: str) -> bool:
        literal = {"GIT_LITERAL_PATHSPECS": "0"}  # this verb takes paths, and refuses to be told so
        return self._git.run("check-ignore", "-q", "--", path, variables=literal).status == 0

    def _unlock_left(self, branch: str) -> None:
        """Takes away the lock of a branch of ours that a git left when it was killed: older than any living git's."""
        if not branch.startswith(OURS):
            return
        shared = self._git.line("rev-parse", "--path-format=absolute", "--git-common-dir")
        if shared is None:
            return
        path = os.path.join(shared, "refs", "heads", *branch.split("/")) + ".lock"
        with suppress(OSError):
            made_s = os.stat(path).st_mtime
            time.sleep(max(0.0, min(_LEFT_S, made_s + _LEFT_S - time.time())))
            if os.stat(path).st_mtime == made_s:
                os.unlink(path)
