"""The search palette by the keyboard alone, with a search that can be held back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says
from tests.browser.small_site import Site, served, templates

BODY = """{% extends "base.html" %}{% block main %}<h1>Page {{ path }}</h1>
<p><label>Note <input id="note"></label> <button type="button" id="somewhere">Somewhere</button></p>{% endblock %}"""


def hits(query: dict[str, str]) -> str:
    """Three hits that name what was asked."""
    return "".join(
        f'<a class="hit" role="option" aria-selected="false" href="/book/{n}">{query["q"]} {n}</a>' for n in range(3)
    )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site of five pages with a search."""
    (tmp_path / "page.html").write_text(BODY)
    site = Site(templates(tmp_path))
    for path in ("/", "/incidents", "/book", "/book/0", "/book/1", "/book/2"):
        site.page(path, "page.html")
    site.pages["/search"] = hits
    with served(site):
        yield site


def opened(open_page: Open, site: Site, keys: str = "/") -> Page:
    """A page with its palette open."""
    page = open_page(f"{site.address}/")
    page.keyboard.press(keys)
    expect(page.locator("#palette-q")).to_be_focused()
    return page


@pytest.mark.parametrize("keys", ["/", "Control+k", "Meta+k"])
def test_one_keystroke_opens_it(open_page: Open, site: Site, keys: str) -> None:
    opened(open_page, site, keys)


def test_a_place_is_offered_before_what_is_found(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    page.keyboard.type("silen")
    options = page.locator("#palette-list [role=option]")
    expect(options).to_have_text(["Silences", "New silence", "silen 0", "silen 1", "silen 2"])
    expect(options.first).to_have_attribute("aria-selected", "true")


def test_a_slash_in_a_field_is_a_slash(open_page: Open, site: Site) -> None:
    page = open_page(f"{site.address}/")
    page.locator("#note").press_sequentially("a/b")
    expect(page.locator("#note")).to_have_value("a/b")
    expect(page.locator("#palette")).to_be_hidden()


def test_the_arrows_choose_and_enter_opens(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    page.keyboard.type("api")
    field = page.locator("#palette-q")
    expect(page.locator("#palette-0")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#palette-0")).to_have_text("api 0")  # not those of its first letters, which come before
    expect(page.locator("#palette-told")).to_have_text("3 sections")
    for key, chosen in (("ArrowDown", 1), ("End", 2), ("ArrowDown", 0), ("ArrowUp", 2), ("Home", 0), ("ArrowDown", 1)):
        page.keyboard.press(key)
        expect(field).to_have_attribute("aria-activedescendant", f"palette-{chosen}")
        expect(page.locator("[aria-selected='true']")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/1")


def test_enter_before_the_answer_opens_its_first_hit(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    page.keyboard.insert_text("api")
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/0")


def test_escape_closes_it_and_gives_the_focus_back(open_page: Open, site: Site) -> None:
    page = open_page(f"{site.address}/")
    page.locator("#somewhere").focus()
    page.keyboard.press("/")
    page.keyboard.type("api")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#somewhere")).to_be_focused()


def test_an_answer_that_comes_late_is_dropped(open_page: Open, site: Site) -> None:
    held = threading.Event()

    def slow(query: dict[str, str]) -> str:
        if query["q"] == "old":
            held.wait(10)
        return hits(query)

    site.pages["/search"] = slow
    page = opened(open_page, site)
    with page.expect_request("**/search?*q=old"):
        page.keyboard.insert_text("old")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("newer")
    expect(page.locator("#palette-0")).to_have_text("newer 0")
    held.set()
    page.wait_for_timeout(100)
    expect(page.locator("#palette-0")).to_have_text("newer 0")


def test_what_was_read_last_is_offered_before_a_word_is_typed(open_page: Open, site: Site) -> None:
    page = open_page(f"{site.address}/book/2")
    page.goto(f"{site.address}/book/1")
    page.goto(f"{site.address}/")
    page.keyboard.press("/")
    expect(page.get_by_role("option")).to_have_text(["Page /book/11", "Page /book/22"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/1")


def test_a_search_that_fails_says_so(open_page: Open, site: Site) -> None:
    page = open_page(f"{site.address}/", allowed=("404",))
    del site.pages["/search"]
    page.keyboard.press("/")
    page.keyboard.type("api")
    expect(page.locator("#palette-list")).to_contain_text("Search does not answer. The server answered 404.")


def test_it_keeps_the_rules_of_a_combobox(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    page.keyboard.type("api")
    expect(page.locator("#palette-q")).to_have_attribute("aria-expanded", "true")
    assert axe_says(page) == ""


def test_g_and_a_letter_go_to_a_place(open_page: Open, site: Site) -> None:
    page = open_page(f"{site.address}/")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/incidents")


def test_a_question_mark_lists_the_keys(open_page: Open, site: Site) -> None:
    page = open_page(f"{site.address}/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
