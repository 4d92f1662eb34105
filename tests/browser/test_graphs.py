"""Graphs on the page of a service, from a real Prometheus, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from tests.browser.chromium import SIZES
from tests.browser.served_book import listening
from tests.browser.shop import git, lay
from tests.browser.shop_prometheus import prometheus

from opsbook.config import load
from opsbook.desk_parts import build_desk
from opsbook.entrypoints.web import build_app


@pytest.fixture(scope="module")
def address(needs, tmp_path_factory) -> Iterator[str]:
    """The shop with its Prometheus."""
    needs("prometheus")
    needs("promtool")
    folder = tmp_path_factory.mktemp("graphs")
    with prometheus(folder / "prometheus", datetime.now(UTC)) as graphs:
        lay(folder / "shop", 9, f'[prometheus]\nurl = "{graphs}"\n')
        assert git(folder / "shop", "status", "--porcelain") == ""
        config = load(book=str(folder / "shop" / "docs" / "operations"), environ={})
        with build_desk(config, "http://127.0.0.1:8000") as desk:
            desk.library.wait_whole(20)
            with listening(build_app(config, desk)) as found:
                yield found


def test_graphs_come_when_they_come_in_sight_and_fit_a_phone(address, open_page):
    page = open_page(f"{address}/services/checkout", size="phone", scheme="dark")
    expect(page.locator(".page-line .alert-states")).to_contain_text("CheckoutOrdersWaiting firing")
    page.locator("#monitoring").scroll_into_view_if_needed()
    expect(page.locator("figure.graph")).to_have_count(6)
    first = page.locator("figure.graph").first
    expect(first).to_contain_text("firing")
    assert first.get_attribute("data-state") == "firing"
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]
    small = page.locator("figure.graph svg text").evaluate_all("all => Math.min(...all.map((each) => each.getBoundingClientRect().height))")
    assert small >= 11  # as tall as small print
    page.get_by_role("link", name="6 hours").click()
    page.wait_for_url("**/services/checkout?range=6h#ob-graphs")
    expect(page.locator("figure.graph")).to_have_count(6)
    expect(page.get_by_role("link", name="6 hours")).to_have_attribute("aria-current", "true")


def test_without_scripts_the_graphs_are_a_link_away(address, open_page):
    page = open_page(f"{address}/services/checkout", scripts=False)
    page.get_by_role("link", name="Graphs of the last hour").click()
    expect(page.locator("figure.graph svg[role=img]").first).to_be_visible()
    assert page.locator("figure.graph").count() > 6
