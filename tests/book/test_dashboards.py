"""Dashboards of Grafana are read in every form they come in, written onto a page and out of one again."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.dashboard_export import MOST_UID, Linked, dashboard_of, uid_of
from opsbook.book.dashboard_pages import boards_on, with_boards
from opsbook.book.dashboards import Board, Panel, expressions_of, read_dashboards
from opsbook.book.lint import Around, LintSettings
from opsbook.book.page import read_page
from opsbook.book.watched import watched_on

PANEL = {"title": "Errors", "type": "timeseries", "targets": [{"expr": 'rate(x{job="$job"}[$__rate_interval])'}]}
BOARD = {"title": "Api", "uid": "api-1", "panels": [PANEL]}
PAGE = "monitoring/dashboards.md"


def indented(text: str) -> str:
    """A block scalar's lines."""
    return "\n".join(f"    {line}" for line in text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(BOARD), json.dumps(BOARD, indent=2), json.dumps({"dashboard": BOARD, "meta": {}}),
        json.dumps({"kind": "ConfigMap", "data": {"api.json": json.dumps(BOARD)}}),
        json.dumps({"items": [{"data": {"api.json": json.dumps(BOARD)}}]}),
        f"kind: ConfigMap\ndata:\n  api.json: |-\n{indented(json.dumps(BOARD, indent=2))}\n",
        json.dumps({**BOARD, "panels": [{"type": "row", "title": "R", "panels": [PANEL]}]}),
        json.dumps({"title": "Api", "uid": "api-1", "rows": [{"title": "R", "panels": [PANEL]}]}),
    ],
)  # fmt: skip
def test_a_dashboard_is_read_in_every_form(text):
    (board,), wrong = read_dashboards("api.json", text)
    assert (board.title, board.uid, wrong) == ("Api", "api-1", ())
    [(panel, read)] = expressions_of(board)
    assert (panel.title, read.fault, read.metrics) == ("Errors", None, ("x",))


def test_queries_of_other_systems_are_left_out():
    panel = {"title": "Logs", "datasource": {"type": "loki"}, "targets": [{"expr": '{a="b"} |= "x"'}]}
    (board,), _ = read_dashboards("api.json", json.dumps({**BOARD, "panels": [panel]}))
    assert board.panels == (Panel("Logs"),)


def test_a_panel_of_the_library_keeps_its_name():
    (board,), _ = read_dashboards("api.json", json.dumps({**BOARD, "panels": [{"libraryPanel": {"name": "Shared"}}]}))
    assert board.panels[0].title == "Shared"


def test_what_is_cut_off_is_a_finding():
    boards, (finding,) = read_dashboards("api.json", '{"title": "Api", "panels": [')
    assert (boards, finding.rule, finding.span.path) == ((), "invalid-dashboard", "api.json")


VALUES = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
                      | st.dictionaries(st.sampled_from(["panels", "rows", "title", "uid", "targets", "expr", "data", "items",
                                                         "dashboard", "libraryPanel", "datasource", "fieldConfig"]), inner, max_size=4),
                      max_leaves=20)  # fmt: skip


@given(VALUES, st.booleans())
def test_whatever_the_json_it_is_read(found, is_plain):
    text = json.dumps(found) if is_plain else json.dumps({"title": "x", "panels": found, "tags": found})
    for board in read_dashboards("x.json", text)[0]:
        list(expressions_of(board))


TITLES = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=12)


@given(TITLES, TITLES)
def test_what_is_written_twice_is_as_it_was(title, panel):
    board = Board(title, "u-1", "a.json", 1, (Panel(panel, ('up{a="b|c"}', "x > 1"), "s"),))
    page = with_boards(PAGE, None, [board])
    assert with_boards(PAGE, page, [board]) == page
    [told] = boards_on(read_page(PAGE, page))
    assert [text for _, text, _ in told.panels] == ['up{a="b|c"}', "x > 1"]


def test_what_people_wrote_is_kept_and_the_rest_brought_up_to_date():
    board = Board("Api", "u-1", "a.json", 1, (Panel("Errors", ("x",)),))
    page = with_boards(PAGE, b"# Dashboards\n\n## Dashboards\n\nOurs.\n\n## Logs\n\nHere.\n", [board]).decode()
    page = page.replace("- **UID:**", "Ask Ana for access.\n\n- **UID:**").replace("\n## Logs", "\nLook at errors first.\n\n## Logs")
    after = with_boards(PAGE, page.encode(), [Board("The Api", "u-1", "a.json", 1, (Panel("Errors", ("y",)),))]).decode()
    assert after == page.replace("### Api", "### The Api").replace("`x`", "`y`")


def test_dashboards_stand_below_the_heading_for_them():
    board = Board("Api", "u-1", "a.json", 1, (Panel("Errors", ("x",)),))
    page = with_boards(PAGE, b"# D\n\n## Dashboards\n\nOurs.\n\n## Logs\n\nHere.\n", [board]).decode()
    assert page.index("### Api") < page.index("## Logs") and page.endswith("## Logs\n\nHere.\n")


METRICS = """# Metrics

| Metric | Service | Expression | Unit | Meaning |
| --- | --- | --- | --- | --- |
| Error rate | api | `rate(errors_total[5m])` | req/s | What fails |
| queue_length | api | | | Waiting |

## Alerts

| Alert | Service | Expression | Severity |
| --- | --- | --- | --- |
| ApiErrors | api | `rate(errors_total[5m]) > 5` | P1 |
| ApiBroken | api | `rate(errors_total[5m]) > 50` | P0 |
| ApiSlow | api | `latency_seconds > 2` | P2 |
"""


def exported() -> dict:
    """The dashboard of the page above."""
    page = read_page("monitoring/metrics.md", METRICS.encode())
    body = dashboard_of("api", watched_on(page, Around(date.min, LintSettings())), Linked("Runbook", "https://ops.test/api"))
    assert body is not None
    return json.loads(body)


def test_a_service_has_a_panel_for_each_metric_and_for_alerts_about_something_else():
    board = exported()
    assert [panel["title"] for panel in board["panels"]] == ["Error rate", "queue_length", "ApiSlow"]
    assert [panel["targets"][0]["expr"] for panel in board["panels"]] == ["rate(errors_total[5m])", "queue_length", "latency_seconds"]
    assert (board["uid"], board["panels"][0]["fieldConfig"]["defaults"]["unit"]) == ("opsbook-api", "reqps")


def test_alerts_are_lines_on_the_panel_of_their_metric():
    steps = exported()["panels"][0]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in steps] == [(None, "green"), (5, "orange"), (50, "red")]


def test_every_panel_leads_to_the_runbook():
    assert {panel["links"][0]["url"] for panel in exported()["panels"]} == {"https://ops.test/api"}


def test_what_is_exported_and_read_again_has_the_same_titles_and_expressions():
    (board,), wrong = read_dashboards("api.json", json.dumps(exported()))
    [told] = boards_on(read_page(PAGE, with_boards(PAGE, None, [board])))
    assert wrong == ()
    assert [(title, text) for title, text, _ in told.panels] == [
        ("Error rate", "rate(errors_total[5m])"), ("queue_length", "queue_length"), ("ApiSlow", "latency_seconds"),
    ]  # fmt: skip


@given(st.text(max_size=60), st.text(max_size=60))
def test_services_have_uids_of_their_own_that_grafana_takes(one, other):
    assert len(uid_of(one)) <= MOST_UID and set(uid_of(one)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert one == other or uid_of(one) != uid_of(other)
