"""All that a message says, before it is cut to a kind of contact: plain values, gathered once. Asks nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from msgspec import Struct

from opsbook.book.roster.calendar import zone_of

SHOWN_ALERTS = 10
COMMAND = "$ "  # what a line of the first steps begins with that is a command


class AlertTold(Struct, frozen=True):
    """One alert: its name, its own words, since when, where it is shown."""

    id: str
    name: str
    summary: str
    labels: Mapping[str, str]
    starts_at: datetime
    url: str


class SectionTold(Struct, frozen=True):
    """The section of the book that it leads to, its first steps as plain lines, and why it is this one."""

    title: str
    page: str
    url: str
    why: str
    path: str
    anchor: str
    commit: str | None
    score: float
    steps: tuple[str, ...] = ()


class Told(Struct, frozen=True):
    """What somebody is told of one page. `why` says why this person; `marks` stand before the subject, `notes` are
    whole sentences about the message itself. `incident` is the number of the incident that it belongs to, `goes_on`
    where that is not over; `is_notice`: it tells a person something, and is about nothing that is broken.
    `alerts` are some of `count`; `differing` are (label, values)."""

    key: str
    purpose: str
    page: str
    severity: str
    service: str
    subject: str
    person: str
    why: str
    sent_at: datetime
    since: datetime
    zone: str = "UTC"
    level: int = 0
    loop: int = 1
    attempt: int = 1
    marks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_drill: bool = False
    is_duplicate: bool = False
    alerts: tuple[AlertTold, ...] = ()
    count: int = 0
    gone: int = 0
    common: Mapping[str, str] = {}
    differing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    section: SectionTold | None = None
    health: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    on_call: tuple[str, ...] = ()
    ack_url: str = ""
    page_url: str = ""
    code: str = ""
    incident: int | None = None
    incident_url: str = ""
    goes_on: bool = False
    is_notice: bool = False

    @property
    def headline(self) -> str:
        """What it is about, in one line: how grave, of which incident and service, what."""
        is_named = re.search(rf"(?<!\w){re.escape(self.service)}(?!\w)", self.subject, re.IGNORECASE)
        named = f"{self.service}: " if self.service and not is_named else ""
        number = f"INC-{self.incident}"
        incident = f"{number} " if self.incident is not None and number not in self.subject else ""
        return f"{self.severity} {incident}{named}{self.subject}"

    @property
    def title(self) -> str:
        """The headline behind what kind of message it is."""
        return ": ".join((*self.marks, self.headline))

    @property
    def wants_answer(self) -> bool:
        """Whether whoever reads it is to acknowledge."""
        return bool(self.ack_url) and self.purpose in ("page", "handoff", "reminder", "digest")


def moment(at: datetime, zone: str, beside: datetime) -> str:
    """A time as its reader's clock shows it, and in UTC; with the day where it is another one than `beside`."""
    known = zone_of(zone) or UTC
    here = _clock(at, known, beside)
    if known is UTC:
        return f"{here} UTC"
    return f"{here} in {zone.rpartition('/')[2].replace('_', ' ')}, {_clock(at, UTC, beside)} UTC"


def _clock(at: datetime, zone: tzinfo, beside: datetime) -> str:
    local = at.astimezone(zone)
    form = "%H:%M" if local.date() == beside.astimezone(zone).date() else "%a %d %b %H:%M"
    return local.strftime(form)


def differences(labels: list[Mapping[str, str]]) -> tuple[dict[str, str], tuple[tuple[str, tuple[str, ...]], ...]]:
    """The labels that all have alike, and those in which they differ with the values of each, in order."""
    if not labels:
        return {}, ()
    names = dict.fromkeys(name for each in labels for name in each)
    values = {name: tuple(dict.fromkeys(each.get(name, "") for each in labels)) for name in names}
    common = {name: found[0] for name, found in values.items() if len(found) == 1}
    return common, tuple((name, tuple(filter(None, found))) for name, found in values.items() if len(found) > 1)
