"""Which ids stand on a rendered page: the anchors that lint checks, as they are, and nothing that stands for ours.

A heading or an author's id that is one of the ids of the page around it gets GitHub's prefix, and the links of the
book to it follow. No `name` is ever written: an element with a name can take the place of what scripts ask the document
for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from opsbook.book.page import Page
from opsbook.book.rendering.text import escape
from opsbook.ground.slugs import github_slug, mkdocs_slug, numbered

PREFIX = "user-content-"
# The ids of the pages around a rendered page are these or begin with `ob-`; a test keeps the templates to it.
RESERVED = frozenset({
    "main", "pulse", "scheme", "palette", "palette-q", "palette-list", "palette-count", "palette-told", "keyboard",
    "keyboard-title", "toasts", "health-shapes", "editor-text", "editor-preview", "editor-preview-label",
    "editor-message", "editor-place", "not-understood", "csrf", "body", "head",
})  # fmt: skip
RENAMED: Mapping[str, str] = {name: PREFIX + name for name in RESERVED}
_NO_WORD = re.compile(r"[^\w.-]+")


class Names:
    """The ids of one page while it is written; each is given out once. Without `is_whole` none is. `prefix` stands
    before each of them."""

    def __init__(self, page: Page, *, is_whole: bool, prefix: str = "") -> None:
        self._page = page
        self._before = prefix
        self.is_whole = is_whole
        self._used: set[str] = set()
        self._headings = frozenset(page.heading_anchors)
        self._others = _other_anchors(page) if is_whole else {}
        self._counts: dict[str, int] = {}
        self.lines: list[int] = []

    def heading(self, index: int) -> tuple[str, tuple[str, ...]]:
        """The id of a heading, and the other anchors that a builder of sites would give it."""
        anchor = self._page.heading_anchors[index]
        others = tuple(
            self._before + name for name in self._others.get(index, ()) if self._take(RENAMED.get(name, name))
        )
        return self.of_anchor(anchor) if self._take(RENAMED.get(anchor, anchor)) else "", others

    def of_anchor(self, anchor: str) -> str:
        """The id that stands for a heading's anchor."""
        return self._before + RENAMED.get(anchor, anchor) if self.is_whole else ""

    def prefixed(self, identity: str) -> str:
        """The id with GitHub's prefix, for whoever comes with an address of GitHub's; empty where it is taken."""
        if self._before:  # nobody comes to it with an address of GitHub's
            return ""
        name = PREFIX + identity
        return name if identity and not identity.startswith(PREFIX) and self._take(name) else ""

    def of_author(self, name: str) -> str:
        """The id for one that the author wrote in HTML; empty where it would be a second one."""
        if name in self._headings or not name.strip():
            return ""
        name = RENAMED.get(name, name)
        return self._before + name if self._take(name) else ""

    def of_line(self, line: int) -> str:
        """The attributes of a block that begins on a line: the first there is found by `#L12`."""
        name = f"L{line}"
        if name in self._page.anchors or not self._take(name):
            return ""
        self.lines.append(line)
        return f' id="{self._before}{name}" data-line="{line}"'

    def made(self, name: str) -> str:
        """An id of the writer's own, numbered where it is taken."""
        if not self.is_whole:
            return ""
        name = _NO_WORD.sub("-", name)
        count, wanted = self._counts.get(name, 1), name
        while wanted in self._page.anchors or wanted in self._used:
            count += 1
            wanted = f"{name}-{count}"
        self._counts[name] = count
        self._used.add(wanted)
        return self._before + wanted

    def _take(self, name: str) -> bool:
        if not self.is_whole or not name or name in self._used:
            return False
        self._used.add(name)
        return True


def id_attribute(name: str) -> str:
    """The attribute for an id, or nothing."""
    return f' id="{escape(name)}"' if name else ""


def _other_anchors(page: Page) -> dict[int, list[str]]:
    """For the index of a heading the anchors that name it besides its own."""
    spare = page.anchors.difference(page.heading_anchors, page.document.html_names)
    if not spare:
        return {}
    texts = [heading.text for heading in page.document.headings]
    bare = [section.title for section in page.sections]
    found: dict[int, list[str]] = {}
    for slugs in (
        numbered([github_slug(text) for text in texts]),
        numbered([github_slug(text) for text in bare]),
        numbered([mkdocs_slug(text) for text in bare], "_"),
    ):
        for index, slug in enumerate(slugs):
            if slug in spare and slug not in found.get(index, ()):
                found.setdefault(index, []).append(slug)
                spare -= {slug}
    return found
