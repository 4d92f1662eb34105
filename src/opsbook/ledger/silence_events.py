"""The events of a silence: their kinds, and a draft of each. Folds nothing, and decides nothing.

Each silence has a stream of its own, `silence/ID`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from opsbook.ledger.event import Draft

SILENCES = "silence/"
SILENCE_ADDED = "SilenceAdded"
SILENCE_CHANGED = "SilenceChanged"
SILENCE_REMINDED = "SilenceReminded"
SILENCE_EXPIRED = "SilenceExpired"
# What whoever makes a silence tells of it.
SET = ("matchers", "starts_at", "ends_at", "created_by", "comment", "rule", "time_zone", "kind", "remind_at",
       "annotations")  # fmt: skip


def silence_set(told: dict[str, Any], *, is_new: bool) -> Draft:
    """A silence begins to be, or is another from now on: `told` is all of it as plain JSON values, not what changed."""
    return Draft(SILENCE_ADDED if is_new else SILENCE_CHANGED, {name: told[name] for name in SET})


def reminded(matched: int, why: str) -> Draft:
    """Whoever made it is told that it still holds: so many open alerts are silent by it."""
    return Draft(SILENCE_REMINDED, {"matched": matched, "why": why})


def expired(at: datetime, by: str, why: str) -> Draft:
    """It holds no alerts any more: somebody ended it, or its time is over (then `by` is empty)."""
    return Draft(SILENCE_EXPIRED, {"at": at.isoformat(), "by": by, "why": why})
