"""The timeline of an incident in Chromium: two who watch it agree, pictures are pasted, times are told in any zone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow
from tests.browser.served_book import served_book
from tests.browser.test_incidents import Shop, look
from tests.entrypoints.paged_alerts import lay_alerts
from tests.entrypoints.test_alert_pages import shop_pages
from tests.xss_vectors import VECTORS

from opsbook.ledger.incident import Incident

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc33"
    "0000000049454e44ae426082"
)
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, with alerts in every state."""
    with served_book(tmp_path_factory.mktemp("shop"), shop_pages()) as (book, address):
        lay_alerts(book.door.desk.ledger, book.door.desk.now())
        yield Shop(address, book)


@pytest.fixture
def incident(shop: Shop) -> Incident:
    """An incident of a test's own."""
    return shop.declare(f"Orders are lost {next(_NUMBERS)}")


def watch(open_page: Open, shop: Shop, incident: Incident, **more: object) -> Page:
    """The incident as somebody has it open, its timeline come."""
    page = look(open_page, shop, f"/incidents/{incident.number}", **more)
    expect(page.locator("[data-entries] .entry").last).to_contain_text("declared")
    expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
    return page


def entries(page: Page) -> list[str]:
    """What the timeline says, the newest first."""
    return page.locator("[data-entries] .entry .entry-text").all_text_contents()


def test_what_one_writes_the_other_sees_within_a_second_and_both_say_the_same(open_page, shop, incident):
    one, other = watch(open_page, shop, incident), watch(open_page, shop, incident, size="phone")
    one.fill("#entry-text", "Restarted payments-2")
    one.click("button:has-text('Write it down')")
    expect(one.locator("[data-entries] .entry").first).to_contain_text("Restarted payments-2")
    begun = time.monotonic()
    expect(other.locator("[data-entries] .entry").first).to_contain_text("Restarted payments-2", timeout=1000)
    assert time.monotonic() - begun < 1
    assert one.input_value("#entry-text") == ""
    assert entries(one) == entries(other)


def test_what_happened_earlier_is_put_where_it_happened_and_a_correction_moves_nothing_else(open_page, shop, incident):
    page = watch(open_page, shop, incident)
    shop.acts.note(incident.number, "ada", "The last")
    expect(page.locator("[data-entries] .entry").first).to_contain_text("The last")
    key = shop.book.door.desk.incident_desk.timelines.entries(shop.acts.find(incident.number))[-1].key
    shop.acts.correct(incident.number, "ada", key, "It was another one", text="The very last")
    expect(page.locator("[data-entries] .entry").first).to_contain_text("The very last")
    assert len(entries(page)) == len(set(entries(page)))
    shop.acts.pin(incident.number, "ada", key)
    expect(page.locator(".timeline-pinned .entry")).to_contain_text("The very last")


def test_while_a_page_is_away_nothing_is_lost(open_page, shop, incident):
    page = watch(open_page, shop, incident, allowed=("ERR_INTERNET_DISCONNECTED",))
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    for number in range(3):
        shop.acts.note(incident.number, "ada", f"While away {number}")
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("[data-entries] .entry").first).to_contain_text("While away 2")
    assert entries(page)[:3] == ["While away 2", "While away 1", "While away 0"]
    assert len(entries(page)) == len(set(entries(page)))


def test_a_picture_is_pasted_and_shown_to_all(open_page, shop, incident):
    one, other = watch(open_page, shop, incident), watch(open_page, shop, incident)
    one.evaluate(
        """([bytes]) => {
          const data = new DataTransfer()
          data.items.add(new File([new Uint8Array(bytes)], 'graph.png', { type: 'image/png' }))
          const field = document.getElementById('entry-text')
          field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
        }""",
        [list(PNG)],
    )
    expect(one.locator(".entry-pasted")).to_contain_text("graph.png")
    one.click("button:has-text('Write it down')")
    picture = other.locator("[data-entries] .entry-picture img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth }") == 1


