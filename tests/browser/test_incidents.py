"""Incidents in Chromium: declared on a phone without scripts, led at a desk by two, answered, disputed, resolved."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow, small_targets
from tests.browser.served_book import cookies_of, served_book
from tests.entrypoints.browsing import Browser
from tests.entrypoints.paged_alerts import ALERT, lay_alerts
from tests.entrypoints.test_alert_pages import shop_pages
from tests.xss_vectors import VECTORS

from opsbook.book.impact import Impact
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import Members
from opsbook.usecases.incident_acts import Declaration, Incidents


class Shop(NamedTuple):
    """The shop while it is served: where, and somebody before its door."""

    address: str
    book: Browser

    @property
    def acts(self) -> Incidents:
        """The verbs of incidents."""
        return self.book.door.desk.incident_desk.incidents

    def declare(self, title: str, **more: object) -> Incident:
        """One more incident."""
        return self.acts.declare(Declaration(title, "P1", "As it looks.", **more), "kim")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, with alerts in every state."""
    with served_book(tmp_path_factory.mktemp("shop"), shop_pages()) as (book, address):
        lay_alerts(book.door.desk.ledger, book.door.desk.now())
        yield Shop(address, book)


def look(open_page: Open, shop: Shop, path: str, **more: object) -> Page:
    """A page as a responder sees it, which is live."""
    page = open_page(shop.address + path, cookies=cookies_of(shop.book, shop.address), **more)
    if more.get("scripts", True):
        expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
    return page


def test_one_is_declared_on_a_phone_without_scripts(open_page, shop):
    page = look(open_page, shop, f"/incidents/new?alert={ALERT}", size="phone", scripts=False)
    assert not overflow(page)
    page.fill("#field-title", "The till is silent")
    page.fill("#field-users_pct", "40")
    page.click("text=Work out how grave it is")
    assert page.input_value("#field-title") == "The till is silent"
    page.click("text=Another severity…")
    page.select_option("#field-severity", "P1")
    page.fill("#field-why", "It looks like all of them")
    page.click("button[value=declare]")
    page.wait_for_url("**/incidents/*")
    expect(page.locator("h1")).to_have_text("The till is silent")
    page.click("button:has-text('Acknowledge')")
    expect(page.locator("#undo")).to_contain_text("Acknowledged by grace")
    assert not overflow(page)


def test_how_grave_it_is_is_told_while_it_is_filled_in(open_page, shop):
    page = look(open_page, shop, "/incidents/new?service=payments")
    with page.expect_response("**/fragments/incident-severity**") as told:
        page.fill("#field-users_pct", "90")
    assert "users_pct=90" in told.value.url
    assert "csrf" not in told.value.url


def test_what_one_does_the_other_sees_within_a_second(open_page, shop):
    made = shop.declare("Two look at it")
    mine, theirs = (look(open_page, shop, f"/incidents/{made.number}") for _ in range(2))
    mine.keyboard.press("a")
    expect(mine.locator("#undo")).to_contain_text("Acknowledged by grace")
    begun = time.monotonic()
    expect(theirs.locator(".dues")).not_to_contain_text("Nobody has acknowledged it")
    assert time.monotonic() - begun < 5  # a second where nothing else runs beside it
    theirs.click("text=Status…")
    theirs.select_option("#status-to", "monitoring")
    theirs.click("button:has-text('Change the status')")
    expect(mine.locator(".run-line")).to_contain_text("mitigated, being watched")


def test_what_is_being_written_stays_while_the_page_moves(open_page, shop):
    made = shop.declare("Somebody writes")
    page = look(open_page, shop, f"/incidents/{made.number}")
    page.click("text=Call somebody in…")
    page.fill("#call-why", "She knows the ba")
    shop.acts.acknowledge(made.number, "kim")
    expect(page.locator(".dues")).not_to_contain_text("Nobody has acknowledged it")
    assert page.input_value("#call-why") == "She knows the ba"
    assert page.locator("#more-call").get_attribute("open") is not None


def test_a_field_that_somebody_else_changed_meanwhile_is_shown_from_both_sides(open_page, shop):
    made = shop.declare("Cards fail")
    page = look(open_page, shop, f"/incidents/{made.number}", allowed=("409",))
    page.click("text=Edit…")
    page.fill("#edit-title", "The bank is down")
    shop.acts.edit(made.number, "kim", "title", "Cards are refused")
    expect(page.locator("h1")).to_have_text("Cards are refused")
    page.click("button:has-text('Save') >> nth=0")
    expect(page.locator(".conflict")).to_contain_text("Cards are refused")
    expect(page.locator(".conflict")).to_contain_text("The bank is down")
    expect(page.locator(".conflict")).to_contain_text("kim")
    page.click("text=Put mine in its place")
    expect(page.locator("h1")).to_have_text("The bank is down")
    assert shop.acts.find(made.number).title == "The bank is down"


