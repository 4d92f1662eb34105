"""Pages that follow the book while they are open: what is renewed, and what stays as the reader has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open
from tests.browser.served_book import cookies_of, served_book
from tests.entrypoints.browsing import Browser

FOLDER = "docs/operations"
LONG = "\n\n".join(f"Paragraph {number} of a page that is read from its middle." for number in range(120))
READING = f"# Reading\n\nThe first words.\n\n{LONG}\n\n```sh\ndate\n```\n\n## The end\n\nThe last words.\n"
RUNBOOK = """# {name} Runbook

## Service Overview

- **Service Name:** {name}
- **Owner:** ops

## Procedures

### Procedure: Restart {name}

1. Restart it
"""
PAGES = {
    f"{FOLDER}/README.md": "# Operations\n\n[All of it](runbooks/api.md)\n",
    f"{FOLDER}/reading.md": READING,
    f"{FOLDER}/runbooks/api.md": RUNBOOK.format(name="Api"),
    f"{FOLDER}/procedures/scaling.md": "# Scaling\n\n## Scale up\n\n1. Add one\n",
}
REPORT = """# Incident Report: The bank was away

## Incident Details

- **Incident ID:** INC-7
- **Severity:** SEV-2
- **Status:** Open
"""
ALERTS = "# Alerts\n\n## Alerts\n\n| Alert | Severity | Condition |\n| --- | --- | --- |\n| BankAway | critical | bank == 0 |\n"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[tuple[Browser, str]]:
    """A small book while it is served."""
    with served_book(tmp_path, PAGES) as book:
        yield book


def opened(open_page: Open, address: str, **more: object) -> Page:
    """A page once it is live; it is marked, so that a reload would be seen."""
    page = open_page(address, **more)
    expect(page.locator("#pulse[data-state='live']")).to_be_visible()
    page.wait_for_timeout(100)  # the stream begins by telling which book is in force
    page.evaluate("document.body.dataset.before = ''")
    return page


def write(root: Path, path: str, text: str) -> None:
    """A page as an editor would write it."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("place", "path", "text", "shown"),
    [
        ("/book", "bank/index.md", "# Bank\n", "bank"),
        ("/book/docs/operations/runbooks", "runbooks/bank.md", "# Bank Runbook\n", "Bank Runbook"),
        ("/coverage", "runbooks/bank.md", RUNBOOK.format(name="Bank"), "Bank"),
        ("/procedures", "runbooks/bank.md", RUNBOOK.format(name="Bank"), "Restart Bank"),
        ("/incidents", "incidents/bank.md", REPORT, "The bank was away"),
        ("/monitoring", "monitoring/alerts.md", ALERTS, "BankAway"),
        ("/services/api", "runbooks/api.md", RUNBOOK.format(name="Api") + "\nThe bank.\n", "The bank."),
    ],
)  # fmt: skip
def test_a_list_shows_what_was_written_without_a_reload(
    open_page: Open, book: tuple[Browser, str], place: str, path: str, text: str, shown: str
) -> None:
    browser, address = book
    page = opened(open_page, address + place)
    expect(page.get_by_role("main")).not_to_contain_text(shown)
    write(browser.door.root, f"{FOLDER}/{path}", text)
    expect(page.get_by_role("main")).to_contain_text(shown)
    assert page.evaluate("'before' in document.body.dataset")


def test_focus_and_what_was_unfolded_stay(open_page: Open, book: tuple[Browser, str]) -> None:
    browser, address = book
    page = opened(open_page, f"{address}/book/{FOLDER}/runbooks")
    page.locator(".side .tree summary").first.click()
    page.get_by_role("main").get_by_role("link", name="Api Runbook").focus()
    is_open = page.locator(".side .tree details").first.evaluate("(folded) => folded.open")
    write(browser.door.root, f"{FOLDER}/runbooks/aaa.md", "# Aaa\n")
    expect(page.get_by_role("main")).to_contain_text("Aaa")
    expect(page.get_by_role("main").get_by_role("link", name="Api Runbook")).to_be_focused()
    assert page.locator(".side .tree details").first.evaluate("(folded) => folded.open") == is_open


def test_a_page_is_renewed_where_it_is_read(open_page: Open, book: tuple[Browser, str]) -> None:
    browser, address = book
    page = opened(open_page, f"{address}/book/{FOLDER}/reading.md")
    read = page.get_by_text("Paragraph 60 of a page")
    read.evaluate("(it) => scrollTo({ top: it.getBoundingClientRect().top + scrollY - 200, behavior: 'instant' })")
    expect(read).to_be_in_viewport()
    before = read.bounding_box()
    longer = "\n\n".join(f"New words {number}." for number in range(20))
    text = READING.replace("The first words.", longer).replace("The last words.", "## And more\n\nThe very last words.")
    write(browser.door.root, f"{FOLDER}/reading.md", text)
    expect(page.get_by_text("The very last words.")).to_have_count(1)
    expect(page.get_by_text("New words 19.")).to_have_count(1)
    expect(page.locator(".contents a", has_text="And more")).to_have_count(1)
    expect(page.locator(".code .copy")).to_have_count(1)
    after = read.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) < 2
    assert page.evaluate("'before' in document.body.dataset")


def test_a_page_that_is_gone_is_said(open_page: Open, book: tuple[Browser, str]) -> None:
    browser, address = book
    page = opened(open_page, f"{address}/book/{FOLDER}/procedures/scaling.md", allowed=("404",))
    (browser.door.root / FOLDER / "procedures/scaling.md").unlink()
    expect(page.locator(".toast")).to_contain_text("This page is not in the book any more.")
    expect(page.get_by_role("main")).to_contain_text("Add one")


def test_what_is_typed_is_left_alone(open_page: Open, book: tuple[Browser, str]) -> None:
    browser, address = book
    page = opened(open_page, f"{address}/edit/{FOLDER}/reading.md", cookies=cookies_of(*book))
    page.locator("#editor-text").fill("# Mine\n")
    write(browser.door.root, f"{FOLDER}/reading.md", "# Theirs\n")
    expect(page.locator("#pulse[data-state='live']")).to_be_visible()
    browser.door.desk.library.look()
    page.wait_for_timeout(600)
    expect(page.locator("#editor-text")).to_have_value("# Mine\n")
    assert page.evaluate("'before' in document.body.dataset")


def test_the_first_page_says_that_the_folder_is_gone_and_that_it_is_back(
    open_page: Open, book: tuple[Browser, str]
) -> None:
    browser, address = book
    page = opened(open_page, address)
    folder = browser.door.root / FOLDER
    folder.rename(folder.with_name("elsewhere"))
    expect(page.locator("#now .banner")).to_contain_text("The book's folder is not there any more.", timeout=3_000)
    folder.with_name("elsewhere").rename(folder)
    expect(page.locator("#now .banner")).to_have_count(0, timeout=3_000)
    assert page.evaluate("'before' in document.body.dataset")
