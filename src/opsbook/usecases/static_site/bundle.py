"""The verb export bundle: one file for the night on which everything else is down. It asks no network for anything.

Every page is a section of it, shown by the browser's own means when an address leads to it, so that it reads without
scripts as well; on top stands what is looked for first: who is on call, how they are reached, what is to be said.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from opsbook.book.lint import Around as Surroundings
from opsbook.book.page import Page
from opsbook.book.rendering import Inset, Places, Rendered, quote_path, render
from opsbook.book.rendering.images import IMAGES
from opsbook.usecases.library import Book, BookOnDisk, PageFacts
from opsbook.usecases.ports import Unreadable
from opsbook.usecases.static_site.book_pages import Around
from opsbook.usecases.static_site.duty import Contacts, phone_tree, schedule_parts
from opsbook.usecases.static_site.frame import ICONS, banner, crumbs, empty, link, section, table
from opsbook.usecases.static_site.places import SitePlaces
from opsbook.usecases.static_site.search_index import index_content

if TYPE_CHECKING:
    from opsbook.usecases.static_site import Site
    from opsbook.usecases.static_site.parts import Written

STALE_DAYS = 30
GENERATOR = "Opsbook bundle"  # by which a bundle is known from any other file
_PARTS = (
    ("On call", "on-call"), ("Phone tree", "phone-tree"), ("Severities", "severities"), ("Templates", "templates"),
    ("Pages", "pages"),
)  # fmt: skip


class BundleMaker(Struct, frozen=True):
    """Makes of each page its section of the bundle."""

    places: SitePlaces
    source: BookOnDisk

    def address(self, path: str) -> str:
        """The id of a page's section."""
        return "p/" + quote_path(self.places.pages[path].removeprefix("book/").removesuffix(".html"))

    def to(self, of: str = "") -> Places:
        """The addresses as they stand on a page of the bundle: all of them lead into it, or out into the web."""

        def address(kind: str, path: str, fragment: str) -> str:
            if kind == "file":
                return self._image(path)
            if kind == "folder":
                return "#pages"
            page = self.address(of if kind == "here" else path)
            return f"#{page}:{fragment}" if fragment else f"#{page}"

        return address

    def rendered(self, page: Page, around: Surroundings, insets: Sequence[Inset], *, files: set[str]) -> Rendered:
        """The page as HTML; images stand in it, and other files are not led to."""
        prefix = f"{self.address(page.path)}:"
        return render(page, around, insets=insets, places=self.to(page.path), prefix=prefix)

    def page(self, facts: PageFacts, rendered: Rendered, around: Around, titles: Mapping[str, str]) -> bytes:
        """The section of a page."""
        title = "" if any(entry.level == 1 for entry in rendered.contents) else f"<h1>{escape(facts.title)}</h1>\n"
        linked = ", ".join(link(self.to()("page", path, ""), titles.get(path, path)) for path in around.linked_from)
        behind = f'<p class="quiet small">Linked from {linked}</p>' if linked else ""
        where = crumbs([("Pages", "#pages"), (facts.path, "")])
        return (
            f'<section class="leaf" id="{escape(self.address(facts.path))}" data-path="{escape(facts.path)}">\n'
            f'{where}\n{title}<article class="prose">\n{rendered.html}</article>{behind}</section>\n'
        ).encode("utf-8", "replace")

    def _image(self, path: str) -> str:
        kind = IMAGES.get(path.rpartition(".")[2].lower())
        raw = self.source.read_beside(path) if kind else None
        if raw is None or isinstance(raw, Unreadable):
            return ""
        return f"data:{kind};base64,{base64.b64encode(raw).decode()}"


def bundle_html(
    book: Book, site: Site, maker: BundleMaker, *, leaves: Sequence[bytes], written: Sequence[Written],
    contacts: Contacts | None = None,
) -> bytes:  # fmt: skip
    """The whole file; `leaves` are the sections of the pages in order."""
    style = site.assets.read(site.assets.names["opsbook.css"]).decode() + _STYLE
    script = site.assets.read(site.assets.names["bundle.js"]).decode().replace("</script", "<\\/script")
    entries = [entry for part in written for entry in part.entries]
    files = {each.path: maker.address(each.path) for each in entries}
    index = index_content(entries, [part.postings for part in written], files, 0)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    made_at = f"{site.at:%Y-%m-%d}"
    head = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{escape(title_of(book))}</title>
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="generator" content="{GENERATOR}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<style>{style}</style>
</head>
<body data-bundle data-written="{made_at}" data-stale-days="{STALE_DAYS}">
"""
    return b"".join((
        head.encode(), _top(book, site, made_at).encode(),
        first_parts(book, site, maker, contacts).encode("utf-8", "replace"),
        b"</section>\n", *leaves, b"</main></div>\n", _PALETTE.encode(),
        b'<script type="application/json" id="ob-index">', msgspec.json.encode(index).replace(b"<", b"\\u003c"),
        b"</script>\n<script>", script.encode(), b"</script>\n</body>\n</html>\n",
    ))  # fmt: skip


def title_of(book: Book) -> str:
    """What the book is called: the title of its first page in the folder of the book."""
    front = next((f.title for path, f in sorted(book.facts.items(), key=lambda each: (each[0].count("/"), each[0]))
                  if path.rpartition("/")[2].lower().startswith(("readme", "index"))), "")  # fmt: skip
    return front or "The book"


def _top(book: Book, site: Site, made_at: str) -> str:
    at = f" at commit {site.commit[:12]}" if site.commit else ""
    places = "".join(f'<li><a href="#{anchor}">{words}</a></li>' for words, anchor in _PARTS)
    age = banner("note", "", f"Written on {made_at}{escape(at)}. Who is on call is known for 30 days from then.")
    return f"""<a class="skip" href="#main">Skip to the page</a>
