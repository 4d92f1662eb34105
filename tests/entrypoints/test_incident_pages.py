"""The pages of incidents at the real door: the list, declaring one, leading it, what is refused, what is live."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import unquote

import httpx
import pytest
from tests.entrypoints.browsing import Browser, browsing
from tests.entrypoints.paged_alerts import ALERT, PAGE, lay_alerts
from tests.entrypoints.test_alert_pages import shop_pages
from tests.xss_vectors import VECTORS

from opsbook.ledger import incident_events
from opsbook.ledger.incident import Incident, claim_of, stream_of
from opsbook.ledger.incident_events import Members
from opsbook.usecases.incident_acts import Declaration
from opsbook.usecases.ledger_ports import Write


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A responder before the shop, whose payments are down."""
    with browsing(tmp_path_factory.mktemp("shop"), shop_pages()) as browser:
        lay_alerts(browser.door.desk.ledger, browser.door.desk.now())
        yield browser


def declare(shop: Browser, title: str = "No payment goes through", **more: object) -> Incident:
    """One more incident of the shop."""
    said = Declaration(title, "P1", "As it looks.", **more)  # type: ignore[arg-type]
    return shop.door.desk.incident_desk.incidents.declare(said, "kim")


def send(shop: Browser, address: str, **fields: str) -> httpx.Response:
    """The answer to a form of the responder's."""
    return shop.send(address, {"csrf": shop.me["x-csrf-token"], **fields})


def do(shop: Browser, incident: Incident, do: str, **fields: str) -> Incident:
    """Sends a form of an incident's page, which must be done; gives the incident after it."""
    answer = send(shop, f"/incidents/{incident.number}", do=do, **fields)
    assert answer.status_code == 303, re.sub(r"<[^>]+>", " ", answer.text)[:2000]
    return shop.door.desk.incident_desk.incidents.find(incident.number)


def test_a_new_one_is_filled_in_from_an_alert(shop):
    html = shop.see(f"/incidents/new?alert={ALERT}", me=True)
    assert 'value="No payment went through for five minutes."' in html
    assert re.search(r'name="service" value="payments" checked', html)
    assert re.search(rf'name="alert" value="{ALERT}" checked', html)


@pytest.mark.parametrize("query", [f"page={PAGE}", "service=database", "run=nothing", "alert=nothing", "service=nothing"])
def test_a_new_one_is_filled_in_from_whatever_the_address_names(shop, query):
    assert "Declare an incident" in shop.see(f"/incidents/new?{query}", me=True)


def test_what_is_declared_has_a_page_of_its_own_and_what_it_was_declared_from(shop):
    answer = send(shop, "/incidents/new", do="declare", title="Carts are empty", service="checkout", alert=ALERT,
                  users_pct="12,5", functions="pay, sign in", severity="P1", why="It looks like that.", drill="on")  # fmt: skip
    number = int(answer.headers["location"].removeprefix("/incidents/"))
    made = shop.door.desk.incident_desk.incidents.find(number)
    assert made.impact.users_pct == 12.5
    assert made.impact.functions == ("pay", "sign in")
    assert made.alerts == (ALERT,)
    assert "checkout" in made.services
    assert made.is_drill
    html = shop.see(f"/incidents/{number}", me=True)
    assert "Carts are empty" in html
    assert ">drill<" in html


def test_without_scripts_the_form_says_how_grave_it_is_and_keeps_what_was_typed(shop):
    answer = send(shop, "/incidents/new", do="rate", title="Half of it", users_pct="50", workaround="none")
    assert answer.status_code == 200
    assert 'value="Half of it"' in answer.text
    assert 'id="severity-said"' in answer.text


@pytest.mark.parametrize("share", ["-1", "101", "many", "1e999", "nan"])
def test_a_share_of_users_that_cannot_be_is_refused_and_what_was_typed_stays(shop, share):
    answer = send(shop, "/incidents/new", do="declare", title="Odd", users_pct=share)
    assert answer.status_code == 400
    assert 'value="Odd"' in answer.text
    assert shop.see(f"/fragments/incident-severity?users_pct={share}")


def test_one_is_found_by_its_number_and_its_name_and_a_report_by_its_file(shop):
    made = declare(shop)
    assert shop.see(f"/incidents/{made.number}")
    assert shop.leads_to(f"/incidents/{made.name}") == f"/incidents/{made.number}"
    assert shop.leads_to(f"/incidents/{made.id}") == f"/incidents/{made.number}"
    record = next(path for path, facts in shop.door.desk.library.snapshot().facts.items() if facts.report)
    stem = record.rsplit("/", 1)[1].removesuffix(".md")
    assert shop.leads_to(f"/incidents/{stem}") == f"/book/{record}"
    shop.see("/incidents/99999", status=404)
    shop.see("/incidents/nothing-like-it", status=404)


