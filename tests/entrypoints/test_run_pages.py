"""Runs in the browser: what a page shows, what a form does, and who is let."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from tests.entrypoints.door import Door, opened, write_repository
from tests.entrypoints.played_runs import begun, ended, play, started
from tests.entrypoints.run_door import DEPLOY, PAGES, PATH, SWITCH, asked, see, send, state_of

from opsbook.entrypoints.api.events import what_is_seen_by
from opsbook.entrypoints.streams import as_message
from opsbook.ledger import run_events as events
from opsbook.ledger.run import Run
from opsbook.ledger.run_approval import approval_digest
from opsbook.usecases.runs import Starter


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door to a book with procedures."""
    root = tmp_path_factory.mktemp("web")
    write_repository(root, PAGES)
    with opened(root) as door:
        yield door


@pytest.fixture
def deployed(web: Door) -> Run:
    """A run whose first step is done."""
    run = started(web, DEPLOY, {"VERSION": "v2"})
    return ended(web, begun(web, run, "1", b"\x1b[32mshipped\x1b[0m <b>v2</b>\n"), "1")


def test_without_a_run_the_list_says_what_to_do(tmp_path):
    write_repository(tmp_path, PAGES)
    with opened(tmp_path) as door:
        page = see(door, "/runs")
        assert "Nothing was run yet" in page
        assert 'href="/procedures"' in page


def test_the_list_shows_open_runs_first_with_what_they_wait_for(web, deployed):
    asked(web, deployed, "2", "confirm", "Look at the `dashboard`")
    play(web, started(web, DEPLOY, {"VERSION": "v1"}), events.run_ended("cancelled", "wrong"))
    page = see(web, "/runs")
    assert page.index('id="open"') < page.index(deployed.id) < page.index('id="ended"')
    assert "waits for a person at step 2" in page
    assert deployed.id not in see(web, "/runs?state=not")
    assert deployed.id not in see(web, f"/runs?at={quote(SWITCH, safe='')}")


def test_a_long_list_goes_on_where_it_ended(tmp_path):
    write_repository(tmp_path, PAGES)
    with opened(tmp_path) as door:
        for number in range(52):
            play(door, started(door, DEPLOY, {"VERSION": f"v{number}"}), events.run_ended("failed", f"reason {number}."))
        first = see(door, "/runs")
        assert first.count('class="run-brief"') == 50
        older = re.search(r'href="(/runs\?before=\d+)"', first)
        assert older
        second = see(door, older[1])
        assert second.count('class="run-brief"') == 2
        assert "reason 0." in second


def test_a_run_shows_its_steps_what_they_printed_and_the_page_at_its_commit(web, deployed):
    page = see(web, f"/runs/{deployed.id}")
    assert deployed.commit is not None
    assert f"/book/{PATH}?at={deployed.commit}#production" in page
    assert 'id="step-1" data-state="done"' in page
    assert 'id="step-verify-1" data-state="pending"' in page
    assert f"<code>{web.desk.ledger.read(f'run/{deployed.id}')[-1].hash}</code>" in page.replace(' class="run-hash" id="run-head"', "")
    part = see(web, f"/fragments/runs/{deployed.id}/output?step=1")
    assert '<span class="t-i2">shipped</span> &lt;b&gt;v2&lt;/b&gt;' in part


def test_what_is_not_there_is_not_found(web, deployed):
    for path in ("/runs/none", f"/runs/{deployed.id}/output?step=9", f"/runs/{deployed.id}/output/raw?step=1&attempt=7",
                 f"/runs/{deployed.id}/approve?step=1", "/run?at=nothing.md%23x", f"/runs/{deployed.id}/output/page?step=2"):  # fmt: skip
        see(web, path, status=404)


def test_who_may_not_run_sees_why_instead_of_buttons(web, deployed):
    asked(web, deployed, "2", "confirm")
    for role, why in (("viewer", "needs an operator"), (None, "sign in first")):
        page = see(web, f"/runs/{deployed.id}", role)
        assert why in page
        assert '<form method="post" action="/runs/' not in page
    assert 'value="confirm"' in see(web, f"/runs/{deployed.id}")


