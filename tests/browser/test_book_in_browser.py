"""The book in a real browser: found by its tree, read, edited, saved, joined after a conflict; and nothing in it runs."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow, shifts, small_targets
from tests.browser.served_book import cookies_of, served_book
from tests.entrypoints.browsing import Browser
from tests.entrypoints.test_book_pages import PAGES
from tests.xss_vectors import VECTORS

API = "docs/operations/runbooks/api.md"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>document.title="ran"</script></svg>'
SIGHTS = """# Sights

**Owner:** Ada
**Team:** Platform

> [!CAUTION]
> Mind this.

- [x] done
- [ ] open

| Name | A rather long head | Another rather long head | Number |
|:-----|--------------------|--------------------------|-------:|
| a | [gone](gone.md) | `code_that_is_rather_long_and_has_no_space_in_it` | 1 |

Text[^1] with ~~old~~ words, <kbd>Ctrl</kbd>, ![pixel](pixel.png) and https://shop.example.

```sh
kubectl get pods --all-namespaces --output=wide --selector=app.kubernetes.io/name=api-service | sort
```

<details><summary>More</summary>

Within.

</details>

[^1]: The note.
"""
SHOWN = ("/book", f"/book/{API}", "/book/docs/operations/sights.md", "/services/api-service", f"/edit/{API}")
Served = tuple[Browser, str]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    pages = {**PAGES, "docs/operations/sights.md": SIGHTS}
    files = {
        "docs/operations/plan.png": PIXEL,
        "docs/operations/pixel.png": PIXEL,
        "docs/operations/drawing.svg": DRAWING,
    }
    with served_book(tmp_path_factory.mktemp("shop"), pages, files) as found:
        yield found


def show(open_page: Open, book: Served, path: str, **more: Any) -> Page:
    """A page of the book, for somebody who is signed in."""
    return open_page(book[1] + path, cookies=cookies_of(*book), **more)


def test_a_page_is_found_by_the_tree_read_edited_and_saved_as_a_commit(open_page: Open, book: Served) -> None:
    browser, _ = book
    page = show(open_page, book, "/book")
    page.get_by_role("navigation", name="Pages of the book").get_by_text("runbooks").click()
    page.get_by_role("link", name="db.md").click()
    expect(page.get_by_role("heading", name="Database")).to_be_visible()
    page.get_by_role("link", name="Edit").click()
    before = (browser.door.root / "docs/operations/runbooks/db.md").read_bytes()
    page.locator("#editor-text").fill(before.decode().replace("Measure first.", "Measure, then act."))
    expect(page.locator("#editor-preview")).to_contain_text("Measure, then act.")
    page.get_by_label("What this change is").fill("Say what follows")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as commit")).to_be_visible()
    expect(page.get_by_text("Measure, then act.")).to_be_visible()
    after = (browser.door.root / "docs/operations/runbooks/db.md").read_bytes()
    assert after == before.replace(b"Measure first.", b"Measure, then act.")
    assert browser.git("log", "-1", "--format=%an|%s").strip() == "grace|Say what follows"
    assert browser.git("show", "--numstat", "--format=", "HEAD").split()[:2] == ["1", "1"]


def test_a_conflict_shows_both_sides_and_the_text_that_was_typed(open_page: Open, book: Served) -> None:
    browser, _ = book
    browser.commit("docs/operations/clash.md", b"# Clash\n\nOne.\n", "Clash")
    page = show(open_page, book, "/edit/docs/operations/clash.md", allowed=("409",))
    page.locator("#editor-text").fill("# Clash\n\nMine.\n")
    browser.commit("docs/operations/clash.md", b"# Clash\n\nTheirs.\n", "Theirs")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Not saved", exact=True)).to_be_visible()
    expect(page.locator(".sides .added").first).to_have_text("+Mine.")
    expect(page.locator(".sides .added").nth(1)).to_have_text("+Theirs.")
    expect(page.locator("#editor-text")).to_have_value("# Clash\n\nMine.\n")
    page.locator("#editor-text").fill("# Clash\n\nMine and theirs.\n")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Mine and theirs.")).to_be_visible()
    assert browser.git("log", "-3", "--format=%s").split("\n")[1] == "Theirs"


def test_no_vector_runs_in_a_real_browser(open_page: Open, book: Served) -> None:
    browser, _ = book
    text = "\n\n".join(f"## Case {number}\n\n{vector}" for number, vector in enumerate(VECTORS))
    browser.commit("docs/operations/vectors.md", text.encode(), "Vectors")
    for path in ("/book/docs/operations/vectors.md", "/edit/docs/operations/vectors.md"):
        page = show(open_page, book, path, allowed=("404",))
        page.add_init_script("window.ran = () => { document.title = 'ran' }")
        page.reload()
        if path.startswith("/edit"):
            expect(page.locator("#editor-preview h2").first).to_be_visible()
        for name in ("details summary", "article p, .prose p", "article a[href^='#']"):
            for place in page.locator(name).all()[:3]:
                place.dispatch_event("click")
        page.mouse.move(400, 400)
        page.keyboard.press("Tab")
        assert page.title() != "ran"
        assert (
            page.evaluate("document.querySelectorAll('article :is(script, style, iframe, form, svg script)').length")
            == 0
        )
        assert page.evaluate("typeof document.body") == "object"
        assert page.evaluate("document.getElementById('main').tagName") == "MAIN"


def test_a_drawing_of_the_repository_does_not_run_when_it_is_opened(open_page: Open, book: Served) -> None:
    page = show(open_page, book, "/files/docs/operations/drawing.svg", allowed=("sandbox", "script"))
    assert page.evaluate("document.title") != "ran"


def test_reading_and_editing_work_without_scripts(open_page: Open, book: Served) -> None:
    browser, _ = book
    browser.commit("docs/operations/plain.md", b"# Plain\n\nOld.\n", "Plain")
    page = show(open_page, book, "/book/docs/operations/plain.md", scripts=False)
    expect(page.get_by_text("Old.")).to_be_visible()
    page.get_by_role("link", name="Edit").click()
    page.locator("#editor-text").fill("# Plain\n\nNew.\n")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#editor-preview")).to_contain_text("New.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as commit")).to_be_visible()
    assert (browser.door.root / "docs/operations/plain.md").read_bytes() == b"# Plain\n\nNew.\n"


@pytest.mark.parametrize("path", SHOWN)
def test_no_page_breaks_a_rule_of_axe(open_page: Open, book: Served, path: str) -> None:
    assert axe_says(show(open_page, book, path)) == ""


@pytest.mark.parametrize("path", SHOWN)
def test_a_page_fits_a_narrow_phone_and_a_finger(open_page: Open, book: Served, path: str) -> None:
    page = show(open_page, book, path, size="narrow")
    assert overflow(page) == []
    assert small_targets(page) == []


@pytest.mark.parametrize("path", SHOWN[:4])
def test_nothing_moves_while_a_page_comes(open_page: Open, book: Served, path: str) -> None:
    assert shifts(show(open_page, book, path)) == []


def test_the_history_of_a_page_comes_when_it_is_looked_at_and_shows_the_page_as_it_was(open_page: Open, book: Served) -> None:
    browser, _ = book
    browser.commit("docs/operations/told.md", b"# Told\n\nFirst.\n", "First words")
    browser.commit("docs/operations/told.md", b"# Told\n\nSecond.\n", "Second words")
    page = show(open_page, book, "/book/docs/operations/told.md")
    page.get_by_role("heading", name="History").scroll_into_view_if_needed()
    expect(page.get_by_text("First words")).to_be_visible()
    page.get_by_role("link", name=browser.git("rev-parse", "HEAD~1")[:9]).click()
    expect(page.get_by_text("The page as it was")).to_be_visible()
    expect(page.get_by_text("First.", exact=True)).to_be_visible()
