"""`dashboard-differs-from-page`: a page tells another thing of a dashboard than its file. One is behind.

The files are read once for all such rules (`usecases/lint_watched`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("dashboard-differs-from-page", "warning")