def test_its_page_says_what_is_due_and_to_whom(shop):
    made = declare(shop)
    html = shop.see(f"/incidents/{made.number}", me=True)
    assert "Nobody has acknowledged it." in html
    do(shop, made, "acknowledge")
    html = shop.see(f"/incidents/{made.number}", me=True)
    assert "Nobody has acknowledged it." not in html


def test_the_section_of_its_alerts_stands_on_it_and_a_run_from_there_belongs_to_it(shop):
    made = declare(shop, members=Members(alerts=(ALERT,)))
    operator = shop.door.session("operator", "olga")
    html = shop.door.ask("GET", f"/incidents/{made.number}", headers={"cookie": operator["cookie"]}).text
    assert "Issue: The bank refuses connections" in html
    assert re.search(rf'href="/run\?at=[^"]+&incident={made.number}"', unescape(html))
    where = unescape(re.search(r'href="/run\?at=([^"&]+)', html).group(1))
    form = shop.see(f"/run?at={where}&incident={made.number}", me=True)
    assert f'name="incident" value="{made.number}"' in form
    assert f'href="/incidents/{made.number}"' in form


def test_a_run_that_is_started_from_its_page_belongs_to_it_and_leads_back(shop):
    made = declare(shop, members=Members(alerts=(ALERT,)))
    operator = shop.door.session("operator", "olga")
    html = shop.door.ask("GET", f"/incidents/{made.number}", headers={"cookie": operator["cookie"]}).text
    where = unquote(unescape(re.search(r'href="/run\?at=([^"&]+)', html).group(1)))
    fields = {"csrf": operator["x-csrf-token"], "at": where, "incident": str(made.number), "do": "start"}
    answer = shop.door.ask("POST", "/run", headers={"cookie": operator["cookie"], "accept": "text/html"}, data=fields)
    assert answer.status_code == 303, answer.text[:3000]
    run = answer.headers["location"].removeprefix("/runs/")
    assert shop.door.desk.incident_desk.incidents.find(made.number).runs == (run,)
    assert f'href="/incidents/{made.number}">INC-{made.number}<' in shop.see(f"/runs/{run}")
    assert f'href="/runs/{run}"' in shop.see(f"/incidents/{made.number}")
    refused = shop.door.ask("POST", "/run", headers={"cookie": operator["cookie"], "accept": "text/html"},
                            data={**fields, "incident": "987654"})  # fmt: skip
    assert refused.status_code == 400


def test_every_act_of_the_page_does_what_it_says(shop):
    made = declare(shop, members=Members(services=("payments",)))
    assert do(shop, made, "move", state="identified", why="The certificate").state == "identified"
    assert do(shop, made, "move", state="mitigating").status == "Mitigating"
    assert do(shop, made, "rate", severity="P0", why="All of them").severity == "P0"
    assert do(shop, made, "edit", field="title", value="Nobody can pay").title == "Nobody can pay"
    assert do(shop, made, "edit", field="war_room", value="#pay").war_room == "#pay"
    assert do(shop, made, "assign", role="scribe", person="Ana Sousa").holders("scribe")
    assert not do(shop, made, "release", role="scribe", person=made.holders("scribe")[0] if made.holders("scribe") else
                  shop.door.desk.incident_desk.incidents.find(made.number).holders("scribe")[0]).holders("scribe")  # fmt: skip
    task = do(shop, made, "add-task", text="Tell the bank").tasks[-1]
    assert do(shop, made, "task", task=str(task.id), state="done").tasks[-1].state == "done"
    assert do(shop, made, "attach", kind="services", id="database").services[-1] == "database"
    assert "database" not in do(shop, made, "detach", kind="services", id="database").services
    assert do(shop, made, "call", person="Ana Sousa", why="She knows the bank").called
    assert do(shop, made, "promise", text="Watch the certificate", owner="kim", due="2027-03-01").actions
    assert do(shop, made, "set-promise", action="1", state="in progress").actions[0].state == "in progress"
    over = do(shop, made, "resolve", resolution="A new certificate", root_cause="The old one had ended")
    assert over.status == "Resolved"
    assert over.resolution == "A new certificate"
    html = shop.see(f"/incidents/{made.number}", me=True)
    assert "over at" in html


