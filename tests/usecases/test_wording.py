"""A message carries what somebody needs before they have opened anything, and fits where it is read."""

from __future__ import annotations

import secrets
from datetime import timedelta
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace
from tests.usecases.alert_world import AlertWorld

from opsbook.ledger.event import Draft
from opsbook.ledger.health import HEALTH_CHANGED
from opsbook.ledger.page import Attempt, Notification
from opsbook.ledger.page_events import OwedNotification
from opsbook.ledger.signal import Batch, Signal, Source
from opsbook.usecases.bundling import Due
from opsbook.usecases.contact_book import ContactBook
from opsbook.usecases.receive import Receiving
from opsbook.usecases.sending import Item
from opsbook.usecases.wording import Wording
from opsbook.usecases.wording.plain import SIZES, Block, fitted, shortened

SECRET = "s3cretOfTheLink" * 3
BASE = "https://ops.example.org"
HEALTHY = """
## Health Checks

- **Health Check URL:** http://127.0.0.1:9/health
- **Expected Response:** 200 OK
"""


class World(AlertWorld):
    """Alerts, and what is said of them to Ada."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.contacts = ContactBook(
            self.ledger, self.library.snapshot, now=lambda: self.at, chance=secrets.token_bytes
        )
        self.wording = Wording(self.library, self.ledger, self.contacts, address=BASE + "/", now=lambda: self.at)

    def item(self, kind="email", purpose="page", attempts=(), index=0, secret=SECRET, **of_page) -> Item:
        page = replace(self.pages[index], **of_page)
        owed = OwedNotification(1, "Ada Byron", "ada", kind, kind, 1, 1, "Level 1: it names Ada.", self.at, purpose)
        return Item(Due(page, Notification(owed, self.at, attempts=attempts)), len(attempts) + 1, secret)

    def says(self, kind="email", **more):
        return self.wording.single(self.item(kind, **more))


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.hear(world.fires())
    yield world
    world.close()


def test_the_message_itself_carries_the_first_steps_of_the_section_and_why(world):
    body = world.says().body
    assert "1. Ask nginx which file it rejects." in body and "$ nginx -t" in body
    assert "Why you: Level 1: it names Ada." in body
    assert f"{BASE}/book/docs/operations/runbooks/web.md#issue-nginx-is-down-or-will-not-start" in body
    assert "At commit c0ffee" in body and world.alert.place.why in body


def test_it_says_where_to_answer_and_that_is_the_whole_link(world):
    told, page = world.says(), world.pages[0]
    assert told.ack_url == f"{BASE}/a/{page.id}.1.{SECRET}" and f"Acknowledge: {told.ack_url}" in told.body
    assert told.page_url == f"{BASE}/pages/{page.id}" and told.title.startswith("P0 web: ")


def changed(world, summary, **labels):
    batch = Batch("test", (Signal(summary, "change", labels, {"summary": summary}),))
    receiving = Receiving(world.ledger, now=lambda: world.at, chance=secrets.token_bytes)
    receiving.receive(Source("ci", "pagerduty", "ci"), batch, b"{}")


def test_it_says_what_was_deployed_within_a_day_of_the_service_or_of_nobody_knows_what(world):
    changed(world, "Deployment of v3 to production: success", service="web")
    world.at += timedelta(seconds=1)
    changed(world, "The load balancer has new certificates.", source="ansible")
    changed(world, "Deployment of another thing", service="elsewhere")
    told = world.wording.told(world.item()).recent
    assert [words.partition(",")[0] for words in told] == [
        "The load balancer has new certificates", "Deployment of v3 to production: success"
    ]  # fmt: skip
    assert "Deployment of v3 to production" in world.says().body
    world.at += timedelta(hours=25)
    assert not any("v3" in words for words in world.wording.told(world.item()).recent)


def test_it_says_who_else_is_on_call_and_who_was_paged(world):
    assert "Ben Nevis, level 2" in world.says().body
    assert "Ada Byron" not in world.says().body


@pytest.mark.parametrize("kind", sorted(SIZES))
@pytest.mark.parametrize("length", [10, 400, 30_000])
def test_a_message_fits_its_kind_and_its_link_is_never_cut(world, kind, length):
    subject = ("nginx ist müde – " * length)[:length]
    told = world.says(kind, subject=subject)
    title_size, size = SIZES[kind]
    assert len(told.title) <= title_size and len(told.body) <= size
    assert told.ack_url in told.body


def test_an_sms_says_what_is_wrong_and_where_to_answer_first(world):
    told = world.says("sms", secret="x" * 24)
    assert told.body.startswith("P0 web: ") and told.body.index(told.ack_url) + len(told.ack_url) <= 160
    assert "–" not in told.body and "nginx -t" in told.body


def test_many_alerts_are_told_by_what_differs(world):
    world.hear(*(world.fires(key=f"web-{n}") for n in range(2, 40)))
    body = world.says().body
    assert "Alerts: 39" in body and "They differ in instance: k1, web-2" in body and "and 29 more" in body
    assert world.says().facts["alert_count"] == 39
    assert world.says().facts["common_labels"]["service"] == "web"


def test_the_health_of_the_service_is_told_as_it_is_now(world):
    pages = {**world.library.pages}
    path = "docs/operations/runbooks/web.md"
    world.library.put({**pages, path: pages[path] + HEALTHY})
    (probe,) = world.library.snapshot().facts[path].probes
    for state, why in (("healthy", "It answers as expected."), ("unhealthy", "3 readings in a row failed.")):
        facts = {"from": "unknown", "to": state, "why": why}
        world.ledger.append(f"probe/{probe.key}", [Draft(HEALTH_CHANGED, facts)], expected=None, actor="w", at=world.at)
        assert f"{state.capitalize()} since 03:10 UTC. {why}" in world.says().body


def test_what_was_run_for_the_service_lately_is_told(world):
    plan = {"path": "docs/operations/runbooks/web.md", "anchor": "deploy", "title": "Deploy", "service": "web"}
    for number, (service, hours) in enumerate((("web", 1), ("web", 30), ("queue", 1))):
        begun = {"plan": {**plan, "service": service}, "commit": None, "is_dry": False}
        at = world.at - timedelta(hours=hours)
        world.ledger.append(f"run/{number}", [Draft("RunStarted", begun)], expected=0, actor="ben", at=at)
    body = world.says().body
    assert "Changed lately:\n  - web · Deploy was run by ben at 02:10 UTC: running." in body
    assert body.count("was run by") == 1


@pytest.mark.parametrize(
    ("purpose", "title", "answers"),
    [("page", "P0 web: ", True), ("resolved", "Resolved: P0 web: ", False), ("handoff", "Yours now: ", True),
     ("reminder", "Reminder: ", True), ("test", "Test: ", False)],
)  # fmt: skip
def test_each_purpose_says_what_kind_of_message_it_is(world, purpose, title, answers):
    told = world.says(purpose=purpose)
    assert told.title.startswith(title) and ("Acknowledge:" in told.body) == answers
    assert told.facts["purpose"] == purpose


def test_a_drill_says_so_in_the_first_word(world):
    told = world.says(is_drill=True)
    assert told.title.startswith("Drill: ") and "This is a drill" in told.body and told.facts["is_drill"] is True


def test_what_may_have_come_before_is_labelled(world):
    again = world.says(attempts=(Attempt(1, world.at, "lost"),))
    assert "You may have got this before" in again.body and again.facts["is_duplicate"] is True
    assert "before" not in world.says(attempts=(Attempt(1, world.at, "retrying"),)).body


def test_times_are_those_of_the_readers_clock(world):
    world.contacts.set_quiet("ada", None, "Asia/Tokyo", "ada")
    world.at += timedelta(hours=1)
    assert "Open since 12:10 in Tokyo, 03:10 UTC" in world.says().body


def test_a_test_message_carries_its_code(world):
    page = world.contacts.test("ada", "email", "ada")
    index = [each.id for each in world.pages].index(page)
    told = world.says(purpose="test", index=index)
    code = world.contacts.code_for("test/ada/email")
    assert f"Your code is {code}" in told.body and code in told.html and f"{BASE}/account" in told.body
    assert f"Opsbook code {code}" in world.says("sms", purpose="test", index=index).body


def test_several_pages_are_one_message_with_the_gravest_first(world):
    for number in range(30):
        world.hear(world.fires(f"Slow{number}", key=f"s{number}", severity="high"))
    items = [world.item(index=number) for number in range(len(world.pages))]
    told = world.wording.digest(items, "Opsbook did not page for a while.")
    assert told.body.count("Acknowledge: ") == 31
    assert told.ack_url.split("/a/")[1] in told.html and len(told.facts["pages"]) == 31
    short = world.wording.digest([world.item("sms", index=number) for number in range(31)], "Late.")
    assert len(short.body) <= 480 and short.ack_url in short.body


def test_the_subject_of_several_pages_is_short_and_names_the_gravest(world):
    assert world.wording.digest([world.item(index=0)] * 2, "Late.").title.startswith("2 pages, gravest P0: ")
    for number in range(30):
        world.hear(world.fires(f"Slow{number}" + " and longer" * 20, key=f"s{number}", severity="high"))
    title = world.wording.digest([world.item(index=number) for number in range(31)], "Late.").title
    assert title.startswith("31 pages, gravest P0: ") and title.endswith(" and 29 more") and len(title) <= 130


def test_a_page_without_first_steps_is_answered_by_one_link_in_a_digest(world):
    told = world.wording.digest([world.item(), world.item(place=None)], "Late.")
    assert told.body.count("Acknowledge: ") == 2


def test_what_machines_get_is_plain_json(world):
    facts = msgspec.json.decode(msgspec.json.encode(world.says("webhook").facts))
    assert facts["section"]["steps"][0] == "1. Ask nginx which file it rejects."
    assert facts["acknowledge_url"].endswith(SECRET) and facts["thread"] == f"page/{world.pages[0].id}"


class Tags(HTMLParser):
    """The tags of a document that are open at its end, and those that could do something."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.seen, self.links = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


