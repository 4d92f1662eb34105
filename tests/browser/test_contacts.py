"""One's contacts and the page behind a message's link in Chromium: with a thumb, in the dark, without a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow, small_targets
from tests.browser.served_book import cookies_of, served_book
from tests.entrypoints.browsing import Browser
from tests.entrypoints.door import PAGES
from tests.entrypoints.test_contact_pages import Paged

Served = tuple[Browser, str]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served book, and somebody who is signed in."""
    with served_book(tmp_path_factory.mktemp("contacts"), dict(PAGES)) as served:
        yield served


def test_somebody_sees_to_their_contacts_on_a_phone(open_page: Open, book: Served) -> None:
    somebody, address = book
    page = open_page(f"{address}/account/contacts", size="phone", cookies=cookies_of(somebody, address))
    page.get_by_label("Kind").select_option("sms")
    page.get_by_label("Address").fill("+45 5550 0199")
    page.get_by_role("button", name="Add a contact").click()
    expect(page.get_by_role("status").filter(has_text="The contact is added")).to_be_visible()
    page.get_by_role("button", name="Send a test: own-sms").click()
    code = somebody.door.desk.alert_desk.contacts.code_for("test/grace/own-sms")
    page.get_by_label("Code that was sent to own-sms").fill(code)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("verified", exact=True)).to_be_visible()
    assert overflow(page) == [] and small_targets(page) == [] and axe_says(page) == ""


def test_a_link_is_answered_without_a_script_by_one_big_button(open_page: Open, book: Served) -> None:
    somebody, address = book
    paged = Paged(somebody.door)
    page = open_page(address + paged.link, size="phone", scheme="dark", scripts=False)
    button = page.get_by_role("button", name="Acknowledge as Jo Nakamura")
    box = button.bounding_box()
    assert box is not None and box["height"] >= 60 and box["y"] < 500
    button.click()
    expect(page.get_by_role("status")).to_contain_text("You acknowledged it")
    assert paged.now.state == "acknowledged"
    again = open_page(address + paged.other, size="phone")
    expect(again.get_by_role("status")).to_contain_text("jo acknowledged it first")
    assert overflow(again) == [] and small_targets(again) == [] and axe_says(again) == ""
