"""What the writer alone may say in HTML, kept out of the sanitiser's way: it sees marks, and gets back what they meant.

A page's author can write any HTML, and our own ids, classes, links and insets must survive where theirs do not. So
the writer puts a numbered mark in the place of its attributes, everything goes through nh3, and then the marks are
exchanged for what stands in the table. A mark holds a digest of the page, which no author can write into that page.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import nh3

_MARK = re.compile(
    r'<(div|span) data-o="ob([0-9a-f]{24})i(\d+)"></\1>| (?:data-o|href|src|id|name)="ob([0-9a-f]{24})\.(\d+)"'
)
WRITTEN = frozenset(
    "a abbr b bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6"
    " hr i img input ins kbd li mark ol p picture pre q rp rt ruby s samp section small span strike strong sub summary"
    " sup table tbody td tfoot th thead time tr tt u ul var wbr".split()
)
VOID = frozenset({"br", "hr", "img", "input", "wbr"})
# What is dropped with all that is in it, should it come through the reader of raw HTML at all.
_DROPPED_WHOLE = frozenset({"script", "style", "iframe", "object", "embed", "noembed", "noframes", "template"})
_SIZED = frozenset({"align", "width", "height"})
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"data-o", "title", "lang", "dir", "id"},
    "a": {"href", "name"},
    "img": {"src", "alt", *_SIZED},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "details": {"open"},
    "time": {"datetime"},
    "td": {"colspan", "rowspan", *_SIZED},
    "th": {"colspan", "rowspan", "scope", *_SIZED},
    **{tag: {"align"} for tag in ("div", "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "tr", "caption")},
}
# These are reopened by a browser in every block after one that was closed over them: without attributes of their own
# they cannot make a large page out of a small one.
BARE = frozenset({"b", "code", "em", "i", "s", "small", "strike", "strong", "tt", "u"})
LONGEST_VALUE = 500
Rewrite = Callable[[str, str, str], "str | None"]


class Marks:
    """The table of one page's marks."""

    def __init__(self, content: bytes) -> None:
        self.stamp = hashlib.blake2b(content, digest_size=12, person=b"opsbook-marks").hexdigest()
        self.attributes: list[str] = []
        self.insets: list[str] = []
        self._lost: set[int] = set()

    def mark(self, attributes: str) -> str:
        """What to write behind a tag's name for these attributes, which are HTML that is safe as it stands."""
        return f' data-o="{self.value(attributes)}"'

    def value(self, attributes: str) -> str:
        """The bare mark, to be the value of an attribute that is exchanged whole."""
        self.attributes.append(attributes.strip())
        return f"ob{self.stamp}.{len(self.attributes) - 1}"

    def inset(self, html: str, tag: str) -> str:
        """The element to write in the place of trusted HTML."""
        self.insets.append(html)
        self._lost.add(len(self.insets) - 1)
        return f'<{tag} data-o="ob{self.stamp}i{len(self.insets) - 1}"></{tag}>'

    def clean(self, html: str, cleaner: nh3.Cleaner | None = None) -> str:
        """The HTML with nothing in it that is not allowed, and the marks exchanged. An inset whose place was lost in
        the author's HTML stands at the end."""
        cleaned = _MARK.sub(self._meaning, (cleaner or _CLEANER).clean(html))
        lost = "".join(self._inset(index, "div") for index in sorted(self._lost))
        return cleaned + lost

    def _meaning(self, found: re.Match[str]) -> str:
        tag, inset_stamp, inset, stamp, number = found.groups()
        if inset_stamp == self.stamp and int(inset) < len(self.insets):
            if int(inset) not in self._lost:  # a browser may copy an element; what lives is not copied
                return ""
            self._lost.discard(int(inset))
            return self._inset(int(inset), tag)
        if stamp == self.stamp and int(number) < len(self.attributes):
            attributes = self.attributes[int(number)]
            return f" {attributes}" if attributes else ""
        return ""

    def _inset(self, index: int, tag: str) -> str:
        return f'<{tag} class="inset">{self.insets[index]}</{tag}>'


def _cleaner(attributes: dict[str, set[str]], rewrite: Rewrite | None = None) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=WRITTEN,
        clean_content_tags=_DROPPED_WHOLE,
        attributes=attributes,
        attribute_filter=rewrite,
        link_rel=None,
        strip_comments=True,
    )


# For a page without HTML of its author's: then every attribute is a mark.
_CLEANER = _cleaner({"*": {"data-o"}})


def cleaner_for(rewrite: Rewrite) -> nh3.Cleaner:
    """A sanitiser that asks `rewrite` about each attribute of the author's: None drops it, else what it says stands."""
    return _cleaner(_ATTRIBUTES, rewrite)
