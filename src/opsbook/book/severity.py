"""How grave an incident or alert is, P0 to P3: reads the words that people use for it. Decides no severity itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

PRIORITIES = ("P0", "P1", "P2", "P3")

# The words of the wild by what they mean here. Where a scale has four steps they map one to one: PagerDuty's
# critical, error, warning, info, and the common critical, high, medium, low. Numbered scales keep their number;
# sev4 and s4 end scales that begin with 1, so they are the lowest. P4 and P5 belong to a scale of five, which cannot
# be mapped without asking: a team says in opsbook.toml what they mean.
_WORDS: dict[str, str] = {
    word: priority
    for priority, words in {
        "P0": "critical|crit|emergency|blocker|disaster|fatal|catastrophic|urgent|highest|kritisch|critique|crítico",
        "P1": "high|major|error|err|page|pager|serious|severe|important|hoch|élevé|alto",
        "P2": "medium|moderate|warning|warn|ticket|average|normal|mittel|moyen|medio",
        "P3": "low|minor|info|information|informational|notice|notify|task|none|trivial|cosmetic|lowest|debug"
        "|niedrig|faible|bajo",
    }.items()
    for word in words.split("|")
}  # fmt: skip
_NUMBERED = {
    **{f"{scale}{n}": f"P{min(n, 3)}" for scale in ("sev", "s") for n in range(5)},
    **{f"p{n}": f"P{n}" for n in range(4)},
}


@lru_cache(maxsize=1)
def _numbered() -> re.Pattern[str]:
    return re.compile(r"(?<![a-z0-9])(?:severity|sev|prio(?:rity)?|p|s)[\s:_-]{0,3}\d+(?![a-z0-9])")


@lru_cache(maxsize=1)
def _word() -> re.Pattern[str]:
    return re.compile(r"[^\W\d_]+")


def read_severity(text: str, extra: Mapping[str, str] | None = None) -> str | None:
    """P0 to P3, or None when the text names no severity that is known.

    `extra` maps a team's own words, and wins. Of several the gravest counts (`P2 (ticket) / P1 (SLO burn)` is P1); a
    number that is on no scale makes the whole unknown, for `P9 (critical)` is a slip that a person must settle.
    """
    return _read(text, tuple(sorted(extra.items())) if extra else ())


@lru_cache(maxsize=4096)
def _read(text: str, extra: tuple[tuple[str, str], ...]) -> str | None:
    lowered = " ".join(text.lower().strip(" `*_.").split())
    own = {" ".join(word.lower().split()): priority.upper() for word, priority in extra}
    if lowered in own:
        return own[lowered]
    numbered = [_scale(found.group()) for found in _numbered().finditer(lowered)]
    if numbered:
        found = [own.get(word) or _NUMBERED.get(word) for word in numbered]
        return None if None in found else min(filter(None, found))
    return _by_words(lowered, own)


def _scale(word: str) -> str:
    """`Severity: 1` as `sev1`, `Priority-2` as `p2`."""
    digits = word.lstrip("abcdefghijklmnopqrstuvwxyz :_-")
    return {"s": "s", "p": "p"}.get(word.rstrip("0123456789 :_-"), "sev" if word[0] == "s" else "p") + str(int(digits))


def _by_words(lowered: str, own: Mapping[str, str]) -> str | None:
    """The gravest of the words that open the parts of a text: further on they are prose, not a severity."""
    found: list[str] = []
    for part in re.split(r"[/|,;(→>]|->|\bor\b|\band\b", lowered):
        words = _word().findall(part)[:3]
        found.extend(priority for word in words if (priority := own.get(word) or _WORDS.get(word)))
    return min(found, default=None)
