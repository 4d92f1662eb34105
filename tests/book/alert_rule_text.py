"""An alert rule as the file writes it, for tests that compare what was read with what stands there."""

from __future__ import annotations

from typing import Any

from opsbook.book.alert_rules import AlertRule


def written(rule: AlertRule) -> dict[str, Any]:
    """The rule's fields as plain values, by the names that rule files give them."""
    return {
        "alert": rule.name,
        "expr": rule.expr,
        "for": rule.for_,
        "labels": {name: scalar.text for name, scalar in rule.labels.items()},
        "annotations": {name: scalar.text for name, scalar in rule.annotations.items()},
    }
