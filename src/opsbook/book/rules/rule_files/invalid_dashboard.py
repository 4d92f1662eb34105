"""`invalid-dashboard`: a file of a dashboard that is no JSON. Grafana would not load it.

The files are read once for all such rules (`usecases/lint_watched`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("invalid-dashboard", "warning")
