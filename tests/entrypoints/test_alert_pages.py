"""The pages of alerts, silences and pages at the real door, over a ledger with all of them in it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from tests.browser.shop import PAGES
from tests.entrypoints.browsing import Browser, browsing
from tests.entrypoints.paged_alerts import ALERT as FIRST
from tests.entrypoints.paged_alerts import PAGE, fired, lay_alerts

from opsbook.book.reach import Directory
from opsbook.entrypoints.web.oncall_pages import drawn
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.usecases.ledger_ports import Write
from opsbook.usecases.oncall import oncall
from opsbook.usecases.page_plan import _Rounds
from opsbook.usecases.reaching import Reaching


def shop_pages() -> dict[str, str]:
    """The book of the shop."""
    return {str(path.relative_to(PAGES)): path.read_text().replace("{PORT}", "9") for path in PAGES.rglob("*.md")}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A responder before the shop; what tests do to its alerts they do to alerts of their own."""
    with browsing(tmp_path_factory.mktemp("shop"), shop_pages()) as browser:
        lay_alerts(browser.door.desk.ledger, browser.door.desk.now())
        yield browser


def fire(shop: Browser, id_: str, name: str, **labels: str) -> str:
    """One more alert that fires."""
    at = datetime.now(UTC)
    write = Write(f"alert/{id_}", (fired(name, "P1", at, summary=f"{name} says so.", **labels),))
    shop.door.desk.ledger.record([write], actor="router", at=at)
    return id_


def send(shop: Browser, address: str, **fields: str) -> str:
    """Sends a form of the responder's, and gives where it leads or what is answered."""
    answer = shop.send(address, {"csrf": shop.me["x-csrf-token"], **fields})
    return answer.headers.get("location") or answer.text


def section(html: str, id_: str) -> str:
    """The part of a page that begins with an id."""
    return html[html.index(f'id="{id_}"') :]


def test_alerts_stand_in_their_groups_the_gravest_first_with_their_page(shop):
    html = shop.see("/alerts", me=True)
    names = re.findall(r'class="alert-name" href="/alerts/([^"]+)"', html)
    assert set(names[:3]) == {FIRST, "261126-031002-aaab", "261126-031004-aaac"}
    group = html[html.index("PaymentsDown · payments") :][:1500]
    assert "Waking people" in group
    assert "<b>Kim Okafor</b> was paged" in group.replace("</span>", "")
    assert "then level 2 at" in group


def test_what_tells_alerts_of_a_group_apart_is_their_name_in_the_list(shop):
    assert ">instance=payments-1</a>" in shop.see("/alerts")


def test_a_filter_stands_in_the_address_and_counts_what_it_matches(shop):
    html = shop.see("/alerts?match=" + quote('service=~"data.*"'))
    assert re.findall(r'class="alert-name" href="/alerts/([^"]+)"', html) == ["261126-025100-baaa"]
    assert 'value="service=~&#34;data.*&#34;"' in html


def test_a_filter_that_cannot_be_read_says_at_which_column_and_shows_all(shop):
    html = shop.see("/alerts?match=" + quote('severity="P1", =x'))
    assert re.search(r"Column \d+: ", html)
    assert FIRST in html


@pytest.mark.parametrize("text", ["{" * 3000, "a=~(", "\x00", 'a="' + "x" * 9000, "💥=~💥", "a" * 5000])
def test_whatever_is_typed_into_the_filter_is_answered(shop, text):
    shop.see("/alerts?match=" + quote(text))
    shop.see("/silences/new?match=" + quote(text))


@pytest.mark.parametrize(("tab", "wanted"), [("acknowledged", "ReplicationLag"), ("suppressed", "BackupLate"),
                                             ("stale", "MailQueueLong"), ("resolved", "Resolved")])  # fmt: skip
def test_tabs_show_alerts_of_one_status(shop, tab, wanted):
    html = shop.see(f"/alerts?status={tab}")
    assert wanted in html
    assert FIRST not in html


def test_one_alert_has_its_section_beside_it_whole_with_its_run_button_and_why(shop):
    html = shop.see(f"/alerts/{FIRST}", me=True)
    part = section(html, "what-to-do")
    assert "The alert is named below the heading." in part
    assert "connect to bank port 443 failed" in part
    assert "/edit/docs/operations/runbooks/payments.md?line=" in part
    assert ' id="L' not in part  # what stands on another page keeps its ids


