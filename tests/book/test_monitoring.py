"""Metrics, alerts, dashboards and logs, in the shapes in which people write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.book.whole_reading import Shelf, around_of, page_of

import opsbook
from opsbook.book.monitoring import Monitoring, read_monitoring

SEED = Path(opsbook.__file__).parent / "seed"
OWN = Path(__file__).parents[2] / "docs" / "operations"


def read(text: str | bytes, path: str = "monitoring/alerts.md", **others: str) -> Monitoring | None:
    shelf = Shelf({path: b"", **{name.replace("__", "/") + ".md": text.encode() for name, text in others.items()}})
    return read_monitoring(page_of(text, path), around_of(shelf))


def test_the_columns_of_the_folders_own_pages_are_read():
    metrics = read((OWN / "monitoring/metrics.md").read_bytes(), "monitoring/metrics.md").metrics
    names = [metric.name for metric in metrics]
    assert (names[:4], names[-1]) == (["Answers", "Ready", "Duration", "Unit"], "Disk")
    assert metrics[2].expression == 'probe_duration_seconds{job="opsbook-readyz"}'
    assert (metrics[2].unit, metrics[2].normal, metrics[2].service) == ("s", "below 0.1", "opsbook")
    told = read((OWN / "monitoring/dashboards.md").read_bytes(), "monitoring/dashboards.md")
    assert [(d.name, d.location.href) for d in told.dashboards] == [
        ("First page", "http://127.0.0.1:8000/"), ("Prometheus", "https://prometheus.example.org/graph"),
    ]  # fmt: skip
    assert [(log.name, log.kept) for log in told.logs] == [
        ("The unit's journal", "30 days"),
        ("The book's history", "always"),
    ]


def test_an_alert_has_its_line_its_section_and_the_section_of_its_runbook():
    alert = read(
        "# Alerts\n\n## Thresholds\n\n| Alert | Threshold | For | Severity | Runbook |\n|-|-|-|-|-|\n"
        "| `DiskFull` | above 90 % | 5m | critical | [Free space](../runbooks/db.md#free-space) |\n",
        runbooks__db="# Db\n",
    ).alerts[0]
    assert (alert.name, alert.line, alert.anchor) == ("DiskFull", 7, "thresholds")
    assert (alert.threshold, alert.hold, alert.severity) == ("above 90 %", "5m", "critical")
    assert (alert.runbook.text, alert.runbook.path, alert.runbook.anchor) == (
        "Free space",
        "runbooks/db.md",
        "free-space",
    )


@pytest.mark.parametrize(
    "head",
    [
        "Alert | Condition | Action",
        "Alert name | Meaning | Response",
        "ALERT NAME | Expr | What to do",
        "Rule | When | Steps",
    ],
)
def test_columns_are_known_by_other_words_too(head):
    alert = read(f"# Alerts\n\n| {head} |\n|-|-|-|\n| A | b | c |\n").alerts[0]
    assert (alert.name, alert.response) == ("A", "c")
    assert "b" in (alert.threshold, alert.meaning, alert.expression)


def test_a_table_headed_name_is_what_the_headings_above_it_say():
    table = "| Name | Type | Description |\n|-|-|-|\n| x_total | Counter | how many |\n"
    told = read(f"# Numbers\n\n## Metrics\n\n{table}", "monitoring/numbers.md")
    assert [(m.name, m.type, m.meaning) for m in told.metrics] == [("x_total", "Counter", "how many")]
    assert read(f"# Numbers\n\n## Ports\n\n{table}", "monitoring/numbers.md") is None


def test_a_heading_with_labels_is_an_item():
    told = read(
        "# Alerts\n\n## 1) The worker\n\n**Alert:** `WorkerDown`\n\n- **Threshold:** up == 0\n- **Meaning:** It is gone\n"
        "- **Action:** Restart it\n"
    )
    assert [(a.name, a.threshold, a.response, a.anchor) for a in told.alerts] == [
        ("WorkerDown", "up == 0", "Restart it", "1-the-worker")
    ]


def test_a_heading_with_a_table_of_fields_is_an_item():
    told = read(
        "# Metrics Reference\n\n### `http_requests_total`\n\n| Field | Value |\n|-|-|\n| **Type** | Counter |\n"
        "| **Unit** | Requests |\n",
        "docs/metrics-reference.md",
    )
    assert [(m.name, m.type, m.unit) for m in told.metrics] == [("http_requests_total", "Counter", "Requests")]


def test_bullets_with_addresses_below_dashboards_are_dashboards():
    told = read(
        "# Monitoring\n\n## Dashboards\n\n- [API overview](https://g.example/d/1): requests and errors\n"
        "- **Database:** https://g.example/d/2\n- Ask the team for others\n",
        "monitoring/overview.md",
    )
    assert [(d.name, d.location.href, d.shows) for d in told.dashboards] == [
        ("API overview", "https://g.example/d/1", "requests and errors"), ("Database", "https://g.example/d/2", ""),
    ]  # fmt: skip


def test_the_monitoring_section_of_a_runbook_is_read():
    told = read(
        "# Api Runbook\n\n**Service:** api\n\n## Monitoring\n\n- **Metrics Dashboard:** https://g.example/d/1\n"
        "- **Logs:** `journalctl -u api`\n- **Alerts:** ApiDown, ApiSlow, see [Alerts](../monitoring/alerts.md)\n",
        "runbooks/api.md",
    )
    assert [(d.name, d.service, d.location.href) for d in told.dashboards] == [
        ("Metrics Dashboard", "api", "https://g.example/d/1")
    ]
    assert [(log.name, log.location.text) for log in told.logs] == [("Logs", "journalctl -u api")]
    assert [alert.name for alert in told.alerts] == ["ApiDown", "ApiSlow"]


def test_a_dashboard_that_does_not_exist_is_none():
    assert (
        read(
            "# Api Runbook\n\n**Service:** api\n\n## Monitoring\n\n- **Metrics Dashboard:** There is none\n",
            "runbooks/api.md",
        )
        is None
    )


def test_rows_that_are_the_templates_own_are_counted_and_left_out():
    told = read((SEED / "monitoring/alerts.md").read_bytes())
    assert (told.alerts, told.unfilled) == ((), 3)


def test_a_page_about_something_else_tells_nothing():
    assert read("# Alerts\n\n| Alert | Severity |\n|-|-|\n| A | P1 |\n", "guides/start.md") is None


def test_hundreds_of_metrics_of_a_real_page_are_read(corpora):
    raw = (corpora / "kubevirt__monitoring/docs/metrics.md").read_bytes()
    told = read(raw, "docs/metrics.md")
    assert len(told.metrics) > 200
    assert told.metrics[0].service == "kubevirt"


IMPORTED = (
    "# Api alerts\n\n**Rule Group:** `api`\n\n## ApiErrors\n\n- **Expression:** `up == 0`\n- **Severity:** critical\n"
    '- **Labels:** `service="api"`, `job="x"`\n- **Meaning:** Less than 1\\_000 of \\`it\\`.\\\n  Second line.\n'
    "- **Dashboard:** <https://g.example.org/d/api>\n\n## ApiSlow\n\n- **Expression:** `up == 0`\n"
    '- **Labels:** `job="api"`\n'
)


def test_the_labels_of_an_imported_rule_tell_its_service():
    one, two = read(IMPORTED).alerts
    assert (one.service, two.service, two.marks) == ("api", "", ("api",))


def test_an_imported_alerts_dashboard_is_one_of_its_service():
    assert [(d.name, d.service, d.location.href) for d in read(IMPORTED).dashboards] == [
        ("ApiErrors", "api", "https://g.example.org/d/api")
    ]


def test_escapes_and_hard_breaks_are_read_as_what_they_mean():
    assert read(IMPORTED).alerts[0].meaning == "Less than 1_000 of `it`. Second line."
