"""An entry of a timeline as pages show it: its words as safe HTML, its time in a zone, what may be done with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import cache
from html import escape
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from msgspec import Struct

from opsbook.ground.digests import digest_of
from opsbook.usecases.incident_timeline import TimelineEntry

# The word for each kind, and what it is about: its tone on the page.
WORDS: dict[str, tuple[str, str]] = {
    "declared": ("Declared", "bad"), "status": ("Status", "note"), "severity": ("Severity", "warn"),
    "role": ("Role", ""), "task": ("Task", ""), "note": ("Note", ""), "decision": ("Decision", "note"),
    "command": ("Command", ""), "alert": ("Alert", "bad"), "page": ("Page", "warn"), "ack": ("Acknowledged", "good"),
    "run": ("Run", "note"), "step": ("Step", ""), "health": ("Health", "warn"), "deploy": ("Deploy", "note"),
    "change": ("Change", "note"), "update": ("Update", "note"), "action": ("Action", ""), "file": ("File", ""),
    "chat": ("Chat", ""), "relation": ("Belongs", ""), "report": ("Report", ""),
}  # fmt: skip
# What the list is narrowed to by one press: a word, and the kinds.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("People", ("note", "decision", "command", "chat", "file", "ack")),
    ("Alerts and health", ("alert", "health", "page", "ack")),
    ("Runs", ("run", "step")),
    ("Changes", ("deploy", "change")),
    ("Led", ("declared", "status", "severity", "role", "task", "update", "action", "relation", "report")),
)
# Pictures that no browser runs; all else is saved, an SVG too, which is a document that may hold scripts.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
LATE_S = 120  # from when on it is said that something was recorded later than it happened
_LINKS = re.compile(r"https?://[^\s<>\"'`\\^{}|]+|`[^`\n]+`|\bINC-([1-9]\d{0,8})\b")
_TRAILING = ".,;:!?)]}'\""


class ShownFile(Struct, frozen=True):
    """A file of an entry, with the address that it is fetched by."""

    name: str
    address: str
    size: str
    is_picture: bool


class ShownEntry(Struct, frozen=True):
    """An entry as the page shows it; `anchor` is its id there."""

    entry: TimelineEntry
    anchor: str
    address: str
    html: str
    word: str
    tone: str
    when: str
    utc: str
    is_utc: bool
    late: str
    files: tuple[ShownFile, ...]


def shown_entry(entry: TimelineEntry, incident: int, zone: tzinfo = UTC) -> ShownEntry:
    """An entry of an incident, its time in a zone."""
    word, tone = WORDS.get(entry.kind, (entry.kind.capitalize(), ""))
    at = entry.at.astimezone(zone)
    late_s = (entry.recorded_at - entry.at).total_seconds()
    files = tuple(
        ShownFile(each.name, f"/incidents/{incident}/files/{each.digest}", size_words(each.size_bytes),
                  each.media_type in PICTURES) for each in entry.files
    )  # fmt: skip
    return ShownEntry(
        entry, anchor_of(entry.key), address_of(incident, entry.key), text_html(entry.text), word, tone,
        moment(at), f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", zone is UTC,
        late_words(late_s) if late_s > LATE_S else "", files,
    )  # fmt: skip


def moment(at: datetime) -> str:
    """`27 Mar 03:12`, as the script of the page writes it too."""
    return f"{at.day} {at:%b %H:%M}"


def anchor_of(key: str) -> str:
    """The id of an entry on the page: a key has letters that no id should have."""
    return f"entry-{digest_of(key.encode())[:12]}"


def address_of(incident: int, key: str) -> str:
    """The address of an entry by itself."""
    return f"/incidents/{incident}/timeline/{quote(key, safe='/:')}"


def text_html(text: str) -> str:
    """A text as HTML: nothing in it is HTML of its own; web addresses and incidents are links, `code` is code. Lines
    stay lines by the style of the page."""
    made, at = [], 0
    for found in _LINKS.finditer(text):
        words, rest = found.group(), ""
        if words.startswith("http"):
            bare = words.rstrip(_TRAILING)
            words, rest = bare, words[len(bare) :]
            link = f'<a href="{escape(words)}" rel="noopener noreferrer nofollow">{escape(words)}</a>{escape(rest)}'
        elif words.startswith("`"):
            link = f"<code>{escape(words[1:-1])}</code>"
        else:
            link = f'<a href="/incidents/{found.group(1)}">{words}</a>'
        made += [escape(text[at : found.start()]), link]
        at = found.end()
    return "".join((*made, escape(text[at:])))


def late_words(seconds: float) -> str:
    """How much later it was recorded than it happened."""
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds < 172_800 else f"{round(seconds / 86_400)} days"


def size_words(size_bytes: int) -> str:
    """The size of a file."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    return f"{size_bytes / 1000:.0f} kB" if size_bytes < 1_000_000 else f"{size_bytes / 1_000_000:.1f} MB"


def zone_of(name: str) -> tuple[str, tzinfo]:
    """The time zone of a name as IANA has it, with that name; UTC where there is none of that name."""
    wanted = name.strip()
    if wanted in ("", "UTC") or wanted not in zones():
        return "UTC", UTC
    try:
        return wanted, ZoneInfo(wanted)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return "UTC", UTC


@cache
def zones() -> frozenset[str]:
    """The names of all zones."""
    return frozenset(available_timezones())


@cache
def zone_options() -> str:
    """The zones that people choose from, those of places in order, as options of HTML."""
    names = sorted(each for each in zones() if "/" in each and not each.startswith(("Etc/", "SystemV/", "US/")))
    return "".join(f'<option value="{escape(each)}"></option>' for each in ("UTC", *names))
