"""Runs of the shop, for pictures: a page whose procedures can be run anywhere, and runs of it in every state."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page
from tests.browser.shop import SOURCE, Shop, git

PATH = "docs/operations/runbooks/orders.md"
SETTINGS = '[approvers]\nleads = ["admin", "kim"]\n'
PAGE = r"""# Orders Runbook

**Service:** orders
**Owner:** Shop team
**Last Updated:** 2026-11-18
**Review Cycle:** yearly

## Overview

Keeps the orders of the shop until they are sent.

## Deployment

### Production

| Parameter | Type | Default | Description |
| --- | --- | --- | --- |
| `VERSION` | `/v[0-9]+\.[0-9]+\.[0-9]+/` | required | The tag to deploy |
| `STAGE` | `canary` \| `all` | `canary` | How far it goes |

1. Build the image
   ```sh
   printf '\033[2m%s\033[0m\n' "Step 1/3: base" "Step 2/3: orders" "Step 3/3: labels"
   printf '\033[32mbuilt\033[0m shop/orders:%s\n' "$VERSION"
   ```
2. Deploy it to `$STAGE`
   ```sh
   for instance in 1 2 3; do printf '\rorders-%s is ready (%s of 3)' "$instance" "$instance"; sleep 0.2; done; echo
   ```
   - **Undo:** `echo deployed the version before`
3. Count the orders of the last minute on the dashboard
   - **Ask:** `ORDERS` integer 0..100000

- **Verification:** `test "$ORDERS" -gt 0`
- **Rollback Process:**
  1. Deploy the version before `echo deployed the version before`

## Common Operations

### Reindex

1. See how many there are
   ```sh
   echo 48210 orders in 12 shards
   ```
2. Build the index anew, shard by shard
   ```sh
   for shard in $(seq 1 12); do
     printf '\033[32mok\033[0m   shard %2s of 12: 4018 orders in 0.%ss\n' "$shard" "$((shard * 7 % 9 + 1))"; sleep 0.1
   done
   for part in $(seq 1 1500); do printf '\rmerging, %s parts done' "$part"; sleep 0.4; done
   ```
3. Look whether search finds the last order

### Switch the Database

1. Two agree
   - **Approval:** 1 of @leads within 8h
2. Let the second one lead
   ```sh
   echo orders-db-2 leads
   ```
   - **Danger:** customers wait for about a minute
"""


def lay_runs(root: Path, settings: str = "") -> None:
    """Adds the page to a shop, `settings` to its own, and a run that somebody started at a terminal and that must be
    approved."""
    (root / PATH).write_text(PAGE, encoding="utf-8")
    (root / "docs" / "operations" / "opsbook.toml").write_text(SETTINGS + settings, encoding="utf-8")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "orders: its runbook")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("OPSBOOK_", "GIT_"))}
    command = [sys.executable, "-m", "opsbook", "run", f"{PATH}#switch-the-database", "--yes"]
    subprocess.run(command, cwd=root, env={**environ, "PYTHONPATH": str(SOURCE), "LOGNAME": "mira"}, check=False, capture_output=True)


def start_runs(page: Page, shop: Shop) -> dict[str, str]:
    """Starts a run that works and one that waits, each with its id by what it does; one that waits behind it, and one
    that has succeeded before."""
    started(page, shop, "production", "v2.4.0")
    page.locator("#step-3 input[name=ask-ORDERS]").fill("212")
    page.locator("#step-3 button", has_text="Done").click()
    page.locator(".run-line .run-state", has_text="Succeeded").wait_for()
    found = {"work": started(page, shop, "reindex"), "wait": started(page, shop, "production", "v2.5.0")}
    page.locator("#step-3[data-state=waiting]").wait_for()
    started(page, shop, "production", "v2.5.1")
    page.goto(f"{shop.address}/runs")
    waiting = page.locator(".run-brief", has_text="Switch the Database").locator(".run-brief-what a").first
    return {**found, "approve": str(waiting.get_attribute("href")).removeprefix("/runs/")}


def started(page: Page, shop: Shop, anchor: str, version: str = "") -> str:
    """The id of a run that was started from its form; the page shows it."""
    page.goto(f"{shop.address}/run?at={quote(f'{PATH}#{anchor}', safe='')}")
    if version:
        page.fill("#p-VERSION", version)
    page.click("button[value=start]")
    page.wait_for_url(re.compile(r"/runs/\d"))
    return page.url.rpartition("/")[2]


def end_runs(page: Page, shop: Shop, runs: dict[str, str]) -> None:
    """Cancels what works still, and sees it end: what a run has begun outlives the server."""
    page.goto(f"{shop.address}/runs/{runs['work']}")
    page.locator("summary", has_text="Cancel the run").click()
    page.fill("#why-run-cancel", "The pictures are taken.")
    page.locator(".run-acts button", has_text="Cancel the run").click()
    page.locator(".run-line .run-state", has_text="Cancelled").wait_for()
