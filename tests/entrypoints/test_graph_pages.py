"""Graphs, states of alerts and log links in the door, with a real Prometheus, with one that is away, and with none."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.adapters.prometheus_running import running
from tests.entrypoints.door import Door, opened, write_repository

from opsbook.entrypoints.web.graph_insets import links_around

RULES = """
groups:
- name: own
  interval: 1s
  rules:
  - {alert: ApiUp, expr: 'up{job="api"} > 0'}
  - {alert: ApiDown, expr: 'up{job="api"} < 1'}
"""
PAGES = {
    "docs/operations/README.md": "# Operations\n\n- [The API](runbooks/api.md)\n",
    "docs/operations/runbooks/api.md": """# Runbook: API

## Monitoring
- **Logs:** https://logs.example.org/?q={service}&from={from_ms}&to={to_ms}
- **Alerts:** `ApiUp`, `ApiDown`
""",
    "docs/operations/monitoring/metrics.md": """# Metrics

| Metric | Service | Expression | Unit |
| --- | --- | --- | --- |
| Requests | api | `sum(rate(prometheus_http_requests_total[1m]))` | |
| Is up | api | `up{job="api"}` | |
| Broken | api | `rate(up` | |
""",
    "docs/operations/monitoring/alerts.md": """# Alerts

