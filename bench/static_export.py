"""`opsbook export site` beside Hugo with pagefind, MkDocs Material and Zensical: 1,029 pages with search.

All read the same pages: those of the corpora, each as often as it takes, without what one of the peers takes for its
own (front matter, shortcodes), so that each builds all of them. Each begins with an empty folder of output.
"""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path

from bench.corpus import originals
from bench.pairs import Side, compare, output, unless_absent
from bench.programs import FROM_NPM, hugo, opsbook, program_beside
from bench.table import Absent, Broken, Row, show, verdict
from tests.book.markdown_sections import corpora

PAGES = 1029
HUGO_AT_MOST, MATERIAL_AT_MOST, ZENSICAL_AT_MOST = 1.5, 0.15, 0.25
LARGEST_MB = 60
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.S)
_NAMED = {"index": "index-page", "_index": "section", "readme": "read-me"}
_LAYOUT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}</title></head><body>
<nav>{{ with .Parent }}<a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}</nav>
<aside>{{ .TableOfContents }}</aside>
<main data-pagefind-body>{{ .Content }}</main></body></html>
"""
_LIST = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}</title></head><body><main><ul>
{{ range .Pages }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li>{{ end }}</ul></main></body></html>
"""


def page_set(into: Path, count: int = PAGES) -> Path:
    """So many pages below `into`, the same ones each time."""
    root = corpora()
    made = 0
    pages = originals(".md")
    assert root is not None
    for number, page in enumerate(cycle(pages)):
        if made == count:
            return into
        text = page.read_text(encoding="utf-8", errors="replace")
        if "{{" in text or "{%" in text:
            continue
        place = page.relative_to(root)
        name = f"{_NAMED.get(place.stem.lower(), place.stem)}.md"
        target = into / f"part-{number // len(pages) + 1}" / place.parent / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = _FRONT.sub("", text.lstrip("\ufeff"))
        target.write_text(text if text.lstrip().startswith("#") else f"# {place.stem}\n\n{text}", encoding="utf-8")
        made += 1
    raise Absent("the corpora hold no page")


def ours(folder: Path, pages: Path) -> Side:
    """Our export."""
    return _shell("opsbook", folder, [[*opsbook(), "--book", str(pages), "export", "site", "ours"]], "ours")


def hugo_pagefind(folder: Path, pages: Path) -> Side:
    """Hugo with the least layout there is, and pagefind over what it wrote."""
    site = folder / "hugo"
    layouts = site / "layouts" / "_default"
    layouts.mkdir(parents=True)
    (layouts / "single.html").write_text(_LAYOUT)
    (layouts / "list.html").write_text(_LIST)
    (site / "config.toml").write_text(
        'baseURL = "https://example.org/"\ntitle = "Book"\ndisableKinds = ["RSS", "taxonomy", "term"]\n'
        "[markup.goldmark.renderer]\nunsafe = true\n"
    )
    build = [
        *hugo(),
        "--quiet",
        "--source",
        str(site),
        "--contentDir",
        str(pages),
        "--destination",
        str(site / "public"),
    ]
    find = [*_pagefind(), "--site", str(site / "public"), "--quiet"]
    return _shell("Hugo + pagefind", folder, [build, find], "hugo/public")


def material(folder: Path, pages: Path) -> Side:
    """MkDocs Material with its search."""
    config = folder / "mkdocs.yml"
    config.write_text(_mkdocs(pages, folder / "material") + "plugins: [search]\n")
    return _shell(
        "MkDocs Material", folder, [[*program_beside("mkdocs"), "build", "-q", "-f", str(config)]], "material"
    )


def zensical(folder: Path, pages: Path) -> Side:
    """Zensical with its search, without what it keeps between builds."""
    config = folder / "zensical.yml"
    config.write_text(_mkdocs(pages, folder / "zensical"))
    build = [*program_beside("zensical"), "build", "--clean", "-f", str(config)]
    return _shell("Zensical", folder, [build], "zensical")


def _mkdocs(pages: Path, site: Path) -> str:
    return f"site_name: Book\ndocs_dir: {pages.name}\nsite_dir: {site.name}\ntheme: {{name: material}}\n"


def _pagefind() -> list[str]:
    script = FROM_NPM / "node_modules" / "pagefind" / "lib" / "runner" / "bin.cjs"
    if not script.exists():
        raise Absent("pagefind is not installed: `make bench` installs it where npm is")
    return ["node", str(script)]


def _shell(name: str, folder: Path, commands: Sequence[Sequence[str]], out: str) -> Side:
    """One after the other, after the output of the last time is gone."""
    lines = ["set -e", f"rm -rf {shlex.quote(out)}", *map(shlex.join, commands)]
    return Side(name, ("sh", "-c", "\n".join(lines)), folder)


PEERS: tuple[tuple[Callable[[Path, Path], Side], float], ...] = (
    (hugo_pagefind, HUGO_AT_MOST), (zensical, ZENSICAL_AT_MOST), (material, MATERIAL_AT_MOST),
)  # fmt: skip


def _beside(mine: Side, peer: Callable[[Path, Path], Side], at_most: float, what: str) -> list[Row]:
    folder = mine.folder
    return [compare(mine, peer(folder, folder / "pages")).row(what, at_most)]


def rows(count: int = PAGES) -> list[Row]:
    """How long each takes, and how large our site is."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        pages = page_set(folder / "pages", count)
        mine = ours(folder, pages)
        output(mine)
        size_mb = sum(file.stat().st_size for file in (folder / "ours").rglob("*") if file.is_file()) / 1e6
        if len(list((folder / "ours" / "book").rglob("*.html"))) < count:
            raise Broken("not every page is in the site")
        what = f"static export of {count:,} pages with search"
        found = []
        for peer, at_most in PEERS:
            found += unless_absent(f"{what} ({peer.__name__})", partial(_beside, mine, peer, at_most, what))
        size = Row(
            "size of that site", f"{size_mb:.1f} MB", "", "", f"< {LARGEST_MB} MB", verdict(size_mb < LARGEST_MB)
        )
        return [*found, size]


def main() -> int:
    """Prints the table; a number is how many pages there are to be."""
    show(rows(int(sys.argv[1]) if len(sys.argv) > 1 else PAGES))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
