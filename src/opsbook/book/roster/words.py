"""The words of rosters to values: references, turns, hours, hand-overs, waits. Knows no page but a cell of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache

from opsbook.book.roster.values import Reference, Step, Window
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Cell
from opsbook.ground.durations import read_duration
from opsbook.ground.markdown import Document
from opsbook.ground.pattern import Pattern

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_S = 86_400
_NOBODY = frozenset({"", "-", "–", "—", "nobody", "no one", "none", "n/a", "tbd", "?"})
_ADDRESS = Pattern(r"[^\s@]+@[^\s@]+\.[^\s@]+|https?://|\+?[\d ()/.-]{6,}$|(?:mailto|tel|sms):", re.I)
# A name is a few words and nothing that belongs to a sentence.
_NAME = Pattern(r"[^\W\d_][\w.'’-]*(?: [\w.'’&-]+){0,4}")
_SENTENCE = frozenset({
    "the", "a", "an", "ask", "in", "if", "see", "or", "whoever", "your", "our", "on", "call", "via", "page",
})  # fmt: skip


def references(document: Document, cell: Cell) -> tuple[Reference, ...]:
    """Those whom a cell names, in order."""
    return tuple(reference for turn in turns(document, cell) for reference in turn)


def turns(document: Document, cell: Cell) -> tuple[tuple[Reference, ...], ...]:
    """The turns that a cell names, parted by commas, semicolons, arrows, lines; `+` and `&` join people to one turn."""
    found = []
    source = document.source(cell.start, cell.end)
    for part in re.finditer(r"(?:(?!<br\s*/?>|→|->|[,;]).)+", source):
        joined = [
            reference
            for piece in re.finditer(r"[^+&]+", part.group())
            if (reference := _reference(piece.group(), cell.start + _size(source, part.start() + piece.start())))
        ]
        if joined:
            found.append(tuple(joined))
    return tuple(found)


def reference_of(name: str) -> Reference:
    """A name by itself, as `references` would read it in a cell; the slot of a template where it is empty."""
    return _reference(name, 0) or Reference(name, "slot", 0, 0)


def _size(source: str, index: int) -> int:
    return len(source[:index].encode())


def _reference(text: str, start: int) -> Reference | None:
    bare = text.strip(" \t`*_()\n")
    bare = re.sub(r"^(?:and|then|or)\s+", "", bare, flags=re.I)
    link = re.fullmatch(r"\[([^\]]+)\]\([^)]*\)?", bare)
    bare = link.group(1) if link else bare
    if bare.casefold() in _NOBODY:
        return None
    begin = start + _size(text, text.find(bare))
    end = begin + len(bare.encode())
    if bare.startswith("[") and is_unfilled(bare):
        return Reference(bare, "slot", begin, end)
    if re.fullmatch(r"@[\w.-]*\w", bare):
        return Reference(bare[1:], "handle", begin, end)
    return Reference(bare, _form(bare), begin, end)


def _form(bare: str) -> str:
    if bare.startswith("#") or bare.casefold().endswith(" channel"):
        return "channel"
    if _ADDRESS().match(bare):
        return "address"
    words = bare.casefold().split()
    is_name = _NAME().fullmatch(bare) and (bare[0].isupper() or len(words) == 1)
    return "name" if is_name and not _SENTENCE.intersection(words) else "text"


def read_step(text: str) -> tuple[str, Step] | None:
    """The kind of a rotation and its step: `weekly`, `every 2 weeks`, `12 hours`, `always`; None when it is none."""
    words = " ".join(text.casefold().split()).removesuffix(" rotation").strip(" .")
    named = _NAMED_STEPS.get(words)
    if named is not None:
        return words, named
    found = re.fullmatch(r"(?:every |each )?(\d+|one|two|three|four|other)?\s?(hour|day|week|month)s?", words)
    if found is None:
        return None
    word = found.group(1) or "1"
    amount = {"one": 1, "two": 2, "other": 2, "three": 3, "four": 4}.get(word) or int(word)
    if not 1 <= amount <= 1000:
        return None
    return ("custom" if amount > 1 else f"{found.group(2)}ly".replace("dayly", "daily")), Step(amount, found.group(2))


_NAMED_STEPS = {
    "hourly": Step(1, "hour"), "daily": Step(1, "day"), "weekly": Step(1, "week"), "monthly": Step(1, "month"),
    "fortnightly": Step(2, "week"), "biweekly": Step(2, "week"), "bi-weekly": Step(2, "week"),
    "quarterly": Step(3, "month"),
    "always": Step(0, "day"), "fixed": Step(0, "day"), "permanent": Step(0, "day"), "none": Step(0, "day"),
    "täglich": Step(1, "day"), "wöchentlich": Step(1, "week"), "monatlich": Step(1, "month"),
    "quotidien": Step(1, "day"), "hebdomadaire": Step(1, "week"), "mensuel": Step(1, "month"),
    "diario": Step(1, "day"), "semanal": Step(1, "week"), "mensual": Step(1, "month"),
}  # fmt: skip


def read_hand_over(text: str) -> tuple[int | None, int] | None:
    """The weekday (or None) and second of the day of a hand-over: `Monday 09:00`, `17:00`, `Mon`; None for none."""
    words = text.casefold().replace(",", " ").replace(" at ", " ")
    words = re.sub(r"\b(?:every|each|on|o'clock)\b|\((.*?)\)", " ", words)
    day: int | None = None
    second = 0
    for word in words.split():
        if word[:3] in DAYS and word.isalpha():
            day = DAYS.index(word[:3])
            continue
        clock = read_clock(word)
        if clock is None:
            if word in ("utc", "local", "time", "am", "pm", "h"):
                continue
            return None
        second = clock
    return (day, second) if words.strip() else None


@lru_cache(maxsize=512)
def read_clock(text: str) -> int | None:
    """The second of the day of `09:00`, `9`, `9.30`, `9am`, `24:00`; None when it is no time of day."""
    clock = r"(\d{1,2})(?:[:.h](\d{2})?(?::(\d{2}))?)?\s*([ap]m)?(?:\s*(?:utc|h))?"
    found = re.fullmatch(clock, text.strip().casefold())
    if found is None:
        return None
    hour, minute = int(found.group(1)), int(found.group(2) or 0)
    if found.group(4):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found.group(4) == "pm" else 0)
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        return None
    return hour * 3600 + minute * 60 + int(found.group(3) or 0)


def read_hours(text: str) -> tuple[Window, ...] | None:
    """The hours that a rotation is restricted to; empty for day and night, None when they are not understood.

    `Mon–Fri 09:00–17:00`, `weekends`, `Mon-Thu 17:00-09:00, Fri 17:00 - Mon 09:00`: several are parted by a comma.
    """
    words = " ".join(re.sub(r"[–—−]|\bto\b|\buntil\b|\bthrough\b", "-", text.casefold()).split())
    if words in ("", "-", "always", "24/7", "24x7", "all", "all day", "any", "day and night", "00:00-24:00"):
        return ()
    words = _IN_WORDS.get(words.removeprefix("only ").removeprefix("in ").removeprefix("during "), words)
    windows: list[Window] = []
    days: str = ""
    for part in filter(None, (piece.strip() for piece in re.split(r"[;,]|<br\s*/?>|\band\b", words))):
        found = _windows(part, days)
        if found is None:
            # `Mon, Wed 09:00-17:00`: a day without hours lends itself to the hours that follow.
            if _days(part) is None:
                return None
            days = f"{days},{part}" if days else part
            continue
        windows.extend(found)
        days = ""
    if days:
        windows.append(Window(_every_day(days), 0, _DAY_S))
    return tuple(windows)


_CLOCK = r"\d{1,2}(?:[:.h]\d{2})?\s?(?:am|pm|h|utc)?"


def _windows(part: str, before: str) -> list[Window] | None:
    """The windows of one part, or None when it has no hours in it."""
    across = re.fullmatch(rf"([a-z]+)\s+({_CLOCK})\s?-\s?([a-z]+)\s+({_CLOCK})", part)
    if across:
        first, last = _day(across.group(1)), _day(across.group(3))
        since, until = read_clock(across.group(2)), read_clock(across.group(4))
        if first is None or last is None or since is None or until is None:
            return None
        span = ((last - first) % 7) * _DAY_S + until
        return [Window(frozenset({first}), since, span if span > since else span + 7 * _DAY_S)]
    hours = re.fullmatch(rf"(.*?)\s*({_CLOCK})\s?-\s?({_CLOCK})", part)
    if hours is None:
        return None
    named = ",".join(filter(None, (before, hours.group(1).strip(" ,:"))))
    days = _days(named) if named else frozenset(range(7))
    since, until = read_clock(hours.group(2)), read_clock(hours.group(3))
    if days is None or since is None or until is None:
        return None
    return [Window(days, since, until if until > since else until + _DAY_S)]


def _every_day(names: str) -> frozenset[int]:
    return _days(names) or frozenset()


def _day(word: str) -> int | None:
    return DAYS.index(word[:3]) if word[:3] in DAYS else None


def _days(names: str) -> frozenset[int] | None:
    """The weekdays of `mon-fri`, `weekends`, `mon,wed`, `daily`; None when a word is none."""
    found: set[int] = set()
    for name in filter(None, (word.strip(" .") for word in names.split(","))):
        group = _GROUPS.get(name)
        ends = [_day(word.strip()) for word in name.split("-")]
        if group is not None:
            found.update(group)
        elif any(end is None for end in ends) or len(ends) > 2:
            return None
        else:
            first, last = ends[0] or 0, ends[-1] or 0
            found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return frozenset(found) if found else None


_WORKING = "mon-fri 09:00-17:00"
_NOT_WORKING = "mon-thu 17:00-09:00, fri 17:00 - mon 09:00"
_IN_WORDS = {
    **{f"{kind} hours": _WORKING for kind in ("working", "business", "office")},
    **{f"outside {kind} hours": _NOT_WORKING for kind in ("working", "business", "office")},
    **{f"{lead}hours": _NOT_WORKING for lead in ("out of ", "out-of-", "off ", "off-", "after ", "after-")},
}
_GROUPS: dict[str, frozenset[int]] = {
    "weekdays": frozenset(range(5)), "weekday": frozenset(range(5)), "working days": frozenset(range(5)),
    "workdays": frozenset(range(5)), "weekend": frozenset({5, 6}), "weekends": frozenset({5, 6}),
    "daily": frozenset(range(7)), "every day": frozenset(range(7)), "nights": frozenset(range(7)),
    "sundays and holidays": frozenset({6}),
}  # fmt: skip


@lru_cache(maxsize=256)
def read_wait(text: str) -> timedelta | None:
    """The wait of a level: `5 minutes`, `at once`, `if no answer after 15 min`; None when none is told."""
    words = " ".join(text.casefold().split()).strip(" .+")
    if words in ("immediately", "immediate", "at once", "now", "0", "instantly", "sofort", "straight away"):
        return timedelta(0)
    if re.match(r"[-–−]\s*\d", words):
        return None  # nobody is paged before the alert
    whole = read_duration(re.sub(r"^(?:after|in|within|for)\s+", "", words))
    if whole is not None:
        return whole
    found = re.search(r"(\d+)\s*(s|sec|second|m|min|minute|h|hr|hour|d|day)s?\b", words)
    return read_duration(found.group()) if found else None


def read_count(text: str) -> int | None:
    """How many people: `2`, `two people`, `2 of them`; None when it is no count of 1 to 20."""
    word = text.casefold().split()[0].strip(".,") if text.split() else ""
    named = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
    count = named.get(word, int(word) if word.isdigit() and len(word) < 3 else 0)
    return count if 1 <= count <= 20 else None


def split_words(text: str) -> Iterator[str]:
    """The words of a list in one value: `P0, P1` and `api and web`."""
    for word in re.split(r"[,;/]|\band\b|<br\s*/?>", text):
        if word.strip(" `*_"):
            yield word.strip(" `*_")
