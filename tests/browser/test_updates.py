"""Status updates in Chromium: written, approved and sent with a thumb, in the dark, without a script; and subscribing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow, small_targets
from tests.browser.served_book import cookies_of, served_book
from tests.entrypoints.browsing import Browser
from tests.entrypoints.door import PAGES

from opsbook.book.impact import Impact
from opsbook.ledger.incident_events import Members
from opsbook.usecases.incident_acts import Declaration

SEED = Path(__file__).parents[2] / "src/opsbook/seed/incidents/incident-response.md"
PUBLIC = "\n## Status Page\n\n| Component | Services |\n| --- | --- |\n| Paying | api |\n"
IMPACT = Impact(users_pct=40, functions=("Payments",), workaround="partial", users="Nobody can pay by card")
Served = tuple[Browser, str]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served book with an incident that whoever is signed in commands."""
    pages = {**PAGES, "docs/operations/incidents/incident-response.md": SEED.read_text() + PUBLIC}
    with served_book(tmp_path_factory.mktemp("updates"), pages) as served:
        incidents = served[0].door.desk.incident_desk.incidents
        made = incidents.declare(
            Declaration(
                title="Cards are refused", severity="P1", severity_why="All of Denmark.", impact=IMPACT,
                members=Members(services=("api",)),
            ),
            "grace",
        )
        incidents.assign(made.number, "grace", "Incident Commander", "grace")
        yield served


@pytest.mark.parametrize(("size", "scheme", "scripts"), [("phone", "dark", False), ("desktop", "light", True)])
def test_customers_are_told_what_was_written_and_approved(
    open_page: Open, book: Served, size: str, scheme: str, scripts: bool
) -> None:
    somebody, address = book
    page = open_page(
        f"{address}/incidents/1/updates", size=size, scheme=scheme, scripts=scripts,
        cookies=cookies_of(somebody, address),
    )  # fmt: skip
    page.get_by_role("link", name="Customers").click()
    assert "a problem with Paying" in page.get_by_label("What they are told").input_value()
    assert overflow(page) == [] and (size == "desktop" or small_targets(page) == [])
    page.get_by_role("button", name="Keep the draft").click()
    page.get_by_role("button", name="Approve").first.click()
    page.get_by_role("button", name="Publish").first.click()
    expect(page.locator("article.update").first).to_contain_text("published")
    assert overflow(page) == [] and (size == "desktop" or small_targets(page) == [])
    if scripts:
        assert axe_says(page) == ""


@pytest.mark.parametrize(("size", "scheme", "scripts"), [("phone", "dark", False), ("desktop", "light", True)])
def test_anybody_subscribes(open_page: Open, book: Served, size: str, scheme: str, scripts: bool) -> None:
    page = open_page(f"{book[1]}/status/subscribe", size=size, scheme=scheme, scripts=scripts, allowed=("404",))
    page.get_by_label("E-mail").fill("reader@example.org")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    assert overflow(page) == []
