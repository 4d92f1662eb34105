"""Silences and label matchers, as values: what is silent when. Asks no clock.

Matchers are those of Alertmanager, as it writes them: `name="value"`, `!=`, `=~`, `!~`; a regular expression matches
the whole value; a label that is absent is the empty value.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Matcher(Struct, frozen=True):
    """One condition on a label."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class Silence(Struct, frozen=True):
    """Alerts that match all of `matchers` wake nobody from `starts_at` to `ends_at`, or each time that `rule` (an RRULE
    of RFC 5545) makes it begin again for as long. `kind` maintenance is one that was planned."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    changed_at: datetime
    rule: str = ""
    time_zone: str = "UTC"
    kind: str = "silence"
    remind_at: datetime | None = None
    reminded_at: datetime | None = None
    expired_at: datetime | None = None
    expired_by: str = ""
    annotations: dict[str, str] = {}
    number: int = 0


SILENCES = "silence/"
