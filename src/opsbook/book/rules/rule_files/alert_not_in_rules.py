"""`alert-not-in-rules`: an alert that a page names is in none of the rule files. Nothing fires it.

The files are read once for all such rules (`usecases/lint_watched`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("alert-not-in-rules", "warning")
