"""Where a link of a rendered page leads in the browser, or why it leads nowhere. Only harmless schemes lead out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from opsbook.book.links import fragment, resolve
from opsbook.book.lint import Around
from opsbook.book.page import Page
from opsbook.book.rendering.text import escape
from opsbook.ground.guesses import closest

_HARMLESS = frozenset(
    {"http", "https", "mailto", "tel", "sms", "irc", "ircs", "xmpp", "matrix", "slack", "ssh", "sftp"}
)
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+")
_PREFIX = "user-content-"
_SELECTOR = "\ufe0f"
# From the kind of what is led to (here, page, folder, file), its path in the repository, and the fragment, if any, to
# an address; an empty one leads nowhere. What is here is on the page itself.
Places = Callable[[str, str, str], str]


class Lead(Struct, frozen=True, gc=False):
    """Where to: `href` is empty where a link leads nowhere, and `why` says so in a sentence. `kind` is here, page,
    folder, file, external, templated or broken."""

    href: str
    kind: str
    why: str = ""

    def attributes(self, title: str = "") -> str:
        """The attributes of the element that shows it, as safe HTML."""
        title = self.why or title
        said = f' title="{escape(title)}"' if title else ""
        if not self.href:
            return f' class="{self.kind}"{said}'
        outside = ' class="outside" rel="noopener noreferrer"' if self.kind == "external" else ""
        return f' href="{escape(self.href)}"{outside}{said}'


def served(kind: str, path: str, fragment: str) -> str:
    """The address of a place of a page, of a folder or of another file where the book is served."""
    behind = f"#{fragment}" if fragment or kind == "here" else ""
    if kind == "here":
        return behind
    return (f"/files/{quote_path(path)}" if kind == "file" else book_address(path)) + behind


class Leads:
    """The links of one page. `renamed` maps anchors to the ids that stand for them, where those differ; `home` is what
    stands before a `#fragment` of the page itself where it is shown somewhere else. `places` gives addresses."""

    def __init__(
        self, page: Page, around: Around, renamed: Mapping[str, str], home: str = "", *, places: Places = served
    ) -> None:
        self._page = page
        self._around = around
        self._renamed = renamed
        self._home = home
        self._places = places
        self._known: dict[str, Lead] = {}

    def of(self, href: str) -> Lead:
        """Where an address as written on the page leads."""
        known = self._known.get(href)
        if known is None:
            known = self._known[href] = self._lead(href)
        return known

    def of_image(self, href: str) -> Lead:
        """Where an image comes from: kind `file` when it may be loaded, else as a link would lead to it."""
        lead = self.of(href)
        if lead.kind in ("page", "folder"):
            return Lead("", "broken", "This is no image.")
        return lead

    def _lead(self, href: str) -> Lead:
        target = resolve(self._page, href, self._around)
        verdict = target.verdict
        if verdict == "external":
            return outside(href)
        if verdict == "templated":
            return Lead("", "templated", f"The address is filled in when the page is built: {href}")
        if verdict == "broken-anchor":
            return Lead("", "broken", f"This page has no heading '#{target.anchor}'.")
        if verdict == "escapes-repository":
            return Lead("", "broken", f"The link leads out of the repository: {href}")
        if verdict != "ok":
            return Lead("", "broken", f"The repository has no '{target.path}'.")
        if not target.path:
            here = self._places("here", self._page.path, self._own(fragment(href)))
            return Lead(self._home + here, "here")
        return self._inside(target.path, target.anchor)

    def _own(self, anchor: str) -> str:
        """The id on this page that a fragment means."""
        anchors = self._page.anchors
        if anchor not in anchors:
            bare = anchor.removeprefix(_PREFIX)
            if bare in anchors:
                anchor = bare
            elif not anchor.isascii():
                plain = anchor.replace(_SELECTOR, "")
                anchor = next((one for one in sorted(anchors) if one.replace(_SELECTOR, "") == plain), anchor)
        return _fragment(self._renamed.get(anchor, anchor))

    def _inside(self, path: str, anchor: str) -> Lead:
        pages = self._around.pages
        named = _fragment(self._renamed.get(anchor, anchor)) if anchor else ""
        if path in pages:
            return Lead(self._places("page", path, named), "page")
        if path.startswith("../"):
            return Lead("", "broken", "It lies outside of what is served.")
        if path in ("", ".") or path in folders(pages):
            return Lead(self._places("folder", "" if path == "." else path, ""), "folder")
        if any(part.startswith(".") for part in path.split("/")):
            return Lead("", "unserved", "Files whose name begins with a dot are not served.")
        return Lead(self._places("file", path, named), "file")


def outside(href: str) -> Lead:
    """Where an address with a scheme leads: out, when its scheme does no harm. Browsers overlook control characters
    and space in an address, so they are taken out before it is judged."""
    address = _UNSEEN.sub("", href)
    if address.startswith("//"):
        address = f"https:{address}"
    found = _SCHEME.match(address)
    if found is None or found.group(1).lower() not in _HARMLESS:
        scheme = found.group(1).lower() if found else "?"
        return Lead("", "broken", f"An address that begins with '{scheme}:' is not made a link here.")
    return Lead(address, "external")


def host_of(href: str) -> str:
    """The host of an outside address, for people."""
    try:
        return urlsplit(href).hostname or "another host"
    except ValueError:
        return "another host"


def book_address(path: str) -> str:
    """The address of a page or folder of the book; of the book as a whole when `path` is empty."""
    return f"/book/{quote_path(path)}" if path else "/book"


def quote_path(path: str) -> str:
    """A path as it stands in an address."""
    return quote(path, safe="/~!$&'()*+,;=:@")


def closest_page(wanted: str, pages: frozenset[str]) -> str | None:
    """The page that a wrong path likely meant."""
    name = unquote(wanted).rsplit("/", 1)[-1].lower()
    names = {path.rsplit("/", 1)[-1].lower(): path for path in sorted(pages, reverse=True)}
    near = closest(name, sorted(names))
    return names[near] if near else None


@lru_cache(maxsize=4)
def folders(pages: frozenset[str]) -> frozenset[str]:
    """Every folder that holds pages, itself or below."""
    found: set[str] = set()
    for page in pages:
        folder = page.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return frozenset(found)


def _fragment(anchor: str) -> str:
    return anchor.replace("%", "%25").replace(" ", "%20") if "%" in anchor or " " in anchor else anchor