def test_the_section_of_a_procedure_can_be_run_from_the_alert(shop):
    from tests.entrypoints.paged_alerts import place

    at = datetime.now(UTC)
    where = place("payments", "restart-service", "Restart Service", "It is named.")
    write = Write("alert/261126-050000-zzzz", (fired("Slow", "P3", at, place=where),))
    shop.door.desk.ledger.record([write], actor="router", at=at)
    assert "payments.md%23restart-service" in section(shop.see("/alerts/261126-050000-zzzz"), "what-to-do").replace("#", "%23")


def test_a_section_that_is_gone_is_told_and_led_to_as_it_was(shop):
    from tests.entrypoints.paged_alerts import place

    at = datetime.now(UTC)
    write = Write("alert/261126-050100-zzzy", (fired("Lost", "P3", at, place=place("payments", "gone", "Gone", "x")),))
    shop.door.desk.ledger.record([write], actor="router", at=at)
    assert "The page has no section &#39;gone&#39; any more." in shop.see("/alerts/261126-050100-zzzy")


def test_what_holds_an_alert_is_named_and_led_to(shop):
    html = shop.see("/alerts/261126-022500-faaa")
    assert "It wakes nobody now" in html
    assert 'href="/silences#silence-' in html


def test_who_was_woken_and_what_became_of_each_message_stands_on_the_alert_and_the_page(shop):
    for address in (f"/alerts/{FIRST}", f"/pages/{PAGE}"):
        html = shop.see(address)
        assert "The device is not registered any more." in html
        assert "1.8 s" in html
    html = shop.see(f"/pages/{PAGE}")
    assert "on call by the schedule &#39;Primary On-Call&#39; until Monday 09:00" in html
    assert re.findall(r'data-reached="(\w+)"', html) == ["yes", "no", "no", "no"]


def test_an_alert_that_is_acknowledged_can_be_taken_back(shop):
    id_ = fire(shop, "261126-050200-xaaa", "Wobbles")
    leads = send(shop, "/alerts", alert=id_, do="acknowledge", back="/alerts?status=firing")
    assert leads == f"/alerts?status=firing&did=acknowledge&ids={id_}"
    html = shop.see(leads, me=True)
    assert "Acknowledged: 1 alert." in html
    assert shop.door.desk.alert_desk.alerts.find(id_).acknowledged_by == "grace"
    send(shop, "/alerts", alert=id_, do="unacknowledge", is_undo="yes")
    assert shop.door.desk.alert_desk.alerts.find(id_).status == "firing"


def test_an_alert_that_is_resolved_can_be_opened_again(shop):
    id_ = fire(shop, "261126-050300-xaab", "Sways")
    send(shop, f"/alerts/{id_}", do="resolve", why="It was a drill.")
    assert shop.door.desk.alert_desk.alerts.find(id_).status == "resolved"
    send(shop, "/alerts", alert=id_, do="reopen", is_undo="yes")
    assert shop.door.desk.alert_desk.alerts.find(id_).status == "firing"


def test_a_whole_group_is_acknowledged_at_once(shop):
    ids = [fire(shop, f"261126-05040{n}-xaa{n}", "Tilts", instance=str(n)) for n in range(3)]
    group = shop.door.desk.alert_desk.alerts.find(ids[0]).group
    assert "did=acknowledge" in send(shop, "/alerts", group=group)
    assert {shop.door.desk.alert_desk.alerts.find(each).status for each in ids} == {"acknowledged"}


def test_what_cannot_be_done_is_told_where_it_was_asked_for(shop):
    assert "Select the alerts first." in send(shop, "/alerts", do="acknowledge")
    assert "Choose what is to be done." in send(shop, f"/alerts/{FIRST}", do="dance")
    assert "is no length of time" in send(shop, f"/alerts/{FIRST}", do="acknowledge", **{"for": "soon"})
    assert "There is no alert" in shop.see("/alerts/261126-999999-none", status=404)


