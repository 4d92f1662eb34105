"""From a fault of a real world to somebody's mailbox: Prometheus and Alertmanager notice it, Opsbook pages by the book's
own policy, a mail scanner opens every link, a person acknowledges, the runbook's entry mends it, and all is told.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright
from tests.browser.chromium import launched
from tests.stories.mailbox import Mailbox, text_of
from tests.stories.opsbook_program import SOURCE, asked, write
from tests.stories.world import World, free_port, up

pytestmark = pytest.mark.torture

PATIENCE_S = 90
# The fault, its alert, and the entry that mends it.
FAULTS = (
    ("api-500", "ApiErrors", "api#issue-api-returns-500"),
    ("database-stopped", "DatabaseDown", "database#issue-postgresql-is-stopped"),
    ("database-data-loss", "DatabaseDataMissing", "database#issue-table-items-is-missing"),
    ("disk-full", "SpoolDiskFull", "api#issue-spool-disk-is-full"),
    ("nginx-config", "WebDown", "web#issue-nginx-is-down-or-will-not-start"),
    ("queue-stopped", "QueueDown", "queue#issue-redis-is-down"),
    ("redis-oom", "QueueOutOfMemory", "queue#issue-redis-is-out-of-memory"),
    ("slow-lock", "ApiSlow", "api#issue-api-responses-are-slow"),
    ("slow-saturated", "ApiSlow", "api#issue-api-responses-are-slow"),
)
POLICY = """# On call

## People

| Name | Handle | E-Mail |
| --- | --- | --- |
| Ada Byron | @ada | ada@example.org |
| Ben Nevis | @ben | ben@example.org |

## Primary On-Call

- **Time Zone:** UTC

| Rotation | Start | Participants |
| --- | --- | --- |
| always | 2026-01-01 | @ada |

## Escalation

- **Services:** web
- **Severities:** P0, P1, P2