def test_a_form_follows_the_incident_until_somebody_writes_in_it(open_page, shop):
    made = shop.declare("It is rated by two")
    page = look(open_page, shop, f"/incidents/{made.number}", allowed=("400",))
    page.click("text=Severity…")
    shop.acts.rate(made.number, "kim", impact=Impact(users_pct=70))
    expect(page.locator("#field-users_pct")).to_have_value("70")
    page.select_option("#rate-severity", "P3")
    page.click("button:has-text('Rate it')")
    expect(page.locator("main > [data-stays]")).to_contain_text("Say why it is P3")
    assert shop.acts.find(made.number).impact.users_pct == 70


def test_a_form_in_which_somebody_writes_keeps_the_version_that_they_saw(open_page, shop):
    made = shop.declare("Two rate it at once")
    page = look(open_page, shop, f"/incidents/{made.number}", allowed=("409",))
    page.click("text=Severity…")
    page.fill("#field-users_pct", "5")
    shop.acts.rate(made.number, "kim", impact=Impact(users_pct=70))
    expect(page.locator(".run-line")).to_contain_text("P0")
    page.click("button:has-text('Rate it')")
    expect(page.locator(".conflict")).to_contain_text("kim")
    assert shop.acts.find(made.number).impact.users_pct == 70


def test_rated_twice_on_one_page_the_second_form_holds_what_the_first_said(open_page, shop):
    made = shop.declare("It is rated twice")
    page = look(open_page, shop, f"/incidents/{made.number}")
    page.click("text=Severity…")
    page.fill("#field-users_pct", "60")
    page.click("button:has-text('Rate it')")
    expect(page.locator(".run-line")).to_contain_text("P0")
    page.click("text=Severity…")
    expect(page.locator("#field-users_pct")).to_have_value("60")


def test_a_task_is_ticked_and_unticked(open_page, shop):
    made = shop.declare("It has tasks")
    shop.acts.add_task(made.number, "kim", "Tell the bank")
    page = look(open_page, shop, f"/incidents/{made.number}")
    page.click(".task")
    expect(page.locator(".tasks li")).to_have_attribute("data-state", "done")
    page.keyboard.press("u")
    expect(page.locator(".tasks li")).to_have_attribute("data-state", "open")


def test_it_is_resolved_with_what_is_missing(open_page, shop):
    made = shop.declare("It will be over")
    page = look(open_page, shop, f"/incidents/{made.number}", size="phone")
    page.click("text=Resolve…")
    page.fill("#resolve-how", "A new certificate")
    page.fill("#resolve-cause", "The old one had ended")
    page.click("text=It is over: resolve")
    expect(page.locator(".run-line")).to_contain_text("Resolved")
    over = shop.acts.find(made.number)
    assert over.root_cause == "The old one had ended"
    assert not over.is_live


def test_the_list_and_the_first_page_follow(open_page, shop):
    listed, first = look(open_page, shop, "/incidents"), look(open_page, shop, "/")
    made = shop.declare("It has just begun")
    for page in (listed, first):
        expect(page.locator(".incident-row", has_text="It has just begun")).to_be_visible()
    shop.acts.move(made.number, "kim", "resolved")
    expect(first.locator(".incident-row", has_text="It has just begun")).to_have_count(0)


def test_nothing_that_people_write_runs(open_page, shop):
    titles = [" ".join(vector.replace("\x00", "").split())[:200] for vector in VECTORS[::60]]
    made = shop.declare(titles[0] or "x", members=Members(services=("payments",)), summary="\n".join(titles))
    for text in titles:
        shop.acts.add_task(made.number, "kim", text or "x")
        shop.acts.note(made.number, "kim", text or "x")
    page = look(open_page, shop, f"/incidents/{made.number}")
    page.add_init_script("window.ran = () => { window.hasRun = true }")
    page.reload()
    expect(page.locator("#timeline-part .entry")).not_to_have_count(0)
    assert page.evaluate("window.hasRun") is None
    assert page.locator("main img[src='x'], main iframe, main object, main [onerror]").count() == 0


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_its_pages_fit_and_can_be_pressed(open_page, shop, size):
    made = shop.declare("It fits", members=Members(alerts=(ALERT,)))
    shop.acts.add_task(made.number, "kim", "A task with a rather long text that has to be broken somewhere on a phone")
    for path in ("/incidents", "/incidents/new", f"/incidents/{made.number}"):
        page = look(open_page, shop, path, size=size)
        assert not overflow(page), path
        if size == "phone":
            assert not small_targets(page), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_page_is_accessible(open_page, shop, scheme):
    made = shop.declare("It is read aloud", members=Members(alerts=(ALERT,)))
    page = look(open_page, shop, f"/incidents/{made.number}", scheme=scheme)
    assert axe_says(page) == ""


def test_the_buttons_stay_where_they_are_when_one_is_unfolded(open_page, shop):
    made = shop.declare("Its buttons stay")
    page = look(open_page, shop, f"/incidents/{made.number}")
    before = page.locator("#more-severity > summary").bounding_box()
    page.click("text=Status…")
    expect(page.locator("#status-to")).to_be_visible()
    assert page.locator("#more-severity > summary").bounding_box() == before
    form = page.locator("#more-status form").bounding_box()
    assert form["y"] > before["y"] + before["height"]
    assert form["width"] > 300
    assert not overflow(page)
