"""The book as one document for paper: contents, then page after page, numbered. Prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from opsbook.book.page import PAGE_ENDINGS
from opsbook.ground.errors import Usage
from opsbook.ground.guesses import closest
from opsbook.usecases.folders import bare_name
from opsbook.usecases.library import Book
from opsbook.usecases.static_site.bundle import BundleMaker, first_parts, title_of
from opsbook.usecases.static_site.frame import link

if TYPE_CHECKING:
    from opsbook.usecases.static_site import Site

# What Chromium writes into the margins; nothing but a browser's own counter knows how many sheets there are.
_STYLE = """
@page{size:A4;margin:16mm 15mm 18mm;@bottom-right{content:counter(page) " / " counter(pages);font:8pt sans-serif}
@bottom-left{content:"TITLE";font:8pt sans-serif}}
.leaf{break-before:page}.copy{display:none}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def chosen_pages(paths: Sequence[str], book: str, wanted: Sequence[str]) -> list[str]:
    """The pages that names mean, in their order: a path in the repository or in the book, with or without its ending,
    or a folder. All of them without a name. Raises Usage for a name that means none."""
    if not wanted:
        return list(paths)
    found: dict[str, None] = {}
    for name in wanted:
        bare = name.strip("/").removeprefix("./")
        inner = f"{book}/{bare}" if book else bare
        ends = ("", *PAGE_ENDINGS)
        meant = [path for path in paths if any(path in (bare + end, inner + end) for end in ends)]
        meant = meant or [path for path in paths if path.startswith((f"{bare}/", f"{inner}/"))]
        if not meant:
            near = closest(bare, [bare_name(path.removeprefix(f"{book}/")) for path in paths])
            guess = f" Did you mean '{near}'?" if near else ""
            raise Usage(f"There is no page '{name}' in the book.{guess}")
        found.update(dict.fromkeys(meant))
    return list(found)


def print_html(
    book: Book, site: Site, maker: BundleMaker, *, leaves: Sequence[bytes], paths: Sequence[str], has_front: bool
) -> bytes:
    """The document. With `has_front` it begins with what is looked for first: duty, telephones, templates."""
    title = title_of(book)
    to = maker.to()
    items = "".join(f"<li>{link(to('page', path, ''), book.facts[path].title)}</li>" for path in paths)
    at = f" at commit {site.commit[:12]}" if site.commit else ""
    quoted = title.replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\3c ").replace("\n", " ")
    style = site.assets.read(site.assets.names["opsbook.css"]).decode() + _STYLE.replace("TITLE", quoted)
    front = (
        f'<section class="leaf">{first_parts(book, site, maker, None, has_pages=False)}</section>' if has_front else ""
    )
    head = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<style>{style}</style></head><body><div class="frame"><main id="main">
<h1>{escape(title)}</h1><p class="quiet">Written on {site.at:%Y-%m-%d}{escape(at)}.</p>
<h2>Contents</h2><ol class="list">{items}</ol>
"""
    return b"".join((
        head.encode("utf-8", "replace"), front.encode("utf-8", "replace"), *leaves, b"</main></div></body></html>\n",
    ))  # fmt: skip
