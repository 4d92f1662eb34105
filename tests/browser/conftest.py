"""What browser tests ask for: one Chromium for all, pages that fail the test when the browser complains, small sites."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright
from tests.browser.chromium import SIZES, launched
from tests.browser.small_site import Site, served, templates

from opsbook.ground.errors import Finding, Span

HERE = Path(__file__).parent
PATIENCE_MS = 15_000  # a machine that runs other tests too is slow
expect.set_options(timeout=PATIENCE_MS)
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser(needs: Callable[[str], str]) -> Iterator[Browser]:
    """The system's Chromium, once for all tests of this process."""
    needs("chromium")
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


OPENED = pytest.StashKey[list[BrowserContext]]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Closes the pages of a test before what they look at is taken down, so that they do not complain of that."""
    for context in item.stash.get(OPENED, []):
        context.close()


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Open]:
    """`open_page(address, size="phone", scheme="dark", scripts=False)` is a page of a fresh browser.

    When the test ends, it fails if a page wrote an error, threw one, or asked another host for anything. What a test
    provokes it names: `allowed=("503",)`.
    """
    contexts: list[BrowserContext] = []
    request.node.stash[OPENED] = contexts
    wrong: list[str] = []

    def open_one(
        address: str, *, size: str = "desktop", scheme: Any = "light", scripts: bool = True,
        allowed: tuple[str, ...] = (), cookies: Any = None, **more: Any,
    ) -> Page:  # fmt: skip
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=scripts,
            has_touch=size != "desktop", **more,
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if cookies:
            context.add_cookies(cookies)
        page = context.new_page()
        _watch(page, urlsplit(address).netloc, allowed, wrong)
        page.goto(address)
        return page

    yield open_one
    assert not wrong, "\n" + "\n".join(wrong)


def _watch(page: Page, host: str, allowed: tuple[str, ...], wrong: list[str]) -> None:
    def complain(text: str) -> None:
        if not any(each in text for each in allowed):
            wrong.append(text)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complain(f"{page.url}: the console says: {message.text}")

    def on_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != host:
            complain(f"{page.url}: asked another host: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: complain(f"{page.url}: threw: {error}"))
    page.on("request", on_request)


def _finding(severity: Any, rule: str, message: str, fix: str | None) -> Finding:
    return Finding(rule, severity, Span("docs/operations/runbooks/api.md", 41, 3), message, fix)


@pytest.fixture(scope="session")
def parts() -> Iterator[Site]:
    """A site whose page `/parts` shows every part that pages are made of."""
    now = datetime.now(UTC)
    leaf = [
        SimpleNamespace(name=f"{name}.md", address=f"/book/docs/operations/runbooks/{name}.md", children=[], is_open=False)
        for name in ("api", "database", "a-service-with-a-rather-long-name-of-its-own", "web")
    ]
    found = [
        _finding("error", "step-without-check", "Step 'Promote' runs a command and has no check.", "Add a check."),
        _finding("warning", "stale-page", "The page was last updated 214 days ago.", None),
        _finding("info", "no-owner", "The page names no owner.", "Write one under its title."),
    ]
    site = Site(templates(HERE))
    site.page(
        "/parts", "styleguide.html", now=now, then=now - timedelta(minutes=4), long_ago=now - timedelta(days=9), found=found,
        nodes=[
            SimpleNamespace(name="runbooks", address=None, children=leaf, is_open=True),
            SimpleNamespace(name="incidents", address=None, children=leaf[:1], is_open=False),
            SimpleNamespace(name="README.md", address="/book/docs/operations/README.md", children=[], is_open=False),
        ],
    )  # fmt: skip
    with served(site):
        yield site
