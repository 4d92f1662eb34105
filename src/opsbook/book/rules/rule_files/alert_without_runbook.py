"""`alert-without-runbook`: an alert that names no runbook. Whoever it wakes starts from nothing.

The rule files are read once for all such rules (`alert_coverage`, `alert_rules`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("alert-without-runbook", "warning")
