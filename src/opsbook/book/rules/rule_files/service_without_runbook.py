"""`service-without-runbook`: an alert rule is of a service that no runbook has. It was renamed, or has no page yet.

The files are read once for all such rules (`usecases/lint_watched`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("service-without-runbook", "warning")
