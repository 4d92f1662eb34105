"""A rule of a page as Prometheus is to have it: the words people write made exact, or why they cannot be.

Parses no expression.
"""

from __future__ import annotations

from opsbook.book.alert_rules_whole import Rule
from opsbook.book.rule_pages import PageRule
from opsbook.book.rule_pages_values import read_pairs
from opsbook.book.rule_pages_writing import ANNOTATIONS


def rule_of(place: PageRule) -> Rule:
    """The rule with its parts as they stand on the page, nothing made exact and nothing added."""
    labels = read_pairs(place.parts["labels"].source) if place.text("labels") else {}
    if place.text("severity"):
        labels["severity"] = place.text("severity")
    annotations = {key: place.text(part) for key, part in ANNOTATIONS.items() if place.text(part)}
    if place.text("annotations"):
        annotations |= read_pairs(place.parts["annotations"].source)
    return Rule(
        kind="record" if place.kind == "record" else "alert", name=place.name, expression=place.text("expression"),
        hold=place.text("hold"), keep_firing=place.text("keep_firing"), labels=labels, annotations=annotations,
    )  # fmt: skip
