"""A lint loads the rules that it needs, by the folders that they lie in, and misses none."""

from __future__ import annotations

import pytest

from opsbook.book.kinds import KINDS
from opsbook.book.lint import RULES
from opsbook.usecases.chosen_rules import _folders, all_rules


def folder_of(rule):
    return rule.check_page.__module__.split(".")[-2]


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_rule_for_a_kind_lies_in_a_folder_that_is_loaded_for_it(kind):
    all_rules()
    rules = [rule for rule in RULES if rule.check_page is not None and kind in rule.kinds]
    assert {folder_of(rule) for rule in rules} <= set(_folders(kind, has_procedures=True))


def test_rules_for_every_kind_lie_where_every_page_or_every_procedure_has_them_loaded():
    all_rules()
    rules = [rule for rule in RULES if rule.check_page is not None and not rule.kinds]
    assert {folder_of(rule) for rule in rules} <= {"pages", "procedures"}
