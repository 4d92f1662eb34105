"""The API: what it answers is what it says it answers, and what is asked wrongly is told in words."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest
from tests.entrypoints.door import Door, opened, write_repository
from tests.entrypoints.played_runs import started
from tests.entrypoints.run_door import DEPLOY, SWITCH, asked
from tests.entrypoints.run_door import PAGES as RUN_PAGES

from opsbook.entrypoints.api.openapi import description
from opsbook.entrypoints.api.operation import OPERATIONS, PREFIX
from opsbook.entrypoints.api.people import Act
from opsbook.ledger.alert_events import Place
from opsbook.ledger.alert_events import fired as alert_fired
from opsbook.ledger.drill_events import DrillAlert, Scene
from opsbook.ledger.inbound import generic
from opsbook.ledger.matchers import Matcher
from opsbook.ledger.page_events import FrozenPolicy, page_opened
from opsbook.ledger.signal import Source
from opsbook.usecases.authority import ACTS
from opsbook.usecases.incident_acts import Declaration
from opsbook.usecases.runs import Starter

API = "docs/operations/runbooks/api.md"
READS = [each for each in OPERATIONS if each.method == "GET" and each.media == "application/json"]


def filled(door: Door, path: str) -> str:
    """An address with something that is there."""
    key = next(iter(door.desk.watch.probes()), "none")
    run = started(door).id if "{run}" in path else ""
    asks = {"/search": "?q=restart", "/procedures/{path}/form": "?anchor=deployment",
            "/incidents/{incident}/updates/compose": "?audience=team"}.get(path, "")
    if "{name}" in path or "{id}" in path:
        senders = door.desk.alert_desk
        if all(each.name != "backups" for each in senders.inlets.all()):
            senders.inlets.add("backups", "generic", "test")
        body = b'{"title": "down"}'
        told = senders.receiving.receive(Source("backups", "generic", "backups"), generic.parse(body), body)
        received = told.batch or senders.bodies.latest(limit=1)[0].id
        path = path.replace("{name}", "backups").replace("{id}", received)
    if "{paged}" in path:
        draft = page_opened(group="g", subject="api is down", severity="P1", service=None, alerts=(), place=None,
                            policy=FrozenPolicy("p", "", 0, None, ()))  # fmt: skip
        if not door.desk.ledger.read("page/261126-paged"):
            door.desk.ledger.append("page/261126-paged", [draft], expected=0, actor="test", at=door.desk.now())
        path = path.replace("{paged}", "261126-paged")
    if "{silence}" in path:
        now = door.desk.now()
        made = door.desk.alert_desk.silences.add(
            [Matcher("job", "api")], starts_at=now, ends_at=now + timedelta(hours=1), by="test", comment="A test"
        )
        path = path.replace("{silence}", made.id)
    if "{alert}" in path:
        lay_alert(door)
        path = path.replace("{alert}", "261126-alert")
    if "{incident}" in path or "{proposal}" in path:
        path = with_incident(door, path)
    if "{drill}" in path:
        alert = DrillAlert({"alertname": "ApiDown"}, {"summary": "It is down"})
        scene = Scene("alert", "ApiDown", API, "api", "P1", (alert,), reveals=("It is the API.",))
        path = path.replace("{drill}", door.desk.drill_desk.drills.plan(scene, "ada").id)
    if "{maintenance}" in path:
        begins = door.desk.now() + timedelta(hours=1)
        planned = door.desk.maintenances.announce("An upgrade", "ada", starts_at=begins, ends_at=begins + timedelta(hours=1))
        path = path.replace("{maintenance}", planned.id)
    path = path.replace("{handle}", "me").replace("{kind}/backups", "role/support")
    return PREFIX + path.replace("{path}", API).replace("{service}", "api").replace("{key}", key).replace("{run}", run) + asks


def with_incident(door: Door, path: str) -> str:
    """An address with an incident that is there, and its report."""
    held = door.desk.incident_desk
    incident = held.incidents.declare(Declaration("The API is down", severity="P1", severity_why="It is."), "ada")
    held.incidents.note(incident.id, "ada", "A picture", files=[("a.png", "image/png", b"\x89PNG")])
    if "{proposal}" in path:
        path = path.replace("{proposal}", held.reports.report(incident, "ada", ("Ada", "ada@example.org")).id)
    if "{update}" in path:
        held.updates.draft(incident, "ada", audience="team", body="We look.")
        path = path.replace("{update}", "1")
    if path.endswith("/entry"):
        path += f"?key=incident/{incident.id}:1"
    return path.replace("{incident}", str(incident.number))


def lay_alert(door: Door) -> None:
    """An alert, unless it is there."""
    draft = alert_fired(
        key="k", source="am", source_group="am", labels={"alertname": "ApiDown"}, annotations={}, fingerprint="k",
        starts_at=door.desk.now(), ends_at=None, severity="P1", severity_why="It says so.", service=None, group="g",
        place=Place(API, "deployment", "Deployment", None, "It is named."), links=(("Graph", "http://graphs"),),
    )  # fmt: skip
    if not door.desk.ledger.read("alert/261126-alert"):
        door.desk.ledger.append("alert/261126-alert", [draft], expected=0, actor="test", at=door.desk.now())


@pytest.mark.parametrize("declared", READS, ids=lambda each: each.path)
def test_every_answer_is_of_the_type_that_is_told(door, declared):
    path = filled(door, declared.path)
    headers = door.session("admin") if declared.act != "read" else {}
    answer = door.ask("GET", path, headers=headers)
    assert answer.status_code == 200, answer.text
    msgspec.json.decode(answer.content, type=declared.answer)
    described = description()
    schema = {**described["paths"][PREFIX + declared.path]["get"]["responses"]["200"]["content"]["application/json"]["schema"],
              "components": described["components"]}  # fmt: skip
    jsonschema.validate(answer.json(), schema)


def test_the_description_is_valid_json_schema_of_3_1_with_every_operation(door):
    told = door.ask("GET", "/api/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    operations = [operation for methods in told["paths"].values() for operation in methods.values()]
    assert len(operations) == len(OPERATIONS) == len({each["operationId"] for each in operations})
    for schema in told["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("search", "missing required field `q`"), ("search?q=x&limit=0", "at limit"), ("search?q=x&limit=many", "at limit"),
        ("search?q=x&limt=2", "Did you mean 'limit'?"), ("lint?severity=grave", "at severity"), ("lint?offset=-1", "at offset"),
        ("lint?limit=5001", "at limit"), (f"search?q={'x' * 4001}", "at q"), ("now?state=fine", "at state"),
        ("oncall?at=soon", "'soon' is no time"), ("page-plan?severity=x", "'x' is no severity"), ("events?after=-1", "at after"),
        (f"pages/{API}/history?limit=0", "at limit"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_told_by_its_name(door, query, why):
    answer = door.ask("GET", f"/api/v1/{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert why in answer.json()["detail"]


@pytest.mark.parametrize("query", ["from=2026-11-27T00:00:00Z&to=2026-11-26T00:00:00Z", "from=0001-01-01T00:00:00Z", "to=9999-12-31T23:59:59-12:00", "from=2020-01-01T00:00:00Z"])
def test_a_stretch_of_time_that_is_none_is_refused(door, query):
    key = next(iter(door.desk.watch.probes()))
    assert door.ask("GET", f"/api/v1/probes/{key}/readings?{query}").status_code in (200, 400)


@pytest.mark.parametrize("path", ["pages/nowhere.md", "pages/nowhere.md/source", "pages/..%2f..%2fetc%2fpasswd/source", "pages/docs/operations/../../.git/config/source", "pages/.git%2Fconfig/source", "services/none", "probes/none", "services/none/contacts", "nowhere"])
def test_what_is_not_there_is_a_problem_document(door, path):
    answer = door.ask("GET", f"/api/v1/{path}", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_link_out_of_the_book_is_not_followed(repository):
    (repository / "secret.txt").write_text("secret")
    (repository / "docs/operations/link.md").symlink_to("/etc/passwd")
    with opened(repository) as door:
        for path in ("docs/operations/link.md/source", "secret.txt/source", "../secret.txt/source"):
            assert door.ask("GET", f"/api/v1/pages/{path}").status_code in (404, 502)


def test_slashes_of_a_page_may_be_written_either_way(door):
    plain, encoded = door.ask("GET", f"/api/v1/pages/{API}"), door.ask("GET", "/api/v1/pages/" + API.replace("/", "%2F"))
    assert plain.json() == encoded.json()
    assert plain.json()["path"] == API


def test_the_source_of_a_page_is_its_bytes(door):
    answer = door.ask("GET", f"/api/v1/pages/{API}/source")
    assert answer.content == (door.root / API).read_bytes()
    assert answer.headers["etag"] == f'"{door.ask("GET", f"/api/v1/pages/{API}").json()["digest"]}"'


def git(root: Path, *words: str) -> str:
    """What git says."""
    return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True).stdout.strip()


def put(door: Door, path: str, content: bytes, based_on: str, **more: Any):
    """The answer to a change by a responder's token."""
    headers = {**door.token("responder", "read", "edit-page"), "content-type": "text/markdown", **more}
    if based_on:
        headers["if-match"] = based_on
    return door.ask("PUT", f"/api/v1/pages/{path}/source?message=Say+more", content=content, headers=headers)


