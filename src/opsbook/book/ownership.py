"""Who owns a path by CODEOWNERS, the last matching line winning, as GitHub and GitLab read it. Pure text."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct


class Owner(Struct, frozen=True, gc=False):
    """A line of CODEOWNERS: the pattern and its owners, empty when the line takes ownership away."""

    pattern: str
    owners: tuple[str, ...]


def read_owners(text: str) -> tuple[Owner, ...]:
    """The lines of a CODEOWNERS file in order; comments, blank lines and GitLab's section heads are passed over."""
    found = []
    for line in text.splitlines():
        line = line.split(" #", 1)[0].strip()
        if not line or line[0] in "#[^":
            continue
        pattern, *owners = line.replace("\\ ", "\0").split()
        found.append(Owner(pattern.replace("\0", " "), tuple(owners)))
    return tuple(found)


def owner_of(owners: tuple[Owner, ...], path: str) -> str | None:
    """The owners of a path joined by spaces, or None."""
    for owner in reversed(owners):
        if _matcher(owner.pattern).match(path):
            return " ".join(owner.owners) or None
    return None


@lru_cache(maxsize=4096)
def _matcher(pattern: str) -> re.Pattern[str]:
    """A gitignore-style pattern as a regular expression on a path: a slash inside anchors it to the root."""
    anchored = "/" in pattern.rstrip("/")
    body = pattern.strip("/")
    out = []
    index = 0
    while index < len(body):
        if body.startswith("**/", index):
            out.append("(?:.*/)?")
            index += 3
        elif body.startswith("**", index):
            out.append(".*")
            index += 2
        else:
            out.append({"*": "[^/]*", "?": "[^/]"}.get(body[index], re.escape(body[index])))
            index += 1
    # `docs/*` owns the files of docs but not those deeper down; anything else owns all below it too.
    tail = r"\Z" if body.endswith("/*") else r"(?:/.*)?\Z" if not pattern.endswith("/") else r"/.*\Z"
    return re.compile(("" if anchored else r"(?:.*/)?") + "".join(out) + tail)