| Level | After | Contact |
| --- | --- | --- |
| 1 | 0 minutes | Primary On-Call |
| 2 | 10 minutes | @ben |
"""


class Desk:
    """The served book of the world, and the mailbox of whoever is on call."""

    def __init__(self, world: World, address: str, mailbox: Mailbox) -> None:
        self.world, self.address, self.mailbox = world, address, mailbox

    def ask(self, path: str) -> Any:
        """What the API answers."""
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return json.load(answer)

    def alerts(self, name: str) -> list[dict[str, Any]]:
        """The alerts of a name, open or not, those that began last first."""
        asked_for = urllib.parse.urlencode({"match": f'alertname="{name}"'})
        return list(self.ask(f"/api/v1/alerts?{asked_for}")["alerts"])


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """The world with its monitoring, whose runbooks are served, and whose alerts page people by mail."""
    port, mailbox = free_port(), Mailbox()
    address = f"http://127.0.0.1:{port}"
    with up(OPS_URL=address) as world:
        settings = f'[notify]\nsmtp = "{mailbox.address}"\nfrom = "opsbook@example.org"\n\n[paging]\ncatch_all = ["@ben"]\n\n'
        settings += f'[alerts.reconcile]\nalertmanager = "{world.alertmanager}"\n'
        write(world.folder, {"docs/operations/incidents/on-call.md": POLICY, "docs/operations/opsbook.toml": settings})
        env = {**world.environment, "PYTHONPATH": str(SOURCE)}
        command = [sys.executable, "-m", "opsbook", "serve", "--port", str(port)]
        with subprocess.Popen(command, cwd=world.folder, env=env, stdout=subprocess.PIPE, text=True) as served:
            assert served.stdout is not None
            assert "ready" in served.stdout.readline()
            yield Desk(world, address, mailbox)
            os.kill(served.pid, signal.SIGTERM)
    mailbox.close()


@pytest.mark.parametrize(("fault", "alert", "entry"), FAULTS)
def test_a_fault_wakes_whoever_is_on_call_with_the_first_step_of_its_entry(
    desk: Desk, fault: str, alert: str, entry: str
) -> None:
    world, mailbox = desk.world, desk.mailbox
    world.wait_until(is_well=True)
    world.run("api#production", "-p", "VERSION=1.1.0")
    page, _, anchor = entry.partition("#")
    shown = asked("show", f"docs/operations/runbooks/{page}.md#{anchor}", here=world.folder)
    first_step = shown["procedures"][0]["steps"][0]["text"]
    since = len(mailbox.mails)

    world.do(f"faults/fault-{fault}.sh")
    mail = mailbox.wait_for(lambda each: alert in each["Subject"], since)
    text = text_of(mail)
    assert mail["To"] == _on_call(world, page)
    assert ("Primary On-Call" if page == "web" else "On-Call Engineer") in text  # why this one
    assert _plain(first_step)[:40] in _plain(text)
    section = desk.alerts(alert)[0]["section"]
    assert (section["path"], section["anchor"]) == (f"runbooks/{page}.md", anchor)  # below the book: no repository is here

    for link in re.findall(rf"{re.escape(desk.address)}/\S+", text):
        _scanned(link)
    assert desk.alerts(alert)[0]["status"] == "firing"

    link = re.search(rf"{re.escape(desk.address)}/a/\S+", text)
    assert link is not None
    _pressed(link.group())
    found = desk.alerts(alert)[0]
    assert found["status"] in ("acknowledged", "resolved")

    assert world.run(entry)["state"] == "succeeded"
    _until(lambda: all(each["status"] == "resolved" for each in desk.alerts(alert)), f"{alert} is over")
    mailbox.wait_for(lambda each: alert in each["Subject"] and "resolved" in each["Subject"].lower(), since)
    world.wait_until(is_well=True)
    _until(lambda: {each["status"] for each in desk.ask("/api/v1/alerts")["alerts"]} == {"resolved"}, "all alerts are over")


def test_it_is_answered_and_mended_in_the_browser(desk: Desk, needs: Callable[[str], str]) -> None:
    needs("chromium")
    world, mailbox, since = desk.world, desk.mailbox, len(desk.mailbox.mails)
    world.wait_until(is_well=True)
    world.do("faults/fault-queue-stopped.sh")
    mail = mailbox.wait_for(lambda each: "QueueDown" in each["Subject"], since)
    link = re.search(rf"{re.escape(desk.address)}/a/\S+", text_of(mail))
    assert link is not None
    with sync_playwright() as playwright:
        browser = launched(playwright)
        phone = browser.new_page(viewport={"width": 390, "height": 844}, java_script_enabled=False)
        phone.goto(link.group())
        phone.get_by_role("button", name="Acknowledge").click()
        expect(phone.get_by_text("You acknowledged it")).to_be_visible()

        at_desk = browser.new_page()
        at_desk.goto(f"{desk.address}/alerts/{desk.alerts('QueueDown')[0]['id']}")
        expect(at_desk.get_by_role("heading", name="Issue: Redis is down")).to_be_visible()
        expect(at_desk.locator(".heading")).to_contain_text("Acknowledged", ignore_case=True)
        assert world.run("queue#issue-redis-is-down")["state"] == "succeeded"
        expect(at_desk.locator(".heading")).to_contain_text("Resolved", timeout=PATIENCE_S * 1000, ignore_case=True)
        browser.close()


def _on_call(world: World, service: str) -> str:
    """The address of whoever is on call: by the page of people for one service, else as the runbook says."""
    if service == "web":
        return "ada@example.org"
    contacts = asked("show", f"docs/operations/runbooks/{service}.md", here=world.folder)["contacts"]
    return str(next(each["contact"] for each in contacts if each["role"] == "On-Call Engineer"))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[`*_]", "", text).split())


def _scanned(link: str) -> None:
    """Opens a link as a mail scanner does."""
    for method in ("HEAD", "GET"):
        urllib.request.urlopen(urllib.request.Request(link, method=method), timeout=10).close()


def _pressed(link: str) -> None:
    """Opens the link as a person does, and sends its first form."""
    with urllib.request.urlopen(link, timeout=10) as answer:
        page = answer.read().decode()
    form = re.search(r"<form[^>]*>(.*?)</form>", page, re.S)
    assert form is not None
    fields = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', form.group(1)))
    target = re.search(r'action="([^"]*)"', form.group(0))
    address = urllib.parse.urljoin(link, target.group(1) if target else "")
    urllib.request.urlopen(address, data=urllib.parse.urlencode(fields).encode(), timeout=10).close()


def _until(is_so: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, f"not so: {what}"
        time.sleep(0.3)
