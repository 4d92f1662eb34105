"""Pages by the API and on the command line, and the health of the engine, through the real door."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest

from opsbook.entrypoints import cli
from opsbook.ledger import page_events as events
from opsbook.ledger.page import stream_of
from opsbook.ledger.page_events import FrozenPolicy, OwedNotification, PlannedLevel
from opsbook.usecases.ledger_ports import Timer
from opsbook.usecases.paging_audit import Beating


def opened(door, id, link="0" * 64):
    """A page with one message that came through."""
    now, policy = door.desk.now(), FrozenPolicy("p", "", 0, None, (PlannedLevel(1, 0.0, ("ada",), ""),))
    owed = OwedNotification(1, "Ada", "ada", "email", "email", 1, 1, "Level 1: on call.", now)
    door.desk.ledger.append(stream_of(id), [
        events.page_opened(group=id, subject="api is down", severity="P1", service="api", alerts=(), policy=policy,
                           place=None),
        events.level_reached(1, 1, "It began."), events.owed(owed), events.attempt_begun(1, 1, link),
        events.attempt_ended(1, 1, "accepted", latency_ms=20.0),
    ], expected=0, actor="pager", at=now)  # fmt: skip
    return id


def test_a_notification_is_told_with_its_attempts_and_without_the_hash_of_its_link(door):
    id = opened(door, "261126-told")
    told = door.ask("GET", f"/api/v1/notifications?page={id}").json()["notifications"]
    assert [(each["id"], each["person"], each["channel"], each["level"], each["state"]) for each in told] == [
        (f"{id}.1", "Ada", "email", 1, "accepted")
    ]
    assert "0" * 64 not in door.ask("GET", f"/api/v1/paging/pages/{id}").text


def test_a_link_that_was_used_before_people_were_woken_again_says_so_and_has_no_button(door):
    id, stream = opened(door, "261126-spent", sha256(b"secret").hexdigest()), stream_of("261126-spent")
    link = f"/a/{id}.1.secret"
    assert "Acknowledge as Ada" in door.ask("GET", link).text
    assert door.ask("POST", link, data={"do": "acknowledge"}).status_code in (200, 303)
    door.desk.ledger.append(stream, [events.rearmed("ada acknowledged it 30 minutes ago, and it is not mended.")],
                            expected=None, actor="pager", at=door.desk.now())  # fmt: skip
    number = len(door.desk.ledger.read(stream))
    shown = door.ask("GET", link).text
    assert "You acknowledged it at" in shown and "people were woken again at" in shown and "<form" not in shown
    door.ask("POST", link, data={"do": "resolve"})
    assert len(door.desk.ledger.read(stream)) == number


def test_a_page_is_acknowledged_and_cancelled_by_whoever_may(door):
    id = opened(door, "261126-answered")
    assert door.ask("POST", f"/api/v1/paging/pages/{id}/ack").status_code == 401
    assert door.ask("POST", f"/api/v1/paging/pages/{id}/ack", headers=door.session("viewer")).status_code == 403
    answered = door.ask("POST", f"/api/v1/paging/pages/{id}/ack", headers=door.session("responder"), json={"why": "mine"})
    assert (answered.status_code, answered.json()["state"]) == (200, "acknowledged")
    over = door.ask("POST", f"/api/v1/paging/pages/{id}/cancel", headers=door.session("responder"), json={"why": "done"})
    assert (over.status_code, over.json()["ended_how"]) == (200, "cancelled")
    again = door.ask("POST", f"/api/v1/paging/pages/{id}/cancel", headers=door.session("responder"), json={"why": "done"})
    assert again.status_code == 409
    assert door.ask("GET", "/api/v1/paging/pages/nowhere").status_code == 404


def test_a_page_is_passed_on_where_there_is_somebody_else_and_ended_with_its_alerts(door):
    id, me = opened(door, "261126-passed"), door.session("responder")
    alone = door.ask("POST", f"/api/v1/paging/pages/{id}/escalate", headers=me, json={})
    assert alone.status_code == 409 and "nobody else than ada" in alone.json()["detail"]
    over = door.ask("POST", f"/api/v1/paging/pages/{id}/resolve", headers=me, json={"why": "mended"})
    assert (over.status_code, over.json()["ended_how"], over.json()["why"]) == (
        200, "resolved", "responder-one says that it is over: mended"
    )  # fmt: skip


def test_the_engine_is_well_only_while_it_goes_round_and_nothing_is_late(door):
    ledger = door.desk.alert_desk.pages._ledger
    beating = Beating(ledger, owner="here", now=door.desk.now, troubles=tuple)
    beating.beat(5)
    well = door.ask("GET", "/healthz/engine")
    assert (well.status_code, well.json()["ok"]) == (200, True)
    cycles = well.json()["cycles"]
    behind = door.ask("GET", f"/healthz/engine?after={cycles}")
    assert (behind.status_code, behind.headers["content-type"]) == (503, "application/problem+json")
    assert "not once more" in behind.json()["detail"]
    assert door.ask("GET", "/healthz/engine?after=x").status_code == 400
    late = Timer("batch/late", "route", door.desk.now() - timedelta(minutes=5))
    ledger.append("batch/late", (), expected=None, actor="test", at=door.desk.now(), set_timers=(late,))
    try:
        assert "not routed yet" in door.ask("GET", "/healthz/engine").json()["detail"]
        assert "not routed yet" in door.ask("GET", "/readyz").json()["trouble"]
    finally:
        ledger.append("batch/late", (), expected=None, actor="test", at=door.desk.now(), clear_timers=("route",))


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["list"], 0, "api is down"), (["show", "261126-cli"], 0, "attempt 1: accepted after 20 ms"),
        (["ack", "261126-cli", "--for", "2h"], 0, "is acknowledged until"), (["ack", "261126-cli", "--for", "x"], 2, "no length"),
        (["escalate", "261126-cli"], 3, "nobody else than ada"), (["resolve", "261126-cli"], 0, "is over"), (["cancel", "261126-cli", "--why", "over"], 3, "is over"),
        (["show", "261126-clu"], 2, "Did you mean '261126-cli'?"), (["send", "--to", "@nobody", "hi"], 3, "Nobody knows how"),
        (["send", "hi"], 2, "Name whom to wake"), (["test", "--wait", "0"], 3, "paging.synthetic"),
    ],
)  # fmt: skip
def test_pages_on_the_command_line(door, capsys, words, status, said):
    if not door.desk.ledger.read(stream_of("261126-cli")):
        opened(door, "261126-cli")
    where = ["--book", str(door.root / "docs" / "operations"), "--db", door.config.db]
    assert cli.run(["page", *words, *where]) == status
    told = capsys.readouterr()
    assert said in told.out + told.err
