"""Stands in until probes, samples and the repository are wired; goes when they are."""

from __future__ import annotations

from typing import Any


class Interim:
    """Nothing is probed, kept or committed."""

    def add(self, readings: Any) -> None:
        """Nothing."""

    def roll_up(self, now: Any) -> None:
        """Nothing."""

    def probes(self) -> dict[str, Any]:
        """None."""
        return {}

    def healths(self) -> dict[str, Any]:
        """None."""
        return {}

    def ask_now(self, keys: Any) -> None:
        """Nothing."""

    def on_reading(self, tell: Any) -> None:
        """Nothing."""

    def history(self, path: str, limit: int) -> list[Any]:
        """None."""
        return []

    def last(self, probe: str, count: int) -> list[Any]:
        """None."""
        return []

    def buckets(self, probe: str, start: Any, end: Any, count: int) -> list[Any]:
        """None."""
        return []
