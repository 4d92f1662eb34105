"""Every part that pages are made of: contrast, names and landmarks, at both widths and in both colour schemes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open
from tests.browser.measures import DRAWN, axe_says, overflow, shifts, small_targets, wait_for
from tests.browser.small_site import Site


def show(open_page: Open, parts: Site, **more: object) -> Page:
    """The page of all parts."""
    return open_page(f"{parts.address}/parts", **more)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_no_part_breaks_a_rule_of_axe(open_page: Open, parts: Site, size: str) -> None:
    assert axe_says(show(open_page, parts, size=size)) == ""


def test_nothing_is_wider_than_a_narrow_phone(open_page: Open, parts: Site) -> None:
    assert overflow(show(open_page, parts, size="narrow")) == []


def test_what_is_pressed_on_a_phone_is_large_enough(open_page: Open, parts: Site) -> None:
    assert small_targets(show(open_page, parts, size="phone")) == []


def test_nothing_moves_while_the_page_comes(open_page: Open, parts: Site) -> None:
    assert shifts(show(open_page, parts)) == []


def test_a_diagram_is_drawn_in_a_frame_without_an_origin_and_follows_the_scheme(open_page: Open, parts: Site) -> None:
    page = show(open_page, parts, scheme="dark")
    page.locator(".diagram").scroll_into_view_if_needed()
    expect(page.frame_locator(".diagram iframe").locator("svg[aria-roledescription]")).to_contain_text("PostgreSQL")
    frame = page.frames[1]
    assert frame.evaluate("[self.origin, document.documentElement.style.colorScheme]") == ["null", "dark"]
    page.locator("#scheme").click()
    page.locator("#scheme").click()
    wait_for(frame, "document.documentElement.style.colorScheme === 'light'")


def test_a_diagram_that_cannot_be_drawn_shows_its_source(open_page: Open, parts: Site) -> None:
    page = show(open_page, parts)
    page.locator(".diagram code").evaluate("code => { code.textContent = 'flowchart LR\\n A --' }")
    page.locator(".diagram").scroll_into_view_if_needed()
    expect(page.locator(".diagram .wrong")).to_contain_text("cannot be drawn")
    expect(page.locator(".diagram pre")).to_be_visible()


def test_a_script_in_a_diagram_reaches_nothing(open_page: Open, parts: Site) -> None:
    page = show(open_page, parts, allowed=("Content Security Policy", "ERR_"))
    page.locator(".diagram code").evaluate(
        "code => { code.textContent = 'flowchart LR\\n A[\"<img src=x onerror=parent.document.title=1>\"] --> B\\n"
        " click B href \"javascript:parent.document.title=2\"' }"
    )
    page.locator(".diagram").scroll_into_view_if_needed()
    expect(page.frame_locator(".diagram iframe").locator("svg[aria-roledescription]")).to_be_visible()
    assert page.title() == "Every part · Opsbook"


HTML_ASKED_FOR = '%%{init: {"htmlLabels": true, "flowchart": {"htmlLabels": true}}}%%\n'
VECTOR = 'flowchart LR\n A["<img src=x onerror=alert(1)>one"] --> B[two]\n click B href "javascript:alert(2)"'
MARKUP = """svg => [...svg.querySelectorAll('*')].filter(each => ['img', 'foreignObject'].includes(each.localName)
  || [...each.attributes].some(({name, value}) => name.startsWith('on') || value.includes('javascript:')))
  .map(each => each.outerHTML)"""


@pytest.mark.parametrize("asked", ["", HTML_ASKED_FOR])
def test_no_markup_of_a_label_is_drawn_whatever_the_diagram_asks_for(open_page: Open, parts: Site, asked: str) -> None:
    page = show(open_page, parts, allowed=("Content Security Policy", "ERR_"))
    page.locator(".diagram code").evaluate("(code, text) => { code.textContent = text }", asked + VECTOR)
    page.locator(".diagram").scroll_into_view_if_needed()
    drawn = page.frame_locator(".diagram iframe").locator("svg[aria-roledescription]")
    expect(drawn).to_contain_text("two")
    assert drawn.evaluate(MARKUP) == []


def test_code_is_copied_and_that_is_said(open_page: Open, parts: Site) -> None:
    page = show(open_page, parts, permissions=["clipboard-read", "clipboard-write"])
    page.locator("[data-copy] .copy").click()
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith("kubectl get pods")


def test_the_chosen_scheme_is_there_before_anything_is_drawn(open_page: Open, parts: Site) -> None:
    page = show(open_page, parts, scheme="light")
    page.locator("#scheme").click()
    page.reload(wait_until="commit")
    page.wait_for_selector("header")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_moments_tell_the_local_time_too(open_page: Open, parts: Site) -> None:
    page = show(open_page, parts, timezone_id="Asia/Tokyo", locale="en-GB")
    title = page.evaluate("""() => {
      const time = document.querySelector('time')
      time.dateTime = '2026-11-26T03:08:00Z'
      document.dispatchEvent(new CustomEvent('opsbook:shown', { detail: document }))
      return time.title
    }""")
    assert title == "26 Nov 2026, 12:08:00 GMT+9\n2026-11-26 03:08 UTC"


def test_reading_needs_no_script(open_page: Open, parts: Site) -> None:
    page = show(open_page, parts, scripts=False, allowed=("404",))
    expect(page.locator(".diagram pre")).to_contain_text("Load balancer")
    for name in (".pulse", "#scheme", ".copy"):
        assert page.locator(name).count() == 0 or not page.locator(name).first.is_visible()
    page.get_by_role("link", name="Search").click()
    assert page.url.endswith("/search")


def test_a_page_prints(open_page: Open, parts: Site) -> None:
    page = show(open_page, parts)
    assert page.pdf()[:5] == b"%PDF-"
    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()
    assert page.evaluate(DRAWN) == "rgb(251, 250, 248)"
