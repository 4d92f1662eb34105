"""What is measured of a page in the browser: how far it moves, what is too wide or too small, what it weighs."""

from __future__ import annotations

import time
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page

DRAWN = "getComputedStyle(document.body).backgroundColor"
TOUCH_PX = 44
PATIENCE_S = 15

_SHIFTS = """() => new Promise((done) => {
  const moved = []
  new PerformanceObserver((list) => {
    for (const { value, sources, hadRecentInput } of list.getEntries()) {
      const what = sources.map(({ node }) => (node?.outerHTML ?? '').slice(0, 100))
      if (!hadRecentInput) moved.push([value, what])
    }
  }).observe({ type: 'layout-shift', buffered: true })
  setTimeout(() => done(moved), 150)
})"""
MOST_SHIFT = 0.05

_TOO_WIDE = """() => {
  const wide = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= wide) return []
  const scrolls = (e) => e && e !== document.body && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement))
  return [...document.querySelectorAll('body *')]
    .filter((e) => e.getBoundingClientRect().right > wide + 1 && !scrolls(e))
    .map((e) => e.outerHTML.slice(0, 120))
}"""

# A link within a line of text is as tall as the line: that is what WCAG 2.5.8 excepts, and so do we.
_TOO_SMALL = """(least) => [...document.querySelectorAll('button, .button, input:not([type="hidden"]), select, summary, nav a')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.type !== 'checkbox' && e.type !== 'radio')
  .filter((e) => !e.closest('.crumbs, .prose, dialog'))
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([, box]) => box.height > 0 && box.height < least - 0.5)
  .map(([e, box]) => `${Math.round(box.height)} px: ${e.outerHTML.slice(0, 100)}`)"""


def wait_for(page: Page | Frame, expression: str) -> None:
    """Waits until an expression is true in the page. (The browser's own way to wait evaluates text, which pages forbid.)"""
    until = time.monotonic() + PATIENCE_S
    while not page.evaluate(expression):
        assert time.monotonic() < until, f"It did not become so: {expression}"
        page.wait_for_timeout(25)


def shifts(page: Page) -> list[str]:
    """What has moved by itself since the page came; empty when that is together less than anybody sees."""
    moved = page.evaluate(_SHIFTS)
    is_much = sum(value for value, _ in moved) > MOST_SHIFT
    return [f"{value:.3f}: {' and '.join(what)}" for value, what in moved] if is_much else []


def overflow(page: Page) -> list[str]:
    """What makes the page wider than its window; empty when it is not."""
    found: list[str] = page.evaluate(_TOO_WIDE)
    return found


def small_targets(page: Page) -> list[str]:
    """What is pressed and is lower than a finger."""
    found: list[str] = page.evaluate(_TOO_SMALL, TOUCH_PX)
    return found


def weigh(page: Page) -> tuple[list[Any], Any]:
    """A list that is filled with (address, bytes over the wire) as answers come; and what to call to take it down."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    asked: dict[str, str] = {}
    weights: list[Any] = []
    session.on("Network.responseReceived", lambda told: asked.update({told["requestId"]: told["response"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda told: weights.append((asked.get(told["requestId"], "?"), int(told["encodedDataLength"]))),
    )
    return weights, session.detach


def axe_says(page: Page) -> str:
    """What axe finds on the page in light, and of its colours in dark; empty when that is nothing."""
    page.emulate_media(color_scheme="light")
    said = _axe(page, None)
    page.emulate_media(color_scheme="dark")
    return said + _axe(page, {"runOnly": ["color-contrast"]})


def _axe(page: Page, options: dict[str, Any] | None) -> str:
    found = Axe().run(page, options=options)
    return str(found.generate_report()) if found.violations_count else ""
