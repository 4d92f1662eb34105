"""How grave an incident is by what it does to people, by the severity matrix of the policy page. Overrides nobody."""

from __future__ import annotations

from msgspec import Struct

from opsbook.book.impact import Impact
from opsbook.book.incident_policy import Policy


class Rating(Struct, frozen=True):
    """What an impact comes to: `severity` is empty where nothing is told that the matrix asks for; `row` is the row of
    the page that says so; `missing` are questions whose answers might change it."""

    severity: str
    why: str
    row: str = ""
    line: int = 0
    missing: tuple[str, ...] = ()


def rated(impact: Impact, policy: Policy | None, path: str = "") -> Rating:
    """The severity that an impact comes to by a policy, that of the page at `path`; by the built-in matrix where the
    page has none."""
    return Rating("", "Nobody has said yet what it does to people.")