def test_one_that_is_merged_says_where_it_goes_on(shop):
    first, second = declare(shop, "Payments fail"), declare(shop, "Cards are refused")
    do(shop, second, "merge", into=str(first.number))
    assert f'href="/incidents/{first.number}"' in shop.see(f"/incidents/{second.number}")


def test_a_part_of_it_is_split_off(shop):
    made = declare(shop, "Two things", members=Members(services=("payments", "mail")))
    answer = send(shop, f"/incidents/{made.number}", do="split", title="Mails wait", services="mail")
    new = answer.headers["location"].removeprefix("/incidents/").partition("?")[0]
    assert "Mails wait" in shop.see(f"/incidents/{new}")


def test_what_was_done_can_be_undone(shop):
    made = declare(shop)
    do(shop, made, "add-task", text="Look at the disk")
    answer = send(shop, f"/incidents/{made.number}", do="task", task="1", state="done")
    html = shop.see(answer.headers["location"], me=True)
    undo = html[html.index('id="undo"') :].partition("</form>")[0]
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', undo))
    assert fields["state"] == "open"
    send(shop, f"/incidents/{made.number}", **{name: value for name, value in fields.items() if name != "csrf"})
    assert shop.door.desk.incident_desk.incidents.find(made.number).tasks[0].state == "open"


def test_no_address_makes_the_page_offer_what_nobody_did(shop):
    made = declare(shop)
    for query in ("did=task&of=77", "did=attach&kind=alerts&of=x", "did=call&of=me", "did=nothing", "did=assign&of=x&role=y"):
        assert 'id="undo"' not in shop.see(f"/incidents/{made.number}?{query}", me=True)


def test_two_who_change_one_field_both_see_what_happened(shop):
    made = declare(shop)
    shop.door.desk.incident_desk.incidents.edit(made.number, "kim", "title", "Cards are refused")
    answer = send(shop, f"/incidents/{made.number}", do="edit", field="title", value="The bank is down",
                  expected=str(made.version))  # fmt: skip
    assert answer.status_code == 409
    told = answer.text[answer.text.index('class="conflict"') :].partition("</form>")[0]
    assert "Now, by kim" in told
    assert "Cards are refused" in told
    assert "The bank is down" in told
    assert shop.door.desk.incident_desk.incidents.find(made.number).title == "Cards are refused"
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', told))
    fields.pop("csrf")
    assert do(shop, made, **fields).title == "The bank is down"


@pytest.mark.parametrize("fields", [
    {"do": ""}, {"do": "explode"}, {"do": "move", "state": "purple"}, {"do": "add-task", "text": "  "}, {"do": "task", "task": "x"},
    {"do": "edit", "field": "number", "value": "7"}, {"do": "attach", "kind": "alerts", "id": ""}, {"do": "merge", "into": "no"},
    {"do": "move", "state": "resolved", "at": "tomorrow"}, {"do": "rate", "users_pct": "400"}, {"do": "attach", "kind": "id", "id": "x"},
])  # fmt: skip
def test_what_cannot_be_done_says_why_and_changes_nothing(shop, fields):
    made = declare(shop)
    answer = send(shop, f"/incidents/{made.number}", **fields)
    assert answer.status_code in (400, 409), answer.status_code
    assert "Not done" in answer.text
    assert shop.door.desk.incident_desk.incidents.find(made.number).version == made.version


def test_a_viewer_changes_nothing(shop):
    made = declare(shop)
    viewer = shop.door.session("viewer", "vic")
    html = shop.door.ask("GET", f"/incidents/{made.number}", headers={"cookie": viewer["cookie"]}).text
    assert "needs a responder" in html
    assert 'data-incident' not in html
    for address in (f"/incidents/{made.number}", "/incidents/new"):
        answer = shop.door.ask("POST", address, headers={"cookie": viewer["cookie"], "accept": "text/html"},
                               data={"csrf": viewer["x-csrf-token"], "do": "declare", "title": "x"})  # fmt: skip
        assert answer.status_code == 403


def test_a_form_without_its_token_is_refused(shop):
    made = declare(shop)
    assert shop.send(f"/incidents/{made.number}", {"do": "acknowledge"}).status_code == 403


def test_live_ones_stand_first_on_the_list_the_first_page_and_their_service(shop):
    made = declare(shop, "The till is on fire", members=Members(services=("checkout",)))
    for address in ("/incidents", "/", "/services/checkout", "/fragments/incidents"):
        assert f'href="/incidents/{made.number}"' in shop.see(address), address
    do(shop, made, "resolve")
    assert f'href="/incidents/{made.number}"' not in shop.see("/fragments/incidents")
    assert f'href="/incidents/{made.number}"' in shop.see("/incidents")


