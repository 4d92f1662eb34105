"""Where a link leads by the rules of the code host or site builder in force."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.book.whole_reading import TODAY, Shelf, page_of

from opsbook.book.links import guess_anchor, guess_path, has_anchor, relative, resolve
from opsbook.book.lint import Around, LintSettings
from opsbook.book.page import default_reading

FILES = (
    "README.md", "docs/operations/README.md", "docs/operations/runbooks/db.md", "docs/operations/runbooks/a b.md",
    "docs/operations/runbooks/Über.md", "docs/operations/img/x.png", "docs/operations/sub/index.md", "scripts/run.sh",
    "docs/index.md", "content/_index.md", "content/runbooks/KubePod.md", "source/documentation/index.html.md.erb",
    "docs/100%.md", "docs/a?b.md", "docs/#x.md",
)  # fmt: skip
PAGE = "docs/operations/runbooks/db.md"
TEXT = "# Title\n\n## Restart Service\n\n## A — B\n\n## 🚀 Go\n\n## Einführung\n\n<a id='own'></a>\n\n## Twice\n\n## Twice\n"


def around_of(form: str = "github", site_root: str = "", **more: object) -> Around:
    shelf = Shelf(dict.fromkeys(FILES, b""))
    pages = frozenset(path for path in FILES if ".md" in path)
    settings = LintSettings(link_form=form, site_root=site_root)
    return Around(TODAY, settings, pages=pages, exists=shelf.exists, book="docs/operations", **more)


def led(href: str, form: str = "github", site_root: str = "", page: str = PAGE, **more: object) -> tuple[str, str]:
    """The verdict on an address, and where it leads."""
    reading = replace(default_reading(), anchors=form)
    target = resolve(page_of(TEXT, page, reading), href, around_of(form, site_root, **more))
    return target.verdict, target.path


@pytest.mark.parametrize(
    ("href", "verdict", "path"),
    [
        ("db.md", "ok", PAGE),
        ("./db.md", "ok", PAGE),
        ("../README.md", "ok", "docs/operations/README.md"),
        ("../../../README.md", "ok", "README.md"),
        ("/README.md", "ok", "README.md"),
        ("/docs/operations/img/x.png", "ok", "docs/operations/img/x.png"),
        ("..", "ok", "docs/operations"),
        ("../img/", "ok", "docs/operations/img"),
        ("../../../scripts/run.sh#L10", "ok", "scripts/run.sh"),
        ("../../../scripts/run.sh#L10-L20", "ok", "scripts/run.sh"),
        ("../img/x.png?raw=true", "ok", "docs/operations/img/x.png"),
        ("../README.md?plain=1#L3", "ok", "docs/operations/README.md"),
        ("a%20b.md", "ok", "docs/operations/runbooks/a b.md"),
        ("a b.md", "ok", "docs/operations/runbooks/a b.md"),
        ("%C3%9Cber.md", "ok", "docs/operations/runbooks/Über.md"),
        ("Über.md", "ok", "docs/operations/runbooks/Über.md"),
        ("../../100%25.md", "ok", "docs/100%.md"),
        ("../../a%3Fb.md", "ok", "docs/a?b.md"),
        ("../../%23x.md", "ok", "docs/#x.md"),
        ("DB.md", "broken-link", "docs/operations/runbooks/DB.md"),
        ("db", "broken-link", "docs/operations/runbooks/db"),
        ("db.html", "broken-link", "docs/operations/runbooks/db.html"),
        ("gone.md#x", "broken-link", "docs/operations/runbooks/gone.md"),
        ("../runbooks", "ok", "docs/operations/runbooks"),
        ("../../../../x.md", "escapes-repository", "../x.md"),
        ("../../../..", "escapes-repository", ".."),
        ("/../x.md", "escapes-repository", "../x.md"),
        ("https://x.example/a.md", "external", ""),
        ("//x.example/a.md", "external", ""),
        ("mailto:a@b.c", "external", ""),
        ("tel:+49123", "external", ""),
        ("HTTPS://X.EXAMPLE", "external", ""),
        ("vscode://file/x", "external", ""),
        ("{{ site.url }}/a", "templated", ""),
        ("<%= url %>", "templated", ""),
        ("${BASE}/a.md", "templated", ""),
        ("", "ok", ""),
        ("#", "ok", ""),
        ("?x=1", "ok", ""),
    ],
)
def test_an_address_on_github(href, verdict, path):
    assert led(href) == (verdict, path)


@pytest.mark.parametrize(
    ("fragment", "is_there"),
    [
        ("title", True), ("restart-service", True), ("Restart-Service", False), ("a--b", True), ("a-b", False), ("-go", True),
        ("go", False), ("einführung", True), ("einf%C3%BChrung", True), ("own", True), ("twice", True), ("twice-1", True),
        ("twice-2", False), ("", True), ("top", True), ("user-content-title", True), ("user-content-own", True),
        (":~:text=words", True), ("restart-service ", False), ("nowhere", False), ("L10", False),
    ],
)  # fmt: skip
def test_a_fragment_names_a_heading_or_an_html_id(fragment, is_there):
    assert led(f"#{fragment}")[0] == ("ok" if is_there else "broken-anchor")
    assert led(f"db.md#{fragment}")[0] == ("ok" if is_there else "broken-anchor")


def test_an_emoji_is_found_with_or_without_its_invisible_selector():
    anchors = frozenset({"\u26a0\ufe0f-warning", "1\ufe0f\u20e3-first"})
    assert has_anchor(anchors, "\u26a0-warning")
    assert has_anchor(anchors, "1\u20e3-first")
    assert not has_anchor(anchors, "2\u20e3-first")


def test_a_page_whose_name_holds_no_case_of_ours_is_still_the_same_page():
    assert led("../runbooks/./db.md#restart-service") == ("ok", "")


@pytest.mark.parametrize(
    ("form", "root", "href", "verdict", "path"),
    [
        ("mkdocs", "docs", "/operations/runbooks/db.md", "ok", PAGE),
        ("mkdocs", "docs", "/operations/runbooks/db/", "ok", PAGE),
        ("mkdocs", "docs", "../sub/", "ok", "docs/operations/sub"),
        ("mkdocs", "docs", "db", "ok", PAGE),
        ("mkdocs", "docs", "db.html", "ok", PAGE),
        ("mkdocs", "docs", "/", "ok", "docs"),
        ("mkdocs", "docs", "gone", "broken-link", "docs/operations/runbooks/gone"),
        ("myst", "docs", "db", "ok", PAGE),
        ("myst", "docs", "/operations/README.md", "ok", "docs/operations/README.md"),
        ("site", "content", "/runbooks/KubePod", "ok", "content/runbooks/KubePod.md"),
        ("site", "content", "/runbooks/KubePod/", "ok", "content/runbooks/KubePod.md"),
        ("site", "content", "/runbooks/KubePod.html", "ok", "content/runbooks/KubePod.md"),
        ("site", "source", "/documentation/", "ok", "source/documentation"),
        ("site", "source", "/documentation/index.html", "ok", "source/documentation/index.html.md.erb"),
        ("site", "content", "/gone/", "broken-link", "content/gone"),
        ("github", "docs", "/operations/README.md", "broken-link", "operations/README.md"),
    ],
)
def test_an_address_on_a_built_site_means_its_source(form, root, href, verdict, path):
    assert led(href, form, root) == (verdict, path)


@pytest.mark.parametrize(
    ("form", "fragment", "is_there"),
    [
        ("mkdocs", "a-b", True), ("mkdocs", "a--b", True), ("mkdocs", "go", True), ("mkdocs", "einfuhrung", True),
        ("mkdocs", "twice_1", True), ("site", "twice-1", True), ("site", "twice_1", True), ("myst", "a--b", True),
        ("github", "twice_1", False), ("mkdocs", "nowhere", False),
    ],
)  # fmt: skip
def test_a_site_makes_anchors_of_its_own(form, fragment, is_there):
    assert led(f"#{fragment}", form, "docs")[0] == ("ok" if is_there else "broken-anchor")


@pytest.mark.parametrize(
    ("href", "more", "verdict"),
    [
        ("../../planning/a.md", {"is_repository": True}, "escapes-repository"),
        ("../../planning/a.md", {"is_repository": False, "book_depth": 2}, "broken-link"),
        ("../../scripts", {"is_repository": False, "book_depth": 2}, "ok"),
        ("../../../planning/a.md", {"is_repository": False, "book_depth": 2}, "escapes-repository"),
        ("../../planning/a.md", {"is_repository": False, "book_depth": 0}, "escapes-repository"),
    ],
)
def test_without_a_repository_the_folders_above_the_book_are_still_the_projects(href, more, verdict):
    settings = LintSettings()
    around = Around(TODAY, settings, pages=frozenset({"README.md"}), exists=lambda path: path == "../../scripts", **more)
    assert resolve(page_of("", "README.md"), href, around).verdict == verdict


@pytest.mark.parametrize(
    ("wanted", "guess"),
    [
        ("docs/operations/runbooks/DB.md", PAGE), ("docs/operations/db.md", PAGE), ("runbooks/db", PAGE),
        ("docs/operations/runbooks/dv.md", PAGE), ("docs/operations/REDAME.md", "docs/operations/README.md"),
        ("nowhere/kubepod.md", "content/runbooks/KubePod.md"), ("docs/operations/zzzzz.md", None),
    ],
)  # fmt: skip
def test_a_broken_address_gets_the_nearest_page_for_a_guess(wanted, guess):
    assert guess_path(wanted, around_of()) == guess


@pytest.mark.parametrize(
    ("fragment", "guess"),
    [
        ("Restart-Service", "restart-service"), ("restart_service", "restart-service"), ("restartservice", "restart-service"),
        ("restart-servise", "restart-service"), ("restart", "restart-service"), ("a-b", "a--b"), ("zzz", None), ("", None),
    ],
)  # fmt: skip
def test_a_broken_fragment_gets_the_nearest_anchor_for_a_guess(fragment, guess):
    assert guess_anchor(fragment, frozenset({"restart-service", "a--b", "overview"})) == guess


@pytest.mark.parametrize(
    ("page", "path", "address"),
    [("a/b.md", "a/c.md", "c.md"), ("a/b.md", "c.md", "../c.md"), ("b.md", "a/c.md", "a/c.md"), ("a/b.md", "d/c.md", "../d/c.md")],
)
def test_the_address_to_write_for_a_path(page, path, address):
    assert relative(page, path) == address
