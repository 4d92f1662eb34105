"""Alerts and paging in Chromium: by the keyboard alone, live, with and without scripts, on a phone, and for a viewer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow, shifts, small_targets
from tests.browser.served_book import cookies_of, served_book
from tests.entrypoints.browsing import Browser
from tests.entrypoints.paged_alerts import ALERT as FIRST
from tests.entrypoints.paged_alerts import PAGE, fired, lay_alerts
from tests.entrypoints.test_alert_pages import shop_pages

from opsbook.usecases.ledger_ports import Write

PAGES = (
    "/alerts", f"/alerts/{FIRST}", "/silences", f"/silences/new?alert={FIRST}", "/pages", f"/pages/{PAGE}", "/pages/new",
    "/oncall?service=payments&severity=P1", "/oncall?view=month", "/paging", "/inlets",
)  # fmt: skip

ACCESSIBLE = (PAGES[0], PAGES[1], PAGES[3])  # axe takes its time; the others are made of the same parts


class Shop(NamedTuple):
    """The shop while it is served, with alerts: where, and somebody before its door."""

    address: str
    book: Browser

    def fire(self, id_: str, name: str) -> str:
        """One more alert that fires."""
        at = datetime.now(UTC)
        write = Write(f"alert/{id_}", (fired(name, "P0", at, summary=f"{name} says so."),))
        self.book.door.desk.ledger.record([write], actor="router", at=at)
        return id_

    def status(self, id_: str) -> str:
        """The status of an alert."""
        return self.book.door.desk.alert_desk.alerts.find(id_).status


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


def test_axe_finds_nothing_and_nothing_moves_or_overflows(open_page: Open, shop: Shop) -> None:
    page = look(open_page, shop, PAGES[0])
    for path in PAGES:
        page.goto(shop.address + path)
        assert (path, shifts(page), overflow(page)) == (path, [], [])
        if path in ACCESSIBLE:
            assert (path, axe_says(page)) == (path, "")


def test_a_phone_shows_it_whole_and_a_finger_can_press_it(open_page: Open, shop: Shop) -> None:
    page = look(open_page, shop, PAGES[0], size="narrow", scheme="dark")
    for path in PAGES:
        page.goto(shop.address + path)
        assert (path, overflow(page), small_targets(page)) == (path, [], [])


def test_an_alert_is_acknowledged_by_the_keyboard_and_taken_back(open_page: Open, shop: Shop) -> None:
    id_ = shop.fire("261126-061000-kaaa", "KeysWork")
    page = look(open_page, shop, "/alerts?match=alertname=KeysWork")
    page.evaluate("window.wasHere = true")
    page.keyboard.press("a")
    expect(page.locator("#toasts")).to_contain_text("Choose an alert first")
    page.keyboard.press("j")
    expect(page.locator(f"#alert-{id_} .alert-name")).to_be_focused()
    page.keyboard.press("a")
    expect(page.locator(f"#alert-{id_}")).to_contain_text("Acknowledged")
    assert shop.status(id_) == "acknowledged"
    page.keyboard.press("u")
    expect(page.locator(f"#alert-{id_}")).to_contain_text("Firing")
    assert shop.status(id_) == "firing"
    assert page.evaluate("window.wasHere") is True  # it was never loaded again


def test_a_list_is_worked_down_by_the_keyboard(open_page: Open, shop: Shop) -> None:
    for number in range(4):
        shop.fire(f"261126-06110{number}-kac{number}", f"Down{number}")
    page = look(open_page, shop, "/alerts?match=alertname=~Down.*")
    names = [each.inner_text() for each in page.locator("[data-alert] .alert-name").all()]
    for number in range(3):
        page.keyboard.press("j")
        expect(page.locator(".alert-name:focus")).to_have_text(names[number])
        page.keyboard.press("a")
        expect(page.locator("[data-alert][data-status=acknowledged]")).to_have_count(number + 1)
        expect(page.locator(".alert-name:focus")).to_have_text(names[number + 1])


def test_what_a_silence_would_hold_is_shown_before_its_reason_is_written(open_page: Open, shop: Shop) -> None:
    page = look(open_page, shop, "/silences/new")
    page.locator('[name="match"]').fill('alertname="Nothing"')
    page.get_by_role("button", name="Show what it would hold").click()
    expect(page.locator("main")).not_to_contain_text("then press “Show what it would hold”")


def test_several_are_selected_by_the_keyboard_and_resolved_at_once(open_page: Open, shop: Shop) -> None:
    ids = [shop.fire(f"261126-06200{n}-kab{n}", f"Several{n}") for n in range(3)]
    page = look(open_page, shop, "/alerts?match=alertname=~Several.*")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-picked]")).to_have_text("With 2 selected:")
    page.keyboard.press("r")
    expect(page.locator("[data-alert]")).to_have_count(1)
    assert sorted(shop.status(each) for each in ids) == ["firing", "resolved", "resolved"]
    page.keyboard.press("u")
    expect(page.locator("[data-alert]")).to_have_count(3)


@pytest.mark.parametrize("size", ["desktop", "narrow"])
def test_no_row_lies_under_what_stands_above_it(open_page: Open, shop: Shop, size: str) -> None:
    for n in range(2):
        shop.fire(f"261126-06250{n}-kal{n}", f"Lone{size}{n}")
    page = look(open_page, shop, f"/alerts?match=alertname=~Lone{size}.*", size=size)
    expect(page.locator(".alert-row")).to_have_count(2)
    boxes = [each.bounding_box() for each in page.locator(".alert-bar, .alert-row").all()]
    ends = [(round(above["y"] + above["height"]), round(below["y"])) for above, below in pairwise(filter(None, boxes))]
    assert all(end <= begin for end, begin in ends), ends


def test_an_alert_is_silenced_from_the_list(open_page: Open, shop: Shop) -> None:
    id_ = shop.fire("261126-063000-kaca", "ToBeSilent")
    page = look(open_page, shop, "/alerts?match=alertname=ToBeSilent")
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.wait_for_url("**/silences/new?alert=*")
    expect(page.locator("#would")).to_be_visible()
    expect(page.locator(".silence-form .list")).to_contain_text("ToBeSilent")
    page.get_by_label("Why").fill("It is mended tomorrow.")
    page.get_by_role("button", name="Silence", exact=True).click()
    page.wait_for_url("**/silences#silence-*")
    expect(page.locator("main")).to_contain_text("It is mended tomorrow.")
    assert shop.book.door.desk.alert_desk.silences.holding(
        shop.book.door.desk.alert_desk.alerts.find(id_).matched_labels, datetime.now(UTC)
    )


def test_who_is_paged_if_is_answered(open_page: Open, shop: Shop) -> None:
    page = look(open_page, shop, "/oncall")
    page.locator("#if-service").select_option("checkout")
    page.locator("#if-severity").select_option("P0")
    page.locator("#if-at").fill("2026-11-29T03:10")
    page.get_by_role("button", name="Tell me").click()
    table = page.get_by_role("group", name="Who is paged")
    expect(table).to_contain_text("Kim Okafor")
    expect(table).to_contain_text("at once")


@pytest.mark.parametrize("path", ["/alerts", "/", "/services/mail"])
def test_a_new_alert_is_there_without_a_reload(open_page: Open, shop: Shop, path: str) -> None:
    page = look(open_page, shop, path)
    page.evaluate("window.wasHere = true")
    name = f"FreshAt{path.strip('/').replace('/', '') or 'root'}"
    at = datetime.now(UTC)
    write = Write(f"alert/261126-06400{len(path)}-kada", (fired(name, "P0", at, service="mail"),))
    shop.book.door.desk.ledger.record([write], actor="router", at=at)
    expect(page.locator("main")).to_contain_text(name)
    assert page.evaluate("window.wasHere") is True


def test_what_is_typed_and_selected_stays_while_alerts_come(open_page: Open, shop: Shop) -> None:
    page = look(open_page, shop, "/alerts")
    box = page.locator(f'input[value="{FIRST}"]')
    box.check()
    page.locator("#match").fill("half a filt")
    shop.fire("261126-065000-kaea", "Interrupts")
    expect(page.locator("main")).to_contain_text("Interrupts")
    expect(box).to_be_checked()
    expect(page.locator("#match")).to_have_value("half a filt")


def test_a_viewer_sees_everything_and_may_do_nothing(open_page: Open, shop: Shop) -> None:
    headers = shop.book.door.session("viewer", "vera")
    name, _, value = headers["cookie"].partition("=")
    page = open_page(shop.address + "/alerts", cookies=[{"name": name, "value": value, "url": shop.address}],
                     allowed=("403",))  # fmt: skip
    expect(page.locator("main")).to_contain_text("To acknowledge, resolve or silence needs a responder's account")
    expect(page.locator("main button[name=do]")).to_have_count(0)
    for path in PAGES[1:5]:
        page.goto(shop.address + path)
        expect(page.locator("main button[name=do]")).to_have_count(0)
    status = page.evaluate(
        """async (token) => (await fetch('/alerts', {method: 'POST', body: new URLSearchParams({csrf: token, do: 'acknowledge',
           alert: '261126-031000-aaaa'})})).status""",
        headers["x-csrf-token"],
    )
    assert status == 403
    assert shop.status(FIRST) == "firing"


def test_everything_is_done_without_scripts(open_page: Open, shop: Shop) -> None:
    id_ = shop.fire("261126-066000-kafa", "PlainForms")
    page = look(open_page, shop, "/alerts?match=alertname=PlainForms", scripts=False)
    page.locator(f'input[value="{id_}"]').check()
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.locator("#undo")).to_contain_text("Acknowledged: 1 alert.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(f"#alert-{id_}")).to_contain_text("Firing")


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("narrow", "dark")])
def test_a_sender_is_added_its_token_shown_once_then_replaced_and_paused(
    open_page: Open, shop: Shop, size: str, scheme: str
) -> None:
    admin = Browser(shop.book.door, shop.book.door.session("admin", "root"))
    page = open_page(shop.address + "/inlets", cookies=cookies_of(admin, shop.address), size=size, scheme=scheme)
    name = f"shop-{size}"
    page.get_by_text("Add a sender…").click()
    page.get_by_label("Name").first.fill(name)
    page.get_by_role("button", name="Add it, and show its token").click()
    token = page.locator("#the-token").inner_text().strip()
    expect(page.get_by_label("Prometheus", exact=True)).to_contain_text(f"credentials: {token}")
    assert (axe_says(page), overflow(page)) == ("", [])
    assert size == "desktop" or small_targets(page) == []
    page.reload()
    expect(page.locator("#the-token")).to_have_count(0)
    row = page.locator(f"#inlet-{name}")
    row.get_by_role("button", name="New token").click()
    assert page.locator("#the-token").inner_text().strip() != token
    page.locator(f"#inlet-{name}").get_by_role("button", name="Pause").click()
    expect(page.locator(f"#inlet-{name}")).to_contain_text("paused")
    assert (axe_says(page), overflow(page)) == ("", [])
    assert size == "desktop" or small_targets(page) == []
