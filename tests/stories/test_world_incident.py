"""A whole night in a real world: a fault, its page, its incident, what was told of it and received, the runbook's entry
run from it, its end, its report and post-mortem in the template's words, what was promised, and the mended runbook.

On a phone without scripts, at two desks with them, and over the API alone.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from tests.browser.chromium import SIZES, launched
from tests.stories.mailbox import text_of
from tests.stories.night_world import ADA, NOON, SEED, Night, night, until

WAIT_MS = 30_000
expect.set_options(timeout=WAIT_MS)
SECRET = "kestrel"  # what people wrote for themselves alone
INTERNAL = (SECRET, "nginx", "WebDown", "QueueDown", "INC-", "redis", ADA, "alertname", "runbook", "edge-", "@")
PUBLIC = ("", "/history", "/feed.atom", "/feed.rss", "/badge.svg", "/api/v2/summary.json", "/api/v2/incidents.json",
          "/api/v2/components.json", "/api/v2/status.json")  # fmt: skip
TOMORROW = f"{datetime.now(NOON) + timedelta(days=1):%Y-%m-%d}"
PROMISE = "Check the configuration before each reload"


@pytest.fixture(scope="module")
def dark() -> Iterator[Night]:
    """The night, which all of these tests share."""
    with night() as made:
        yield made


@pytest.fixture
def browser(needs: Callable[[str], str]) -> Iterator[Browser]:
    """The system's Chromium."""
    needs("chromium")
    with sync_playwright() as playwright:
        made = launched(playwright)
        yield made
        made.close()


@pytest.mark.torture  # a minute and more; the same goes over the API in each run of the tests
def test_on_a_phone_without_scripts(dark: Night, browser: Browser) -> None:
    phone = _phone(dark, browser)
    _subscribed(dark, phone)
    page, number = _woken(dark, browser), 0
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_role("link", name="Go on in INC-").click()
    _signed_in(dark, page)
    number = int(page.url.rpartition("/")[2])
    at = f"{dark.address}/incidents/{number}"
    expect(page.locator("h1")).to_contain_text("WebDown")

    page.click("text=Severity…")
    page.fill("#more-severity input[name=users_pct]", "40")
    page.get_by_role("button", name="Rate it").click()
    expect(page.locator(".incident-head")).to_contain_text("40 % of users")
    page.fill("#entry-text", f"The {SECRET} of nginx was changed at noon")
    page.get_by_role("button", name="Write it down").click()

    _told(dark, page, at)
    page.goto(at)
    _folds(page, "What to do")
    page.goto(dark.address + str(page.locator("a[href*='/run?at']").first.get_attribute("href")))
    page.get_by_role("button", name="Start", exact=True).click()
    run = page.url.rpartition("/")[2]
    _until_shown(page, page.url, "Succeeded")
    assert dark.ask(f"/api/v1/incidents/{number}")["runs"] == [run]
    dark.world.wait_until(is_well=True)
    _until_shown(page, at, "Resolve it, once it stays well")

    page.click("text=Resolve…")
    page.fill("#resolve-how", "The last good configuration was put back.")
    page.fill("#resolve-cause", "A header had an error, and nothing checks it before a reload.")
    page.get_by_role("button", name="It is over: resolve").click()
    expect(page.locator(".run-line")).to_contain_text("Resolved")
    _folds(page, "Action items")
    page.click("text=Promise something…")
    page.fill("#promise-text", PROMISE)
    page.fill("#more-promise input[name=owner]", f"@{ADA}")
    page.fill("#more-promise input[name=due]", TOMORROW)
    page.get_by_role("button", name="Promise it").click()

    _learned(dark, page, at, number)


def _phone(dark: Night, browser: Browser) -> Page:
    width, height = SIZES["phone"]
    context = browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=False, has_touch=True
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(dark.address + "/status")
    return page


def _signed_in(dark: Night, page: Page) -> None:
    if page.locator("input[name=password]").count():
        page.fill("input[name=name]", ADA)
        page.fill("input[name=password]", dark.password)
        page.locator("button.primary").click()
    else:
        goal = page.url
        page.goto(f"{dark.address}/sign-in?next={goal.removeprefix(dark.address)}")
        _signed_in(dark, page)


