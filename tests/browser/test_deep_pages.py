"""Pages whose parts lie ever deeper within each other are no wider than the window, and stay to be read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Open
from tests.browser.served_book import served_book

DEEP = "docs/operations"
LISTS = "\n".join("  " * depth + f"- level {depth}" for depth in range(60))
PAGES = {
    f"{DEEP}/quotes.md": "# Quotes\n\n" + ">" * 10_000 + " The innermost words.\n\nAfter.\n",
    f"{DEEP}/lists.md": f"# Lists\n\n{LISTS}\n\nAfter.\n",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the deep pages are served."""
    with served_book(tmp_path_factory.mktemp("deep"), PAGES) as (_, address):
        yield address


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize(("name", "words"), [("quotes", "The innermost words."), ("lists", "level 59")])
def test_a_deep_page_does_not_move_sideways(open_page: Open, address: str, name: str, words: str, size: str) -> None:
    page = open_page(f"{address}/book/{DEEP}/{name}.md", size=size)
    found = page.get_by_text(words)
    expect(found).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    box = found.bounding_box()
    assert box
    assert box["width"] > 100
