"""`unknown-dashboard`: a page names a dashboard that is not among the files of dashboards. It was renamed or removed.

The files are read once for all such rules (`usecases/lint_watched`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("unknown-dashboard", "warning")