def test_a_manual_step_is_confirmed_by_one_press(web, deployed):
    asked(web, deployed, "2", "confirm")
    assert send(web, f"/runs/{deployed.id}", do="confirm", step="2") == f"/runs/{deployed.id}#step-2"
    step = web.desk.runs.find(deployed.id).step("2")
    assert (step.asked, step.by) == (None, "olga")


def test_what_a_step_asks_for_is_checked_and_what_was_typed_stays(web, deployed):
    asked(web, deployed, "3", "ask")
    page = send(web, f"/runs/{deployed.id}", do="confirm", step="3", ask__ROWS="many", status=400)
    assert "ROWS cannot be that" in page
    assert 'value="many"' in page
    send(web, f"/runs/{deployed.id}", do="confirm", step="3", ask__ROWS="42")
    assert web.desk.runs.find(deployed.id).captured["ROWS"] == "42"


@pytest.mark.parametrize("verb", ["skip", "fail"])
def test_to_skip_or_fail_takes_a_reason(web, deployed, verb):
    asked(web, deployed, "2", "confirm")
    assert "say why" in send(web, f"/runs/{deployed.id}", do=verb, step="2", why=" ", status=400)
    send(web, f"/runs/{deployed.id}", do=verb, step="2", why="the dashboard is down")
    assert state_of(web, deployed, "2") == {"skip": "skipped", "fail": "failed"}[verb]
    assert "the dashboard is down" in see(web, f"/runs/{deployed.id}")


def test_what_a_step_asks_for_is_told_beside_the_field(web):
    run = asked(web, started(web, DEPLOY, {"VERSION": "v1"}), "3", "ask")
    assert '<p class="hint" id="about-step-3-ROWS">integer 0..100</p>' in see(web, f"/runs/{run.id}")


def test_an_unknown_step_shows_its_command_and_each_way_to_settle_it(web):
    run = begun(web, started(web, DEPLOY, {"VERSION": "v3"}), "1", b"half of it\n")
    run = play(web, run, events.step_unknown("1", "The machine was booted anew."))
    page = see(web, f"/runs/{run.id}")
    for decision in ("done", "again", "failed", "roll-back", "abort"):
        assert f'name="do" value="{decision}"' in page
    assert "half of it" in page
    assert "./deploy.sh &#34;$VERSION&#34;" in page
    assert "say why" in send(web, f"/runs/{run.id}", do="done", step="1", status=400)
    send(web, f"/runs/{run.id}", do="done", step="1", why="I looked")
    assert state_of(web, run, "1") == "done"


def test_a_failed_run_may_be_taken_up_again_from_its_page(web):
    run = ended(web, begun(web, started(web, DEPLOY, {"VERSION": "v4"}), "1"), "1", exit=3)
    run = play(web, run, events.run_ended("failed", "Step 1 failed: exit 3."))
    assert 'name="do" value="again"' in see(web, f"/runs/{run.id}")
    send(web, f"/runs/{run.id}", do="again", step="1", why="the disk has room now")
    assert web.desk.runs.find(run.id).state == "running"


def test_a_run_is_paused_resumed_and_cancelled(web, deployed):
    address = f"/runs/{deployed.id}"
    send(web, address, do="pause", why="lunch")
    assert web.desk.runs.find(deployed.id).is_paused
    assert "Go on" in see(web, address)
    send(web, address, do="resume")
    assert not web.desk.runs.find(deployed.id).is_paused
    send(web, address, do="cancel", why="wrong version")
    assert "proven to be gone" in see(web, address)
    assert "is being cancelled" in send(web, address, do="pause", why="x", status=409)


@pytest.mark.parametrize("fields", [{}, {"do": "x"}, {"do": "confirm"}, {"do": "cancel", "step": "1"}, {"do": "confirm", "step": "99"}])
def test_a_form_that_is_none_of_ours_changes_nothing(web, deployed, fields):
    send(web, f"/runs/{deployed.id}", status=400, **fields)
    assert web.desk.runs.find(deployed.id).number == deployed.number


def waiting_for_approval(web: Door) -> tuple[Run, str]:
    """A run that waits for an approval, and the digest that it is of."""
    run = started(web, SWITCH)
    until = datetime.now(UTC) + timedelta(hours=1)
    digest = approval_digest(run, until)
    return play(web, run, events.person_asked("1", "approval", "1 of @leads must agree.", until=until, digest=digest)), digest


