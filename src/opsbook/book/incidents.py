"""Incident reports and post-mortems as people write them: what happened when, how grave, whether it is over, what is
still to be done. What a report does not say stays empty. Knows no incident that is going on; that is the ledger's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from opsbook.book.action_items import ActionItem, read_action_items
from opsbook.book.metadata import OWNER_KEYS, plain_key
from opsbook.book.page import Page, Section, stem
from opsbook.book.severity import read_severity
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import plain_text
from opsbook.book.timeline import read_timelines
from opsbook.book.times import When, later_by, read_time
from opsbook.book.told import is_cause_told
from opsbook.ground.durations import read_date, read_duration
from opsbook.ground.pattern import Pattern


class Moment(Struct, frozen=True, gc=False):
    """A moment of a report: as written, the day (YYYY-MM-DD, empty when untold), and the instant where the report says
    enough to know it."""

    text: str
    day: str = ""
    at: datetime | None = None


class Report(Struct, frozen=True):
    """An incident report or a post-mortem. `severity` is P0 to P3, empty where the words are none that is known;
    `state` is open, over or unknown. `duration_s` comes from both moments, else from what is written about it.
    `order` sorts reports by when it happened: a date and time in text, empty when nothing tells; `resolution` is how it
    was resolved, shortened. `not_understood` are what is written and could not be read, each in a sentence."""

    kind: str
    title: str
    line: int
    severity: str = ""
    severity_words: str = ""
    status: str = ""
    state: str = "unknown"
    started: Moment | None = None
    resolved: Moment | None = None
    duration_s: float | None = None
    duration_words: str = ""
    services: tuple[str, ...] = ()
    owner: str = ""
    impact: str = ""
    summary: str = ""
    has_root_cause: bool = False
    actions: tuple[ActionItem, ...] = ()
    order: str = ""
    resolution: str = ""
    not_understood: tuple[str, ...] = ()


# What is told of a report, and the labels for it; the first that has a value counts.
LABELS: dict[str, tuple[str, ...]] = {
    "severity": ("severity", "severity level", "incident severity", "sev", "priority", "impact level"),
    "status": ("status", "incident status", "state"),
    "started": ("started", "started at", "start", "start time", "start date", "incident start", "began", "begin",
                "from", "detected", "detected at", "occurred"),
    "resolved": ("resolved", "resolved at", "end", "ended", "end time", "resolution time", "recovered", "incident end",
                 "mitigated at", "until"),
    "date": ("date", "incident date", "date of incident", "day", "when"),
    "duration": ("duration", "total duration", "outage duration", "time to recovery", "downtime", "time to resolve",
                 "mttr"),
    "services": ("affected services", "services affected", "affected systems", "systems affected", "services",
                 "service", "affected components", "components affected", "component", "primary area"),
    "impact": ("user impact", "user facing impact", "customer impact", "impact on users", "impact"),
    "owner": (*OWNER_KEYS, "incident commander", "commander", "author", "authors"),
}  # fmt: skip
_OPEN = ("investigat", "mitigat", "monitor", "identif", "open", "ongoing", "active", "in progress", "declared",
         "triage", "firing")  # fmt: skip
_OVER = ("resolved", "closed", "fixed", "complete", "done", "mitigated", "review", "in review", "postmortem", "draft",
         "final", "published", "recovered", "approved", "superseded")  # fmt: skip
_LINE = Pattern(r"^[ \t>]*(?:[-*+][ \t]+)?([A-Z][A-Za-z /-]{1,40}?)(?:[ \t]*\([^)\n]*\))?:[ \t]+(\S.*)$", re.M)
_DAY = Pattern(r"(\d{4}-\d{2}-\d{2})")
_NAMED_DAY = Pattern(r"\b([A-Z][a-z]{2,8}\.? \d{1,2})(?:st|nd|rd|th)?(?:\s*[-–]\s*\d{1,2})?,? (\d{4})\b")
_NOTHING = frozenset({"?", "-", "–", "—", "N/A", "n/a", "(unassigned)", "unknown"})
_LONGEST = 240
# What people write where there is no time yet, or none that is known.
_NO_TIME = ("ongoing", "not yet", "n/a", "none", "unknown", "pending", "still", "unresolved", "no", "open", "tbd")


def read_report(page: Page, severities: Mapping[str, str] | None = None) -> Report | None:
    """The report that a page is, or None for a page of another kind. `severities` are a team's own words."""
    if page.kind not in ("incident", "post-mortem"):
        return None
    told = _told(page)
    started, resolved = _moment(told.get("started", "")), _moment(told.get("resolved", ""))
    status = told.get("status", "").strip(" `*_")
    words = told.get("severity", "").strip(" `*_")
    first, last = _first_and_last(page)
    day = _day_of(page, told, started, first)
    severity = (read_severity(words, severities) or "") if words else ""
    return Report(
        page.kind,
        page.title,
        page.document.line(page.title_place[0]),
        severity,
        words,
        status,
        _state(page.kind, status, resolved),
        started or first,
        resolved,
        _length(told, started, resolved),
        plain_text(told.get("duration", "")),
        _services(told.get("services", "")),
        plain_text(told.get("owner", "")).strip("()"),
        _impact(page, told),
        _first_words(page, "overview"),
        is_cause_told(page),
        tuple(read_action_items(page)),
        _order(day, started, first or last),
        _first_words(page, "resolution"),
        tuple(_not_understood(page, told, "" if severity else words)),
    )


