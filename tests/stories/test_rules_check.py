"""A rule, a metric or a service that is renamed in the running world is noticed, with both places."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from tests.adapters.prometheus_running import running

from opsbook.adapters.folder import FolderBook
from opsbook.adapters.prometheus_server import PrometheusServer
from opsbook.book.lint import LintSettings
from opsbook.book.page import default_reading
from opsbook.entrypoints.shown.rules_check import as_text
from opsbook.usecases.lint import Scope
from opsbook.usecases.ports import Alerting
from opsbook.usecases.rules_check import Asked, RulesCheck, check_model, rules_check

RULES = """
groups:
- name: api
  interval: 1s
  rules:
  - alert: ApiGone
    expr: up{job="gone"} == 0
    for: 1h
    labels: {severity: page}
  - alert: ApiUp
    expr: up{job="api"} == 1
    labels: {severity: ticket}
  - record: job:up:sum
    expr: sum by (job) (up)
"""
PAGE = """# Alerts

| Alert | Expression | For | Severity |
| --- | --- | --- | --- |
| ApiGone | `up{job="gone"}==0` | 1 hour | page |
| ApiUp | `up{job="api"} == 1` | 0s | ticket |

## Metrics

| Metric | Expression |
| --- | --- |
| job:up:sum | `sum by (job) (up)` |
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A real Prometheus, for all tests here."""
    with running(tmp_path_factory.mktemp("prometheus"), RULES, ready='ALERTS{alertname="ApiUp"}') as told:
        yield told


@pytest.fixture
def check(tmp_path, address):
    """Compares a page and rules, changed by REPLACE pairs, with the server that runs (or another)."""

    def checked(in_page=(), in_file=(), *, server=address, has_file=True) -> RulesCheck:
        page, rules = PAGE, RULES
        for before, after in in_page:
            page = page.replace(before, after)
        for before, after in in_file:
            rules = rules.replace(before, after)
        (tmp_path / "monitoring").mkdir(exist_ok=True)
        (tmp_path / "monitoring/alerts.md").write_text(page)
        (tmp_path / "rules.yml").write_text(rules)
        book = FolderBook(str(tmp_path), str(tmp_path), default_reading())
        alerting = Alerting((str(tmp_path / "rules.yml"),) if has_file else ())
        scope = Scope(date.min, LintSettings())
        return rules_check(book, book, PrometheusServer(server, limit_s=2), Asked(alerting, scope, datetime.now(UTC)))

    return checked


def test_three_that_agree_are_in_order(check):
    found = check()
    assert (found.status, found.sides, found.findings) == (0, {"page": 3, "file": 3, "server": 3}, ())


def test_recording_rules_are_compared_too(check):
    found = check(in_file=[("sum by (job) (up)", "max by (job) (up)")])
    [differs] = [rule for rule in found.rules if rule.state == "differs"]
    assert (differs.kind, differs.name, differs.behind) == ("record", "job:up:sum", ("file",))
    assert differs.told[1].place == "rules.yml:13:13"


def test_pages_that_tell_of_no_recording_rule_are_not_behind_for_each(check):
    found = check(in_page=[("| job:up:sum | `sum by (job) (up)` |", "")])
    assert (found.status, [rule.missing for rule in found.rules]) == (0, [(), (), ()])


def test_a_rule_of_a_service_that_no_runbook_has_is_told(check, tmp_path):
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks/api.md").write_text("# Runbook: Api\n\n**Service:** api\n")
    found = check(in_file=[("{severity: page}", "{severity: page, service: apis}")])
    assert [(each.rule, each.fix) for each in found.findings] == [
        ("service-without-runbook", "The book has 'api', at runbooks/api.md.")
    ]


def test_a_rule_that_is_changed_in_the_file_leaves_the_server_and_the_page_to_agree(check):
    found = check(in_file=[("for: 1h", "for: 2h")])
    [differs] = [rule for rule in found.rules if rule.state == "differs"]
    assert (differs.name, differs.behind, found.status) == ("ApiGone", ("file",), 1)


def test_an_alert_that_is_renamed_on_the_page_has_both_places(check):
    text = "\n".join(as_text(check(in_page=[("| ApiGone", "| HighGone")]), lambda path: None, 200))
    assert "alert HighGone: not in the rule file and the server, but in the page; the page is behind" in text
    assert "Was it renamed to ApiGone? Same expression, at rules.yml:6:12." in text
    assert "monitoring/alerts.md:5:3" in text


def test_a_metric_that_the_server_never_had_is_told_with_its_place_and_the_nearest(check):
    page, file = check(in_page=[("`up{job=\"api\"}", "`upp{job=\"api\"}")], in_file=[("up{job=\"api\"}", "scrape_duration_secs")]).findings
    assert (page.rule, str(page.span), page.fix) == ("unknown-metric", "monitoring/alerts.md:6:12", "It has 'up'.")
    assert (file.rule, str(file.span), file.fix) == ("unknown-metric", "rules.yml:10:12", "It has 'scrape_duration_seconds'.")


def test_a_job_that_is_gone_is_told_with_its_place(check):
    found = check(in_page=[("job=\"gone\"", "job=\"gonee\"")])
    [finding] = found.findings
    assert (finding.rule, str(finding.span), finding.fix) == ("unscraped-target", "monitoring/alerts.md:5:14", "It scrapes job 'gone'.")


def test_a_server_that_is_away_is_told_where_the_others_agree(check):
    found = check(server="http://127.0.0.1:1")
    assert (found.status, "does not answer" in found.quiet[0]) == (4, True)


def test_a_server_that_is_away_does_not_hide_that_the_others_differ(check):
    assert check(in_page=[("| page", "| ticket")], server="http://127.0.0.1:1").status == 1


@pytest.mark.parametrize(("server", "has_file", "words"), [("", True, "No Prometheus is configured"), (None, False, "No rule file is given")])
def test_two_are_compared_where_the_third_is_none_of_theirs(check, address, server, has_file, words):
    found = check(server=address if server is None else server, has_file=has_file)
    assert (found.status, len(found.sides), words in found.quiet[0]) == (0, 2, True)


def test_the_plain_values_tell_who_is_behind(check):
    model = check_model(check(in_page=[("| page", "| ticket")]))
    [differs] = [rule for rule in model["rules"] if rule["state"] == "differs"]
    assert differs["differences"] == [
        {"field": "severity", "told": {"page": "ticket", "file": "page", "server": "page"}, "behind": "page"}
    ]