<header class="top"><a class="brand" href="#front"><span>{escape(title_of(book))}</span></a>
<nav class="places" aria-label="Places"><ul>{places}</ul></nav>
<div class="tools"><a class="find needs-script" href="#pages" data-opens="palette" aria-keyshortcuts="/ Control+K">
{ICONS["search"]}<span>Search</span><kbd>/</kbd></a>
<button class="plain scheme" type="button" id="scheme" aria-label="Colour scheme">{ICONS["scheme"]}</button></div>
</header>
<div class="frame"><main id="main" tabindex="-1">
<div id="ob-age">{age}</div>
<section class="leaf" id="front">
<h1>{escape(title_of(book))}</h1>
"""


def first_parts(
    book: Book, site: Site, maker: BundleMaker, contacts: Contacts | None, *, has_pages: bool = True
) -> str:
    """What is looked for first: duty, the phone tree, severities, templates, and the list of all pages."""
    to = maker.to()
    rows = [
        (link(to("page", path, ""), facts.title), escape(facts.kind), f'<span class="mono">{escape(path)}</span>')
        for path, facts in sorted(book.facts.items())
    ]
    pages = table("Pages", ("Page", "Kind", "Where"), rows) if rows else empty("This book has no pages yet.")
    return "\n".join((
        _part("On call", schedule_parts(book, site, to)), _part("Phone tree", phone_tree(book, site, to, contacts)),
        _part("Severities", _severities(book)), _part("Templates", _templates(book, to)),
        _part("Pages", pages) if has_pages else "",
    ))  # fmt: skip


def _part(words: str, inner: str) -> str:
    return section(words, dict(_PARTS)[words], inner)


def _severities(book: Book) -> str:
    rows = [
        (escape(f"{each.level} {each.words if each.words != each.level else ''}".strip()), escape(each.meaning),
         escape(each.response), escape(each.updates))
        for facts in book.facts.values() if facts.policy for each in facts.policy.severities
    ]  # fmt: skip
    roles = [
        (escape(each.name), escape(each.does), escape(each.taken_by))
        for facts in book.facts.values() if facts.policy for each in facts.policy.roles
    ]  # fmt: skip
    levels = table("Severities", ("Severity", "Meaning", "First response", "Status updates"), rows)
    who = table("Roles", ("Role", "Does", "Taken by"), roles)
    return (levels if rows else empty("No page has a table of severities")) + (f"<h3>Roles</h3>{who}" if roles else "")


def _templates(book: Book, to: Places) -> str:
    found = [
        f'<h3>{escape(each.title)}</h3><figure class="code" data-copy><pre tabindex="0">'
        f"<code>{escape(each.text)}</code></pre></figure>"
        for facts in book.facts.values() if facts.policy for each in facts.policy.templates
    ]  # fmt: skip
    pages = [
        f"<li>{link(to('page', path, ''), facts.title)}</li>"
        for path, facts in sorted(book.facts.items()) if facts.kind == "template"
    ]  # fmt: skip
    whole = "".join(found) + (f'<h3>Pages to copy</h3><ul class="list">{"".join(pages)}</ul>' if pages else "")
    return whole or empty("No page has a template of a status update")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


# A page is shown when an address leads to it or into it, and the front else; a browser that does not know `:has`, and
# paper, show all of them.
_STYLE = """
.frame{max-width:64rem}
.leaf{scroll-margin-top:calc(var(--top) + 1rem)}
@media screen{@supports selector(:has(*)){
.leaf:not(#front):not(:target):not(:has(:target)){display:none}
body:has(.leaf:not(#front):target,.leaf:not(#front) :target) #front{display:none}
}}
@media print{.leaf+.leaf{break-before:page}.find,.scheme{display:none}}
"""
_PALETTE = """<dialog class="palette" id="palette" aria-label="Search the book"><form method="dialog" role="search">
<label class="unseen" for="palette-q">Words, a name, or a pasted error</label>
<input id="palette-q" name="q" type="search" role="combobox" autocomplete="off" autocapitalize="off" spellcheck="false"
enterkeyhint="go" placeholder="Words, a name, or a pasted error" aria-expanded="false" aria-controls="palette-list"
aria-autocomplete="list"><button class="plain" type="button" data-closes="palette">Close <kbd>Esc</kbd></button></form>
<div id="palette-list" role="listbox" aria-label="Found"></div>
<p class="palette-foot" aria-hidden="true"><span><kbd>↑</kbd> <kbd>↓</kbd> choose</span>
<span><kbd>Enter</kbd> open</span><span id="palette-count"></span></p>
<p class="unseen" role="status" id="palette-told"></p></dialog>
<div class="toasts" id="toasts" role="status" aria-live="polite"></div>
"""