def test_an_approver_sees_every_command_and_approves_by_the_digest_that_was_shown(web):
    run, digest = waiting_for_approval(web)
    page = see(web, f"/runs/{run.id}/approve?step=1")
    assert "./switch.sh" in page
    assert digest in page
    assert "cuts customers off" in page
    refused = send(web, f"/runs/{run.id}/approve", step="1", digest="b" * 64, status=409)
    assert "Not approved" in refused
    assert web.desk.runs.find(run.id).step("1").approvals == ()
    assert send(web, f"/runs/{run.id}/approve", step="1", digest=digest) == f"/runs/{run.id}#step-1"
    assert [given.by for given in web.desk.runs.find(run.id).step("1").approvals] == ["olga"]


def test_who_started_it_has_no_button_to_approve_and_is_refused(web):
    run = asked(web, started(web, SWITCH, by=Starter("olga")), "1", "approval", digest="c" * 64)
    headers = {"accept": "text/html", **web.session("operator", "olga")}
    page = web.ask("GET", f"/runs/{run.id}/approve?step=1", headers=headers).text
    assert "whoever starts a run does not approve it" in page
    assert "Approve exactly this" not in page
    send(web, f"/runs/{run.id}/approve", step="1", digest="c" * 64, status=403)


def test_who_is_not_asked_to_approve_has_no_button_and_is_told_who_is(web):
    run, digest = waiting_for_approval(web)
    page = see(web, f"/runs/{run.id}/approve?step=1")
    assert "Approve exactly this" not in page
    assert "Step 1 is approved by olga, grace; &#39;see-operator&#39; is not among them." in page
    send(web, f"/runs/{run.id}/approve", by="see-operator", step="1", digest=digest, status=403)


def test_an_approver_sees_what_has_changed_since_it_last_succeeded(tmp_path):
    write_repository(tmp_path, PAGES)
    with opened(tmp_path) as door:
        play(door, started(door, SWITCH), events.run_ended("succeeded", ""))
        file = tmp_path / PATH
        file.write_text(file.read_text().replace("./switch.sh", "./switch.sh --hard"))
        run = asked(door, started(door, SWITCH), "1", "approval", digest="d" * 64)
        page = see(door, f"/runs/{run.id}/approve?step=1")
        assert '<span class="added">+   ./switch.sh --hard' in page
        assert "unreviewed" in page
        assert "Unreviewed" in see(door, f"/runs/{run.id}")


def test_the_form_is_made_of_the_parameters(web):
    page = see(web, f"/run?at={quote(DEPLOY, safe='')}")
    assert re.search(r'<input id="p-VERSION"[^>]* required', page)
    assert '<option selected>canary</option>' in page
    assert re.search(r'<input id="p-COUNT"[^>]*value="3"[^>]*type="number"[^>]*min="1"[^>]*max="9"', page)
    assert "What is run" in page


def test_a_start_leads_to_the_run_and_wrong_values_are_told_with_what_was_typed(web):
    wrong = send(web, "/run", at=DEPLOY, p__VERSION="v7", p__COUNT="99", status=400)
    assert "COUNT" in wrong
    assert 'value="99"' in wrong
    leads = send(web, "/run", at=DEPLOY, p__VERSION="v7", p__COUNT="2")
    run = web.desk.runs.find(leads.removeprefix("/runs/"))
    assert (run.actor, run.plan.values["VERSION"], run.plan.values["COUNT"]) == ("olga", "v7", "2")
    assert '<option value="v7">' in see(web, f"/run?at={quote(DEPLOY, safe='')}")


def test_what_would_be_run_is_shown_and_nothing_is_recorded(web):
    head = web.desk.ledger.head()
    session = web.session("operator", "olga")
    head = web.desk.ledger.head()
    sent = {"csrf": session["x-csrf-token"], "at": DEPLOY, "p-VERSION": "v8", "do": "plan"}
    answer = web.ask("POST", "/run", headers={"cookie": session["cookie"], "accept": "text/html"}, data=sent)
    assert answer.status_code == 200
    assert "What would be run" in answer.text
    assert web.desk.ledger.head() == head


def test_a_procedure_that_cannot_be_run_says_why_and_has_no_start(web):
    page = see(web, f"/run?at={quote(f'{PATH}#broken', safe='')}")
    assert "It cannot be run as it is written" in page
    assert "&lt;name&gt;" in page
    assert ">Start<" not in page
    send(web, "/run", at=f"{PATH}#broken", status=409)


