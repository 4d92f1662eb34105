"""Rules are written as YAML that says them to the byte; what people wrote in words is made exact, or told."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.book.test_rules_on_pages import RULES, TEXTS

from opsbook.book.alert_rules_whole import Rule, RuleGroup
from opsbook.book.alert_rules_written import prometheus_rule, rule_file
from opsbook.book.page import read_page
from opsbook.book.rule_pages import read_page_rules
from opsbook.book.rule_pages_reading import exact_length, exact_rule


def plain(rule: Rule) -> dict[str, object]:
    """The rule as YAML gives it."""
    told = {rule.kind: rule.name, "expr": rule.expression, "for": rule.hold, "keep_firing_for": rule.keep_firing,
            "labels": dict(rule.labels), "annotations": dict(rule.annotations)}  # fmt: skip
    return {key: value for key, value in told.items() if value}


@given(st.lists(RULES, min_size=1, max_size=3), TEXTS.filter(str.strip), st.booleans())
def test_yaml_reads_back_what_was_written(rules, name, is_resource):
    groups = [RuleGroup(name=name, rules=tuple(rules), settings={"interval": "30s"})]
    text = prometheus_rule(groups, name, name) if is_resource else rule_file(groups, name)
    read = yaml.safe_load(text)
    (group,) = (read["spec"] if is_resource else read)["groups"]
    assert (group["name"], group["interval"]) == (name, "30s")
    assert group["rules"] == [plain(rule) for rule in rules]


def alert(expression: str, threshold: str, hold: str = "5m") -> Rule | str:
    """What a row of a table of alerts comes to."""
    head = "# Alerts\n\n| Alert | Expression | Threshold | For | Severity |\n| --- | --- | --- | --- | --- |\n"
    text = f"{head}| A | {expression} | {threshold} | {hold} | P1 |\n"
    (place,) = read_page_rules(read_page("docs/operations/monitoring/alerts.md", text.encode()))
    return exact_rule(place)


@pytest.mark.parametrize(("expression", "threshold", "exact"), [
    ("`up{job='a'}`", "below 1", "up{job='a'} < 1"),
    ("`rate(x_total[5m])`", "> 0.5", "rate(x_total[5m]) > 0.5"),
    ("`a_total / b_total`", "above 0.9", "a_total / b_total > 0.9"),
    ("`up == 0`", "below 1", "up == 0"),
    ("`a_total - on(x) group_right() b_total >= c_total`", "", "a_total - on(x) group_right() b_total >= c_total"),
    ("`a_total <= 199 OR a_total >= 400`", "", "a_total <= 199 OR a_total >= 400"),
])  # fmt: skip
def test_a_threshold_in_words_becomes_the_comparison(expression, threshold, exact):
    found = alert(expression, threshold)
    assert isinstance(found, Rule)
    assert found.expression == exact


@pytest.mark.parametrize(("expression", "threshold", "why"), [
    ("the smaller of both", "below 1", "words and no PromQL"),
    ("", "below 1", "only words"),
    ("`rate(x_total[5m])`", "too many", "no comparison such as"),
    ("`rate(x_total[5m])`", "above 5 %", "is a percentage"),
])  # fmt: skip
def test_what_is_no_rule_says_why(expression, threshold, why):
    assert why in str(alert(expression, threshold))


@pytest.mark.parametrize(("words", "exact"), [
    ("2 minutes", "2m"), ("1h30m", "1h30m"), ("0", "0s"), ("90 s", "1m30s"), ("a while", None),
])  # fmt: skip
def test_a_length_in_words_is_one_of_prometheus(words, exact):
    assert exact_length(words) == exact
