"""A patch is reviewed and accepted in Chromium: with and without scripts, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow, small_targets
from tests.browser.served_book import cookies_of, served_book
from tests.entrypoints.browsing import Browser
from tests.entrypoints.test_alert_pages import shop_pages

PATH = "docs/operations/runbooks/ledger-store.md"
TEXT = "# Ledger Store Runbook\n\n**Owner:** Ada\n\n## Restart\n\n1. Pull the plug.\n2. Wait.\n"
LONG = "A line that is far longer than a phone is wide, and that nobody may lose the end of, whatever the width is.\n"


class Shop(NamedTuple):
    """The shop while it is served: where, and somebody before its door."""

    address: str
    book: Browser

    def propose(self, number: int) -> str:
        """One more proposal; its id."""
        path = PATH.replace(".md", f"-{number}.md")
        self.book.commit(path, TEXT.encode(), "a page")
        content = TEXT.replace("Pull the plug", "Ask it to end") + LONG
        made = self.book.door.desk.incident_desk.proposals.propose(
            "patch", path, content.encode(), title="ledger-store.md: as it was done in INC-14", by="ada",
            why="Learned from the run 260326-020500-abcd of INC-14.", author=("Ada", ""),
            reasons=("Step 1 printed “is gone” in INC-14, and nothing checks that.",),
        )  # fmt: skip
        return made.id

    def text(self, number: int) -> str:
        """The page as it is."""
        return (self.book.door.root / PATH.replace(".md", f"-{number}.md")).read_text()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, with nothing to review."""
    with served_book(tmp_path_factory.mktemp("shop"), shop_pages()) as (book, address):
        yield Shop(address, book)


def look(open_page: Open, shop: Shop, path: str, **more: object) -> Page:
    """A page as a responder sees it."""
    return open_page(shop.address + path, cookies=cookies_of(shop.book, shop.address), **more)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_patch_is_seen_and_accepted(open_page: Open, shop: Shop, scripts: bool) -> None:
    number = 1 if scripts else 2
    made = shop.propose(number)
    page = look(open_page, shop, "/proposals", scripts=scripts)
    page.locator(f'a[href="/proposals/{made}"]').click()
    expect(page.locator(".diff .added").first).to_contain_text("Ask it to end.")
    expect(page.locator(".diff .removed").first).to_contain_text("Pull the plug.")
    page.get_by_role("button", name="Accept", exact=True).click()
    page.wait_for_url("**/book/**")
    assert "Ask it to end." in shop.text(number)


def test_it_is_changed_in_the_browser_and_then_accepted(open_page: Open, shop: Shop) -> None:
    made = shop.propose(3)
    page = look(open_page, shop, f"/proposals/{made}")
    page.locator("summary", has_text="Change it").click()
    field = page.get_by_label("Text of")
    field.fill(field.input_value().replace("Ask it", "Beg it"))
    page.get_by_role("button", name="Accept as changed").click()
    page.wait_for_url("**/book/**")
    assert "Beg it to end." in shop.text(3)


def test_the_pages_fit_a_phone_and_are_accessible(open_page: Open, shop: Shop) -> None:
    made = shop.propose(4)
    for path in ("/proposals", f"/proposals/{made}", "/proposals?state=accepted"):
        page = look(open_page, shop, path, size="phone")
        assert overflow(page) == [], path
        assert small_targets(page) == [], path
        assert axe_says(page) == "", path
