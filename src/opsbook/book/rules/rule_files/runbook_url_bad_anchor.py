"""`runbook-url-bad-anchor`: an alert whose runbook page is there, but not the heading it points to.

The rule files are read once for all such rules (`alert_coverage`, `alert_rules`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("runbook-url-bad-anchor", "error")