def test_a_note_stands_in_what_happened(shop):
    id_ = fire(shop, "261126-050500-xaba", "Hums")
    send(shop, f"/alerts/{id_}", do="note", text="The fan <b>hums</b>.")
    assert "grace wrote: The fan &lt;b&gt;hums&lt;/b&gt;." in shop.see(f"/alerts/{id_}")


def test_a_silence_from_several_alerts_has_what_they_have_in_common(shop):
    html = shop.see(f"/silences/new?alert={FIRST}&alert=261126-031002-aaab", me=True)
    assert "alertname=&#34;PaymentsDown&#34;, service=&#34;payments&#34;, severity=&#34;P0&#34;" in html
    assert "instance=&#34;" not in html
    assert "3 of the open alerts" in html


def test_a_silence_is_seen_before_it_is_made_then_made_then_ended(shop):
    form = {"match": 'alertname="Rattles"', "for": "30m", "comment": "A new fan comes."}
    id_ = fire(shop, "261126-050600-xabb", "Rattles")
    assert id_ in send(shop, "/silences", **form, do="preview")
    leads = send(shop, "/silences", **form, do="add")
    html = shop.see("/silences", me=True)
    assert "A new fan comes." in html
    assert "1 alert matches now" in html
    silence = leads.rpartition("silence-")[2]
    send(shop, f"/silences/{silence}", do="expire")
    assert "A new fan comes." in shop.see("/silences?state=expired")


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"match": "a="}, "Column "), ({"match": 'a="b"', "for": "soon"}, "is no length of time"),
     ({"match": 'a="b"', "for": ""}, "Say for how long it holds"), ({"match": 'a="b"', "zone": "Mars"}, "no time zone"),
     ({"match": 'a="b"', "starts": "whenever"}, "is no time"), ({"match": 'a=~".*"'}, "matches everything"),
     ({"match": 'a="b"', "comment": ""}, "Not done")],
)  # fmt: skip
def test_a_silence_that_cannot_be_is_told_and_what_was_typed_stays(shop, fields, said):
    html = send(shop, "/silences", **{"for": "1h", "comment": "why", "do": "add", **fields})
    assert said in html or "Not done" in html
    assert 'name="match"' in html


def test_somebody_can_be_woken_by_hand_and_the_page_be_cancelled(shop):
    leads = send(shop, "/pages", whom="@kim", subject="Come to the bridge", severity="P1")
    assert leads.startswith("/pages/")
    assert "asked for by grace" in shop.see(leads)
    assert send(shop, leads, do="cancel", why="It is fine.") == leads
    assert "It is fine." in shop.see(leads)


def test_a_page_is_passed_on_and_then_said_to_be_over(shop):
    leads = send(shop, "/pages", service="checkout", subject="Payments wait", severity="P1")
    assert "Pass on…" in shop.see(leads, me=True)
    assert send(shop, leads, do="escalate", why="on a train") == leads
    assert "Passed on to the next level by grace (web)." in shop.see(leads)
    assert send(shop, leads, do="resolve", why="mended") == leads
    assert "grace says that it is over: mended" in shop.see(leads)


def test_a_page_that_reaches_nobody_is_refused_with_the_reason(shop):
    assert "Nobody was paged" in send(shop, "/pages", whom="@nobody-at-all", subject="Hello")


def test_who_is_paged_if_is_answered_with_reasons_in_any_zone(shop):
    html = shop.see("/oncall?service=checkout&severity=P0&at=2026-11-29T03:10&zone=Europe/Copenhagen")
    part = section(html, "if")
    assert "2026-11-29 02:10" in part
    assert "<b>Kim Okafor</b>" in part
    assert "at once" in part
    assert "There is no time zone" in shop.see("/oncall?severity=P1&zone=Mars")


@pytest.mark.parametrize("query", ["view=month&day=2027-02-10", "view=x&day=y", "day=9999-12-31", "day=0001-01-01"])
def test_the_calendar_shows_any_week_or_month(shop, query):
    assert 'class="cal"' in shop.see(f"/oncall?{query}")


def test_the_escalation_is_drawn_and_told_in_words(shop):
    html = shop.see("/oncall")
    assert re.search(r"<desc[^>]*>at once: Level 1, Primary On-Call; Kim Okafor\.", html)


