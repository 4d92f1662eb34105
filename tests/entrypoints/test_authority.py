"""Every route of the door, for every role and for nobody in particular."""

from __future__ import annotations

import re

import pytest
from litestar import get
from tests.entrypoints.door import Door, opened

from opsbook.entrypoints.web import routes
from opsbook.usecases.authority import ROLES

# Who may ask: "anybody", or the least role. `open` is for whoever may read: anybody on the machine that serves. `sender`
# is for whoever shows the token of an inlet, whatever their role.
MAY = {
    "GET /": "open",
    "GET /-/healthy": "anybody",
    "GET /-/ready": "anybody",
    "POST /-/reload": "sender",
    "GET /a/{token}": "anybody",
    "POST /a/{token}": "anybody",
    "GET /account": "viewer",
    "GET /account/contacts": "viewer",
    "POST /account/contacts": "viewer",
    "POST /account/password": "viewer",
    "POST /account/sessions/end": "viewer",
    "POST /account/tokens": "viewer",
    "POST /account/tokens/revoke": "viewer",
    "GET /alerts": "open",
    "POST /alerts": "responder",
    "GET /alerts/{alert}": "open",
    "POST /alerts/{alert}": "responder",
    "GET /api/openapi.json": "anybody",
    "GET /api/v1/accounts": "admin",
    "GET /api/v1/activity": "open",
    "GET /api/v1/alert-groups": "open",
    "GET /api/v1/alerts": "open",
    "POST /api/v1/alerts": "responder",
    "GET /api/v1/alerts/{alert}": "open",
    "POST /api/v1/alerts/{alert}/acknowledge": "responder",
    "POST /api/v1/alerts/{alert}/notes": "responder",
    "POST /api/v1/alerts/{alert}/reopen": "responder",
    "POST /api/v1/alerts/{alert}/resolve": "responder",
    "POST /api/v1/alerts/{alert}/unacknowledge": "responder",
    "GET /api/v1/bodies": "admin",
    "GET /api/v1/bodies/{id}": "admin",
    "GET /api/v1/bodies/{id}/raw": "admin",
    "POST /api/v1/bodies/{id}/replay": "admin",
    "GET /api/v1/book": "open",
    "GET /api/v1/calendars": "viewer",
    "POST /api/v1/calendars": "viewer",
    "DELETE /api/v1/calendars/{calendar}": "viewer",
    "GET /api/v1/coverage": "open",
    "GET /api/v1/coverage/map": "open",
    "GET /api/v1/discovery": "open",
    "GET /api/v1/drills": "open",
    "POST /api/v1/drills": "responder",
    "GET /api/v1/drills/{drill}": "open",
    "POST /api/v1/drills/{drill}": "responder",
    "POST /api/v1/drills/{drill}/answer": "responder",
    "GET /api/v1/events": "open",
    "GET /api/v1/heartbeats": "open",
    "POST /api/v1/heartbeats": "admin",
    "POST /api/v1/heartbeats/{name}/pause": "admin",
    "POST /api/v1/heartbeats/{name}/remove": "admin",
    "POST /api/v1/heartbeats/{name}/resume": "admin",
    "GET /api/v1/incidents": "open",
    "GET /api/v1/inlets": "admin",
    "POST /api/v1/inlets": "admin",
    "GET /api/v1/inlets/{name}": "admin",
    "POST /api/v1/inlets/{name}/mapping": "admin",
    "POST /api/v1/inlets/{name}/pause": "admin",
    "POST /api/v1/inlets/{name}/remove": "admin",
    "POST /api/v1/inlets/{name}/resume": "admin",
    "POST /api/v1/inlets/{name}/rotate": "admin",
    "POST /api/v1/inlets/{name}/tokens/{token}/revoke": "admin",
    "GET /api/v1/lint": "open",
    "GET /api/v1/me": "open",
    "GET /api/v1/monitoring": "open",
    "GET /api/v1/notifications": "open",
    "GET /api/v1/now": "open",
    "GET /api/v1/oncall": "open",
    "GET /api/v1/oncall.ics": "open",
    "GET /api/v1/page-plan": "open",
    "GET /api/v1/pages/{path}": "open",
    "GET /api/v1/pages/{path}/history": "open",
    "GET /api/v1/pages/{path}/source": "open",
    "PUT /api/v1/pages/{path}/source": "responder",
    "GET /api/v1/paging-report": "open",
    "GET /api/v1/paging/pages": "open",
    "POST /api/v1/paging/pages": "responder",
    "GET /api/v1/paging/pages/{paged}": "open",
    "POST /api/v1/paging/pages/{paged}/ack": "responder",
    "POST /api/v1/paging/pages/{paged}/escalate": "responder",
    "POST /api/v1/paging/pages/{paged}/resolve": "responder",
    "POST /api/v1/paging/pages/{paged}/cancel": "responder",
    "GET /api/v1/people": "admin",
    "DELETE /api/v1/people/{handle}": "admin",
    "GET /api/v1/people/{handle}": "admin",
    "POST /api/v1/people/{handle}/contacts": "viewer",
    "DELETE /api/v1/people/{handle}/contacts/{contact}": "admin",
    "PATCH /api/v1/people/{handle}/contacts/{contact}": "viewer",
    "POST /api/v1/people/{handle}/contacts/{contact}/test": "admin",
    "POST /api/v1/people/{handle}/contacts/{contact}/verify": "viewer",
    "PUT /api/v1/people/{handle}/quiet": "admin",
    "PUT /api/v1/people/{handle}/rules": "viewer",
    "GET /api/v1/probes": "open",
    "GET /api/v1/probes/{key}": "open",
    "POST /api/v1/probes/{key}/ask": "responder",
    "GET /api/v1/probes/{key}/last": "open",
    "GET /api/v1/probes/{key}/readings": "open",
    "GET /api/v1/paths": "open",
    "GET /api/v1/paths/{kind}/{name}": "open",
    "POST /api/v1/paths/{kind}/{name}": "viewer",
    "GET /api/v1/procedures": "open",
    "GET /api/v1/procedures/{path}/form": "open",
    "GET /api/v1/runs": "open",
    "POST /api/v1/runs": "operator",
    "GET /api/v1/runs/{run}": "open",
    "POST /api/v1/runs/{run}/cancel": "operator",
    "GET /api/v1/runs/{run}/output": "open",
    "POST /api/v1/runs/{run}/pause": "operator",
    "POST /api/v1/runs/{run}/resume": "operator",
    "POST /api/v1/runs/{run}/roll-back": "operator",
    "POST /api/v1/runs/{run}/steps/{number}/approve": "operator",
    "POST /api/v1/runs/{run}/steps/{number}/confirm": "operator",
    "POST /api/v1/runs/{run}/steps/{number}/decide": "operator",
    "POST /api/v1/runs/{run}/steps/{number}/fail": "operator",
    "POST /api/v1/runs/{run}/steps/{number}/skip": "operator",
    "GET /api/v1/search": "open",
    "GET /api/v1/services": "open",
    "GET /api/v1/services/{service}": "open",
    "GET /api/v1/services/{service}/contacts": "open",
    "GET /api/v1/services/{service}/graphs": "open",
    "GET /api/v1/sessions": "viewer",
    "GET /api/v1/silences": "open",
    "POST /api/v1/silences": "responder",
    "GET /api/v1/silences/{silence}": "open",
    "POST /api/v1/silences/{silence}": "responder",
    "POST /api/v1/silences/{silence}/again": "responder",
    "POST /api/v1/silences/{silence}/expire": "responder",
    "GET /api/v1/tokens": "viewer",
    "POST /api/v1/tokens": "viewer",
    "GET /api/v2/alerts": "sender",
    "POST /api/v2/alerts": "sender",
    "GET /api/v2/alerts/groups": "sender",
    "GET /api/v2/receivers": "sender",
    "DELETE /api/v2/silence/{silence}": "sender",
    "GET /api/v2/silence/{silence}": "sender",
    "GET /api/v2/silences": "sender",
    "POST /api/v2/silences": "sender",
    "GET /api/v2/status": "sender",
    "GET /assets/{name}": "anybody",
    "GET /book": "open",
    "GET /book/{path}": "open",
    "GET /calendars/{name}": "anybody",
    "GET /coverage": "open",
    "GET /drills": "open",
    "POST /drills": "responder",
    "GET /drills/{drill}": "open",
    "POST /drills/{drill}": "responder",
    "GET /edit/{path}": "responder",
    "POST /edit/{path}": "responder",
    "GET /files/{path}": "open",
    "GET /fragments/alert-states": "open",
    "GET /fragments/activity": "open",
    "GET /fragments/alerts": "open",
    "GET /fragments/incident-severity": "open",
    "GET /fragments/incidents": "open",
    "GET /fragments/now": "open",
    "GET /fragments/probes": "open",
    "GET /fragments/runs": "open",
    "GET /fragments/runs/{run}/output": "open",
    "GET /fragments/services": "open",
    "POST /generic/2010-04-15/create_event.json": "sender",
    "GET /healthz": "anybody",
    "GET /healthz/engine": "anybody",
    "GET /history/{path}": "open",
    "GET /incidents": "open",
    "GET /incidents/new": "open",
    "POST /incidents/new": "responder",
    "GET /incidents/{name}": "open",
    "POST /incidents/{name}": "responder",
    "POST /inlets/alertmanager": "sender",
    "POST /inlets/alertmanager/{token}": "sender",
    "POST /inlets/cloudevents": "sender",
    "POST /inlets/cloudevents/{token}": "sender",
    "POST /inlets/generic/{name}": "sender",
    "PUT /inlets/generic/{name}": "sender",
    "POST /inlets/generic/{name}/{token}": "sender",
    "PUT /inlets/generic/{name}/{token}": "sender",
    "POST /inlets/grafana": "sender",
    "PUT /inlets/grafana": "sender",
    "POST /inlets/grafana/{token}": "sender",
    "PUT /inlets/grafana/{token}": "sender",
    "GET /inlets/heartbeats/{name}": "sender",
    "POST /inlets/heartbeats/{name}": "sender",
    "GET /inlets/heartbeats/{name}/{token}": "sender",
    "POST /inlets/heartbeats/{name}/{token}": "sender",
    "GET /live": "open",
    "GET /metrics": "open",
    "GET /monitoring": "open",
    "GET /new": "responder",
    "GET /new/discovered": "responder",
    "GET /oncall": "open",
    "POST /oncall": "viewer",
    "GET /pages": "open",
    "POST /pages": "responder",
    "GET /pages/new": "open",
    "GET /pages/{page}": "open",
    "POST /pages/{page}": "responder",
    "GET /paging": "open",
    "GET /people": "admin",
    "POST /people": "admin",
    "GET /paths": "open",
    "GET /paths/{name}": "open",
    "GET /paths/{kind}/{name}": "open",
    "POST /paths/{kind}/{name}": "viewer",
    "GET /procedures": "open",
    "GET /r/{alert}": "open",
    "GET /readyz": "anybody",
    "GET /run": "open",
    "POST /run": "operator",
    "GET /runbooks/{service}": "open",
    "GET /runs": "open",
    "GET /runs/{run}": "open",
    "POST /runs/{run}": "operator",
    "GET /runs/{run}/approve": "open",
    "POST /runs/{run}/approve": "operator",
    "GET /runs/{run}/output": "open",
    "GET /runs/{run}/output/page": "open",
    "GET /runs/{run}/output/raw": "open",
    "POST /runs/{run}/transcript": "responder",
    "GET /runs/{run}/transcript.cast": "open",
    "GET /runs/{run}/transcript.json": "open",
    "GET /runs/{run}/transcript.md": "open",
    "GET /search": "open",
    "GET /services": "open",
    "GET /services/{service}": "open",
    "GET /services/{service}/alert-states": "open",
    "GET /services/{service}/graphs": "open",
    "GET /sign-in": "anybody",
    "POST /sign-in": "anybody",
    "POST /sign-in/link": "anybody",
    "GET /sign-in/provider": "anybody",
    "GET /sign-in/provider/back": "anybody",
    "POST /sign-out": "viewer",
    "GET /inlets": "open",
    "POST /inlets": "admin",
    "GET /inlets/received/{id}": "admin",
    "POST /inlets/received/{id}": "admin",
    "GET /silences": "open",
    "POST /silences": "responder",
    "GET /silences/new": "open",
    "POST /silences/{silence}": "responder",
    "GET /v2/alerts": "sender",
    "POST /v2/alerts": "sender",
    "GET /v2/alerts/count": "sender",
    "GET /v2/alerts/requests/{asked}": "sender",
    "DELETE /v2/alerts/{named}": "sender",
    "GET /v2/alerts/{named}": "sender",
    "POST /v2/alerts/{named}/acknowledge": "sender",
    "POST /v2/alerts/{named}/actions/{action}": "sender",
    "POST /v2/alerts/{named}/assign": "sender",
    "POST /v2/alerts/{named}/close": "sender",
    "PUT /v2/alerts/{named}/description": "sender",
    "POST /v2/alerts/{named}/details": "sender",
    "POST /v2/alerts/{named}/escalate": "sender",
    "PUT /v2/alerts/{named}/message": "sender",
    "GET /v2/alerts/{named}/notes": "sender",
    "POST /v2/alerts/{named}/notes": "sender",
    "PUT /v2/alerts/{named}/priority": "sender",
    "POST /v2/alerts/{named}/responders": "sender",
    "POST /v2/alerts/{named}/snooze": "sender",
    "POST /v2/alerts/{named}/tags": "sender",
    "POST /v2/alerts/{named}/teams": "sender",
    "POST /v2/alerts/{named}/unacknowledge": "sender",
    "POST /v2/change/enqueue": "sender",
    "POST /v2/enqueue": "sender",
    "GET /v2/heartbeats/{name}/ping": "sender",
    "POST /v2/heartbeats/{name}/ping": "sender",
    "PUT /v2/heartbeats/{name}/ping": "sender",
    "POST /api/v1/incidents": "responder",
    "GET /api/v1/incidents/{incident}": "open",
    "POST /api/v1/incidents/{incident}/acknowledge": "responder",
    "POST /api/v1/incidents/{incident}/severity": "responder",
    "POST /api/v1/incidents/{incident}/status": "responder",
    "POST /api/v1/incidents/{incident}/resolve": "responder",
    "POST /api/v1/incidents/{incident}/reopen": "responder",
    "POST /api/v1/incidents/{incident}/fields": "responder",
    "POST /api/v1/incidents/{incident}/roles": "responder",
    "POST /api/v1/incidents/{incident}/roles/release": "responder",
    "POST /api/v1/incidents/{incident}/calls": "responder",
    "POST /api/v1/incidents/{incident}/members": "responder",
    "POST /api/v1/incidents/{incident}/members/detach": "responder",
    "POST /api/v1/incidents/{incident}/merge": "responder",
    "POST /api/v1/incidents/{incident}/duplicate": "responder",
    "POST /api/v1/incidents/{incident}/split": "responder",
    "GET /api/v1/incidents/{incident}/timeline": "open",
    "POST /api/v1/incidents/{incident}/notes": "responder",
    "POST /api/v1/incidents/{incident}/files": "responder",
    "GET /api/v1/incidents/{incident}/files/{digest}": "open",
    "POST /api/v1/incidents/{incident}/corrections": "responder",
    "POST /api/v1/incidents/{incident}/pins": "responder",
    "POST /api/v1/incidents/{incident}/tasks": "responder",
    "POST /api/v1/incidents/{incident}/tasks/{task}": "responder",
    "POST /api/v1/incidents/{incident}/actions": "responder",
    "POST /api/v1/incidents/{incident}/actions/{action}": "responder",
    "GET /api/v1/incidents/{incident}/updates/compose": "open",
    "POST /api/v1/incidents/{incident}/updates": "responder",
    "POST /api/v1/incidents/{incident}/updates/{update}/approve": "responder",
    "POST /api/v1/incidents/{incident}/updates/{update}/publish": "responder",
    "POST /api/v1/incidents/{incident}/updates/{update}/withdraw": "responder",
    "POST /api/v1/incidents/{incident}/report": "responder",
    "POST /api/v1/incidents/{incident}/post-mortem": "responder",
    "POST /api/v1/incidents/{incident}/post-mortem/state": "responder",
    "GET /api/v1/incidents/{incident}/entry": "open",
    "POST /api/v1/incidents/{incident}/chat": "responder",
    "GET /api/v1/incidents/{incident}/updates/{update}/deliveries": "open",
    "GET /api/v1/subscriptions": "admin",
    "POST /api/v1/subscriptions": "admin",
    "DELETE /api/v1/subscriptions/{subscription}": "admin",
    "GET /api/v1/maintenances": "open",
    "POST /api/v1/maintenances": "responder",
    "GET /api/v1/maintenances/{maintenance}": "open",
    "POST /api/v1/maintenances/{maintenance}": "responder",
    "POST /api/v1/maintenances/{maintenance}/end": "responder",
    "GET /api/v1/incidents/{incident}/patches": "open",
    "POST /api/v1/incidents/{incident}/patches": "responder",
    "GET /api/v1/proposals": "open",
    "GET /api/v1/proposals/{proposal}": "open",
    "POST /api/v1/proposals/{proposal}/accept": "responder",
    "POST /api/v1/proposals/{proposal}/decline": "responder",
    "GET /status": "anybody",
    "GET /status/history": "anybody",
    "GET /status/incidents/{public_id}": "anybody",
    "GET /status/feed.atom": "anybody",
    "GET /status/feed.rss": "anybody",
    "GET /status/badge.svg": "anybody",
    "GET /status/icon.svg": "anybody",
    "GET /status/style.css": "anybody",
    "GET /status/status.js": "anybody",
    "GET /status/api/v2/summary.json": "anybody",
    "GET /status/api/v2/status.json": "anybody",
    "GET /status/api/v2/components.json": "anybody",
    "GET /status/api/v2/incidents.json": "anybody",
    "GET /status/api/v2/incidents/unresolved.json": "anybody",
    "GET /status/api/v2/scheduled-maintenances.json": "anybody",
    "GET /status/api/v2/scheduled-maintenances/upcoming.json": "anybody",
    "GET /status/api/v2/scheduled-maintenances/active.json": "anybody",
    "GET /maintenance": "open",
    "POST /maintenance": "responder",
    "POST /maintenance/{maintenance}": "responder",
    "GET /api/v1/incident-figures": "open",
    "GET /api/v1/incident-figures.csv": "open",
    "GET /api/v1/incidents/{incident}/similar": "open",
    "GET /fragments/zones": "open",
    "GET /incidents/figures": "open",
    "GET /incidents/actions": "open",
    "POST /incidents/actions": "responder",
    "GET /api/v1/action-items": "open",
    "POST /api/v1/action-items/{key}/done": "responder",
    "POST /api/v1/action-items/{key}/open": "responder",
    "POST /api/v1/action-items/{key}/prove": "responder",
    "GET /incidents/figures.csv": "open",
    "GET /incidents/subscriptions": "admin",
    "GET /incidents/{incident}/chat": "responder",
    "GET /incidents/{incident}/files/{digest}": "open",
    "GET /incidents/{incident}/timeline": "open",
    "GET /incidents/{incident}/timeline/{key}": "open",
    "GET /incidents/{name}/updates": "open",
    "GET /incidents/{number}/similar": "open",
    "GET /proposals": "open",
    "GET /proposals/{proposal}": "open",
    "GET /status/subscribe": "anybody",
    "GET /status/subscribe/{id}/{did}": "anybody",
    "POST /incidents/subscriptions": "admin",
    "POST /incidents/{incident}/chat": "responder",
    "POST /incidents/{incident}/timeline": "responder",
    "POST /incidents/{incident}/timeline/{key}": "responder",
    "POST /incidents/{name}/updates": "responder",
    "POST /proposals/{proposal}": "responder",
    "POST /status/subscribe": "anybody",
    "POST /status/subscribe/{id}/{did}": "anybody",
}