def _not_understood(page: Page, told: Mapping[str, str], severity_words: str) -> Iterator[str]:
    """What the report says and nobody could make out: a severity, times, entries of the timeline."""
    if severity_words:
        yield f"Severity '{_shown(severity_words)}' is none that is known."
    for part in ("started", "resolved", "date"):
        text = told.get(part, "").strip(" `*_")
        is_day = part == "date" and (_DAY().search(text) or _NAMED_DAY().search(text) or read_date(text))
        if text and not is_day and not text.lower().startswith(_NO_TIME) and _moment(text) is None:
            yield f"{part.capitalize()} '{_shown(text)}' cannot be read as a time."
    entries = [entry for run in read_timelines(page) for entry in run]
    unread = [entry.text for entry in entries if entry.when is None]
    if unread:
        named = ", ".join(f"'{_shown(each)}'" for each in unread[:3])
        more = f" and {len(unread) - 3} more" if len(unread) > 3 else ""
        yield f"Of {len(entries)} entries of the timeline {len(unread)} have no time that can be read: {named}{more}."
    undated = sum(1 for entry in entries if entry.when is not None and entry.when.day is None)
    if undated and undated == len(entries) - len(unread) and not ("started" in told or "date" in told):
        yield "No time of the timeline tells its day."


def _shown(text: str) -> str:
    text = " ".join(plain_text(text).split())
    return text if len(text) <= 60 else text[:59].rstrip() + "…"


def _told(page: Page) -> dict[str, str]:
    """What the page's metadata, labels and plain `Key: value` lines tell, by what they tell."""
    keys: dict[str, str] = {}
    for entry in page.metadata.entries:
        keys.setdefault(entry.key, entry.value)
    for field in page.fields:
        keys.setdefault(plain_key(field.name), field.value(page.document))
    known = {word for words in LABELS.values() for word in words}
    for block in page.document.blocks:
        if block.kind == "paragraph":
            for found in _LINE().finditer(page.document.source(block.start, block.end)):
                if (key := plain_key(found.group(1))) in known:
                    keys.setdefault(key, found.group(2))
    filled = {key: value for key, value in keys.items() if not is_unfilled(value) and value.strip() not in _NOTHING}
    return {part: filled[word] for part, words in LABELS.items() for word in reversed(words) if word in filled}


def _moment(text: str) -> Moment | None:
    when = read_time(text) if text else None
    if when is None or when.is_relative:
        return None
    return Moment(plain_text(text), when.day.isoformat() if when.day else "", _instant(when))


