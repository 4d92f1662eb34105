"""Where a link leads: page, file, outside, or nowhere; by the rules of the code host or site builder in force.

Asks `Around` which paths exist; never touches a network, so an address with a scheme is simply external.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from opsbook.book.lint import Around
from opsbook.book.page import PAGE_ENDINGS, Page
from opsbook.ground.errors import Edit
from opsbook.ground.guesses import closest
from opsbook.ground.markdown import Link
from opsbook.ground.pattern import Pattern

_SCHEME = Pattern(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")
_TEMPLATED = Pattern(r"<%|^%=|\{\{|\{%|\$\{|\]\(")
_INDEXES = ("index.md", "README.md", "_index.md", "readme.md", "index.html.md.erb", "index.markdown")
# GitHub prefixes ids of its own making; a link may carry the prefix. It drops U+FE0F from no anchor, yet most people
# type links without that invisible selector, and browsers follow either.
_PREFIX = "user-content-"
_SELECTOR = "\ufe0f"


class Target(Struct, frozen=True, gc=False):
    """Where a link leads. `verdict`: ok, external, templated, broken-link, escapes-repository, and broken-anchor for
    an anchor of the page itself; `path` is the file or page relative to the repository, `anchor` the fragment."""

    verdict: str
    path: str = ""
    anchor: str = ""


OK_HERE = Target("ok")
EXTERNAL = Target("external")
TEMPLATED = Target("templated")


def is_page(path: str) -> bool:
    return path.lower().endswith(PAGE_ENDINGS)


def targets(page: Page, around: Around) -> list[tuple[Link, Target]]:
    """Each link of the page with where it leads; anchors of other pages are left to whoever knows those pages.

    Kept on the page: several rules and the outline ask, always with the same surroundings.
    """
    known: list[tuple[Link, Target]] | None = page.__dict__.get("_targets")
    if known is None:
        known = page.__dict__["_targets"] = [(link, resolve(page, link.href, around)) for link in page.document.links]
    return known


def resolve(page: Page, href: str, around: Around) -> Target:
    """Where an address written on a page leads."""
    if _SCHEME().match(href):
        return EXTERNAL
    if _TEMPLATED().search(href):
        return TEMPLATED
    anchor = fragment(href)
    path = _unquoted(href.partition("#")[0].partition("?")[0])
    if not path:
        return _own_anchor(page, anchor)
    wanted = _joined(page.path, path, around)
    is_site = _is_site(page.path, around)
    if wanted == ".." or wanted.startswith("../"):
        return Target(_outside(wanted, around), wanted, anchor)
    found = find(wanted, around, is_site)
    if found is None:
        return Target("broken-link", wanted, anchor)
    if found == page.path and anchor:
        return _own_anchor(page, anchor)
    return Target("ok", found, anchor)


def fragment(href: str) -> str:
    """The anchor in an address, as headings have it."""
    return _unquoted(href.partition("#")[2])


def _unquoted(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote  # inside: it takes 2 ms to import, and few links have a %

    return unquote(text)


def _own_anchor(page: Page, fragment: str) -> Target:
    return OK_HERE if has_anchor(page.anchors, fragment) else Target("broken-anchor", page.path, fragment)


def has_anchor(anchors: frozenset[str], fragment: str) -> bool:
    """Whether a fragment names one of the anchors; an empty one and `top` name every page's start."""
    if fragment in anchors or fragment in ("", "top"):
        return True
    if fragment.startswith(_PREFIX) and fragment[len(_PREFIX) :] in anchors:
        return True
    if fragment.startswith(":~:"):  # a text fragment of the browser's, not an anchor
        return True
    return not fragment.isascii() and fragment.replace(_SELECTOR, "") in _without_selectors(anchors)


@lru_cache(maxsize=64)
def _without_selectors(anchors: frozenset[str]) -> frozenset[str]:
    return frozenset(anchor.replace(_SELECTOR, "") for anchor in anchors)


def _is_site(page_path: str, around: Around) -> bool:
    """Whether addresses name what a builder makes of the sources; a page with code in it is built, wherever it lies."""
    return around.settings.link_form != "github" or page_path.endswith(".erb")