def _subscribed(dark: Night, page: Page) -> None:
    """A customer is, by mail and by a webhook."""
    for is_web, address in ((False, "reader@example.net"), (True, dark.hook.address)):
        page.goto(dark.address + "/status/subscribe")
        if is_web:
            page.click("text=By a webhook instead")
        page.fill("input[name=webhook]" if is_web else "input[name=email]", address)
        page.get_by_role("button", name="Subscribe").click()
    mail = dark.mailbox.wait_for(lambda each: each["To"] == "reader@example.net", 0)
    until(lambda: dark.hook.bodies, "the webhook is asked whether it wants to be told")
    for words in (text_of(mail), json.dumps(dark.hook.bodies[0])):
        found = re.search(rf"{re.escape(dark.address)}/status/subscribe/[^\s\"\\]+", words)
        assert found is not None, words
        page.goto(found.group())
        page.get_by_role("button", name="Confirm the subscription").click()
        expect(page.get_by_role("heading", name="You are subscribed")).to_be_visible()


def _woken(dark: Night, browser: Browser) -> Page:
    """The link of the mail, opened on a phone."""
    dark.world.wait_until(is_well=True)
    since = len(dark.mailbox.mails)
    dark.world.do("faults/fault-nginx-config.sh")
    mail = dark.mailbox.wait_for(lambda each: "WebDown" in each["Subject"], since)
    assert (mail["To"], "INC-" in mail["Subject"]) == ("ada@example.org", True)
    assert "Ask nginx which file and line it rejects." in text_of(mail)
    link = re.search(rf"{re.escape(dark.address)}/a/\S+", text_of(mail))
    assert link is not None
    page = _phone(dark, browser)
    page.goto(link.group())
    return page


def _told(dark: Night, page: Page, at: str) -> None:
    """Customers are, in the words of the page, by mail, by webhook, and on the page that everybody sees."""
    page.goto(at + "/updates")
    page.get_by_role("link", name="Customers").click()
    field = page.get_by_label("What they are told")
    assert "We are investigating a problem with Pages." in field.input_value()
    said = field.input_value()  # nothing is left to be filled in: the component says what does not work
    field.fill(re.sub(r"\[What they can do meanwhile\.\]\n?", "", said))
    page.get_by_label("Pages").select_option("major_outage")
    page.get_by_role("button", name="Keep the draft").click()
    page.get_by_role("button", name="Approve").first.click()
    begun, since = len(dark.mailbox.mails), len(dark.hook.bodies)
    page.get_by_role("button", name="Publish").first.click()
    for who in ("customers@example.org", "reader@example.net"):
        mail = dark.mailbox.wait_for(lambda each, who=who: each["To"] == who, begun)  # type: ignore[misc]
        assert "about 40 % of the users" in text_of(mail)
        assert SECRET not in mail.as_string()
    until(lambda: dark.hook.bodies[since:], "the webhook is told")
    body = dark.hook.bodies[since]
    assert body["update"]["components"] == {"Pages": "major_outage"}
    assert "Pages does not work properly" in body["update"]["body"]
    until(lambda: "Pages does not work properly" in dark.public("/status"), "everybody sees it")
    assert "Major outage" in dark.public("/status")
    assert_nothing_internal(dark)


def assert_nothing_internal(dark: Night) -> None:
    """No public page says what people wrote for themselves."""
    home = dark.public("/status")
    own = re.findall(r"incidents/[a-z0-9-]+", home)
    for path in (*PUBLIC, *(f"/{each}" for each in own)):
        shown = (
            dark.public("/status" + path).replace("help@example.org", "").replace("@context", "").replace("@media", "")
        )
        # Ids are of chance, and may hold a short name by it.
        told = [each for each in INTERNAL if (re.search(rf"\b{ADA}\b", shown) if each == ADA else each in shown)]
        assert told == [], path


def _learned(dark: Night, page: Page, at: str, number: int) -> None:
    """The report, the post-mortem and the patch are reviewed on the phone, and committed."""
    until(lambda: page.goto(at) and page.get_by_role("link", name="The report waits").count(), "the report is proposed")
    page.get_by_role("link", name="The report waits").click()
    _accepted(page)
    page.goto(at)
    _folds(page, "Report and post-mortem")
    page.get_by_role("button", name="Write the post-mortem").click()
    _accepted(page)
    page.goto(at)
    _folds(page, "Report and post-mortem")
    page.get_by_role("button", name="Propose what was learned to web.md").click()
    expect(page.locator("main")).to_contain_text(f"(INC-{number})")
    _accepted(page)
    assert_learned(dark, number)


