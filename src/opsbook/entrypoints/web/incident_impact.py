"""What a form says of an impact, and what it comes to by the matrix. Rates nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from opsbook.book.impact import Impact
from opsbook.ground.errors import Usage
from opsbook.usecases.followed_policy import Followed

DATA = ("", "none", "at risk", "corrupted", "lost", "exposed")
WORKAROUNDS = ("", "full", "partial", "none")
_SECURITY: dict[str, bool | None] = {"": None, "yes": True, "no": False}
MOST_FUNCTIONS = 40


def impact_in(fields: Mapping[str, str], chosen: Mapping[str, list[str]], before: Impact) -> Impact:
    """The impact that a form declares; what it does not ask for, or leaves empty, stays as it was. Raises Usage for
    what is no value."""
    told: dict[str, Any] = {}
    if "users_pct" in fields:
        told["users_pct"] = _share(fields["users_pct"].strip())
    if "functions" in fields:
        words = [each for part in chosen.get("functions") or [fields["functions"]] for each in part.split(",")]
        told["functions"] = tuple(dict.fromkeys(word.strip() for word in words if word.strip()))[:MOST_FUNCTIONS]
    for name, known in (("data", DATA), ("workaround", WORKAROUNDS)):
        if name in fields:
            told[name] = fields[name] if fields[name] in known else ""
    if "security" in fields:
        told["is_security"] = _SECURITY.get(fields["security"])
    for name in ("users", "business"):
        if name in fields:
            told[name] = fields[name].strip()
    return replace(before, **{name: value for name, value in told.items() if value not in (None, "", ())})


def _share(words: str) -> float | None:
    if not words:
        return None
    try:
        share = float(words.removesuffix("%").replace(",", "."))
    except ValueError:
        raise Usage(f"'{words[:40]}' is no share of users; write a number from 0 to 100.") from None
    if not 0 <= share <= 100:
        raise Usage(f"{words[:40]} per cent of users cannot be hindered; write a number from 0 to 100.")
    return share


def functions_of(follows: Followed) -> list[str]:
    """The functions that the rows of the matrix name, to choose from."""
    found: dict[str, None] = {}
    for row in follows.policy.severities:
        for word in getattr(row, "functions", "").replace(";", ",").split(","):
            if word.strip(" .`*"):
                found[word.strip(" .`*")] = None
    return list(found)
