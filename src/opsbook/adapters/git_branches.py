"""Commits beside the branch that is checked out, by git's own plumbing: neither the working tree nor the index of the
repository is touched.
"""

from __future__ import annotations


class GitBranches:
    """The branches of one repository; see `usecases.proposals.Branches`."""

    def __init__(self, root: str) -> None:
        self._root = root

    def propose(self, branch: str, path: str, content: bytes, *, author: tuple[str, str], message: str) -> str | None:
        """Commits a page to the branch; None outside of git."""
        raise NotImplementedError

    def read(self, branch: str, path: str) -> bytes | None:
        """The page as it is on that branch."""
        raise NotImplementedError

    def forget(self, branch: str) -> None:
        """Deletes the branch."""
        raise NotImplementedError