def walked() -> list[str]:
    """Every route of the door as the table names it."""
    return sorted(
        f"{method} {re.sub(r':[a-z]+}', '}', path)}"
        for route in routes() for path in route.paths for method in route.http_methods
    )  # fmt: skip


def test_the_table_names_every_route_and_no_other():
    assert walked() == sorted(MAY)


def is_allowed(least: str, role: str | None, *, reads_are_open: bool) -> bool:
    """Whether the table lets that role in."""
    if least == "anybody" or (least == "open" and reads_are_open):
        return True
    return role is not None and (least == "open" or ROLES.index(role) >= ROLES.index(least))


def check(door: Door, named: str, role: str | None, *, reads_are_open: bool) -> None:
    """The route answers that role as the table says."""
    method, _, path = named.partition(" ")
    path = re.sub(r"{\w+}", "x", path)
    headers = door.session(role) if role else {}
    status = door.ask(method, path, headers=headers).status_code
    if MAY[named] == "sender":
        assert status in (400, 401)
    elif is_allowed(MAY[named], role, reads_are_open=reads_are_open):
        # A sign-in that is wrong is 401 for everybody; nothing else may be.
        assert status not in (401, 403) or (named.startswith(("POST /sign-in", "GET /sign-in/")) and status == 401)
    else:
        assert status == (403 if role else 401)


