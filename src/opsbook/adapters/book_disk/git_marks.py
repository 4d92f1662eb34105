"""Where git stands, out of its own files: which commit is checked out, and whether git is at work just now.

A look costs some microseconds, where the git program would cost milliseconds; it is asked only for what the files do
not tell. Writes nothing.
"""

from __future__ import annotations

import os
import re
import subprocess

from msgspec import Struct

_COMMIT = re.compile(r"[0-9a-f]{40,64}")


class Marks(Struct, frozen=True):
    """What tells whether git has moved: the commit, HEAD as written, the index as it lies there. `lock_ns` is since
    when git is changing it, None when it is not."""

    commit: str | None = None
    head: str = ""
    index: tuple[int, int, int] = (0, 0, 0)
    lock_ns: int | None = None


class GitFolder:
    """The folder that git keeps for a working tree: `.git`, or where a file of that name leads (a worktree's)."""

    def __init__(self, root: str) -> None:
        self._dot_git = os.path.join(root, ".git")
        self._root = root

    def place(self) -> str | None:
        """The folder with HEAD and the index; None outside of git."""
        if os.path.isdir(self._dot_git):
            return self._dot_git
        written = _text(self._dot_git)
        if not written.startswith("gitdir:"):
            return None
        return os.path.normpath(os.path.join(self._root, written.removeprefix("gitdir:").strip()))

    def watched(self) -> list[str]:
        """The folders in which something changes whenever git moves."""
        place = self.place()
        if place is None:
            return []
        shared = _shared(place)
        heads = [folder for folder, _, _ in os.walk(os.path.join(shared, "refs", "heads"))]
        return [folder for folder in dict.fromkeys((place, shared, *heads)) if os.path.isdir(folder)]

    def marks(self) -> Marks:
        """Where git stands now."""
        place = self.place()
        if place is None:
            return Marks()
        head = _text(os.path.join(place, "HEAD")).strip()
        return Marks(self._commit(place, head), head, _stat(os.path.join(place, "index")), _lock(place))

    def _commit(self, place: str, head: str) -> str | None:
        if not head.startswith("ref:"):
            return head if _COMMIT.fullmatch(head) else None
        name = head.removeprefix("ref:").strip()
        if name == "refs/heads/.invalid":  # refs are kept in a table, which only git reads
            return self._ask()
        shared = _shared(place)
        for folder in (place, shared):
            written = _text(os.path.join(folder, *name.split("/"))).strip()
            if _COMMIT.fullmatch(written):
                return written
        for line in _text(os.path.join(shared, "packed-refs")).splitlines():
            commit, _, packed = line.partition(" ")
            if packed == name and _COMMIT.fullmatch(commit):
                return commit
        return None  # a branch without a commit

    def _ask(self) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", self._root, "rev-parse", "--verify", "-q", "HEAD"],
                capture_output=True, text=True, timeout=10, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip() or None


def _shared(place: str) -> str:
    """The folder with the branches, which all working trees of a repository have in common."""
    written = _text(os.path.join(place, "commondir")).strip()
    return os.path.normpath(os.path.join(place, written)) if written else place


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _stat(path: str) -> tuple[int, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_size, status.st_mtime_ns


def _lock(place: str) -> int | None:
    try:
        return os.stat(os.path.join(place, "index.lock")).st_mtime_ns
    except OSError:
        return None
