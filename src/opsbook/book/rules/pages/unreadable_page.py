"""`unreadable-page`: a page that is there and cannot be read. Whoever follows a link to it finds nothing.

The finding comes with the reading of the folder (`usecases.lint.unreadable`); this file gives the rule its name.
"""

from __future__ import annotations

from opsbook.book.lint import reading_rule

reading_rule("unreadable-page", "error")