def test_the_list_is_narrowed_by_what_the_address_asks(shop):
    real, drill = declare(shop, "Quinces rot"), declare(shop, "Quinces practised", is_drill=True)
    assert "Quinces rot" in shop.see("/incidents?q=quinces+rot")
    only = shop.see("/incidents?q=quinces&drills=only")
    assert "Quinces practised" in only
    assert "Quinces rot" not in only
    assert "Quinces practised" not in shop.see("/incidents?q=quinces&drills=without")
    assert "No incident is like that" in shop.see("/incidents?q=nothing+of+the+kind")
    assert f">{real.name}<" in shop.see("/incidents?severity=P1&status=live")
    assert f">{drill.name}<" not in shop.see("/incidents?severity=P3")
    assert shop.see("/incidents?status=%00&severity=x&before=x&behind=-1&drills=y&service=%F0%9F%92%A5")


def test_the_report_of_the_book_stands_in_the_list_too(shop):
    record = next(f.report for f in shop.door.desk.library.snapshot().facts.values() if f.report)
    assert record.title in unescape(shop.see("/incidents"))
    assert f">{record.title}</a>\n" not in unescape(shop.see("/incidents?q=quince"))


@pytest.mark.parametrize("chunk", range(4))
def test_nothing_that_is_written_into_an_incident_runs(shop, chunk):
    for vector in VECTORS[chunk::40]:
        text = vector.replace("\x00", " ")[:280]
        acts = shop.door.desk.incident_desk.incidents
        made = acts.declare(Declaration(" ".join(text.split()) or "x", "P3", "why", summary=text), "kim")
        acts.add_task(made.number, "kim", text)
        html = shop.see(f"/incidents/{made.number}", me=True)
        for raw in re.findall(r"<[a-zA-Z][^>]*>", text):
            assert raw not in html or raw in ("<p>", "<b>", "<a>", "<br>", "<hr>", "<div>", "<li>", "<ul>", "<h1>"), raw
        acts.move(made.number, "kim", "resolved")


def lay_many(shop: Browser, count: int) -> None:
    """So many incidents that are over, as a ledger keeps them."""
    ledger, now = shop.door.desk.ledger, datetime.now(UTC)
    for start in range(0, count, 500):
        writes = []
        for index in range(start, min(start + 500, count)):
            number, at = 100_000 + index, now - timedelta(hours=count - index + 1)
            id_ = f"990101-{index:06d}-many"
            drafts = (
                incident_events.declared(number=number, title=f"Disk {index} is full", state="investigating", severity="P3",
                                         severity_why="Small.", started_at=at),
                incident_events.moved("resolved"),
            )  # fmt: skip
            writes += [Write(stream_of(id_), drafts), Write(claim_of(number), (incident_events.numbered(id_),))]
        ledger.record(writes, actor="test", at=now)


def test_of_many_incidents_each_is_on_one_page_and_a_page_comes_at_once(shop):
    lay_many(shop, 1_000)
    shop.see("/incidents")
    begun = time.perf_counter()
    address, seen = "/incidents?q=disk", []
    for _ in range(40):
        html = shop.see(address)
        seen += re.findall(r">(INC-1\d{5})<", html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        if following is None:
            break
        address = unescape(following.group(1))
    assert len(seen) == len(set(seen)) == 1_000
    assert (time.perf_counter() - begun) / 20 < 0.5  # generous: other tests run beside it


def test_a_page_is_of_the_incident_that_its_alert_belongs_to(shop):
    pages = shop.door.desk.alert_desk.pages
    made = declare(shop, "It has the alert of a page", members=Members((ALERT,)))
    assert pages.incident_of(pages.find(PAGE)) == made.number


@pytest.mark.parametrize("fields", [{"do": "report"}, {"do": "post-mortem"}, {"do": "patch", "path": "docs/runbooks/api.md"}])
def test_only_who_may_change_pages_has_one_written_from_an_incident(shop, fields):
    made = declare(shop)
    limited = shop.door.token("responder", "read", "respond")
    answer = shop.door.ask("POST", f"/incidents/{made.number}", headers=limited, data=fields)
    assert answer.status_code == 403
    assert "edit-page" in answer.text
    assert shop.door.desk.incident_desk.proposals.select(incident=made.number) == []
