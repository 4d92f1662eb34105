"""What the API of silences takes and answers, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from opsbook.ledger.silence import SilenceState

Match = Annotated[str, Meta(min_length=1, max_length=10_000, description="Matchers as Alertmanager writes them.")]
Instant = Annotated[datetime, Meta(tz=True)]


class MatcherModel(Struct):
    """One condition on a label."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool


class SilenceModel(Struct):
    """A silence. `begin` and `end` are of this time that it holds, or of the next; `matched` open alerts match it."""

    id: str
    state: SilenceState
    match: str
    matchers: list[MatcherModel]
    starts_at: datetime
    ends_at: datetime
    rule: str | None
    time_zone: str
    kind: Literal["silence", "maintenance"]
    created_by: str
    comment: str
    changed_at: datetime
    remind_at: datetime | None
    expired_at: datetime | None
    expired_by: str | None
    begin: datetime | None
    end: datetime | None
    matched: int


class SilenceList(Struct):
    """Silences, the last changed first."""

    silences: list[SilenceModel]


class SilencesQuery(Struct, forbid_unknown_fields=True):
    """Which silences are asked for."""

    match: Annotated[str, Meta(max_length=4_000, description="Only those whose own matchers say this.")] = ""
    state: Annotated[
        SilenceState | None, Meta(description="Only those; else the ones that hold or are to come.")
    ] = None  # fmt: skip


class SilenceBody(Struct, forbid_unknown_fields=True):
    """A silence to be made, or what another is to be: alerts that satisfy `match` wake nobody from `starts_at` (now) to
    `ends_at`, or as often as `rule` makes it begin again."""

    match: Match
    ends_at: Instant
    comment: Annotated[str, Meta(min_length=1, max_length=2000, description="Why, in words that others will read.")]
    starts_at: Instant | None = None
    rule: Annotated[str, Meta(max_length=500, description="An RRULE of RFC 5545, such as FREQ=WEEKLY;BYDAY=SA.")] = ""
    time_zone: Annotated[str, Meta(max_length=100)] = "UTC"
    kind: Literal["silence", "maintenance"] = "silence"
    remind_at: Instant | None = None
