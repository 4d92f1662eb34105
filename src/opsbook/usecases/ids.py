"""Ids that people read out to one another: when something began, and a few letters of chance. Knows no clock."""

from __future__ import annotations

from datetime import datetime

# No letter that is taken for another when a number is read out at night.
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"


def run_id(now: datetime, chance: bytes) -> str:
    """`YYMMDD-HHMMSS-xxxx` in UTC, with as many letters of chance as there are bytes of it."""
    return f"{now:%y%m%d-%H%M%S}-" + "".join(_LETTERS[each % len(_LETTERS)] for each in chance)
