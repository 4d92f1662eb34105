"""How often a team wants to be reminded of what it promised, as a policy page says it: `- **Reminders:** weekly`.
Reminds nobody.
"""

from __future__ import annotations

import re

from msgspec import Struct

from opsbook.book.metadata import plain_key
from opsbook.book.page import Page
from opsbook.book.slots import is_unfilled

LABELS = ("reminders", "action item reminders", "reminders of action items")


class Reminding(Struct, frozen=True, gc=False):
    """Every how many days whoever owns something late is reminded, 0: never; after how many days late whoever led the
    incident is told besides. `line` is where the page says it, 0 where this is the usual."""

    every_days: int = 7
    escalates_days: int = 14
    line: int = 0


USUAL = Reminding()
_EVERY = re.compile(r"\bevery\s+(?:(\d{1,2})\s+)?(day|week|month)s?\b|\b(daily|weekly|monthly)\b", re.I)
_NEVER = re.compile(r"(?:none|never|off|no)\b", re.I)
_AFTER = re.compile(r"\bafter\s+(\d{1,3})\s+(day|week)s?\b", re.I)
_DAYS = {"day": 1, "daily": 1, "week": 7, "weekly": 7, "month": 30, "monthly": 30}


def read_reminders(page: Page) -> Reminding | None:
    """What a policy page says of it, None where it says nothing that can be read."""
    for field in page.fields:
        if plain_key(field.name) not in LABELS:
            continue
        text = field.value(page.document).strip(" `*_")
        line = page.document.line(field.start)
        if is_unfilled(text):
            continue
        if _NEVER.match(text):
            return Reminding(0, USUAL.escalates_days, line)
        every, after = _EVERY.search(text), _AFTER.search(text)
        if every is None and after is None:
            continue
        days = USUAL.every_days
        if every is not None:
            days = max(1, int(every.group(1) or 1)) * _DAYS[(every.group(2) or every.group(3)).lower()]
        late = int(after.group(1)) * _DAYS[after.group(2).lower()] if after is not None else USUAL.escalates_days
        return Reminding(days, late, line)
    return None
