"""The real program before a small book, in a real browser: signing in, finding, live health, weight, paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow, shifts, small_targets, wait_for, weigh
from tests.browser.shop import CHECKOUT, Shop, open_shop, opsbook

FIRST_PAGE_BYTES = 100_000
PAYMENTS = "/services/payments"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, served for all tests of this file."""
    with open_shop(tmp_path_factory.mktemp("served") / "shop") as shop:
        yield shop


@pytest.fixture(scope="module")
def cookies(shop: Shop, browser: Any) -> list[Any]:
    """The session of whoever used the link that the server printed."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(shop.link)
    page.wait_for_url(lambda url: "/sign-in" not in url)
    kept = context.cookies()
    context.close()
    return list(kept)


def test_the_printed_link_signs_in_once(open_page: Open, shop: Shop, cookies: list[Any]) -> None:
    page = open_page(f"{shop.address}/", cookies=cookies)
    expect(page.get_by_role("link", name="kim-okafor")).to_be_visible()
    again = open_page(shop.link, allowed=("401", "400", "409"))
    expect(again.get_by_role("link", name="kim-okafor")).to_have_count(0)


def test_the_first_page_weighs_less_than_100_kb(open_page: Open, shop: Shop) -> None:
    page = open_page(f"{shop.address}/search")
    weights, end = weigh(page)
    page.goto(f"{shop.address}/")
    expect(page.locator("#pulse[data-state='live']")).to_be_visible()
    page.wait_for_timeout(200)
    end()
    names = " ".join(address for address, _ in weights)
    assert "opsbook." in names
    assert ".css" in names
    assert sum(size for _, size in weights) < FIRST_PAGE_BYTES, weights


def test_a_section_is_found_and_opened_by_the_keyboard_alone(open_page: Open, shop: Shop) -> None:
    page = open_page(f"{shop.address}/monitoring")
    page.keyboard.press("Control+k")
    page.keyboard.type("bank refuses")
    expect(page.get_by_role("option").first).to_contain_text("Issue: The bank refuses connections")
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/docs/operations/runbooks/payments.md#*")
    expect(page.get_by_role("heading", name="Issue: The bank refuses connections")).to_be_in_viewport()


def test_search_reads_as_a_page_without_scripts(open_page: Open, shop: Shop) -> None:
    page = open_page(f"{shop.address}/", scripts=False)
    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").fill('"connection refused"')
    page.get_by_role("button", name="Search").click()
    hit = page.get_by_role("link", name="The bank refuses connections").first
    expect(hit.locator("mark").first).to_be_visible()
    hit.click()
    expect(page.get_by_role("heading", name="Payments Runbook")).to_be_visible()


def test_what_nobody_has_written_is_said_with_what_to_try(open_page: Open, shop: Shop) -> None:
    page = open_page(f"{shop.address}/search?q=xylophone")
    expect(page.get_by_role("main")).to_contain_text("No page has “xylophone”.")


def test_a_query_is_text(open_page: Open, shop: Shop) -> None:
    page = open_page(f"{shop.address}/search?q=%3Cscript%3Edocument.title%3D1%3C/script%3E%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert page.title().startswith("<script>document.title=1</script>")


@pytest.mark.parametrize("path", ["/search?q=restart", "/search", "/sign-in", "/account", "/people"])
def test_no_page_breaks_a_rule_or_moves_or_is_too_wide(open_page: Open, shop: Shop, cookies: list[Any], path: str) -> None:
    page = open_page(shop.address + path, cookies=None if path == "/sign-in" else cookies)
    assert axe_says(page) == ""
    assert shifts(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert overflow(page) == []
    assert small_targets(page) == []


def test_health_changes_on_the_runbook_while_it_is_read(open_page: Open, shop: Shop) -> None:
    page = open_page(f"{shop.address}/services/checkout")
    live, headline = page.locator(".beside .live").first, page.locator(".page-line .health")
    expect(live.locator(".health")).to_have_text("Healthy")
    shop.endpoints.answers["/checkout/healthz"] = (503, "no")
    page.evaluate("document.body.dataset.before = ''")
    expect(live.locator(".health")).to_have_text("Unhealthy")
    expect(live.locator("[data-why]")).to_contain_text("503")
    expect(headline).to_have_text("Unhealthy")
    expect(headline).to_have_attribute("data-state", "unhealthy")
    shop.endpoints.answers["/checkout/healthz"] = (200, json.dumps({"status": "ok"}))
    expect(live.locator(".health")).to_have_text("Healthy")
    expect(headline).to_have_text("Healthy")
    assert page.evaluate("'before' in document.body.dataset")


def test_the_words_of_each_reading_are_told_while_the_state_stays(open_page: Open, shop: Shop) -> None:
    page = open_page(f"{shop.address}/services/database")
    live = page.locator(".beside .live").first
    expect(live.locator(".health")).to_have_text("Healthy")
    page.evaluate(
        """() => {
          window.told = []
          const part = document.querySelector('.beside .live')
          const note = () => told.push(`${part.querySelector('.health').innerText}: ${part.querySelector('[data-why]').innerText}`)
          new MutationObserver(note).observe(part, { childList: true, characterData: true, subtree: true })
        }"""
    )
    shop.endpoints.answers["/database/healthz"] = (503, "no")
    expect(live.locator(".health")).to_have_text("Unhealthy")
    shop.endpoints.answers["/database/healthz"] = (200, json.dumps({"role": "primary", "lag_s": 0}))
    expect(live.locator(".health")).to_have_text("Healthy")
    told = "\n".join(page.evaluate("told"))
    assert "Healthy: Healthy so far; the last reading failed: " in told
    assert "Unhealthy: Unhealthy; the last reading was as expected, and 2 in a row are needed." in told


def test_an_unhealthy_service_takes_a_few_lines_of_a_phone(open_page: Open, shop: Shop) -> None:
    page = open_page(f"{shop.address}/", size="phone")
    row = page.locator(".services tr", has=page.get_by_role("link", name="payments"))
    expect(row.locator(".health")).to_have_text("Unhealthy")
    box = row.bounding_box()
    assert box
    assert box["height"] < 260
    assert overflow(page) == []


def test_a_viewer_reads_and_is_refused_to_change(open_page: Open, shop: Shop) -> None:
    opsbook(shop.root, "user", "add", "vera", "--role", "viewer", "--password-stdin", typed="correct horse battery\n")
    page = open_page(f"{shop.address}/sign-in?next=/book/{CHECKOUT}", allowed=("403",))
    page.get_by_label("Name", exact=True).fill("vera")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Checkout Runbook")).to_be_visible()
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    page.goto(f"{shop.address}/edit/{CHECKOUT}")
    expect(page.get_by_role("main")).to_contain_text("vera is viewer")


def test_a_runbook_prints_without_what_is_pressed(open_page: Open, shop: Shop) -> None:
    page: Page = open_page(f"{shop.address}/book/{CHECKOUT}", scheme="dark")
    assert page.pdf()[:5] == b"%PDF-"
    page.emulate_media(media="print", color_scheme="dark")
    for name in (".top", ".side", ".rail", ".copy", ".bottom"):
        expect(page.locator(name).first).to_be_hidden()
    wait_for(page, "getComputedStyle(document.documentElement).colorScheme.includes('light')")