def _instant(when: When) -> datetime | None:
    if when.day is None or when.second is None or when.offset is None:
        return None
    try:
        midnight = datetime(when.day.year, when.day.month, when.day.day, tzinfo=UTC)
        return midnight + timedelta(seconds=when.second, hours=-when.offset)
    except OverflowError:
        return None


def _state(kind: str, status: str, resolved: Moment | None) -> str:
    lowered = status.lower()
    if lowered.startswith(_OVER) or (resolved is not None and not lowered.startswith(_OPEN)):
        return "over"
    if lowered.startswith(_OPEN):
        return "open"
    return "over" if kind == "post-mortem" else "unknown"


def _length(told: Mapping[str, str], started: Moment | None, resolved: Moment | None) -> float | None:
    if started and resolved:
        later = _later(told["started"], told["resolved"])
        if later is not None and later >= timedelta(0):
            return later.total_seconds()
    written = re.match(r"[~≈]?\s*((?:\d+(?:\.\d+)?\s*[a-z]+\s*(?:,|and)?\s*)+)", told.get("duration", "").lower())
    length = read_duration(written.group(1).strip(" ,")) if written else None
    return length.total_seconds() if length is not None else None


def _later(started: str, resolved: str) -> timedelta | None:
    first, last = read_time(started), read_time(resolved)
    if first is None or last is None or first.second is None or last.second is None:
        return None
    return later_by(first, last)


def _first_and_last(page: Page) -> tuple[Moment | None, Moment | None]:
    """The first and the last moments of the timeline that tell their day."""
    moments = [
        Moment(entry.text, entry.when.day.isoformat(), _instant(entry.when))
        for run in read_timelines(page)
        for entry in run
        if entry.when is not None and entry.when.day is not None
    ]
    return (moments[0], moments[-1]) if moments else (None, None)


def _day_of(page: Page, told: Mapping[str, str], started: Moment | None, first: Moment | None) -> str:
    """The day of a report: its start, the date it bears, that in its name or title, its timeline."""
    if started and started.day:
        return started.day
    for text in (told.get("date", ""), stem(page.path), page.title):
        iso, named = _DAY().search(text), _NAMED_DAY().search(text)
        day = read_date(iso.group(1)) if iso else read_date(f"{named.group(1)}, {named.group(2)}") if named else None
        if day:
            return day.isoformat()
    if first:
        return first.day
    year = re.search(r"(?<!\d)(20\d\d)(?!\d)", stem(page.path))
    return year.group(1) if year else ""


def _order(day: str, started: Moment | None, first: Moment | None) -> str:
    at = (started.at if started else None) or (first.at if first and first.day == day else None)
    return at.isoformat() if at else day


def _services(text: str) -> tuple[str, ...]:
    words = (plain_text(word) for word in re.split(r",|;|\band\b|<br\s*/?>|\n", text))
    return tuple(word for word in words if word and len(word) <= 60)[:12]


def _impact(page: Page, told: Mapping[str, str]) -> str:
    if "impact" in told:
        return _shortened(plain_text(told["impact"]))
    return _first_words(page, "impact")


def _first_words(page: Page, slot: str) -> str:
    """The first paragraph of the section that is the slot, shortened."""
    section = next((section for section in page.sections if section.slot == slot), None)
    for text in _paragraphs(page, section) if section else ():
        if not is_unfilled(text):
            return _shortened(plain_text(" ".join(text.split())))
    return ""


def _paragraphs(page: Page, section: Section) -> Iterator[str]:
    for index in range(*page.blocks(section.body, section.stop)):
        block = page.document.blocks[index]
        if block.kind == "paragraph":
            fields = page.fields_of(index)
            if fields:
                yield fields[0].value(page.document)  # a label's value is what is told, the label is not
            else:
                yield page.document.source(block.start, block.end)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rsplit(" ", 1)[0] + "…"
