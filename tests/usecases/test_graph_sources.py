"""Which graphs a service has: metrics that name it, what its alerts compare, PromQL in its runbook; each once. And where
its logs and dashboards are at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.usecases.snapshots import snapshot

from opsbook.book.measures import Limit
from opsbook.book.monitoring import Metric
from opsbook.book.page import read_page
from opsbook.usecases.graph_sources import expression_of, watched
from opsbook.usecases.timed_links import around, timed_links

RUNBOOK = """# Runbook: Pay Card

## Monitoring
- **Logs:** https://logs.example.org/?q={service}&from={from_ms}
- **Metrics Dashboard:** <https://grafana.example.org/d/pay>
- **Alerts:** `PaySlow`

### Refused by the bank
```promql
sum(rate(refused_total[5m]))
```
```sh
echo no graph
```
"""
PAGES = {
    "runbooks/pay-card.md": RUNBOOK,
    "monitoring/metrics.md": """# Metrics

| Metric | Service | Expression | Unit |
| --- | --- | --- | --- |
| Latency | pay-card, mail | `pay_seconds` | ms |
| Waiting | Pay Card | `sum by(job) (waiting)` | jobs |
| Other | mail | `other` | |
| Just words | pay-card | | |
""",
    "monitoring/alerts.md": """# Alerts

| Alert | Service | Expression | Threshold | Meaning | Runbook |
| --- | --- | --- | --- | --- | --- |
| PaySlow | pay-card | `pay_seconds > 500` | | Slow | |
| PayVerySlow | pay-card | `pay_seconds` | above 2 s | Slow | |
| PayWaiting | | `20 < sum by (job)(waiting)` | | Many wait | [Pay](../runbooks/pay-card.md) |
| PayAbsent | pay-card | `absent(pay_seconds)` | | Gone | |
| PayRefused | pay-card | `increase(bank_refused_total[5m]) > 3` | | Refused | |
| MailDown | mail | `other < 1` | | Down | |
""",
}


@pytest.fixture(scope="module")
def found():
    return watched(snapshot(dict(PAGES)), "pay-card", read_page("runbooks/pay-card.md", RUNBOOK.encode()))


def test_the_graphs_that_alerts_watch_come_first_and_each_expression_once(found):
    assert [(graph.title, graph.expression) for graph in found.graphs] == [
        ("Waiting", "sum by(job) (waiting)"), ("Latency", "pay_seconds"),
        ("PayRefused", "increase(bank_refused_total[5m])"), ("Refused by the bank", "sum(rate(refused_total[5m]))"),
    ]  # fmt: skip


def test_a_threshold_of_an_expression_or_of_the_column_stands_in_the_unit_of_the_graph(found):
    waiting, latency = found.graphs[:2]
    assert [(each.alert, each.limit) for each in latency.thresholds] == [("PaySlow", Limit(">", 0.5)), ("PayVerySlow", Limit(">", 2.0))]
    assert [(each.alert, each.limit) for each in waiting.thresholds] == [("PayWaiting", Limit(">", 20.0))]


def test_alerts_of_a_service_are_those_that_name_it_or_whose_runbook_it_is(found):
    assert sorted(found.alerts) == ["PayAbsent", "PayRefused", "PaySlow", "PayVerySlow", "PayWaiting"]


@pytest.mark.parametrize(
    ("name", "kind", "asked"),
    [
        ("http_requests_total", "", "rate(http_requests_total[5m])"), ('http_requests_total{code="500"}', "counter", 'rate(http_requests_total{code="500"}[5m])'),
        ("queue_length", "gauge", "queue_length"), ("up", "", "up"), ("Error rate", "", ""), ("latency", "", ""),
        ("request_seconds", "histogram", "histogram_quantile(0.95, sum by (le) (rate(request_seconds_bucket[5m])))"),
    ],
)  # fmt: skip
def test_a_metric_without_an_expression_is_asked_for_by_its_name_and_type(name, kind, asked):
    assert expression_of(Metric(name, 1, "", type=kind)) == asked


def test_logs_and_dashboards_are_led_to_at_a_time_from_a_little_before():
    start = datetime(2026, 3, 26, 3, tzinfo=UTC)
    since, until = around(start, None, start + timedelta(hours=2))
    links = timed_links(snapshot(dict(PAGES)), "pay-card", since, until)
    assert [(each.kind, each.href) for each in links] == [
        ("logs", "https://logs.example.org/?q=pay-card&from=1774493100000"),
        ("dashboard", "https://grafana.example.org/d/pay?from=1774493100000&to=1774501200000"),
    ]
    assert all(each.takes_time and each.path == "runbooks/pay-card.md" for each in links)


def test_the_labels_of_an_imported_alert_give_a_service_its_graph():
    rule = '# A\n\n## {0}\n\n- **Expression:** `{1} > 5`\n- **Labels:** `{2}`\n'
    pages = dict(PAGES, **{
        "monitoring/alerts/a.md": rule.format("ByService", "one", 'service="pay-card"'),
        "monitoring/alerts/b.md": rule.format("ByJob", "two", 'job="pay-card"'),
    })  # fmt: skip
    of_pay = watched(snapshot(pages), "pay-card")
    assert {"ByService", "ByJob"} <= set(of_pay.alerts)
    assert {"one", "two"} <= {graph.expression for graph in of_pay.graphs}
