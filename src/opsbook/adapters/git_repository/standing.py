"""How a page as it lies there stands in git: at which commit, changed by whom, on a branch that counts or not."""

from __future__ import annotations

import os
from collections.abc import Sequence

from msgspec import Struct

from opsbook.adapters.git_repository.git import Git


class Standing(Struct, frozen=True):
    """The commit that holds a page exactly so, None where none that is checked out does; whoever changed it last
    there, as `NAME <ADDRESS>`; whether one of the branches that count has that commit."""

    commit: str | None = None
    editor: str = ""
    is_protected: bool = False


def standing_of(root: str, path: str, content: bytes, branches: Sequence[str]) -> Standing:
    """How the page at a path of the repository stands, whose bytes now are these; raises Failure where git cannot be
    asked."""
    if not os.path.exists(os.path.join(root, ".git")):
        return Standing()
    git = Git(root)
    head = git.line("rev-parse", "-q", "--verify", "HEAD")
    if not head:
        return Standing()
    blob = git.run("cat-file", "blob", f"{head}:{path}")
    if blob.status != 0 or blob.out != content:
        return Standing()  # whoever typed what nobody committed is not known
    editor = git.line("log", "-n1", "--format=%an <%ae>", head, "--", path) or ""
    refs = [f"refs/{where}/{branch}" for branch in branches for where in ("heads", "remotes/origin")]
    is_protected = any(git.run("merge-base", "--is-ancestor", head, ref).status == 0 for ref in refs)
    return Standing(head, editor, is_protected)
