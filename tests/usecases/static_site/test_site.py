"""A whole exported site: nothing that was a link in the book is broken, and nothing of an author's runs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from msgspec.structs import replace
from tests.xss_vectors import RUN

from opsbook.adapters.forked_goes import ForkedGoes
from opsbook.config import load
from opsbook.usecases.static_site import export_site
from opsbook.wire import build_book, lint_scope
from opsbook.wire_export import site_of

ROOT = Path(__file__).resolve().parents[3]
AT = datetime(2026, 11, 27, 10, tzinfo=UTC)


class Kept:
    """A folder that is nowhere but here."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def begin(self, names):
        pass

    def put(self, name, content):
        self.files[name] = content
        return True

    def end(self, names):
        assert set(self.files) == set(names)
        return 0


def exported(book: Path, at: datetime = AT, **more) -> dict[str, str]:
    """The files of a site by their names, as text; those of the installation are left out."""
    config, out = load(book=str(book), environ={}), Kept()
    site = replace(site_of(config), at=at, **more)
    export_site(build_book(config), lint_scope(config, date(2026, 11, 27)), site, exporters=ForkedGoes(1), out=out)
    return {name: content.decode("utf-8", "replace") for name, content in out.files.items()}


class Read(HTMLParser):
    """What a page leads to, which ids it has, and the elements in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.elements.append((tag, found))
        self.ids.add(found.get("id") or "")
        self.targets += [found[key] for key in ("href", "src") if found.get(key)]


def broken(files: dict[str, str]) -> list[str]:
    """Every relative link of a site that leads to no file of it, or to no id of that file."""
    pages = {name: Read(text) for name, text in files.items() if name.endswith(".html") and "diagram" not in name}
    wrong = []
    for name, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            path = name
            if parts.path:
                kept = name.split("/")[:-1]
                for piece in unquote(parts.path).split("/"):
                    if piece == "..":
                        kept.pop()
                    else:
                        kept.append(piece)
                path = "/".join(kept)
            if path not in files:
                wrong.append(f"{name}: {target}")
            elif re.fullmatch(r"L\d+", parts.fragment):  # the block that a line stands in: the browser finds it
                continue
            elif parts.fragment and path in pages and unquote(parts.fragment) not in pages[path].ids:
                wrong.append(f"{name}: {target}")
    return wrong


def book_of(path: Path, pages: dict[str, str]) -> Path:
    """A folder with these pages."""
    for name, text in pages.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("book", ["docs/operations", "tests/browser/shop/docs/operations"])
def test_every_link_of_a_site_leads_to_a_file_and_a_place_of_it(book):
    files = exported(ROOT / book)
    assert broken(files) == []
    assert {"index.html", "services.html", "oncall.html", "search/index.js"} <= files.keys()


def test_the_same_book_gives_the_same_bytes_all_day():
    shop = ROOT / "tests/browser/shop/docs/operations"
    assert exported(shop) == exported(shop, datetime(2026, 11, 27, 23, 59, 58, tzinfo=UTC))


def test_a_page_says_what_it_says_where_it_is_served_and_leads_to_its_neighbours(tmp_path):
    files = exported(book_of(tmp_path, {
        "README.md": "# Book\n\n[Database](runbooks/db.md#restart) ![plan](img/plan.png)\n",
        "runbooks/db.md": "# Database\n\n## Restart\n\n1. Restart it\n\n   ```sh\n   true\n   ```\n\n[Book](../README.md)\n",
        "img/plan.png": "png",
    }))  # fmt: skip
    assert 'href="../../book/README.html"' in files["book/runbooks/db.html"]
    assert "<h2" in files["book/runbooks/db.html"]
    assert "Linked from" in files["book/runbooks/db.html"]
    assert 'href="../book/runbooks/db.html#restart"' in files["book/README.html"]
    assert 'src="../files/img/plan.png"' in files["book/README.html"]
    assert files["files/img/plan.png"] == "png"
    assert "data-now" not in files["oncall.html"]


@pytest.mark.parametrize(
    "hostile",
    ["<script>ran(1)</script>", "<img src=x onerror=ran(1)>", "[a](javascript:ran(1))", "</script><script>ran(1)</script>",
     "</article></main><base href=//evil.example>", "<meta http-equiv=refresh content=0;url=//evil.example>",
     "`</title><script>ran(1)</script>`"],
)  # fmt: skip
def test_what_an_author_writes_runs_nowhere_on_a_site(tmp_path, hostile):
    text = f"# {hostile}\n\nOwner: {hostile}\n\n{hostile}\n\n## {hostile}\n\n| Alert | Severity |\n|-|-|\n| {hostile} | P1 |\n"
    files = exported(book_of(tmp_path, {"README.md": text, "runbooks/a.md": text, "monitoring/alerts.md": text}))
    for name, content in files.items():
        if name.endswith(".html"):
            for tag, attributes in Read(content).elements:
                assert tag not in ("base", "iframe", "object") and not any(key.startswith("on") for key in attributes), name
                assert tag != "script" or (set(attributes) <= {"src", "defer"} and attributes.get("src")), name
                assert not (attributes.get("href") or "").startswith("javascript"), name
            assert not re.search(rf"<script[^>]*>\s*{re.escape(RUN)}", content), name
        elif name.endswith(".js"):
            assert "</script" not in content, name


def test_what_cannot_be_copied_is_not_led_to(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("pass")
    files = exported(book_of(tmp_path, {"a.md": "# A\n\n[code](src/a.py), [all code](src/)\n"}))
    assert broken(files) == []
    assert files["files/src/a.py"] == "pass"


def test_a_base_address_makes_a_site_map_and_says_which_address_counts(tmp_path):
    files = exported(book_of(tmp_path, {"a b.md": "# A\n"}), base_url="https://book.example/x/")
    assert "<loc>https://book.example/x/book/a%20b.html</loc>" in files["sitemap.xml"]
    assert '<link rel="canonical" href="https://book.example/x/book/a%20b.html">' in files["book/a b.html"]
