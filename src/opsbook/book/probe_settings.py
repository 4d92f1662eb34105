"""How a probe is asked and judged, out of the labels beside it: how often, for how long, after how many readings."""

from __future__ import annotations

import math
import re

from opsbook.book.grammar.problem import Problem
from opsbook.book.health_checks import read_every

SHORTEST_EVERY_S = 1.0
LONGEST_TIMEOUT_S = 300.0
MOST_READINGS = 100
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_NUMBER = rf"(?<![\w.])(\d{{1,6}}|{'|'.join(_WORDS)})(?![\w.]\d)"
_COUNT = re.compile(
    r"(?P<lead>unhealthy|down|fail\w*|ill|healthy|up|recover\w*|well)?[\s:=]*(?:after\s+|for\s+|at\s+|>=?\s*)*"
    rf"{_NUMBER}"
    r"\s*(?:consecutive|successive|straight|failed|successful|bad|good)?\s*"
    r"(?P<what>fail\w*|miss\w*|error\w*|bad|success\w*|good|pass\w*|ok\b)?",
    re.I,
)


def read_frequency(text: str) -> float | Problem:
    """How often in seconds."""
    every = read_every(text)
    if not every:
        fix = "Write one length of time, such as 30 seconds, 5m or hourly."
        return Problem(f"'{_shown(text)}' does not say how often, so it is asked as often as any other.", fix)
    if every < SHORTEST_EVERY_S:
        return Problem(f"'{_shown(text)}' is more often than Opsbook asks.", "Write 1 second or more.")
    return every


def read_timeout(text: str) -> float | Problem:
    """How long an answer may take, in seconds."""
    length = read_every(text)
    if not length:
        return Problem(f"'{_shown(text)}' is no length of time.", "Write one such as 5 seconds.")
    if length > LONGEST_TIMEOUT_S:
        return Problem(f"'{_shown(text)}' is longer than Opsbook waits.", "Write 5 minutes or less.")
    return length


def read_thresholds(text: str, label: str, every_s: float) -> dict[str, int] | Problem:
    """The readings in a row that change the health, by `failures` and `successes`; a number alone is for `label`.

    A length of time counts as the readings that fall into it.
    """
    length = read_every(text)
    if length and re.search(r"\d\s*[a-z]|\b(?:minute|hour)", text.lower()):
        return _bounded({label: max(1, math.ceil(length / every_s))}, text)
    found: dict[str, int] = {}
    for each in _COUNT.finditer(text[:200]):
        word = (each["what"] or "").lower()
        lead = (each["lead"] or "").lower()
        whole = each.group().lower()
        if re.match(r"fail|miss|err|bad", word) or re.match(r"unhealthy|down|fail|ill", lead) or "failed" in whole:
            key = "failures"
        elif re.match(r"succ|good|pass|ok", word) or lead or "successful" in whole:
            key = "successes"
        else:
            key = label
        number = each[2].lower()
        found.setdefault(key, _WORDS.get(number) or int(number))
    if not found:
        fix = f"Write a number of readings, such as {'5 failures' if label == 'failures' else '2 successes'}."
        return Problem(f"'{_shown(text)}' does not say after how many readings.", fix)
    return _bounded(found, text)


def _bounded(found: dict[str, int], text: str) -> dict[str, int] | Problem:
    if all(1 <= count <= MOST_READINGS for count in found.values()):
        return found
    return Problem(f"'{_shown(text)}' is no number of readings from 1 to {MOST_READINGS}.", "Write one such as 3.")


def read_redirects(text: str) -> bool | Problem:
    """Whether redirects are followed."""
    word = text.strip(" .`*").lower()
    if re.match(r"(?:yes|true|on|follow(?:ed)?|allowed|up to|\d)", word):
        return word != "0"
    if re.match(r"(?:no|not|none|false|off|never)\b", word):
        return False
    return Problem(f"'{_shown(text)}' does not say whether redirects are followed.", "Write yes or no.")


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"
