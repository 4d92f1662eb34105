"""Any bytes as plain values, and plain values as what a signal takes: the second way, where a body is not as its format
says. Never raises, whatever it is given.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from opsbook.ledger.signal import Batch, Slip

MOST_SLIPS = 100  # of one body are told; the raw body has them all
LONGEST_TEXT = 64_000  # characters of one label or annotation
EARLIEST, LATEST = 1971, 2200  # years; outside, a time says "none": 0001 is Go's zero, 9999 is "for ever"


def read_json(body: bytes) -> tuple[Any, str]:
    """The value that is written in a body, and why there is none: half characters, surrogates, NaN and doubled keys are
    taken as they come."""
    try:
        return msgspec.json.decode(body), ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        text = body.decode(json.detect_encoding(body), "replace").removeprefix("\ufeff")
        return json.loads(text), ""
    except RecursionError:
        return None, "It is nested deeper than anything that means something."
    except ValueError as wrong:
        return None, f"It is not JSON: {as_text(str(wrong))[:200]}."


def nothing_read(format: str, why: str) -> Batch:
    """A body of which nothing could be read."""
    return Batch(format, slips=(Slip("body", why),))


def as_text(value: Any) -> str:
    """A value as a label or annotation: text that can be kept in any database, empty for what is nothing."""
    if isinstance(value, str):
        return clean(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        try:
            return repr(value)[:LONGEST_TEXT]
        except ValueError:  # more digits than are ever written out
            return ""
    try:
        return clean(json.dumps(value, ensure_ascii=False, default=str))
    except (ValueError, TypeError, RecursionError):
        return ""


def clean(text: str) -> str:
    """The text without what no database keeps: a zero byte, half of a pair of surrogates; and not without end."""
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    text = text.encode("utf-8", "replace").decode() if not _is_encodable(text) else text
    return text.replace("\0", "\ufffd")


def is_clean(text: str) -> bool:
    """Whether `clean` would change nothing."""
    return len(text) <= LONGEST_TEXT and "\0" not in text and (text.isascii() or _is_encodable(text))


def as_labels(value: Any) -> dict[str, str] | None:
    """A value as labels or annotations, those without a value left out; None where it is no table."""
    if not isinstance(value, dict):
        return None
    found = {clean(str(name)): as_text(each) for name, each in value.items()}
    return {name: each for name, each in found.items() if name and each}


def as_time(value: Any) -> tuple[datetime | None, str]:
    """A moment in UTC from RFC 3339, ISO 8601 or a number of seconds, milliseconds, micro- or nanoseconds since 1970;
    None for a time that says "none", and a sentence where it is none at all."""
    if value is None or value == "":
        return None, ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None, "It is no time."
    try:
        found = _from_number(float(value)) if isinstance(value, int | float) else _from_text(value.strip())
    except (ValueError, OverflowError, OSError):
        return None, f"'{as_text(value)[:60]}' is no time; write one such as 2026-11-23T09:02:39Z."
    return moment(found), ""


def moment(found: datetime) -> datetime | None:
    """A time in UTC, None for one that says "none"."""
    if not EARLIEST <= found.year < LATEST:
        return None
    return found.astimezone(UTC) if found.tzinfo is not UTC else found


def _from_number(number: float) -> datetime:
    for unit in (1e9, 1e6, 1e3):
        if abs(number) >= 1e11 * unit / 1e3:  # seconds have ten digits until the year 5138
            number /= unit
            break
    return datetime.fromtimestamp(number, UTC)


def _from_text(text: str) -> datetime:
    if text.replace(".", "", 1).isdigit():
        return _from_number(float(text))
    try:
        found = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Slips:
    """The slips of one body as they are met."""

    def __init__(self) -> None:
        self._found: list[Slip] = []
        self._left = 0

    def add(self, where: str, why: str) -> None:
        """Notes one; of very many only how many."""
        if len(self._found) < MOST_SLIPS:
            self._found.append(Slip(where, why))
        else:
            self._left += 1

    def all(self) -> tuple[Slip, ...]:
        """All that were noted."""
        if not self._left:
            return tuple(self._found)
        return (*self._found, Slip("body", f"{self._left} further parts could not be read."))