def assert_learned(dark: Night, number: int) -> None:
    """What was accepted is in the folder, committed, in the words of the templates."""
    writings = {each["what"]: each["path"] for each in dark.ask(f"/api/v1/incidents/{number}")["writings"]}
    report = (dark.world.folder / writings["report"]).read_text()
    for heading in _headings((SEED / "incident-response.md").read_text().partition("## Incident Response Template")[2]):
        assert heading in report
    assert "**Status:** Resolved" in report
    assert "nothing checks it before a reload" in report
    analysis = (dark.world.folder / writings["post-mortem"]).read_text()
    assert PROMISE in analysis
    for heading in _headings((SEED / "post-mortem-template.md").read_text()):
        assert heading in analysis
    log = ("git", "log", "--format=%s", "main")
    told = subprocess.run(log, cwd=dark.world.folder, capture_output=True, text=True, check=True).stdout
    assert sum(f"INC-{number}" in line for line in told.splitlines()) == 3, told


def _headings(template: str) -> list[str]:
    """Those that hold no slot."""
    return [line for line in re.findall(r"^##+ .*$", template, re.M) if "[" not in line]


def _accepted(page: Page) -> None:
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page).to_have_url(re.compile("/book/"))


def _folds(page: Page, name: str) -> None:
    """Opens a part that a phone folds."""
    part = _fold(page, name)
    if part.get_attribute("open") is None:
        part.locator("summary").first.click()


def _fold(page: Page, name: str) -> Locator:
    return page.locator("details.fold").filter(has=page.locator("summary", has_text=name)).first


def _until_shown(page: Page, address: str, words: str) -> None:
    """Looks again and again, as one does without scripts."""
    until(lambda: page.goto(address) and words in page.locator("main").inner_text(), words)


@pytest.mark.torture
def test_at_two_desks_with_scripts(dark: Night, browser: Browser) -> None:
    alert = _broken(dark)
    page, other = (_at_desk(dark, browser) for _ in range(2))
    page.goto(f"{dark.address}/alerts/{alert['id']}")
    page.get_by_role("link", name="Declare an incident").click()
    page.fill("#field-title", f"The {SECRET} stands still")
    page.fill("#field-users_pct", "40")
    for way_around, severity in (("partial", "P2"), ("none", "P1")):
        page.locator("select[name=workaround]").select_option(way_around)
        expect(page.locator("#severity-said")).to_contain_text(f"it is {severity}")
    page.get_by_role("button", name="Declare it").click()
    expect(page.locator("h1")).to_contain_text("stands still")
    at, number = page.url, int(page.url.rpartition("/")[2])
    other.goto(at)
    for each in (page, other):
        expect(each.locator("#pulse")).to_have_attribute("data-state", "live")
    page.keyboard.press("a")
    expect(other.locator(".incident-acts")).not_to_contain_text("Acknowledge")

    took = [_seconds_between(page, other, f"Nobody can order, look {turn}") for turn in range(3)]
    assert min(took) < 1.0, took

    page.locator(".matched a[href*='/run?at']").first.click()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".run-line")).to_contain_text("Succeeded", timeout=WAIT_MS)
    expect(other.locator("#timeline-part")).to_contain_text("Run of “Issue: Redis is down” succeeded", timeout=WAIT_MS)
    assert dark.ask(f"/api/v1/incidents/{number}")["runs"] == [page.url.rpartition("/")[2]]
    expect(other.locator(".dues")).to_contain_text("Resolve it, once it stays well", timeout=3 * WAIT_MS)
    other.keyboard.press("o")
    other.fill("#resolve-how", "It was started again.")
    other.get_by_role("button", name="It is over: resolve").click()
    expect(other.locator(".run-line")).to_contain_text("Resolved")
    expect(other.get_by_role("link", name="The report waits")).to_be_visible(timeout=WAIT_MS)
    assert_nothing_internal(dark)


