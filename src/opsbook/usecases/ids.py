"""Ids that people read out to one another: when something began, and a few letters of chance. Knows no clock."""

from __future__ import annotations

from datetime import datetime

# No letter that is taken for another when a number is read out at night.
_LETTERS = b"23456789abcdefghjkmnpqrstuvwxyz"
_OF_BYTES = bytes(_LETTERS[each % len(_LETTERS)] for each in range(256))


def run_id(now: datetime, chance: bytes) -> str:
    """`YYMMDD-HHMMSS-xxxx` in UTC, with as many letters of chance as there are bytes of it."""
    day = f"{now.year % 100:02}{now.month:02}{now.day:02}"  # strftime takes three times as long
    return f"{day}-{now.hour:02}{now.minute:02}{now.second:02}-{chance.translate(_OF_BYTES).decode()}"