def test_times_are_told_in_the_zone_that_is_chosen_and_utc_stays_beside_them(open_page, shop, incident):
    page = watch(open_page, shop, incident)
    time_of = page.locator("[data-entries] .entry time").first
    before, title = time_of.inner_text(), time_of.get_attribute("datetime")
    page.fill("[data-zone-choice]", "Asia/Kathmandu")
    page.locator("[data-zone-choice]").blur()
    expect(time_of).not_to_have_text(before)
    assert time_of.get_attribute("datetime") == title
    expect(page.locator("[data-entries] .entry-utc").first).to_have_text(f"{before[-5:]} UTC")
    shop.acts.note(incident.number, "ada", "Told in Kathmandu too")
    first = page.locator("[data-entries] .entry").first
    expect(first).to_contain_text("Told in Kathmandu too")
    assert first.locator("time").inner_text()[-5:] != first.locator(".entry-utc").inner_text()[:5]


def test_a_zone_that_is_none_is_told(open_page, shop, incident):
    page = watch(open_page, shop, incident)
    page.fill("[data-zone-choice]", "Mars/Phobos")
    page.locator("[data-zone-choice]").blur()
    expect(page.locator(".toast")).to_contain_text("There is no time zone 'Mars/Phobos'")
    expect(page.locator("[data-zone-choice]")).to_have_value("UTC")


def test_older_entries_come_as_one_scrolls(open_page, shop, incident):
    for number in range(130):
        shop.acts.note(incident.number, "ada", f"Entry {number}")
    page = watch_part(open_page, shop, incident)
    assert len(entries(page)) == 60
    page.locator(".entry-older").scroll_into_view_if_needed()
    expect(page.locator("[data-entries] .entry:has-text('Entry 30')").first).to_be_attached()
    page.locator(".entry-older").scroll_into_view_if_needed()
    expect(page.locator("[data-entries] .entry").last).to_contain_text("declared")
    assert len(entries(page)) == len(set(entries(page)))


def watch_part(open_page: Open, shop: Shop, incident: Incident) -> Page:
    """The incident, the newest entries of its timeline come."""
    page = look(open_page, shop, f"/incidents/{incident.number}")
    expect(page.locator("[data-entries] .entry").first).to_be_visible()
    return page


def test_it_is_narrowed_and_what_comes_is_narrowed_too(open_page, shop, incident):
    page = watch(open_page, shop, incident)
    page.select_option("#timeline-kinds", "decision")
    expect(page.locator("[data-none]")).to_be_visible()
    shop.acts.note(incident.number, "ada", "A plain note")
    shop.acts.note(incident.number, "ada", "We fail over", kind="decision")
    expect(page.locator("[data-entries] .entry")).to_have_count(1)
    assert entries(page) == ["We fail over"]


def test_what_people_write_runs_nothing_whether_it_comes_live_or_is_read(open_page, shop, incident):
    page = watch(open_page, shop, incident)
    page.evaluate("() => { window.ran = () => { window.hasRun = true } }")
    for vector in VECTORS[:40]:
        shop.acts.note(incident.number, "ada", f"{vector} .")
    shop.acts.note(incident.number, "ada", "", files=[("<img src=x onerror=ran(1)>.svg", "image/svg+xml", b"<svg/>")])
    shop.acts.note(incident.number, "ada", "The end")
    expect(page.locator("[data-entries] .entry").first).to_contain_text("The end")
    assert page.evaluate("window.hasRun") is None
    assert page.title() != "ran"
    assert page.locator("[data-entries] img").count() == 0


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_nothing_is_wider_than_the_screen_and_nothing_is_unnamed(open_page, shop, incident, size):
    shop.acts.note(incident.number, "ada", "x" * 400 + " https://example.org/" + "y" * 300)
    page = watch(open_page, shop, incident, size=size)
    assert not overflow(page)
    assert not axe_says(page)
    page.goto(shop.address + page.locator(".entry-acts").first.get_attribute("href"))
    assert not overflow(page)
    assert not axe_says(page)


def test_it_is_read_and_written_without_scripts(open_page, shop, incident):
    page = look(open_page, shop, f"/incidents/{incident.number}", scripts=False)
    page.fill("#entry-text", "Without scripts")
    page.click("button:has-text('Write it down')")
    page.click("text=Show the timeline")
    expect(page.locator("[data-entries] .entry").first).to_contain_text("Without scripts")
    page.locator(".entry-acts").first.click()
    page.fill("#correct-text", "Without any script")
    page.fill("#correct-why", "Nicer")
    page.click("button:has-text('Correct')")
    expect(page.locator(".entry-said")).to_contain_text("Without scripts")