def test_a_page_is_saved_as_one_commit_byte_for_byte(repository):
    with opened(repository) as door:
        etag = door.ask("GET", f"/api/v1/pages/{API}/source").headers["etag"]
        content = (repository / API).read_bytes() + b"\r\nMore \xff\n"
        saved = put(door, API, content, etag)
        assert saved.status_code == 200, saved.text
        assert (repository / API).read_bytes() == content
        assert saved.json()["commit"] == git(repository, "rev-parse", "HEAD")
        assert git(repository, "log", "-1", "--format=%an %s") == "responder-one Say more"
        again = door.ask("GET", f"/api/v1/pages/{API}/source")
        assert (again.content, again.headers["etag"]) == (content, f'"{saved.json()["digest"]}"')


def test_a_change_that_is_based_on_older_bytes_is_a_conflict_that_holds_the_page(repository):
    with opened(repository) as door:
        etag = door.ask("GET", f"/api/v1/pages/{API}/source").headers["etag"]
        (repository / API).write_text("# Changed meanwhile\n")
        git(repository, "commit", "-qam", "Meanwhile")
        answer = put(door, API, b"# Mine\n", etag)
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
        assert answer.json()["theirs"] == "# Changed meanwhile\n"
        assert (repository / API).read_text() == "# Changed meanwhile\n"
        done = put(door, API, b"# Both\n", f'"{answer.json()["digest"]}"')
        assert done.status_code == 200


