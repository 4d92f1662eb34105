"""`rule-differs-from-page`: a page tells another thing of an alert than its rule file. One is behind.

The files are read once for all such rules (`usecases/lint_watched`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("rule-differs-from-page", "warning")
