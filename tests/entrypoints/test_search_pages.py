"""Search in a browser: the page, the palette's part of it, and what is said when nothing is found."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from tests.entrypoints.browsing import Browser, browsing
from tests.xss_vectors import VECTORS

PAGES = {
    "docs/operations/runbooks/pay ments.md": "# Payments Runbook\n\n**Service:** payments\n\n## Troubleshooting\n\n"
    "### Issue: The bank refuses\n\n**Symptoms:** `connect to <bank> failed: Connection refused`\n**Solution:** call the bank\n",
    "docs/operations/runbooks/orders.md": "# Orders Runbook\n\n**Service:** orders\n\n## Common Operations\n\n### Restart\n\n1. Restart it\n",
    "docs/operations/runbooks/vectors.md": "# ran\n\n" + "\n\n".join(f"## ran {n}\n\n{each}" for n, each in enumerate(VECTORS)),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Somebody before two runbooks."""
    with browsing(tmp_path_factory.mktemp("found"), PAGES) as browser:
        yield browser


def test_a_hit_names_its_place_marks_the_words_and_leads_to_the_section(book: Browser) -> None:
    html = book.see("/search?q=bank+refuses")
    assert 'href="/book/docs/operations/runbooks/pay%20ments.md#issue-the-bank-refuses"' in html
    assert "docs/operations/runbooks/pay ments.md:7" in html
    assert "<mark>bank</mark>" in html
    assert "connect to &lt;" in html


def test_a_script_gets_the_hits_alone(book: Browser) -> None:
    part = book.get("/search?q=restart", **{"hx-request": "true"}).text
    assert "<html" not in part
    assert part.count('role="option"') >= 1
    assert 'aria-selected="false"' in part


def test_without_words_the_page_says_what_can_be_asked_and_names_the_services(book: Browser) -> None:
    html = book.see("/search")
    assert "What do you have?" in html
    assert 'href="/services/payments"' in html
    assert book.get("/search?q=+", **{"hx-request": "true"}).text.strip() == ""


def test_words_that_stand_nowhere_are_named(book: Browser) -> None:
    assert "No page has “xylophone”." in book.see("/search?q=xylophone")
    assert "No page has “xylophone”." in book.get("/search?q=xylophone", **{"hx-request": "true"}).text


@pytest.mark.parametrize("limit", ["0", "-1", "1e9", "99999999999", "many", ""])
def test_a_limit_that_is_none_finds_all_the_same(book: Browser, limit: str) -> None:
    assert "Restart" in book.see(f"/search?q=restart&limit={limit}")


def test_a_query_of_any_length_and_kind_is_answered(book: Browser) -> None:
    for query in ("x" * 9_000, "%00%ff%f0%9f", '"', "-", "NEAR(", "a AND OR NOT", "%0a" * 500):
        assert book.get(f"/search?q={query}").status_code == 200, query[:40]


class Running(HTMLParser):
    """Whatever in a page is none of ours and could run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes scripts and pictures that are no assets, and every handler."""
        known = {name: value or "" for name, value in attrs}
        if tag in ("script", "img", "iframe", "object", "embed", "base") and not known.get("src", "").startswith("/assets/"):
            self.found.append(str(self.get_starttag_text()))
        if any(name.startswith("on") for name in known) or "javascript:" in known.get("href", ""):
            self.found.append(str(self.get_starttag_text()))


def test_neither_a_query_nor_what_a_page_says_runs(book: Browser) -> None:
    for query in ("ran", *VECTORS):
        for headers in ({}, {"hx-request": "true"}):
            answer = book.door.ask("GET", "/search", headers={"accept": "text/html", **headers}, params={"q": query})
            running = Running()
            running.feed(answer.text)
            assert answer.status_code == 200
            assert running.found == [], query
