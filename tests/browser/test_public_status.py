"""The public status page in Chromium: on a phone, in the dark, without scripts, and when it is old."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow
from tests.browser.served_book import cookies_of, served_book
from tests.entrypoints.browsing import Browser
from tests.entrypoints.public_book import PAGES, happened, moment

from opsbook.adapters.site_folder import FolderOfFiles
from opsbook.usecases.public_site.words import Links
from opsbook.usecases.status_export import written

SHOWN = ("/status", "/status/history")


class Public(NamedTuple):
    address: str
    book: Browser


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    with served_book(tmp_path_factory.mktemp("public"), PAGES) as (book, address):
        happened(book.door, moment())
        yield Public(address, book)


@pytest.mark.parametrize("path", SHOWN)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_read_on_a_phone_without_scripts(public: Public, open_page: Open, path: str, scheme: str):
    page = open_page(public.address + path, size="phone", scheme=scheme, scripts=False)
    expect(page.locator("h1")).to_have_text("Example Status")
    assert overflow(page) == []


def test_it_can_be_read_by_everybody(public: Public, open_page: Open):
    assert axe_says(open_page(public.address + "/status", size="phone")) == ""


def test_an_incident_is_reached_by_its_title(public: Public, open_page: Open):
    page = open_page(public.address + "/status")
    page.get_by_role("link", name="Cards are refused").first.click()
    expect(page.get_by_role("heading", name="Cards are refused")).to_be_visible()
    expect(page.locator("#old")).to_be_hidden()


def test_times_are_told_in_the_readers_zone_too(public: Public, open_page: Open):
    page = open_page(public.address + "/status", timezone_id="Asia/Tokyo")
    expect(page.locator("time").first).to_contain_text("your time")


def test_a_page_that_is_old_says_so(public: Public, open_page: Open, tmp_path: Path):
    status = public.book.door.desk.public.status()
    long_ago = replace(status, at=status.at.replace(year=status.at.year - 1))
    FolderOfFiles(str(tmp_path)).write(written(long_ago, Links(is_static=True)))
    page = open_page((tmp_path / "index.html").as_uri())
    expect(page.locator("#old")).to_be_visible()


def test_planned_work_is_announced_in_the_browser(public: Public, open_page: Open):
    page = open_page(public.address + "/maintenance", size="phone", cookies=cookies_of(public.book, public.address))
    page.get_by_label("What is planned").fill("Moving house")
    page.get_by_label("For how long").fill("2h")
    page.get_by_label("Telephone").check()
    page.get_by_role("button", name="Announce").click()
    expect(page.get_by_role("heading", name="Moving house")).to_be_visible()
    assert overflow(page) == []
    page.goto(public.address + "/status")
    expect(page.get_by_role("heading", name="Moving house")).to_be_visible()
