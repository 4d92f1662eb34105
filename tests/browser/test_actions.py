"""Action items in Chromium: ticked on a phone without scripts and taken back, at both widths, in both schemes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow, small_targets
from tests.browser.served_book import cookies_of, served_book
from tests.entrypoints.browsing import Browser
from tests.entrypoints.test_action_pages import PAGE, REPORT
from tests.entrypoints.test_alert_pages import shop_pages

MORE = "- [ ] Verify that a backup can be brought back, on another machine (@ada, due 2030-05-01), proven by [Back up](../runbooks/database.md#back-up)\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, str]]:
    """A shop that promised something, while it is served."""
    with served_book(tmp_path_factory.mktemp("shop"), {**shop_pages(), PAGE: REPORT + MORE}) as (book, address):
        yield book, address


def test_one_is_ticked_on_a_phone_without_scripts_and_taken_back(open_page: Open, shop):
    book, address = shop
    page = open_page(f"{address}/incidents/actions", cookies=cookies_of(book, address), size="phone", scripts=False)
    assert not overflow(page)
    page.get_by_role("button", name="Done: Alert at 80").click()
    expect(page.locator(".undo")).to_contain_text("Done: Alert at 80 % of the disk")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".undo")).to_contain_text("Open again: Alert at 80 % of the disk")


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_fits_can_be_pressed_and_read_by_everybody(open_page: Open, shop, size, scheme):
    book, address = shop
    page = open_page(
        f"{address}/incidents/actions?state=all", cookies=cookies_of(book, address), size=size, scheme=scheme
    )
    if folder := os.environ.get("OPSBOOK_PICTURES"):
        page.screenshot(path=f"{folder}/actions-{size}-{scheme}.png", full_page=True)
    assert not overflow(page)
    assert not axe_says(page)
    if size == "phone":
        assert not small_targets(page)