def test_run_buttons_stand_where_a_procedure_can_be_run_and_are_refused_with_the_reason_elsewhere(web):
    for path in ("/services/web", f"/book/{PATH}"):
        page = see(web, path)
        assert f'href="/run?at={quote(DEPLOY)}"' in page
        assert f'href="/run?at={quote(PATH)}%23broken"' not in page
        assert "needs an operator" in see(web, path, "viewer")
        assert 'class="button" href="/run?' not in see(web, path, "viewer")
    assert f'href="/run?at={quote(DEPLOY)}"' in see(web, "/procedures")


def test_an_open_run_stands_beside_the_heading_of_its_procedure_and_on_the_first_page(web, deployed):
    for path in ("/services/web", f"/book/{PATH}", "/procedures", "/", "/fragments/runs"):
        assert f'href="/runs/{deployed.id}"' in see(web, path)
    assert "Production was started" in see(web, "/")


def test_practice_is_told_on_the_page_and_in_the_list_of_procedures(tmp_path):
    write_repository(tmp_path, PAGES)
    with opened(tmp_path) as door:
        run = ended(door, begun(door, started(door, DEPLOY, {"VERSION": "v1"}), "1"), "1")
        play(door, run, events.run_ended("succeeded", ""))
        play(door, started(door, DEPLOY, {"VERSION": "v2"}), events.run_ended("failed", "no"))
        for path in (f"/book/{PATH}", "/procedures", f"/run?at={quote(DEPLOY, safe='')}"):
            page = see(door, path)
            assert "1 of 2 runs succeeded" in page
            assert "last practised" in page
        assert "usually" in see(door, f"/runs/{started(door, DEPLOY, {'VERSION': 'v3'}).id}")


