"""Action items at the real door: listed, ticked off with a way back, proven; by the browser and by the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from tests.entrypoints.browsing import Browser, browsing
from tests.entrypoints.test_alert_pages import shop_pages
from tests.xss_vectors import VECTORS

PAGE = "docs/operations/incidents/2026-03-01-orders.md"
REPORT = """# Incident Response: Orders fail

**Severity:** P1
**Status:** Resolved
**Started:** 2026-03-01 10:00 UTC

## Root Cause

The disk was full.

## Prevention

- [ ] Alert at 80 % of the disk (@ada, due 2026-03-10)
- [x] Order a larger disk (@ben), proven by http://127.0.0.1:9/disk
- [ ] Clean up, proven by `rm -rf /`
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A responder before a shop that promised something."""
    pages = {**shop_pages(), PAGE: REPORT, "docs/operations/incidents/2026-03-02-odd.md": ODD}
    with browsing(tmp_path_factory.mktemp("shop"), pages) as browser:
        yield browser


ODD = "# Incident Response: Odd\n\n**Status:** Resolved\n\n## Prevention\n\n" + "".join(
    f"- [ ] odd {each.replace(chr(10), ' ')}\n" for each in VECTORS[:20]
)


def key(shop: Browser, words: str) -> str:
    items = shop.door.desk.incident_desk.actions.select()
    return next(each.item.key for each in items if words in each.item.text)


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def send(shop: Browser, **fields: str):
    return shop.send("/incidents/actions", {"csrf": shop.me["x-csrf-token"], **fields})


def test_all_that_is_left_stands_on_one_page_with_whose_it_is_and_what_is_late(shop):
    html = shop.see("/incidents/actions?q=disk", me=True)
    assert 'data-state="unhealthy"' in html
    assert "Alert at 80 % of the disk (@ada, due 2026-03-10)" in text(html)
    assert "#L13" in html
    assert "Order a larger" not in html


def test_it_is_narrowed_by_owner_and_state(shop):
    assert "Order a larger disk" in shop.see("/incidents/actions?owner=ben&state=all", me=True)
    assert "No action item is like that" in shop.see("/incidents/actions?owner=ben", me=True)


def test_the_list_of_incidents_leads_there(shop):
    assert 'href="/incidents/actions"' in shop.see("/incidents", me=True)


def test_a_tick_is_kept_and_taken_back_without_scripts(shop):
    of = key(shop, "Alert at 80")
    answer = send(shop, do="done", key=of)
    assert answer.status_code == 303
    html = shop.see(answer.headers["location"], me=True)
    assert "Done: Alert at 80" in text(html)
    assert re.search(r'name="do" value="open".*?>Undo<', html, re.S)
    assert shop.door.desk.incident_desk.actions.find(of).state == "done"
    send(shop, do="open", key=of)
    assert shop.door.desk.incident_desk.actions.find(of).state == "open"


def test_what_is_not_there_is_refused_with_the_list(shop):
    answer = send(shop, do="done", key="nope")
    assert answer.status_code == 400
    assert "There is no action item" in answer.text


def test_a_command_is_shown_and_no_button_runs_it(shop):
    html = shop.see("/incidents/actions?q=clean", me=True)
    assert "<code>rm -rf /</code>" in html
    assert "Run it" not in html


def test_a_viewer_sees_no_button_and_may_press_none(shop):
    html = shop.see("/incidents/actions")
    assert 'name="do"' not in html


@pytest.mark.parametrize("vector", VECTORS[:20])
def test_what_somebody_writes_as_an_action_item_stays_text(shop, vector):
    html = shop.see("/incidents/actions?q=odd", me=True)
    assert not re.search(r"<(?:script|img|svg|iframe)[^>]*(?:onerror|onload|alert)", html, re.I)


def test_the_api_lists_ticks_and_proves(shop):
    found = shop.door.ask("GET", "/api/v1/action-items?owner=ada&late=true", headers=shop.me).json()
    assert [each["text"] for each in found["items"]] == ["Alert at 80 % of the disk (@ada, due 2026-03-10)"]
    assert (found["left"], found["late"]) == (1, 1)
    of = found["items"][0]["key"]
    assert shop.door.ask("POST", f"/api/v1/action-items/{of}/done", headers=shop.me, json={}).json()["state"] == "done"
    assert shop.door.ask("POST", f"/api/v1/action-items/{of}/open", headers=shop.me, json={}).json()["state"] == "open"
    assert shop.door.ask("POST", "/api/v1/action-items/nope/done", headers=shop.me, json={}).status_code == 404


def test_a_tick_whose_proof_fails_is_shown_as_not_proven(shop):
    of = key(shop, "Order a larger")
    made = shop.door.ask("POST", f"/api/v1/action-items/{of}/prove", headers=shop.me, json={}).json()
    assert (made["state"], made["is_proven"], made["is_doubtful"]) == ("done", False, True)
    assert "not proven" in shop.see("/incidents/actions?state=doubtful", me=True)
