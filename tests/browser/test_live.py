"""The stream of events in an open page: fragments that are swapped in, its loss that shows, what it missed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import HERE, Open
from tests.browser.small_site import Site, served, templates

BODY = """{% extends "base.html" %}{% block main %}<h1>Live</h1>
<p>{% call c.live("health-api") %}{{ c.health(state()) }} <span data-why>All is well.</span>{% endcall %}</p>
<div id="again" hx-get="/part" hx-trigger="sse:health, opsbook:again">old</div>{% endblock %}"""
DROPPED = ("ERR_INCOMPLETE_CHUNKED_ENCODING", "503")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A page with a live part, of which `state` says what it shows when it is asked for."""
    (tmp_path / "live.html").write_text(BODY)
    site = Site(templates(tmp_path, HERE))
    state: list[str] = ["healthy"]
    site.page("/", "live.html", state=lambda: state[0])
    site.pages["/part"] = lambda _: f"now {state[0]}"
    site.states = state
    with served(site):
        yield site


def opened(open_page: Open, site: Site, **more: object) -> Page:
    """The page once it is live."""
    page = open_page(f"{site.address}/", **more)
    expect(page.locator("#pulse[data-state='live']")).to_be_visible()
    return page


def test_a_fragment_is_put_in_its_place_without_a_reload(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    expect(page.locator(".health")).to_have_text("Healthy")
    site.send("health-api", '<span class="health" data-state="unhealthy">Unhealthy</span>')
    expect(page.locator(".health")).to_have_text("Unhealthy")


def test_the_health_of_a_probe_follows_its_readings(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    told = {"probe": "api", "state": "unhealthy", "why": "It answered 503.", "since": "2026-11-26T03:12:00Z"}
    site.send("health", json.dumps(told))
    expect(page.locator(".health")).to_have_text("Unhealthy")
    expect(page.locator("[data-why]")).to_have_text("It answered 503.")


def test_an_event_has_a_part_asked_for_again(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    site.send("health", "{}")
    expect(page.locator("#again")).to_have_text("now healthy")


def test_a_script_in_an_event_does_not_run(open_page: Open, site: Site) -> None:
    page = opened(open_page, site, allowed=("Content Security Policy", "404"))
    site.send("health-api", "<b>x</b><script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">")
    expect(page.locator(".live b")).to_have_text("x")
    assert page.title() == "Opsbook"


def test_a_lost_stream_shows_since_when_and_comes_back_with_what_was_missed(open_page: Open, site: Site) -> None:
    page = opened(open_page, site, allowed=DROPPED)
    site.hang_up()
    expect(page.locator("#pulse")).to_contain_text("Not live since ")
    site.states[0] = "unhealthy"
    site.is_live = True
    expect(page.locator("#pulse")).to_have_text("Live")
    expect(page.locator(".health")).to_have_text("Unhealthy")
    expect(page.locator("#again")).to_have_text("now unhealthy")


def test_a_notice_is_told_as_text(open_page: Open, site: Site) -> None:
    page = opened(open_page, site)
    site.send("notice", '{"text": "The server stops in a minute. <b>Save</b>"}')
    expect(page.locator(".toast")).to_have_text("The server stops in a minute. <b>Save</b>")
