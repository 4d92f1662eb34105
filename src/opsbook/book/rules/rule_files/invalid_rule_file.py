"""`invalid-rule-file`: a file of alert rules that cannot be read to its end. Its alerts may be missing.

The rule files are read once for all such rules (`alert_coverage`, `alert_rules`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("invalid-rule-file", "error")
