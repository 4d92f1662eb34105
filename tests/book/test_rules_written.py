"""Rules are written as YAML that says them to the byte."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.book.test_rules_on_pages import RULES, TEXTS

from opsbook.book.alert_rules_whole import Rule, RuleGroup
from opsbook.book.alert_rules_written import prometheus_rule, rule_file


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
