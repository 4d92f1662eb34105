"""A chat that was copied from somewhere, as entries of a timeline: who said what, and when. Pure; records nothing.

Read are the lines of IRC, Slack, Matrix and of whatever puts a time before a name:

    [03:12] ada: it is down          03:12 <ada> it is down          2026-03-27 03:12:05 <@ada> it is down
    ada  3:12 AM                     [27.03.2026, 03:12] Ada: …      ada: it is down (no time: that of the line before)
    it is down

A time without a day is of the day that is given; where the clock goes back, it is the next day. A line that is none of
these belongs to what was said before it, or is said to be left out where nothing was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from msgspec import Struct

from opsbook.ground.digests import digest_of

MOST_LINES = 5000
MOST_LETTERS = 1_000_000
_LONGEST = 8000  # letters of one message
_BACK = timedelta(hours=6)  # by so much the clock goes back where a night began; by less, messages only crossed
_DATE = r"(?:(?P<iso>\d{4}-\d\d-\d\d)|(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4}))[,T ]*\s*"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,6})?)?(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?Z?"
_WHEN = rf"(?:{_DATE})?{_CLOCK}"
_NAME = r"[^\s<>:\[\](){}|]{1,60}(?: [^\s<>:\[\](){}|]{1,40}){0,3}"
_MATRIX = r"@[^\s:<>\[\](){}|]{1,60}:[A-Za-z0-9.\-]{1,60}(?::\d{1,5})?"  # one name, with a colon in it
_LINES = (
    re.compile(rf"\s*\[?{_WHEN}\]?\s*[-–|]?\s*<?(?P<who>{_MATRIX})>?:?\s+(?P<said>\S.*)"),
    re.compile(rf"\s*\[{_WHEN}\]\s*[<(]?[@+%&~]?(?P<who>{_NAME})[>)]?:?\s+(?P<said>\S.*)"),
    re.compile(rf"\s*{_WHEN}\s*[-–|]?\s*<[@+%&~ ]?(?P<who>[^<>]{{1,80}})>:?\s*(?P<said>.*)"),
    re.compile(rf"\s*{_WHEN}\s*[-–|]?\s*[@+]?(?P<who>{_NAME}):\s+(?P<said>\S.*)"),
    re.compile(rf"\s*\[?{_WHEN}\]?\s+\*\s+(?P<who>\S{{1,60}})\s+(?P<said>\S.*)"),
)
# Slack, Matrix: the words are below it.
_HEAD = re.compile(rf"\s*(?P<who>{_MATRIX}|{_NAME})\s{{1,4}}(?:\[|\(|at )?{_WHEN}[\])]?\s*")
_ALONE = re.compile(rf"\s*\[?{_WHEN}\]?\s*")  # Slack: more from the same person
_PLAIN = re.compile(r"\s*<?@?(?P<who>[A-Za-z0-9_.\-]{1,40})>?:\s+(?P<said>\S.*)")
_DAY = re.compile(r"\s*(?:-+\s*)?(?:Day changed to |.*?\b)?(?P<iso>\d{4}-\d\d-\d\d)\s*-*\s*")


class Said(Struct, frozen=True):
    """One message: `line` is where it begins, counted from 1."""

    at: datetime
    who: str
    text: str
    line: int


class Chat(Struct, frozen=True):
    """What was read of a chat, the first first, and the lines of which nothing could be made, as they were."""

    messages: tuple[Said, ...] = ()
    left_out: tuple[tuple[int, str], ...] = ()
    is_cut: bool = False


class _Reading:
    """How far a chat has been read."""

    def __init__(self, day: date, zone: tzinfo) -> None:
        self.day, self.zone = day, zone
        self.last: datetime | None = None
        self.who = ""
        self.open: tuple[datetime, str, int, list[str]] | None = None
        self.messages: list[Said] = []
        self.left_out: list[tuple[int, str]] = []

    def time_of(self, found: re.Match[str]) -> datetime | None:
        told = found.groupdict()
        hour, minute, second = int(told["hour"]), int(told["minute"]), int(told["second"] or 0)
        if told["half"]:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if told["half"] in "pP" else 0)
        dated = _day_of(told)
        is_dated = bool(told.get("iso") or told.get("year"))
        if is_dated and dated is None:
            return None
        try:
            at = datetime.combine(dated or self.day, datetime.min.time(), self.zone)
            at = at.replace(hour=hour, minute=minute, second=second)
            if not is_dated and self.last is not None and at < self.last - _BACK:
                at += timedelta(days=1)
            made = at.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        self.day, self.last = at.date(), at
        return made

    def begin(self, at: datetime, who: str, line: int, said: str = "") -> None:
        self.close()
        self.who = who.strip()
        self.open = (at, self.who, line, [said] if said else [])

    def close(self) -> None:
        if self.open is not None:
            at, who, line, words = self.open
            text = "\n".join(words).strip()[:_LONGEST]
            if text:
                self.messages.append(Said(at, who, text, line))
        self.open = None


def read_chat(text: str, day: date, zone: tzinfo = UTC) -> Chat:
    """The messages of a chat as it was copied; times without a day are of `day`, and all are in `zone`."""
    reading = _Reading(day, zone)
    lines = text[:MOST_LETTERS].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines[:MOST_LINES], start=1):
        _read(reading, number, line[:_LONGEST])
    reading.close()
    is_cut = len(lines) > MOST_LINES or len(text) > MOST_LETTERS
    return Chat(tuple(reading.messages), tuple(reading.left_out), is_cut)


def _read(reading: _Reading, number: int, line: str) -> None:
    if not line.strip():
        if reading.open is not None and reading.open[3]:
            reading.open[3].append("")
        return
    for shape in _LINES:
        found = shape.fullmatch(line)
        if found is not None and (at := reading.time_of(found)) is not None:
            reading.begin(at, found["who"], number, found["said"])
            return
    for shape in (_HEAD, _ALONE):
        found = shape.fullmatch(line)
        if found is None or (shape is _ALONE and not reading.who):
            continue
        if (at := reading.time_of(found)) is not None:
            reading.begin(at, found["who"] if shape is _HEAD else reading.who, number)
            return
    if (found := _DAY.fullmatch(line)) is not None and (dated := _day_of(found.groupdict())) is not None:
        reading.close()
        reading.day, reading.last = dated, None
        return
    found = _PLAIN.fullmatch(line) if reading.last is not None else None
    if found is not None and reading.last is not None and not found["said"].startswith("//"):
        reading.begin(reading.last.astimezone(UTC), found["who"], number, found["said"])
        return
    if reading.open is not None:
        reading.open[3].append(line.rstrip())
    else:
        reading.left_out.append((number, line.strip()[:200]))


def _day_of(told: dict[str, str | None]) -> date | None:
    try:
        if told.get("iso"):
            return date.fromisoformat(str(told["iso"]))
        if told.get("year"):
            return date(int(str(told["year"])), int(str(told["month"])), int(str(told["day"])))
    except ValueError:
        pass
    return None


def entries_of(chat: Chat) -> Sequence[tuple[datetime, str, str]]:
    """What is written down of each message: when, its words with who said them, and its key. The same message pasted
    twice has the same key; those of the same words in the same second are told apart by which of them each is."""
    made, met = [], dict[str, int]()
    for said in chat.messages:
        digest = digest_of(f"{said.at.isoformat()}\n{said.who}\n{said.text}".encode())[:24]
        number = met.get(digest, 0)
        met[digest] = number + 1
        made.append((said.at, f"{said.who}: {said.text}", f"chat:{digest}" + (f".{number}" if number else "")))
    return made