def test_a_page_that_is_not_there_yet_is_based_on_nothing(repository):
    with opened(repository) as door:
        path = "docs/operations/runbooks/new.md"
        assert put(door, path, b"# New\n", "*").status_code == 200
        assert put(door, path, b"# New\n", "*").status_code == 409
        assert door.ask("GET", f"/api/v1/pages/{path}").json()["title"] == "New"


def test_a_change_says_what_it_is_based_on(door):
    assert put(door, API, b"# New\n", "").status_code == 428


@pytest.mark.parametrize("path", ["../outside.md", "docs/operations/../../outside.md", ".git/hooks/post-commit", "docs/operations/x.py", "/etc/cron.d/x.md", "docs/operations/.hidden/x.md", "docs/operations/x\x00.md"])
def test_nothing_is_written_but_a_page_of_the_book(door, path):
    before = git(door.root, "rev-parse", "HEAD")
    answer = put(door, path.replace("/", "%2F").replace("\x00", "%00"), b"# Owned\n", "*")
    assert answer.status_code in (400, 404, 409)
    assert git(door.root, "rev-parse", "HEAD") == before


def test_findings_are_told_in_parts(door):
    whole = door.ask("GET", "/api/v1/lint").json()
    assert whole["total"] == len(whole["findings"]) > 0
    part = door.ask("GET", "/api/v1/lint?offset=1&limit=1").json()
    assert (part["total"], part["findings"]) == (whole["total"], whole["findings"][1:2])
    broken = door.ask("GET", f"/api/v1/lint?rule=broken-link&path={API}").json()["findings"]
    assert [(each["path"], each["target"]) for each in broken] == [(API, "nowhere.md")]
    assert door.ask("GET", "/api/v1/lint?path=docs/oper").json()["total"] == 0
    assert door.ask("GET", "/api/v1/lint?path=docs/operations/").json()["total"] == whole["total"]


