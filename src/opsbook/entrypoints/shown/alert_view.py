"""How alerts and pages are told on web pages: words and tones of their states, who was woken. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.page import CATCH_ALL, Page
from opsbook.ledger.page_moves import next_level

# The words and the tone of each state of an alert; a list says them, and colour only repeats them.
STATES: dict[str, tuple[str, str]] = {
    "firing": ("Firing", "bad"),
    "acknowledged": ("Acknowledged", "note"),
    "suppressed": ("Suppressed", "quiet"),
    "stale": ("Stale", "warn"),
    "resolved": ("Resolved", "good"),
}
SEVERITIES: dict[str, str] = {"P0": "bad", "P1": "bad", "P2": "warn", "P3": ""}
# What became of a message, or of an attempt to hand it over.
SENT: dict[str, tuple[str, str]] = {
    "owed": ("to be sent", "note"),
    "waiting": ("waits", "note"),
    "sending": ("being sent", "note"),
    "accepted": ("accepted", "good"),
    "delivered": ("delivered", "good"),
    "read": ("read", "good"),
    "retrying": ("tried again", "warn"),
    "failed": ("failed", "bad"),
    "lost": ("unknown", "warn"),
    "cancelled": ("not needed", "quiet"),
    "bundled": ("in one with others", "quiet"),
}
_ENDS = {
    "resolved": ("Over", "good"),
    "cancelled": ("Cancelled", "quiet"),
    "exhausted": ("Nobody answered", "bad"),
    "digested": ("Told in a digest", "quiet"),
}


class Woken(Struct, frozen=True):
    """Somebody who was to be woken by a page: by which contacts, and what became of each."""

    person: str
    sent: tuple[tuple[str, str, str], ...]  # the kind of contact, words, tone


def page_state(page: Page) -> tuple[str, str]:
    """The state of a page in words, and its tone."""
    if page.state == "active":
        return ", ".join(filter(None, ("Waking people", page.answers))), "bad"
    if page.state == "acknowledged":
        by = page.acknowledged[-1].by if page.acknowledged else ""
        return (f"Acknowledged by {by}" if by else "Acknowledged"), "note"
    return _ENDS.get(page.ended_how, ("Over", "good"))


def level_words(level: int) -> str:
    """What a level is called."""
    return "Catch-all" if level == CATCH_ALL else f"Level {level}"


def woken(page: Page) -> tuple[Woken, ...]:
    """Whom a page was to wake, in the order of time; what is sent for another purpose is left out."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for each in page.notifications:
        if each.owed.purpose in ("page", "test"):
            found.setdefault(each.owed.person, []).append((each.owed.kind, *SENT[each.state]))
    return tuple(Woken(person, tuple(sent)) for person, sent in found.items())


def next_level_at(page: Page) -> tuple[str, datetime] | None:
    """Which level comes next, as it is called, and when, unless somebody answers; None where none does."""
    coming = next_level(page)
    if coming is None:
        return None
    level, at = coming
    return "the catch-all" if level == CATCH_ALL else f"level {level}", at


def latency_words(milliseconds: float | None) -> str:
    """How long an attempt took."""
    if milliseconds is None:
        return ""
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"




def label_words(labels: Iterable[tuple[str, str]], left_out: frozenset[str]) -> list[str]:
    """Labels as a matcher writes them, those that stand elsewhere on the row left out."""
    return [f"{name}={value}" for name, value in sorted(labels) if name not in left_out]


def matcher_text(labels: dict[str, str]) -> str:
    """Labels as matchers that fit exactly them, one after the other."""
    return ", ".join(f'{name}="{escaped(value)}"' for name, value in sorted(labels.items()))


def escaped(value: str) -> str:
    """A value as it stands between the quotes of a matcher."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