def test_what_is_configured_as_catch_all_stands_behind_escalations_that_name_none(shop):
    found = oncall(shop.door.desk.library.snapshot(), datetime.now(UTC), catch_all=("#last-resort",))
    bare = next(each for each in found.escalations if not each.policy.catch_all)
    assert "at last: Catch-all, #last-resort; #last-resort." in drawn(bare, 0)


def test_why_a_channel_is_told_is_not_said_twice():
    levels = (PlannedLevel(1, 0.0, ("#ops",), "level 1 of 'Money'"),)
    policy = FrozenPolicy("Money", "p.md", 1, None, levels, 0, None, (), 1800.0)
    rounds = _Rounds(Directory([]), policy, datetime(2026, 11, 26, tzinfo=UTC), lambda name, at: Reaching())
    assert [step.why for step in rounds.steps()] == ["level 1 of 'Money'"]


def test_a_calendars_secret_address_is_shown_once(shop):
    html = send(shop, "/oncall", of="person Kim Okafor")
    address = re.search(r'id="calendar-secret">([^<]+)<', html)
    assert address is not None
    assert address[1].endswith(".ics")
    assert address[1] not in shop.see("/oncall", me=True)


def test_who_has_verified_a_contact_is_a_finding_less_on_the_page_of_people(shop):
    desk, people = shop.door.desk, "docs/operations/incidents/incident-response.md"

    def without():
        found = [each for each in desk.library.look().facts[people].findings if each.rule == "unverified-contact"]
        return [name for name in ("Kim", "Jo") if any(each.message.startswith(name) for each in found)]

    assert without() == []
    contacts = desk.alert_desk.contacts
    contacts.add("kim", "sms", "+45 5550 0123", "kim")
    contacts.test("kim", "own-sms", "kim")
    contacts.verify("kim", "own-sms", contacts.code_for("test/kim/own-sms"), "kim")
    assert without() == ["Jo"]


def test_how_paging_goes_is_told_by_the_api_as_well(shop):
    answer = shop.door.ask("GET", "/api/v1/paging-report?days=30")
    model = answer.json()
    assert model["answered"]["answered"] > 10
    assert {each["person"] for each in model["people"]} == {"Kim Okafor", "Ana Sousa", "Jo Lind"}
    assert "<svg" in shop.see("/paging")


def test_the_first_page_and_the_service_show_what_fires(shop):
    assert "PaymentsDown · payments" in shop.see("/")
    assert 'aria-label="Open alerts"' in shop.see("/services/payments")
    assert "no open alert" not in shop.see("/services/payments")


def test_without_alerts_the_page_says_how_to_point_a_sender_here(tmp_path):
    with browsing(tmp_path, shop_pages()) as browser:
        html = browser.see("/alerts")
        assert "webhook_configs:" in html
        assert "http://127.0.0.1:8000/inlets/alertmanager" in html
        assert 'targets: [&#34;127.0.0.1:8000&#34;]' in html or 'targets: ["127.0.0.1:8000"]' in html
        for address in ("/pages", "/silences", "/paging", "/oncall"):
            browser.see(address)


def test_what_a_label_says_is_never_markup(shop):
    id_ = fire(shop, "261126-050700-xabc", "<script>alert(1)</script>", instance='"><img src=x>')
    for address in ("/alerts", f"/alerts/{id_}", "/", f"/silences/new?alert={id_}"):
        html = shop.see(address, me=True)
        assert "<script>alert" not in html
        assert "<img src=x" not in html


def test_ten_thousand_open_alerts_are_listed_in_an_instant(tmp_path):
    with browsing(tmp_path, shop_pages()) as browser:
        at = datetime.now(UTC)
        for start in range(0, 10_000, 1_000):
            writes = [
                Write(f"alert/2611{n:02d}-{start:06d}-x{n:03d}", (fired(
                    f"Alert{n % 200}", f"P{n % 4}", at - timedelta(seconds=n), service=f"svc-{n % 40}", instance=str(start + n)
                ),)) for n in range(1_000)
            ]  # fmt: skip
            browser.door.desk.ledger.record(writes, actor="router", at=at)
        assert "10,000" in browser.see("/alerts")
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            browser.see("/alerts?page=2")
            took.append(time.perf_counter() - begun)
        assert min(took) < 0.25  # the figure is the bench's; here only that it does not grow with the alerts
