"""The frame around each page of an exported site, and the small pieces of HTML that its pages are made of.

The same elements and classes as the served pages, so that the same styles and scripts serve both; joined by hand,
because a template would take longer than all else that is done with a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape as escape
from typing import Any

from msgspec import Struct

from opsbook.book.rendering import quote_path
from opsbook.usecases.static_site.places import LISTS

# Of a file: address 'self' is not the same in every browser, and a page that came by a network may load no file anyway.
POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file: data:;"
    " frame-src 'self' file:; base-uri 'none'; form-action 'none'"
)
_STROKES = (
    '<svg class="icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6"'
    ' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
)
_PATHS = {
    "search": '<circle cx="9" cy="9" r="5.5"/><path d="m13.2 13.2 4 4"/>',
    "scheme": '<circle cx="10" cy="10" r="6.5"/><path d="M10 3.5a6.5 6.5 0 0 1 0 13z" fill="currentColor"/>',
    "bad": '<path d="M6.9 2.5h6.2l4.4 4.4v6.2l-4.4 4.4H6.900l-4.400-4.400V6.900z" fill="currentColor" stroke="none"/>'
    '<path d="m7.300 7.300 5.400 5.400m0-5.400-5.400 5.400" stroke="var(--ground)"/>',
    "warn": '<path d="M10 2.300 18.500 17h-17z" fill="currentColor" stroke="none"/>'
    '<path d="M10 7.500v4.700m0 2.200v.1" stroke="var(--ground)"/>',
    "note": '<rect x="2.800" y="2.800" width="14.400" height="14.400" rx="2" fill="currentColor" stroke="none"/>'
    '<path d="M10 9.200v5M10 6.100v.1" stroke="var(--ground)"/>',
    "good": '<circle cx="10" cy="10" r="7.500" fill="currentColor" stroke="none"/>'
    '<path d="m6.500 10.200 2.400 2.500 4.600-5" stroke="var(--ground)"/>',
    "quiet": '<circle cx="10" cy="10" r="7"/><path d="M6 10h8"/>',
}
ICONS: Mapping[str, str] = {name: f"{_STROKES}{path}</svg>" for name, path in _PATHS.items()}
TONES = {"error": "bad", "warning": "warn", "info": "note"}


class Frame(Struct, frozen=True):
    """What all pages of one site share: the names of assets (below `assets/`), and the address where it will stand."""

    assets: Mapping[str, str]
    version: str
    base_url: str = ""
    kept: dict[str, Any] = {}  # what was joined before, by how deep a page lies and where it belongs

    def page(
        self, name: str, title: str, main: str, *, aside: str = "", place: str = "", has_diagram: bool = False
    ) -> bytes:
        """A whole page, to stand in the file of that name; `main` and `aside` are HTML, the title is not."""
        up = "../" * name.count("/")
        key = f"{up} {place} {has_diagram}"
        if key not in self.kept:
            self.kept[key] = self._head(up, has_diagram), self._top(up, place), self._bottom(up)
        head, top, bottom = self.kept[key]
        canonical = ""
        if self.base_url:
            canonical = f'<link rel="canonical" href="{escape(self.base_url.rstrip("/"))}/{escape(quote_path(name))}">'
        return "".join((
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>', escape(title, quote=False),
            "</title>\n", canonical, head, top, '<div class="frame">\n', aside, '<main id="main" tabindex="-1">\n',
            main, "\n</main>\n</div>\n", bottom,
        )).encode("utf-8", "replace")  # fmt: skip

    def asset(self, up: str, plain: str) -> str:
        """The address of an asset from a page that lies so deep; empty where there is none."""
        return f"{up}assets/{self.assets[plain]}" if plain in self.assets else ""

    def _head(self, up: str, has_diagram: bool) -> str:
        diagrams = f' data-diagram-page="{self.asset(up, "diagram.html")}"' if has_diagram else ""
        return f"""<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<script src="{self.asset(up, "scheme.js")}"></script>
<link rel="icon" href="{self.asset(up, "icon.svg")}" type="image/svg+xml">
<link rel="stylesheet" href="{self.asset(up, "opsbook.css")}">
<script src="{self.asset(up, "site.js")}" defer></script>
</head>
<body data-root="{up}"{diagrams}>
"""

    def _top(self, up: str, place: str) -> str:
        current = ' aria-current="page"'
        items = "".join(
            f'<li><a href="{up}{file}"{current if words == place else ""}>{words}</a></li>' for words, file in LISTS
        )
        icon = f'<img src="{self.asset(up, "icon.svg")}" alt="" width="24" height="24">'
        return f"""<a class="skip" href="#main">Skip to the page</a>
<header class="top">
<a class="brand" href="{up}index.html">{icon}<span>Opsbook</span></a>
<nav class="places" aria-label="Places"><ul>{items}</ul></nav>
<div class="tools">
<a class="find needs-script" href="{up}index.html" data-opens="palette" aria-keyshortcuts="/ Control+K">
{ICONS["search"]}<span>Search</span><kbd>/</kbd></a>
<button class="plain scheme" type="button" id="scheme" aria-label="Colour scheme">{ICONS["scheme"]}</button>
</div>
</header>
"""

    def _bottom(self, up: str) -> str:
        places = "".join(
            f'<a class="hit" href="{up}{file}" role="option" aria-selected="false">'
            f'<span class="hit-title">{words}</span></a>'
            for words, file in LISTS
        )
        jumps = "".join(
            f"<div><dt><kbd>g</kbd> <kbd>{words[0].lower()}</kbd></dt>"
            f'<dd><a href="{up}{file}" data-jump="{words[0].lower()}">{words}</a></dd></div>'
            for words, file in LISTS
        )
        return f"""<footer class="bottom">
