"""The rules of hand-written pages as Prometheus takes them."""

from __future__ import annotations

import pytest

from opsbook.book.page import read_page
from opsbook.book.rule_pages import read_page_rules
from opsbook.book.rule_pages_reading import exact_length, exact_rule

TABLE = "# Alerts\n\n| Alert | Expression | Threshold | For | Severity |\n| --- | --- | --- | --- | --- |\n| Full | {} | {} | {} | P1 |\n"


def exported(*cells: str):
    """What the only row of a table becomes."""
    page = read_page("docs/operations/monitoring/alerts.md", TABLE.format(*cells).encode())
    return exact_rule(read_page_rules(page)[0])


@pytest.mark.parametrize(
    ("expression", "threshold", "whole"),
    [
        ("`disk_used`", "above 0.9", "disk_used > 0.9"),
        ("`disk_used`", "below 1", "disk_used < 1"),
        ("`a or b`", "> 5", "(a or b) > 5"),
        ("`a_total / b_total`", "above 0.9", "a_total / b_total > 0.9"),
        ("`a_total - on(x) group_right() b_total >= c_total`", "", "a_total - on(x) group_right() b_total >= c_total"),
        ("`a_total <= 199 OR a_total >= 400`", "", "a_total <= 199 OR a_total >= 400"),
        ("`up == 0`", "any", "up == 0"),
        ("", "`up{job=\"a\\|b\"} == 0`", 'up{job="a|b"} == 0'),
    ],
)
def test_a_threshold_is_joined_to_an_expression_that_compares_nothing(expression, threshold, whole):
    assert exported(expression, threshold, "2 minutes").expression == whole


@pytest.mark.parametrize(("cells"), [("the disk is full", "> 5"), ("`x`", "> 5 %"), ("`x`", "too much"), ("", "a lot")])
def test_words_that_are_no_condition_are_told(cells):
    assert isinstance(exported(*cells, "5m"), str)


@pytest.mark.parametrize(("words", "exact"), [("2 minutes", "2m"), ("1h30m", "1h30m"), ("90 s", "1m30s"), ("0", "0s"), ("soon", None)])
def test_a_length_in_words_becomes_one_of_prometheus(words, exact):
    assert exact_length(words) == exact