def test_a_token_is_issued_for_less_than_the_one_that_asks(door):
    narrow = door.token("admin", "read", "own-account")
    refused = door.ask("POST", "/api/v1/tokens", json={"acts": ["administer"]}, headers=narrow)
    assert refused.status_code == 409
    issued = door.ask("POST", "/api/v1/tokens", json={"acts": ["read"], "days": 1, "label": "x"}, headers=narrow)
    assert issued.status_code == 201
    assert issued.json()["secret"].startswith("opsb_")
    listed = door.ask("GET", "/api/v1/tokens", headers=narrow).json()["tokens"]
    assert "secret" not in listed[0] and issued.json()["id"] in [each["id"] for each in listed]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/json", 400), (b"{", "application/json", 400), (b"[]", "application/json", 400),
        (b'{"acts": []}', "application/json", 400), (b'{"acts": ["fly"]}', "application/json", 400),
        (b'{"acts": ["read"], "days": 0}', "application/json", 400), (b'{"acts": ["read"], "dys": 1}', "application/json", 400),
        (b'{"acts": ["read"]}', "text/plain", 415), (b"[" * 100_000, "application/json", 400),
        (b'{"acts": "\xff"}', "application/json", 400),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_told(door, content, kind, status):
    headers = {**door.token("viewer", "own-account"), "content-type": kind}
    assert door.ask("POST", "/api/v1/tokens", content=content, headers=headers).status_code == status


def test_every_act_can_be_asked_for():
    assert get_args(Act) == tuple(ACTS)


def test_accounts_tell_no_hash(door):
    door.desk.accounts.add("hashed", "viewer", "correct horse battery staple", actor="test")
    told = door.ask("GET", "/api/v1/accounts", headers=door.session("admin")).text
    assert "argon2" not in told and "secret" not in told


def test_the_manual_lists_every_operation_with_its_act():
    page = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
    listed = re.findall(r"^\| `([A-Z]+ /[^`]*)` \| `([a-z-]+)` \| (.+) \|$", page, re.M)
    assert listed == [(f"{each.method} {each.path}", each.act, each.summary) for each in sorted(OPERATIONS, key=lambda o: (o.path, o.method))]


def test_the_manual_names_every_metric(door):
    page = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
    shown = re.findall(r"^# TYPE (\S+)", door.ask("GET", "/metrics").text, re.M)
    ours = [name for name in shown if name.startswith(("opsbook_", "probe_"))]
    assert ours
    assert [name for name in ours if f"`{name}`" not in page] == []


def test_a_message_with_a_control_character_is_told_in_a_sentence(door):
    headers = {**door.token("admin", "read", "edit-page"), "if-match": "*", "content-type": "text/markdown"}
    at = "/api/v1/pages/docs/operations/odd.md/source?message=a%01"
    answer = door.ask("PUT", at, content="# Odd\n", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["detail"].startswith("The message holds the control character U+0001")


@pytest.mark.parametrize("kind", [{}, {"content-type": "application/json"}, {"content-type": "application/x-www-form-urlencoded"}])
def test_no_body_at_all_is_an_empty_object(door, kind):
    headers, run = {**door.session("operator"), **kind}, started(door).id
    for verb in ("pause", "resume", "cancel"):
        answer = door.ask("POST", f"{PREFIX}/runs/{run}/{verb}", headers=headers)
        assert answer.status_code == 200, answer.text
    answer = door.ask("POST", f"{PREFIX}/runs/{run}/roll-back", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (400, "The body cannot be read: Object missing required field `why`.")
    bodies = {path: methods["post"]["requestBody"]["required"] for path, methods in description()["paths"].items()
              if "requestBody" in methods.get("post", {})}  # fmt: skip
    assert bodies[f"{PREFIX}/runs/{{run}}/cancel"] is False
    assert bodies[f"{PREFIX}/runs"] is True


def test_an_approval_of_ones_own_run_is_not_permitted(tmp_path):
    write_repository(tmp_path, RUN_PAGES)
    with opened(tmp_path) as door:
        run = asked(door, started(door, SWITCH, by=Starter("olga")), "1", "approval", digest="c" * 64)
        headers = door.session("operator", "olga")
        answer = door.ask("POST", f"{PREFIX}/runs/{run.id}/steps/1/approve", headers=headers, json={"digest": "c" * 64})
        assert (answer.status_code, "whoever starts a run" in answer.json()["detail"]) == (403, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "/runs", {"procedure": DEPLOY}, "VERSION is missing, and must be given."),
        ("GET", "/runs/none", None, "There is no run 'none'."),
        ("POST", "/runs/none/cancel", {}, "There is no run 'none'."),
    ],
)
def test_what_is_wrong_is_told_without_words_of_the_command_line(tmp_path, method, path, body, told):
    write_repository(tmp_path, RUN_PAGES)
    with opened(tmp_path) as door:
        answer = door.ask(method, PREFIX + path, headers=door.session("operator"), json=body)
        assert answer.json()["detail"] == told