<span>Opsbook {escape(self.version)}, a copy to read</span>
<a href="{self.asset(up, "LICENSES.txt")}">Licences</a>
<button class="plain" type="button" data-opens="keyboard">Keyboard <kbd>?</kbd></button>
</footer>
{_PALETTE.replace("PLACES", places).replace("SEARCH", ICONS["search"])}
{_KEYS.replace("JUMPS", jumps)}
<div class="toasts" id="toasts" role="status" aria-live="polite"></div>
</body>
</html>
"""


_PALETTE = """<dialog class="palette" id="palette" aria-label="Search the book">
<form method="dialog" role="search">
<label class="unseen" for="palette-q">Words, a name, or a pasted error</label>
SEARCH
<input id="palette-q" name="q" type="search" role="combobox" autocomplete="off" autocapitalize="off" spellcheck="false"
enterkeyhint="go" placeholder="Words, a name, or a pasted error" aria-expanded="false" aria-controls="palette-list"
aria-autocomplete="list">
<button class="plain" type="button" data-closes="palette">Close <kbd>Esc</kbd></button>
</form>
<template class="palette-places">PLACES</template>
<div id="palette-list" role="listbox" aria-label="Found"></div>
<p class="palette-foot" aria-hidden="true"><span><kbd>↑</kbd> <kbd>↓</kbd> choose</span>
<span><kbd>Enter</kbd> open</span><span id="palette-count"></span></p>
<p class="unseen" role="status" id="palette-told"></p>
</dialog>"""
_KEYS = """<dialog class="sheet" id="keyboard" aria-labelledby="keyboard-title">
<h2 id="keyboard-title">Keyboard</h2>
<dl class="keys"><div><dt><kbd>/</kbd> or <kbd>Ctrl</kbd> <kbd>K</kbd></dt><dd>search</dd></div>JUMPS
<div><dt><kbd>[</kbd> <kbd>]</kbd></dt><dd>section before, section after</dd></div>
<div><dt><kbd>?</kbd></dt><dd>this list</dd></div></dl>
<form method="dialog"><button type="submit">Close</button></form>
</dialog>"""


def crumbs(places: Sequence[tuple[str, str]]) -> str:
    """Where one is: words and address, the last without one."""
    items = "".join(
        f'\n<li><a href="{escape(address)}">{escape(words)}</a></li>'
        if address
        else f'\n<li><span aria-current="page">{escape(words)}</span></li>'
        for words, address in places
    )
    return f'<nav class="crumbs" aria-label="Breadcrumbs"><ol>{items}\n</ol></nav>'


def heading(title: str, line: str = "") -> str:
    """The head of a page."""
    below = f'<p class="quiet">{escape(line)}</p>' if line else ""
    return f'<div class="heading"><div><h1>{escape(title)}</h1>{below}</div></div>'


def section(title: str, anchor: str, inner: str) -> str:
    """A section with its own heading; `inner` is HTML."""
    head = f'<div class="part-head"><h2 id="{anchor}">{escape(title)}</h2></div>'
    return f'<section class="part" aria-labelledby="{anchor}">\n{head}\n{inner}\n</section>'


def fold(title: str, inner: str) -> str:
    """What folds on a narrow screen."""
    return f'<details class="fold"><summary>{escape(title)}</summary><div>{inner}</div></details>'


def link(address: str, words: str, more: str = "") -> str:
    """A link; `more` are attributes as HTML."""
    return f'<a href="{escape(address)}"{more}>{escape(words)}</a>'


def tag(words: str, tone: str = "") -> str:
    """A word about a thing."""
    toned = f' data-tone="{tone}"' if tone else ""
    return f'<span class="tag"{toned}>{escape(words)}</span>'


def count(number: int, tone: str = "") -> str:
    """A count beside its words; nought is told quietly."""
    toned = f' data-tone="{tone}"' if tone and number else ""
    return f'<span class="count"{toned}>{number:,}</span>'


def counts(findings: Mapping[str, int]) -> str:
    """How many findings of each severity."""
    return " ".join(
        f"{count(findings[name], tone)} {name}{'s' if findings[name] > 1 and name != 'info' else ''}"
        for name, tone in TONES.items()
        if findings.get(name)
    )


def empty(title: str, words: str = "") -> str:
    """What an empty place says; `words` are HTML."""
    return f'<div class="empty"><p class="empty-title">{escape(title)}</p>{f"<p>{words}</p>" if words else ""}</div>'


def banner(tone: str, title: str, words: str) -> str:
    """Something that must be known before reading on; `words` are HTML."""
    head = f'<p class="banner-title">{escape(title)}</p>' if title else ""
    return f'<div class="banner" data-tone="{tone}">{ICONS[tone]}<div>{head}<p>{words}</p></div></div>'


def table(label: str, heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "rows cards") -> str:
    """A table that becomes cards on a phone; the cells are HTML, the first of each row is its name."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(
            f'<td data-label="{escape(head)}">{cell}</td>' for head, cell in zip(heads[1:], row[1:], strict=True)
        )
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="scroller" role="group" aria-label="{escape(label)}" tabindex="0"><table class="{kind}">'
        f"<thead><tr>{top}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
    )