HOSTILE = '<script>alert(1)</script><img src=x onerror=y>"\'&</td></table>'


def test_nothing_from_outside_becomes_markup_in_a_mail(world):
    hostile = replace(world.fires(HOSTILE, key="h"), annotations={"summary": HOSTILE})
    world.hear(replace(hostile, labels={**hostile.labels, "x": HOSTILE}))
    told = world.says(index=1, subject=HOSTILE)
    read = Tags(told.html)
    assert read.open == [] and not {"script", "img"} & read.seen
    assert all(link.startswith(BASE) for link in read.links)


def test_a_page_that_the_book_says_nothing_of_is_told_all_the_same(world):
    told = world.says(place=None, service=None)
    assert "No page of the book speaks of it." in told.body and told.title.startswith("P0 ")


@given(some.lists(some.tuples(some.integers(0, 5), some.text(max_size=80)), max_size=8), some.integers(0, 200))
def test_what_must_not_be_cut_is_whole_and_the_rest_fits(parts, size):
    blocks = [Block(rank, text) for rank, text in parts]
    text = fitted(blocks, size, "\n")
    whole = [block.text for block in blocks if block.rank == 0 and block.text]
    assert all(each in text for each in whole)
    assert len(text) <= max(size, len("\n".join(whole)))
    assert len(shortened(text, size)) <= max(size, 0)


@pytest.mark.parametrize("kind", ["email", "sms", "push", "chat"])
def test_a_message_tells_the_incident_and_leads_to_it(world, kind):
    message = world.says(kind, incident=14)
    assert "INC-14" in message.title and "Incident" not in world.says(kind).title
    assert f"{BASE}/incidents/14" in message.body
    assert (message.facts["incident"], message.facts["incident_url"]) == (14, f"{BASE}/incidents/14")


def test_a_message_of_what_names_its_incident_says_the_number_once(world):
    assert world.says(incident=14, subject="INC-14: all is over").title.count("INC-14") == 1
