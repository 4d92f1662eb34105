"""The events of what was promised in pages of the book: that somebody was reminded of it, and what became of its proof.
Folds nothing, and decides nothing.

`action-reminders/HANDLE` holds whom somebody was reminded of what; `action-item/KEY` what proofs of one item came to.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from opsbook.ledger.event import Draft

REMINDERS = "action-reminders/"
ITEMS = "action-item/"
REMINDED = "ActionItemsReminded"
PROVEN = "ActionItemProven"


def reminded(day: date, items: Sequence[str], page: str) -> Draft:
    """Somebody is reminded of these on a day of theirs, by that page."""
    return Draft(REMINDED, {"day": day.isoformat(), "items": list(items), "page": page})


def proven(
    text: str, *, is_proven: bool, how: str, evidence: str, incident: int, path: str, run: str = ""
) -> Draft:
    """The proof of an item was looked at: what it is (`how`), and what it came to. `run` is the run that shows it."""
    return Draft(PROVEN, {"text": text, "is_proven": is_proven, "how": how, "evidence": evidence, "incident": incident,
                          "path": path, "run": run})  # fmt: skip
