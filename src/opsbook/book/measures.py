"""What a number on a graph counts: seconds, bytes, a share; by the unit that a page names, else by the names in the
expression. And the limit that a page writes in words (`> 500 ms`), in that unit. Never guesses where two readings fit.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from msgspec import Struct

Kind = Literal["s", "bytes", "bytes/s", "ratio", "/s", "number"]


class Measure(Struct, frozen=True):
    """What a value counts: times `factor` it is in the unit of its kind (a ratio is 1 for 100 %). A `number` has the
    words of its unit, if any."""

    kind: Kind = "number"
    factor: float = 1.0
    words: str = ""


class Limit(Struct, frozen=True):
    """A limit in the unit of the measure: an alert fires while the value is `operator` than it."""

    operator: str
    number: float


_S: dict[str, float] = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86_400}
_LONG = {
    "nanosecond": "ns", "microsecond": "us", "millisecond": "ms", "msec": "ms", "second": "s", "sec": "s",
    "minute": "min", "mins": "min", "m": "min", "hour": "h", "hr": "h", "day": "d",
}  # fmt: skip
_BYTES: dict[str, float] = {"b": 1, "byte": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
                            "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}  # fmt: skip
_SHARES = {"%": 0.01, "percent": 0.01, "percentage": 0.01, "pct": 0.01, "ratio": 1.0, "fraction": 1.0, "0-1": 1.0}
_OPERATORS = {
    ">": ">", "≥": ">=", ">=": ">=", "<": "<", "≤": "<=", "<=": "<=", "above": ">", "over": ">", "more than": ">",
    "greater than": ">", "higher than": ">", "exceeds": ">", "at least": ">=", "below": "<", "under": "<",
    "less than": "<", "fewer than": "<", "lower than": "<", "at most": "<=",
}  # fmt: skip


def measure_of(unit: str, expression: str = "") -> Measure:
    """What an expression counts: by its unit in words, else by the names that stand in it."""
    return _by_words(unit) if unit.strip() else _by_names(expression)


def _by_words(unit: str) -> Measure:
    words = " ".join(unit.lower().strip(" .()`").split())
    share = _SHARES.get(words)
    if share is not None:
        return Measure("ratio", share)
    for each in (words, words.rstrip("s") if len(words) > 2 else words):
        length = _S.get(_LONG.get(each, each))
        if length is not None:
            return Measure("s", length)
        if each in _BYTES:
            return Measure("bytes", _BYTES[each])
    counted, _, per = words.replace(" per ", "/").partition("/")
    if per.strip() in ("s", "sec", "second"):
        size = _BYTES.get(counted.strip().rstrip("s") or "b")
        return Measure("bytes/s", size) if size is not None else Measure("/s", 1.0, _word(counted))
    if words in ("rps", "qps", "req/s", "hz"):
        return Measure("/s")
    return Measure("number", 1.0, _word(words.lstrip("0123456789 ")))


def _word(words: str) -> str:
    return words.strip() if words.strip() not in ("count", "number", "none", "unitless", "-", "–") else ""


@cache
def _rates() -> re.Pattern[str]:
    return re.compile(r"\b(?:i?rate|deriv)\s*\(")


def _by_names(expression: str) -> Measure:
    bare = re.sub(r"\{[^{}]*\}|\[[^\[\]]*\]|\"[^\"]*\"", "", expression[:4_000]).lower()
    is_rate, sides = bool(_rates().search(bare)), [side for side in bare.split("/") if side.strip()]
    if re.search(r"\*\s*100\b|\b100\s*\*|_percent(?:age)?\b", bare):
        return Measure("ratio", 0.01)
    if "histogram_quantile" in bare or (len(sides) == 2 and "_sum" in sides[0] and "_count" in sides[1]):
        return _by_suffix(bare)
    if len(sides) == 2:
        return _by_suffix(sides[0]) if not re.search(r"[a-z_]{3}", sides[1]) else Measure("ratio")
    if is_rate:
        if "_bytes" in bare:
            return Measure("bytes/s")
        return Measure() if "_seconds" in bare else Measure("/s")
    return _by_suffix(bare)


def _by_suffix(bare: str) -> Measure:
    if "_timestamp_seconds" in bare:
        return Measure("s") if "time()" in bare else Measure()
    for suffix, measure in (
        ("_milliseconds", Measure("s", 1e-3)), ("_seconds", Measure("s")), ("_bytes", Measure("bytes")),
        ("_ratio", Measure("ratio")),
    ):  # fmt: skip
        if re.search(suffix + r"(?:_sum|_bucket|_count|_max|_min|_avg)?\b", bare):
            return measure
    return Measure()


@cache
def _limit() -> re.Pattern[str]:
    words = "|".join(sorted((re.escape(word) for word in _OPERATORS), key=len, reverse=True))
    return re.compile(rf"({words})?\s*(-?\d{{1,15}}(?:,\d{{3}})*(?:\.\d{{1,9}})?)\s*(%|[a-zµ]{{1,12}}(?:/s\b)?)?", re.I)


def read_limit(words: str, measure: Measure) -> Limit | None:
    """The limit that words tell, in the unit of a measure; None where they tell none, or in a unit that does not fit.
    Without a word for it, above is meant."""
    told = list(_limit().finditer(words[:400]))
    found = next((each for each in told if each[1]), told[0] if len(told) == 1 else None)
    if found is None:
        return None
    number = float(found[2].replace(",", ""))
    operator = _OPERATORS[found[1].lower()] if found[1] else ">"
    written = _by_words(found[3] or "")
    if written.kind in ("number", "/s"):
        return Limit(operator, number * measure.factor)
    # A share is 0.05 or 5 where nothing says which: it is drawn only where the measure is one.
    return Limit(operator, number * written.factor) if written.kind == measure.kind else None