| Alert | Service | Expression | Meaning |
| --- | --- | --- | --- |
| ApiUp | api | `up{job="api"} > 0` | All is well |
| ApiDown | api | `up{job="api"} < 1` | Nothing works |
""",
}
# What is drawn needs two readings, and the alert one more.
READY = 'ALERTS{alertname="ApiUp"} and on () sum(rate(prometheus_http_requests_total[1m]))'
PART = {"hx-request": "true"}


@pytest.fixture(scope="module")
def door(needs, tmp_path_factory) -> Iterator[Door]:
    """A served book whose Prometheus runs."""
    needs("prometheus")
    root = tmp_path_factory.mktemp("graphs")
    write_repository(root / "shop", PAGES)
    with (
        running(root / "prometheus", RULES, ready=READY) as address,
        opened(root / "shop", prometheus_url=address) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def away(tmp_path_factory) -> Iterator[Door]:
    """A served book whose Prometheus is away."""
    root: Path = tmp_path_factory.mktemp("away")
    write_repository(root, PAGES)
    with opened(root, prometheus_url="http://127.0.0.1:1") as found:
        yield found


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Iterator[Door]:
    """A served book without a Prometheus."""
    root: Path = tmp_path_factory.mktemp("alone")
    write_repository(root, PAGES)
    with opened(root) as found:
        yield found


def test_the_page_of_a_service_leaves_its_graphs_to_a_part_of_its_own(door):
    page = door.ask("GET", "/services/api?range=6h").text
    assert 'hx-get="/services/api/graphs?range=6h"' in page and "<figure" not in page
    assert page.index('id="monitoring"') < page.index('id="ob-graphs"') < page.index("Logs:")


def test_the_part_has_a_picture_for_each_metric_with_its_threshold_and_state(door):
    part = door.ask("GET", "/services/api/graphs", headers=PART).text
    assert [*re.findall(r'class="graph-name"[^>]*>([^<]*)<', part)] == ["Is up", "Requests", "Broken"]
    assert "alert &gt; 0" in part and "alert &lt; 1" in part and ">firing</span>" in part
    assert "Prometheus refuses the question: 1:8" in part and "style=" not in part and part.count("<svg class=") >= 2
    assert "<html" not in part and 'href="/services/api?range=24h#ob-graphs"' in part


def test_whoever_has_no_scripts_has_them_as_a_page(door):
    page = door.ask("GET", "/services/api/graphs?range=24h")
    assert page.status_code == 200 and "<html" in page.text and page.text.count("<figure") == 3
    assert 'href="/services/api/graphs?range=24h" aria-current="true"' in page.text
    assert door.ask("GET", "/services/API/graphs").headers["location"] == "/services/api/graphs"
    assert door.ask("GET", "/services/none/graphs").status_code == 404


def test_states_are_a_word_beside_each_alert_and_a_line_for_what_is_not_quiet(door):
    page = door.ask("GET", "/services/api").text
    part = door.ask("GET", "/services/api/alert-states", headers=PART).text
    ids = re.findall(r'<span id="(ob-state-\w+)"', part)
    assert len(ids) == 2 and all(f'id="{each}" class="alert-state" data-drawn></span>' in page for each in ids)
    assert "Prometheus:" in part and part.count("inactive") == 1
    of_all = door.ask("GET", "/fragments/alert-states", headers=PART).text
    assert all(f'id="{each}"' in of_all and f'id="{each}"' in door.ask("GET", "/monitoring").text for each in ids)


def test_the_api_tells_lines_thresholds_and_states(door):
    told = door.ask("GET", "/api/v1/services/api/graphs?range=1h").json()
    up = next(each for each in told["graphs"] if each["title"] == "Is up")
    assert (told["is_configured"], told["away"], told["step_s"]) == (True, "", 30.0)
    assert up["series"][0]["labels"]["job"] == "api" and up["series"][0]["points"][-1][1] == 1.0
    assert [(each["alert"], each["operator"], each["value"]) for each in up["thresholds"]] == [("ApiUp", ">", 0.0), ("ApiDown", "<", 1.0)]
    assert {each["name"]: each["state"] for each in told["alerts"]} == {"ApiUp": "firing", "ApiDown": "inactive"}
    assert door.ask("GET", "/api/v1/services/api/graphs?range=2h").status_code == 400


def test_a_server_that_is_away_is_one_quiet_line(away):
    part = away.ask("GET", "/services/api/graphs", headers=PART).text
    assert "Prometheus does not answer; last tried" in part and "<figure" not in part
    assert away.ask("GET", "/services/api").status_code == 200
    assert away.ask("GET", "/services/api/alert-states", headers=PART).text.strip() == ""
    assert "does not answer" in away.ask("GET", "/api/v1/services/api/graphs").json()["away"]


def test_where_none_is_configured_nothing_is_said_of_it(alone):
    page = alone.ask("GET", "/services/api").text
    assert "graphs-live" not in page and "alert-state" not in page and "Prometheus" not in page
    assert "No Prometheus is configured" in alone.ask("GET", "/services/api/graphs").text


def test_a_log_link_is_filled_for_the_last_hour_beside_its_line(alone):
    page = alone.ask("GET", "/services/api").text
    link = html.unescape(re.search(r'<a class="outside timed"[^>]*href="([^"]*)"', page)[1])
    since, until = map(int, re.findall(r"=(\d{13})", link))
    assert link.startswith("https://logs.example.org/?q=api&from=") and until - since == 3_600_000


def test_an_incident_leads_to_the_logs_from_a_little_before_it_began(alone):
    who = alone.session("responder")
    made = alone.ask("POST", "/api/v1/incidents", headers=who, json={"title": "It is slow", "severity": "P2", "services": ["api"]})
    assert made.status_code == 201, made.text
    page = html.unescape(alone.ask("GET", "/incidents/1", headers=who).text)
    since, until = map(int, re.search(r"https://logs\.example\.org/\?q=api&from=(\d{13})&to=(\d{13})", page).groups())
    assert 15 * 60_000 <= until - since < 16 * 60_000


def test_the_logs_of_a_service_are_at_the_time_of_an_alert_and_none_for_one_unknown(alone):
    now = alone.desk.now()
    [link] = links_around(alone.desk, "API", now - timedelta(hours=3), now - timedelta(hours=2))
    since, until = map(int, re.findall(r"=(\d{13})", link.href))
    assert until - since == 75 * 60_000
    assert links_around(alone.desk, "nowhere", now, None) == () == links_around(alone.desk, "", now, None)