def _joined(page_path: str, path: str, around: Around) -> str:
    if path.startswith("/"):
        root = around.settings.site_root if _is_site(page_path, around) else ""
        if not root and page_path.endswith(".erb") and page_path.startswith("source/"):
            root = "source"  # where Middleman keeps what it builds
        return posixpath.normpath(posixpath.join(root, path.lstrip("/")) or ".")
    return posixpath.normpath(posixpath.join(posixpath.dirname(page_path), path))


def _outside(wanted: str, around: Around) -> str:
    """Without a repository the folders above the book's own place are still the project's: `docs/operations` may link
    to `../../planning` there, which is then missing or not, and escapes nothing."""
    if around.is_repository or not around.book_depth:
        return "escapes-repository"
    depth = 0
    while wanted.startswith("../") or wanted == "..":
        wanted, depth = wanted[3:], depth + 1
    if depth > around.book_depth:
        return "escapes-repository"
    return "ok" if around.exists("../" * depth + wanted) else "broken-link"


def find(wanted: str, around: Around, is_site: bool) -> str | None:
    """The existing path that an address means, or None."""
    if wanted in around.pages or around.exists(wanted):
        return wanted
    if not is_site:
        return None
    for candidate in _candidates(wanted):
        if candidate in around.pages or around.exists(candidate):
            return candidate
    return None


def _candidates(wanted: str) -> Iterator[str]:
    """The source files that a built site would serve at an address."""
    bare = wanted.removesuffix(".html").removesuffix(".htm")
    for ending in PAGE_ENDINGS:
        yield bare + ending
    yield bare + ".html.md"
    yield bare + ".html.erb"
    for index in _INDEXES:
        yield posixpath.join(bare, index)


def guess_path(wanted: str, around: Around) -> str | None:
    """The page that a broken address likely meant: the same but for letter case, or of the same file name elsewhere."""
    folded = around.folded_pages.get(wanted.lower())
    if folded:
        return folded
    name = posixpath.basename(wanted).lower()
    same = around.pages_by_name.get(name) or around.pages_by_name.get(name + ".md")
    if same:
        return min(same, key=lambda path: (_distance(wanted, path), path))
    near = closest(posixpath.basename(wanted), [posixpath.basename(p) for p in around.siblings(wanted)])
    return posixpath.join(posixpath.dirname(wanted), near) if near else None


def _distance(a: str, b: str) -> int:
    """How many folders apart two paths are."""
    left, right = a.split("/")[:-1], b.split("/")[:-1]
    shared = 0
    for x, y in zip(left, right, strict=False):
        if x != y:
            break
        shared += 1
    return len(left) + len(right) - 2 * shared


def guess_anchor(fragment: str, anchors: frozenset[str]) -> str | None:
    """The anchor that a broken fragment likely meant."""
    folded = {anchor.lower(): anchor for anchor in sorted(anchors)}
    plain = fragment.lower()
    if plain in folded:
        return folded[plain]
    same = [anchor for anchor in sorted(anchors) if squeezed(anchor) == squeezed(fragment)]
    if same and squeezed(fragment):
        return same[0]
    near = closest(plain, sorted(anchors))
    if near:
        return near
    starts = [anchor for anchor in sorted(anchors) if anchor.startswith(plain) or plain.startswith(anchor)]
    return starts[0] if len(plain) > 4 and starts and len(starts[0]) > 4 else None


def squeezed(anchor: str) -> str:
    """An anchor without letter case and punctuation."""
    return re.sub(r"[^a-z0-9]+", "", anchor.lower())


def relative(from_page: str, path: str) -> str:
    """The address to write on a page for another path of the repository."""
    return posixpath.relpath(path, posixpath.dirname(from_page) or ".")


def address_edit(page: Page, link: Link, address: str) -> tuple[Edit, ...]:
    """The splice that puts another address into an inline link; none where the address is not written plainly there."""
    if link.form not in ("inline", "image"):
        return ()
    content, written = page.document.content, link.href.encode()
    opening = content.rfind(b"](", link.start, link.end)
    at = content.find(written, opening + 2, link.end)
    if opening < 0 or at < 0 or content[opening + 2 : at].strip(b" <"):
        return ()
    return (Edit(at, at + len(written), address),)