def test_over_the_api_alone(dark: Night) -> None:
    ask, alert = dark.ask, _broken(dark)
    made = ask("/api/v1/incidents", {
        "title": f"The {SECRET} stands still", "alerts": [alert["id"]], "services": ["queue"],
        "impact": {"users_pct": 40, "functions": ["ordering"], "workaround": "none"},
    })  # fmt: skip
    assert (made["severity"], made["status"]) == ("P1", "Investigating")
    at = f"/api/v1/incidents/{made['number']}"
    assert ask(f"{at}/acknowledge", {})["acknowledged_by"] == ADA
    draft = ask(f"{at}/updates/compose?audience=customers")
    body = re.sub(r"\[What they can do meanwhile\.\]\n?", "", draft["body"])
    assert "a problem with Orders" in body
    drafted = ask(f"{at}/updates", {
        "audience": "customers", "body": body, "channels": draft["channels"], "components": {"Orders": "major_outage"},
    })["updates"][-1]  # fmt: skip
    since = len(dark.mailbox.mails)
    ask(f"{at}/updates/{drafted['update']}/approve", {})
    ask(f"{at}/updates/{drafted['update']}/publish", {})
    mail = dark.mailbox.wait_for(lambda each: each["To"] == "customers@example.org", since)
    assert "a problem with Orders" in text_of(mail)
    until(lambda: "a problem with Orders" in dark.public("/status"), "everybody sees it")
    assert_nothing_internal(dark)

    run = ask("/api/v1/runs", {
        "procedure": "docs/operations/runbooks/queue.md#issue-redis-is-down", "incident": made["number"],
    })  # fmt: skip
    until(lambda: ask(f"/api/v1/runs/{run['run']}")["state"] == "succeeded", "the entry is run")
    assert ask(at)["runs"] == [run["run"]]
    until(lambda: ask(f"/api/v1/alerts/{alert['id']}")["status"] == "resolved", "the alert is over")
    over = "A limit was reached, and nothing checks it before a reload."
    ask(f"{at}/fields", {"field": "root_cause", "value": over})
    ask(f"{at}/actions", {"text": PROMISE, "owner": f"@{ADA}", "due": TOMORROW})
    assert ask(f"{at}/resolve", {"why": "It was started again."})["status"] == "Resolved"
    until(lambda: ask(at)["writings"], "the report is proposed")
    ask(f"{at}/post-mortem", {})
    ask(f"{at}/patches", {"path": "docs/operations/runbooks/queue.md"})
    for each in ask("/api/v1/proposals")["proposals"]:
        if each["incident"] == made["number"]:
            assert ask(f"/api/v1/proposals/{each['id']}/accept", {})["proposal"]["state"] == "accepted"
    assert_learned(dark, made["number"])


@pytest.mark.torture  # it is looked every two minutes
@pytest.mark.skipif(datetime.now(NOON).weekday() >= 5, reason="what can wait is told on working days")
def test_who_promised_something_is_reminded_of_it_after_the_end(dark: Night) -> None:
    ask, since, promise = dark.ask, len(dark.mailbox.mails), "Write the runbook of the till"
    number = ask("/api/v1/incidents", {"title": "The till is slow", "severity": "P3", "severity_why": "One of them."})["number"]
    ask(f"/api/v1/incidents/{number}/actions", {"text": promise, "owner": f"@{ADA}", "due": TOMORROW})
    assert ask(f"/api/v1/incidents/{number}/resolve", {})["status"] == "Resolved"
    mail = dark.mailbox.wait_for(lambda each: promise in text_of(each), since, patience_s=300)
    assert mail["To"] == "ada@example.org"


def _broken(dark: Night) -> dict[str, Any]:
    """The alert of a queue that stands still, for which the policy opens no incident by itself."""
    dark.world.wait_until(is_well=True)
    until(lambda: not dark.ask("/api/v1/alerts?status=firing")["alerts"], "all alerts are over")
    since = len(dark.mailbox.mails)
    dark.world.do("faults/fault-queue-stopped.sh")
    dark.mailbox.wait_for(lambda each: "QueueDown" in each["Subject"], since)
    return dark.alert("QueueDown")


def _at_desk(dark: Night, browser: Browser) -> Page:
    width, height = SIZES["desktop"]
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(dark.address + "/sign-in")
    _signed_in(dark, page)
    return page


def _seconds_between(page: Page, other: Page, words: str) -> float:
    """From the press of a button in one browser until its entry stands in the other."""
    page.fill("#entry-text", words)
    begun = time.monotonic()
    page.get_by_role("button", name="Write it down").click()
    expect(other.locator("#timeline-part")).to_contain_text(words)
    return time.monotonic() - begun