@pytest.fixture(scope="module")
def stopping(door: Door) -> Door:
    """A door whose streams are closed: they answer 503 where they would else not end."""
    door.app.close_streams()
    return door


@pytest.mark.parametrize("role", [None, *ROLES])
def test_every_route_lets_in_whom_the_table_says(stopping, role):
    for named in MAY:
        check(stopping, named, role, reads_are_open=True)


@pytest.mark.parametrize("settings", [{"listening_on": "0.0.0.0"}, {"trusted_proxies": ("127.0.0.1",)}, {"public_url": "https://ops.example.org"}])
def test_reading_is_open_on_this_machine_alone(repository, settings):
    with opened(repository, **settings) as door:
        door.app.close_streams()
        for named in MAY:
            check(door, named, None, reads_are_open=False)
        check(door, "GET /", "viewer", reads_are_open=False)


@get("/forgotten", sync_to_thread=False)
def forgotten() -> str:
    """A route that names no act."""
    return "seen"


def test_a_route_without_an_act_is_refused_to_everybody(repository):
    with opened(repository) as door:
        door.app.app.app.register(forgotten)
        assert door.ask("GET", "/forgotten").status_code == 401
        assert door.ask("GET", "/forgotten", headers=door.session("admin")).status_code == 403


def test_a_browser_is_sent_to_sign_in_and_led_back(door):
    answer = door.ask("GET", "/account?x=1", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/account%3Fx%3D1")


def test_a_program_is_told_how_to_show_who_it_is(door):
    answer = door.ask("GET", "/api/v1/tokens")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="Opsbook"')


def test_a_page_that_is_refused_says_which_role_is_needed(door):
    answer = door.ask("GET", "/people", headers={**door.session("viewer"), "accept": "text/html"})
    assert answer.status_code == 403
    assert "viewer-one is viewer; this needs admin." in answer.text


@pytest.mark.parametrize("token", ["", "wrong", "x" * 10_000, "ü"])
def test_a_token_that_is_not_good_reads_nothing_even_where_reading_is_open(door, token):
    answer = door.ask("GET", "/api/v1/me", headers={"authorization": b"Bearer " + token.encode()})
    assert answer.status_code == 401


def test_a_token_may_do_no_more_than_its_acts(door):
    reader = door.token("admin", "read")
    assert door.ask("GET", "/api/v1/me", headers=reader).json()["acts"] == ["read"]
    assert door.ask("GET", "/api/v1/accounts", headers=reader).status_code == 403


def test_a_token_needs_no_token_against_forged_forms(door):
    asker = door.token("responder", "read", "probe")
    assert door.ask("POST", "/api/v1/probes/none/ask", headers=asker).status_code == 404


@pytest.mark.parametrize("csrf", ["", "0" * 32, "ü"])
def test_a_change_by_cookie_without_the_sessions_token_is_refused(door, csrf):
    headers = {"cookie": door.session("admin")["cookie"], "x-csrf-token": csrf.encode()}
    for path in ("/sign-out", "/people", "/api/v1/tokens", "/api/v1/probes/none/ask"):
        assert door.ask("POST", path, headers=headers).status_code == 403


def test_the_token_of_another_session_is_refused(door):
    mine, other = door.session("admin", "mine"), door.session("admin", "other")
    headers = {"cookie": mine["cookie"], "x-csrf-token": other["x-csrf-token"]}
    assert door.ask("POST", "/sign-out", headers=headers).status_code == 403


def test_the_token_may_stand_in_the_form(door):
    session = door.session("viewer", "leaving")
    answer = door.ask("POST", "/sign-out", headers={"cookie": session["cookie"]}, data={"csrf": session["x-csrf-token"]})
    assert answer.status_code == 303
    assert door.ask("GET", "/api/v1/me", headers=session).json()["name"] is None


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({}, True), ({"origin": "http://127.0.0.1:8000"}, True), ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True), ({"origin": "http://127.0.0.1:9000"}, False),
        ({"origin": "https://127.0.0.1:8000"}, False), ({"origin": "null"}, False), ({"origin": ""}, False),
        ({"origin": "http://127.0.0.1:8000.evil.example"}, False), ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False), ({"origin": "http://[", "sec-fetch-site": "same-origin"}, False),
    ],
)  # fmt: skip
def test_a_change_that_another_site_asks_for_is_refused(door, headers, is_ours):
    answer = door.ask("POST", "/sign-out", headers={**door.session("viewer"), **headers})
    assert answer.status_code == (303 if is_ours else 403)


def test_an_ended_session_is_nobodys(door):
    session = door.session("viewer", "gone")
    door.desk.accounts.revoke_sessions("gone", actor="test")
    assert door.ask("GET", "/api/v1/sessions", headers=session).status_code == 401
