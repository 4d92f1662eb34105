"""`runbook-url-missing-page`: an alert whose runbook is a page that is not there. Its link is dead at 03:10.

The rule files are read once for all such rules (`alert_coverage`, `alert_rules`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("runbook-url-missing-page", "error")
