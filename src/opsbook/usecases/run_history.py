"""Runs as lists show them, and what earlier ones say of a procedure: from the rows of a view, never from events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from msgspec import Struct

from opsbook.ledger.view import Kept


class Brief(Struct, frozen=True):
    """A run as lists show it. `position` is where a list goes on behind it."""

    id: str
    path: str
    anchor: str
    title: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    actor: str
    commit: str | None
    waits_for: str = ""
    why: str = ""
    is_dry: bool = False
    position: int = 0
    service: str | None = None
    behind: str = ""
    drill: str = ""


class History(Struct, frozen=True):
    """What earlier runs of a procedure say: how many ended, how many of them succeeded, when it was last practised (a
    success that was no dry run), and how long each step usually takes (the median of those that were done)."""

    ended: int
    succeeded: int
    last_practised: datetime | None
    usual_s: float | None
    step_usual_s: dict[str, float]
    briefs: tuple[Brief, ...] = ()


def brief_of(kept: Kept) -> Brief:
    """One run of a list."""
    row = kept.row.document
    ended = row["ended_at"]
    return Brief(
        row["id"], row["path"], row["anchor"], row["title"], row["state"], datetime.fromisoformat(row["started_at"]),
        datetime.fromisoformat(ended) if ended else None, row["actor"], row["commit"], row["waits_for"], row["why"],
        row["is_dry"], kept.first, row["service"], row["behind"], row["drill"],
    )  # fmt: skip


def history_of(rows: Sequence[Kept]) -> History:
    """What these runs of one procedure say; dry ones say nothing of how it goes."""
    briefs = tuple(map(brief_of, rows))
    real = [(brief, kept) for brief, kept in zip(briefs, rows, strict=True) if not brief.is_dry]
    ended = [(brief, kept) for brief, kept in real if brief.ended_at is not None]
    worked = [brief for brief, _ in ended if brief.state == "succeeded"]
    took = [(brief.ended_at - brief.started_at).total_seconds() for brief in worked if brief.ended_at is not None]
    steps: dict[str, list[float]] = {}
    for _, kept in real:
        for number, seconds in kept.row.document["took"].items():
            steps.setdefault(number, []).append(seconds)
    return History(
        len(ended), len(worked), max((brief.ended_at for brief in worked if brief.ended_at), default=None),
        median(took) if took else None, {number: median(each) for number, each in steps.items()}, briefs,
    )  # fmt: skip