def test_transcripts_are_files_and_one_is_kept_beside_the_runbook_by_a_commit(web, deployed):
    for ending, kind in (("md", "text/markdown"), ("json", "application/json"), ("cast", "application/x-asciicast")):
        answer = web.ask("GET", f"/runs/{deployed.id}/transcript.{ending}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["content-disposition"] == f'attachment; filename="{deployed.id}.{ending}"'
        assert "shipped" in answer.text or ending == "json"
    assert "has not ended yet" in send(web, f"/runs/{deployed.id}/transcript", status=409)
    play(web, deployed, events.run_ended("succeeded", ""))
    kept = send(web, f"/runs/{deployed.id}/transcript", role="responder", by="grace")
    assert kept.startswith(f"/book/docs/operations/runbooks/runs/{deployed.id}.md?saved=")
    assert "Run of Production" in (web.root / f"docs/operations/runbooks/runs/{deployed.id}.md").read_text()
    assert "there is such a page already" in send(web, f"/runs/{deployed.id}/transcript", status=409)
    book = web.desk.library.look()
    path = f"docs/operations/runbooks/runs/{deployed.id}.md"
    assert path in book.files
    assert [each.rule for each in book.findings if each.span.path == path] == []
    assert f"runs/{deployed.id}.md" not in see(web, "/procedures")


def test_the_raw_output_is_given_byte_for_byte_as_a_file(web):
    raw = b"\x1b[31m" + bytes(range(256)) * 1000
    run = begun(web, started(web, DEPLOY, {"VERSION": "v5"}), "1", raw)
    answer = web.ask("GET", f"/runs/{run.id}/output/raw?step=1")
    assert answer.content == raw
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_long_output_is_shown_from_near_its_end_and_whole_when_that_is_asked_for(web):
    raw = b"".join(b"line %d\n" % number for number in range(200_000))
    run = begun(web, started(web, DEPLOY, {"VERSION": "v6"}), "1", raw)
    assert len(see(web, f"/runs/{run.id}")) < 150_000
    page = see(web, f"/runs/{run.id}/output/page?step=1")
    assert "line 0\n" not in page
    assert "line 199999\n" in page
    whole = see(web, f"/runs/{run.id}/output/page?step=1&all=1")
    assert "line 0\n" in whole
    assert "line 199999\n" in whole


def test_a_form_without_the_sessions_token_starts_and_changes_nothing(web, deployed):
    cookie = {"cookie": web.session("operator", "olga")["cookie"]}
    for path, fields in (("/run", {"at": DEPLOY, "p-VERSION": "v"}), (f"/runs/{deployed.id}", {"do": "cancel", "why": "x"}),
                         (f"/runs/{deployed.id}/approve", {"step": "1"}), (f"/runs/{deployed.id}/transcript", {})):  # fmt: skip
        assert web.ask("POST", path, headers=cookie, data=fields).status_code == 403
    assert web.desk.runs.find(deployed.id).number == deployed.number


def test_the_events_of_a_run_are_for_readers_but_not_the_addresses_of_who_started_it(web, deployed):
    first = web.desk.ledger.read(f"run/{deployed.id}")[0]
    assert first.facts["aliases"] == ["kim@example.org"]
    assert what_is_seen_by(None)(first)
    assert b"kim@example.org" not in as_message(first)


def test_short_times_are_told_in_milliseconds(web):
    run = begun(web, started(web, DEPLOY, {"VERSION": "v9"}), "1")
    at = datetime.now(UTC)
    run = play(web, run, events.attempt_ended(
        "1", run.step("1").attempts[-1].key, outcome="finished", exit_code=0, is_ok=True, why="",
        started_at=at - timedelta(milliseconds=18), ended_at=at,
    ))  # fmt: skip
    page = see(web, f"/runs/{run.id}")
    assert "exit 0, 18 ms" in page
    assert "0.0 s" not in page


def words_of(page: str, step: str) -> str:
    """The state of a step in words."""
    found = re.search(rf'id="step-{step}".*?class="health run-state".*?<span>([^<]*)</span>', page, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize(("state", "words"), [("succeeded", "Not needed"), ("failed", "Not reached"), ("cancelled", "Not reached")])
def test_what_an_ended_run_did_not_come_to_is_not_told_as_to_do(web, deployed, state, words):
    assert words_of(see(web, f"/runs/{deployed.id}"), "rollback-1") == "Only if needed"
    play(web, deployed, events.run_ended(state, ""))
    page = see(web, f"/runs/{deployed.id}")
    assert [words_of(page, step) for step in ("1", "verify-1", "rollback-1")] == ["Done", words, words]


def test_a_run_that_waits_for_its_turn_says_behind_which_until_it_goes_on(web):
    first, second = started(web, DEPLOY, {"VERSION": "v1"}), started(web, DEPLOY, {"VERSION": "v2"})
    address = f"/runs/{second.id}"
    assert "Waits for another run" not in see(web, address)
    play(web, second, events.run_held("Of 'x' only one may run at a time.", first.id))
    for path in (address, "/runs", "/fragments/runs"):
        assert f'<a href="/runs/{first.id}">{first.id}</a> has ended' in see(web, path)
    play(web, second, events.run_held(""))
    assert web.desk.runs.find(second.id).state == "running"
    assert "Waits for another run" not in see(web, address)


def test_another_target_is_chosen_from_the_inventory(tmp_path, web):
    assert 'name="on"' not in see(web, f"/run?at={quote(DEPLOY, safe='')}")
    hosts = "[hosts]\nweb-1 = \"\"\nweb-2 = \"\"\n\n[groups]\nfleet = [\"web-1\", \"web-2\"]\n"
    settings = PAGES["docs/operations/opsbook.toml"]
    write_repository(tmp_path, PAGES | {"docs/operations/opsbook.toml": settings + hosts})
    with opened(tmp_path) as door:
        page = see(door, f"/run?at={quote(DEPLOY, safe='')}")
        assert re.findall(r'<option value="([^"]*)"', page.partition('id="run-on"')[2].partition("</select>")[0]) == [
            "", "local", "web-1", "web-2", "fleet",
        ]  # fmt: skip
        shown = send(door, "/run", at=DEPLOY, p__VERSION="v1", on="fleet", do="plan", status=200)
        assert '<option value="fleet" selected>' in shown
        assert "on <b>web-1, web-2</b>" in shown
        assert "There is no host or group 'web-9'" in send(door, "/run", at=DEPLOY, p__VERSION="v1", on="web-9", status=400)
        run = door.desk.runs.find(send(door, "/run", at=DEPLOY, p__VERSION="v1", on="web-2").removeprefix("/runs/"))
        assert run.plan.step("1").targets == ("web-2",)
