"""The pages of lists in Chromium: health that changes while one looks, an empty book, both widths, both schemes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Open
from tests.browser.measures import axe_says, overflow, shifts, small_targets
from tests.entrypoints.door import write_repository
from tests.stories.opsbook_program import SOURCE

OWN = Path(__file__).parents[2] / "docs" / "operations"
PAGES = ("/", "/services", "/coverage", "/procedures", "/monitoring", "/incidents", "/oncall")
RUNBOOK = """# Shop Runbook

**Service:** shop  
**Owner:** Platform Team  
**Last Updated:** 2020-01-01

## Overview

Sells things.

## Health Checks

- **Health Check URL:** {address}/health
- **Expected Response:** `200 OK`
- **Check Frequency:** 1 second

## Deployment

1. [Step 1]

## Monitoring

- **Alerts:** ShopDown

## Emergency Contacts

- **On-Call Engineer:** Primary On-Call
- **Technical Lead:** @nobody
"""
OPEN = "# Incident Response: Nobody can pay\n\n**Severity:** P0  \n**Status:** Mitigating  \n**Started:** 2026-11-20 10:00 UTC\n"


class Shop(ThreadingHTTPServer):
    """A service that is well until it is told otherwise."""

    status = 200
    daemon_threads = True

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A service on a free port."""
    with Shop(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """The address at which the real program serves the book in a repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPSBOOK_")}
    command = [sys.executable, "-m", "opsbook", "--book", str(root / "docs/operations"), "serve", "--port", "0"]
    told = {**kept, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=told) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert "is ready on" in first, first + process.stdout.read()
            yield first.split()[-1]
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Iterator[str]:
    """The project's own book with a shop that can fall ill, and with an incident that is open."""
    root = tmp_path_factory.mktemp("served")
    pages = {f"docs/operations/{path.relative_to(OWN)}": path.read_text() for path in sorted(OWN.rglob("*")) if path.is_file()}
    pages["docs/operations/runbooks/shop.md"] = RUNBOOK.format(address=shop.address)
    pages["docs/operations/incidents/2026-11-20-pay.md"] = OPEN
    write_repository(root, pages)
    with serving(root) as address:
        yield address


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_moves_or_overflows(open_page: Open, served: str, path: str) -> None:
    page = open_page(served + path)
    assert shifts(page) == []
    assert overflow(page) == []
    assert axe_says(page) == ""


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_it_whole_and_a_finger_can_press_it(open_page: Open, served: str, path: str) -> None:
    page = open_page(served + path, size="phone", scheme="dark")
    assert overflow(page) == []
    assert small_targets(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_it_reads_without_scripts(open_page: Open, served: str, path: str) -> None:
    page = open_page(served + path, scripts=False)
    assert page.locator("h1").inner_text()
    assert page.locator("main a[href]").count()


def test_health_changes_while_one_looks_and_the_page_is_not_loaded_again(open_page: Open, served: str, shop: Shop) -> None:
    page = open_page(served + "/")
    row = page.locator("tr", has_text="shop")
    expect(row.locator(".health")).to_have_text("Healthy", timeout=20_000)
    page.evaluate("window.wasHere = true")
    shop.status = 500
    try:
        expect(row.locator(".health")).to_have_text("Unhealthy", timeout=20_000)
        expect(page.locator("h1")).to_contain_text("unhealthy")
        expect(row).to_contain_text("500")
        expect(page.locator("#activity")).to_contain_text("shop is unhealthy", timeout=20_000)
    finally:
        shop.status = 200
    expect(row.locator(".health")).to_have_text("Healthy", timeout=20_000)
    assert page.evaluate("window.wasHere") is True


def test_what_has_the_focus_keeps_it_when_the_list_is_renewed(open_page: Open, served: str) -> None:
    page = open_page(served + "/")
    link = page.locator("tbody a[id^='service-']").first
    link.focus()
    name = link.get_attribute("id")
    with page.expect_response(lambda answer: "/fragments/now" in answer.url):
        pass
    page.wait_for_function("name => document.activeElement?.id === name", arg=name)


def test_a_line_that_is_to_be_mended_is_led_to(open_page: Open, served: str) -> None:
    page = open_page(served + "/coverage?rule=stale")
    page.locator(".finding-place a").first.click()
    page.wait_for_url("**/book/docs/operations/runbooks/shop.md#L5")


def test_an_empty_book_says_what_to_do_next(open_page: Open, tmp_path: Path) -> None:
    write_repository(tmp_path, {"docs/operations/.keep": ""})
    with serving(tmp_path) as address:
        page = open_page(address + "/")
        expect(page.locator("main")).to_contain_text("opsbook init")
        assert axe_says(page) == ""
        for path in PAGES[1:]:
            page.goto(address + path)
            assert page.locator(".empty").count(), path
