"""An exported site is opened from the disk with the network cut: it finds, and says who is on call tomorrow."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect
from tests.browser.chromium import SIZES

from opsbook.adapters.exported_folder import ExportedFolder
from opsbook.adapters.forked_goes import ForkedGoes
from opsbook.config import load
from opsbook.usecases.static_site import export_bundle, export_site
from opsbook.wire import build_book, lint_scope
from opsbook.wire_export import site_of

SHOP = Path(__file__).parent / "shop" / "docs" / "operations"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's book as a site and as `bundle.html`, exported on a Friday on which Kim is on call until Monday."""
    folder = tmp_path_factory.mktemp("exported") / "with space"
    config = load(book=str(SHOP), environ={})
    of = replace(site_of(config), at=datetime.fromisoformat("2026-11-27T10:00:00+00:00"))
    source, scope = build_book(config), lint_scope(config, date(2026, 11, 27))
    export_site(source, scope, of, exporters=ForkedGoes(1), out=ExportedFolder(str(folder)))
    scratch = ExportedFolder(str(tmp_path_factory.mktemp("scratch")))
    _, html = export_bundle(source, scope, of, exporters=ForkedGoes(1), scratch=scratch)
    (folder / "bundle.html").write_bytes(html)
    return folder


@pytest.fixture
def page(browser: Browser, site: Path):
    """A page of a browser that is cut off; it fails the test when the browser complains."""
    width, height = SIZES["desktop"]
    context = browser.new_context(offline=True, viewport={"width": width, "height": height})
    wrong: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.clock.install(time="2026-11-27T12:00:00+01:00")
    yield page
    context.close()
    assert wrong == []


def search(page: Page, text: str) -> None:
    page.keyboard.press("/")
    page.fill("#palette-q", text)


def test_the_site_finds_from_the_disk_and_opens_the_section(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    search(page, "restart checkout")
    first = page.locator("#palette-list .hit").first
    expect(first.locator(".hit-title")).to_contain_text("Restart")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/book/runbooks/checkout\.html#.*restart", re.I))
    expect(page.locator("main h1")).to_have_text("Checkout Runbook")


def test_who_is_on_call_tomorrow_is_told_by_the_clock_of_whoever_reads(page: Page, site: Path) -> None:
    page.goto((site / "oncall.html").as_uri())
    expect(page.locator("[data-duty-now]").first).to_contain_text("Tomorrow, Sat 28 Nov: Kim Okafor")
    page.clock.set_fixed_time("2026-11-29T12:00:00+01:00")
    page.reload()
    told = page.locator("[data-duty-now]").first
    expect(told).to_contain_text("Now: Kim Okafor, until Mon 30 Nov, 09:00")
    expect(told).to_contain_text("Tomorrow, Mon 30 Nov: Kim Okafor, then Ana Sousa from Mon 30 Nov, 09:00")


def test_the_bundle_finds_opens_and_says_who_is_on_call_tomorrow(page: Page, site: Path) -> None:
    page.goto((site / "bundle.html").as_uri())
    expect(page.locator("[data-duty-now]").first).to_contain_text("Tomorrow, Sat 28 Nov: Kim Okafor")
    expect(page.locator("#ob-age")).not_to_contain_text("days old")
    search(page, "orders wait and do not finish")
    expect(page.locator("#palette-list .hit mark").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".leaf:visible")).to_have_count(1)
    expect(page.locator(".leaf:visible h3", has_text="Orders wait")).to_be_in_viewport()


def test_an_old_bundle_says_so(page: Page, site: Path) -> None:
    page.clock.set_fixed_time("2027-01-10T12:00:00+01:00")
    page.goto((site / "bundle.html").as_uri())
    expect(page.locator("#ob-age [role=alert]")).to_contain_text("This copy is 44 days old")
    expect(page.locator("[data-duty-now]").first).to_contain_text("Now: nobody that this copy knows of")


def test_the_bundle_reads_without_scripts(browser: Browser, site: Path) -> None:
    page = browser.new_context(offline=True, java_script_enabled=False).new_page()
    page.goto((site / "bundle.html").as_uri())
    page.get_by_role("link", name="Checkout Runbook").first.click()
    expect(page.locator(".leaf:visible h1")).to_have_text("Checkout Runbook")
    page.get_by_role("link", name="Restart them one by one").click()
    expect(page.locator(".leaf:visible h3", has_text="Restart Service")).to_be_in_viewport()
    page.context.close()
