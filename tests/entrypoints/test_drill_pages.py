"""Drills at the real door: planned, joined, begun, answered, told and ended, by the browser and by the API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.entrypoints.browsing import Browser, browsing
from tests.usecases.alert_world import BOOK
from tests.xss_vectors import VECTORS

from opsbook.ledger.drill import Drill

WHERE = "docs/operations/runbooks/web.md#issue-nginx-is-down-or-will-not-start"
SCENARIO = "docs/operations/drills/odd.md"
ODD = "# Drill: Odd\n\n**Service:** web\n**Alerts:** WebDown\n**Right Section:** [it](../runbooks/web.md)\n\n## Answer\n\n"

PLAN = f"""# Drills

| Procedure | Every | On | Who |
| --- | --- | --- | --- |
| [Start <b>it</b>](../runbooks/web.md#{WHERE.partition("#")[2]}) | 90 days | sandbox-1 | @ada |
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A responder before a shop with a scenario whose answer tries to be more than words."""
    answer = "".join(f"1. odd {each.replace(chr(10), ' ')}\n" for each in VECTORS[:20])
    pages = {**BOOK, SCENARIO: ODD + answer, "docs/operations/drills/README.md": PLAN}
    with browsing(tmp_path_factory.mktemp("shop"), pages) as browser:
        yield browser


def send(shop: Browser, address: str, **fields: str) -> httpx.Response:
    return shop.send(address, {"csrf": shop.me["x-csrf-token"], **fields})


def see(shop: Browser, address: str) -> str:
    return shop.see(address, me=True)


def begun(shop: Browser, kind: str = "alert", what: str = "WebDown") -> Drill:
    send(shop, "/drills", kind=kind, what=what, speed="10x")
    drill = shop.door.desk.drill_desk.drills.find("last")
    for do in ("join", "start"):
        send(shop, f"/drills/{drill.id}", do=do)
    return shop.door.desk.drill_desk.drills.find(drill.id)


def test_a_drill_is_planned_joined_answered_and_stopped_in_the_browser(shop: Browser) -> None:
    drill = begun(shop)
    assert (drill.state, drill.speed) == ("running", 10.0)
    at = f"/drills/{drill.id}"
    assert WHERE not in see(shop, at)
    opened = send(shop, at, do="open", value=WHERE)
    assert opened.headers["location"] == f"/book/{WHERE}"
    send(shop, at, do="reveal")
    send(shop, at, do="step", value="7")
    seen = see(shop, at)
    assert "It is about the service web." in seen and "The page is" not in seen
    send(shop, at, do="stop", why="enough")
    seen = see(shop, at)
    assert WHERE in seen and "enough" in seen and "How it went" in seen
    (score,) = shop.door.desk.drill_desk.drills.score(shop.door.desk.drill_desk.drills.find(drill.id))
    assert (score.section_s is not None, score.reveals, score.wrong) == (True, 1, 1)


def test_the_list_has_a_form_for_who_may_plan_and_says_why_not_to_others(shop: Browser) -> None:
    assert 'value="WebDown"' in see(shop, "/drills") and "Plan it" in see(shop, "/drills")
    assert "sign in first" in shop.see("/drills")


def test_the_page_offers_what_a_search_for_the_section_finds(shop: Browser) -> None:
    drill = begun(shop)
    assert f'value="{WHERE}"' in see(shop, f"/drills/{drill.id}?q=nginx")


def test_what_a_scenario_says_stays_words(shop: Browser) -> None:
    drill = begun(shop, "scenario", SCENARIO)
    for _ in range(20):
        send(shop, f"/drills/{drill.id}", do="reveal")
    seen = see(shop, f"/drills/{drill.id}")
    assert "odd" in seen
    assert not [each for each in VECTORS[:20] if "<" in each and each in seen]


def test_an_alert_that_nobody_knows_is_told_beside_what_was_typed(shop: Browser) -> None:
    answer = send(shop, "/drills", kind="alert", what="WebDwn", speed="1x")
    assert answer.status_code == 400
    assert "Did you mean &#39;WebDown&#39;?" in answer.text and 'value="WebDwn"' in answer.text


def test_a_drill_goes_on_by_the_api_and_tells_the_answer_to_nobody_before_it_is_over(shop: Browser) -> None:
    def ask(method: str, address: str, **body: object) -> httpx.Response:
        return shop.door.ask(method, f"/api/v1/drills{address}", headers=shop.me, json=body if method == "POST" else None)

    made = ask("POST", "", section=WHERE, speed=20)
    assert made.status_code == 201
    at = f"/{made.json()['id']}"
    assert [ask("POST", at, do=each, again=True).status_code for each in ("start", "join", "start")] == [409, 200, 200]
    assert ask("POST", f"{at}/answer", what="section", value="runbooks/web.md#issue-web-answers-502").json()["is_right"] is False
    assert ask("POST", f"{at}/answer", what="section", value=WHERE).json()["is_right"] is True
    assert ask("GET", at).json()["answer"] is None
    ask("POST", at, do="stop", why="enough")
    assert ask("GET", at).json()["answer"]["sections"] == [WHERE]
    assert ask("GET", "/none").status_code == 404


def test_what_is_to_be_practised_is_listed_with_when_it_is_due(shop: Browser) -> None:
    text = see(shop, "/drills")
    assert "due: never practised" in text
    assert "<b>it</b>" not in text
    (found,) = shop.door.ask("GET", "/api/v1/drills", headers=shop.me).json()["scheduled"]
    assert (found["procedure"], found["state"], found["on"], found["who"]) == (WHERE, "due", "sandbox-1", ["@ada"])
    assert "1 planned drill is due." in see(shop, "/coverage")
