"""What Prometheus scrapes: well-formed, complete, and bounded whatever a page writes."""

from __future__ import annotations

import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.entrypoints.door import opened, write_repository

RUNBOOK = """# Runbook: {name}

## Health Checks
- **Health Check URL:** {url}
"""


def families(text: str):
    """The families by their name."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_promtool_finds_nothing_wrong_with_ours(door, needs):
    promtool = needs("promtool")
    door.ask("GET", "/healthz")
    text = door.ask("GET", "/metrics").text
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    # The names of the blackbox exporter are not ours to mend, and are kept for the dashboards that use them.
    ours = [line for line in (done.stdout + done.stderr).splitlines() if line.strip() and not line.startswith("probe_")]
    assert ours == []


def test_requests_are_counted_by_route_and_not_by_address(door):
    for number in range(5):
        door.ask("GET", f"/api/v1/probes/unknown-{number}")
    counted = families(door.ask("GET", "/metrics").text)["opsbook_http_requests"]
    routes = {sample.labels["route"]: sample.value for sample in counted.samples if sample.labels["status"] == "404"}
    assert routes["/api/v1/probes/{key}"] >= 5
    assert not [route for route in routes if "unknown" in route]


def test_what_leads_nowhere_is_one_route(door):
    for number in range(5):
        door.ask("GET", f"/nowhere/{number}")
    counted = families(door.ask("GET", "/metrics").text)["opsbook_http_requests"]
    assert len([sample for sample in counted.samples if "nowhere" in str(sample.labels)]) == 0


def test_the_book_the_ledger_and_the_streams_are_measured(door):
    found = families(door.ask("GET", "/metrics").text)
    assert found["opsbook_book_pages"].samples[0].value == 2
    assert {sample.labels["severity"] for sample in found["opsbook_book_findings"].samples} == {"error", "warning", "info"}
    assert found["opsbook_ledger_position"].samples[0].value == door.desk.ledger.head()
    assert found["opsbook_event_streams"].samples[0].value == 0
    assert found["opsbook_build_info"].samples[0].value == 1


@pytest.mark.parametrize("url", ['http://127.0.0.1:9/"\\n{}', "http://127.0.0.1:9/" + "x" * 5_000, "http://127.0.0.1:9/ünï"])
def test_whatever_a_page_writes_stays_one_label_of_bounded_length(tmp_path, url):
    write_repository(tmp_path, {"docs/operations/runbooks/odd.md": RUNBOOK.format(name='Odd "one"\\', url=url)})
    with opened(tmp_path) as door:
        found = families(door.ask("GET", "/metrics").text)
        for name in ("opsbook_probe_up", "probe_success"):
            assert all(len(value) <= 200 for sample in found[name].samples for value in sample.labels.values())


def test_probes_are_measured_by_our_names_and_by_those_of_the_blackbox_exporter(door):
    found = families(door.ask("GET", "/metrics").text)
    names = {"opsbook_probe_up", "opsbook_probe_duration_seconds", "opsbook_probe_status_code",
             "opsbook_probe_last_reading_timestamp_seconds", "probe_success", "probe_duration_seconds",
             "opsbook_probe_certificate_end_timestamp_seconds", "probe_ssl_earliest_cert_expiry"}  # fmt: skip
    assert names <= set(found)


def test_the_measures_say_once_how_they_are_encoded(door):
    kind = door.ask("GET", "/metrics").headers["content-type"]
    assert kind.startswith("text/plain; version=")
    assert kind.count("charset=utf-8") == 1
