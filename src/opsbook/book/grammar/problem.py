"""Why a written value cannot be read, as a value. Never raised."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Problem(Struct, frozen=True):
    """What is wrong with a value and how to mend it, in whole sentences.

    `about` is value (not of the grammar), regex (it does not compile) or group (a Capture's regex has none).
    """

    message: str
    fix: str
    about: Literal["value", "regex", "group"] = "value"
