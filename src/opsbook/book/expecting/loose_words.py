"""The words that say what an answer holds, without quotes: `contains ready`, `status UP`, `Content-Type: text/html`."""

from __future__ import annotations

import re

_STATE = (
    "up|ok|okay|green|healthy|pass|passed|passing|running|ready|alive|available|active|serving|operational|online|live|"
    "good|true|false|connected|normal|success|primary|leader|started|complete|completed"
)
_A_THING = (
    r"(?:the|an?|its|all|each|any|some|current|more|other|our|your)\b"
    r"(?!\s+(?:word|string|text|phrase|keyword|line)s?\b)"
)
_HOLDS = (
    r"\b(?:contain(?:s|ed|ing)?|includ(?:es?|ed|ing)|say(?:s|ing)?|reads|equals?|equal\s+to|match(?:es|ing)?"
    rf"|mention(?:s|ing)?)\s*:?\s+(?!{_A_THING})\w|\b(?:starts?|begins?|ends?|starting|beginning|ending)\s*$"
)
_NAMED = (
    r"\b(?:body|text|title|payload|string|word|phrase|keyword|content)(?:\s+(?:is|are|must\s+be|should\s+be)|\s*[:=]+)?\s+"
    r"(?!(?:of|from|for|in|on|as|the|an?|which|that|to|or|and|at|by|page|response|answer|returned|shown|content|type|is|are|"
    r"containing|contains|includes|including|matching|matches|has)\b)\w"
)
_STATUS = rf"\b[\w.-]+\s*:\s*(?:{_STATE})\b|\b(?:status|state|health)(?:\s+(?:is|are|of|equals?))?\s+(?:{_STATE})\b"
_HEADER = (
    r"\bheaders?\b|\bcontent[- ]type\b|(?<![\w-])[a-z]\w*(?:-[a-z]\w*)+:\s*\S"
    r"|\b(?:location|server|etag|vary|allow):\s*\S"
)
_LOOSE = re.compile("|".join((_HOLDS, _NAMED, _STATUS, _HEADER)), re.I)
_SHOUTED = re.compile(r"\b(?:[Ss]tatus|[Ss]tate)\s*(?:is|of|:|=)?\s+[A-Z]{2,}\b")
_FORMAT = re.compile(r"\bJSON\b|\bvalid\s+(?:XML|HTML|YAML|CSV|text)\b", re.I)


def looks_like_condition(words: str) -> bool:
    """Whether words without any literal say what the answer holds, and are no prose such as `the version`."""
    return _LOOSE.search(words) is not None or _SHOUTED.search(words) is not None


def names_format(words: str) -> bool:
    """Whether words say that the answer is JSON or the like, which only what is expected of its content looks at."""
    return _FORMAT.search(words) is not None
