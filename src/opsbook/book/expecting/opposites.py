"""The words that turn a status into its opposite or into a bound: `anything but 5xx`, `503 is not ok`, `below 400`."""

from __future__ import annotations

import re

from opsbook.book.expecting.literals import MARK

_STATUS = r"(?<![\w.])[1-5](?:\d\ds?|xx|\*\*)(?![\w%]|\.\d)"
_NOT = (
    r"\b(?:not?|never|without|except(?:ing|ed|ion)?|exclud(?:e|es|ed|ing)|exclusive|unless|neither|nor|none|cannot|besides?|barring"
    r"|minus|outside|unlike|avoid(?:s|ed|ing)?|lack(?:s|ing)?|zero|nothing(?!\s+but)|ne|save\s+for|instead\s+of|free\s+of"
    r"|(?:other|rather|different)\s+(?:than|from|to)|(?:apart|aside|away)\s+from|opposite\s+of|absence\s+of)\b"
    rf"|n['’]t\b|≠|!=|<>|¬|(?<![\w!])!|~|\^|\bnon(?=[\s–-]*(?:[1-5]|{MARK}))"
)
# `404 Not Found` and `No Content: 204` are names of statuses.
_NAMES = r"(?!\bnot\s+(?:found|modified|acceptable|implemented|allowed|expired)\b)(?!\bno\s+content\b)"
_BAD = r"\b(?:fail(?:s|ed|ing|ures?)?|unhealthy|alert(?:s|ing)?|down|bad|broken|degraded|wrong)\b"
_BAD_AT = rf"{_BAD}(?:\s+(?:on|if|when|for|at|with|is|are|means?|codes?|status(?:es)?)\b|\s*[:=])"
_TO_STATUS = r"(?:\s+(?:https?|an?|the|status(?:es)?|codes?|response|is|of|be|to|or|than|equal|any))*\s*"
_BOUND = (
    r"(?:(?<![-=–])>=?|[<≤≥]=?|=<|\b(?:below|under|above|over|beyond|beneath|at\s+least|at\s+most|up\s+to|starting\s+(?:at|from)"
    r"|(?:less|lower|smaller|greater|higher|bigger|larger|more|fewer|lt|gt|lte|gte|le|ge)(?:\s+than)?)\b)"
)
_OR_MORE = (
    r"\s*(?:\+(?!\s*[\w\"`])|(?:or|and)\s+"
    r"(?:above|below|under|over|less|lower|more|greater|higher|up|upwards?|fewer|smaller)\b)"
)
_FINE = (
    "ok|okay|allowed|acceptable|accepted|expected|healthy|good|fine|valid|permitted|returned|seen|received|right|wanted"
)
_NOT_FINE = (
    r"(?:\s+[A-Za-z]+){0,3}?\s*(?:"
    rf"(?:(?<!method\s)\b(?:not|never)|n['’]t)\s+(?:be\s+)?(?:considered\s+|an?\s+)?(?:{_FINE})\b|n['’]t\s*$|\b(?:is|are|be)\s+(?:not|never)\s*$"
    rf"|\b(?:excluded|unhealthy|unacceptable|disallowed|forbidden\s+here)\b"
    rf"|\b(?:is|are|be|as|means?|indicates?|signals?|counts?|considered)\s+(?:as\s+)?(?:an?\s+|the\s+)?(?:{_BAD}|errors?\b|outage|trouble)"
    rf"|[:=]\s*(?:an?\s+)?{_BAD})"
)
AGAINST = re.compile(
    rf"{_NAMES}(?:{_NOT}|{_BAD_AT})[^;\n]{{0,80}}?{_STATUS}|{_BOUND}{_TO_STATUS}{_STATUS}"
    rf"|(?!406\s+not\s+acceptable){_STATUS}(?:{_OR_MORE}|{_NOT_FINE})",
    re.I,
)
NEGATED = re.compile(rf"{_NAMES}(?:{_NOT}|{_BAD_AT})", re.I)
_LISTED = rf"(?:{_STATUS}|{MARK})(?:\s+[A-Z][A-Za-z]+)*"
_LIST = re.compile(
    rf"(?i:{_NAMES}(?:{_NOT}|{_BAD_AT}))[^;\n,]{{0,80}}?{_LISTED}"
    rf"(?:\s*(?:[,&/|]|(?i:,?\s*\b(?:and|or|nor)\b))\s*(?:HTTP\s*|status\s*)?{_LISTED})+"
)
_ANY_BUT = re.compile(r"\b((?:any\w*|every\w*|each|all|whatever)(?:\s+[\w-]+){0,3})\s*,?\s*\bbut\b", re.I)
_AND_UP = re.compile(rf"({_STATUS})\s+and\s+(above|below|up|upwards?|higher|lower|more|less)\b", re.I)
# `no token: 401` says when, and so does `without a token → 401`.
_WHEN = re.compile(r"\b(?:no|without)\s[^:→\n]{1,40}(?::|→|[-=]>)\s*", re.I)


def joined(text: str) -> str:
    """A text in which what belongs to a negation stands in one clause: `all but 500, 502 and 503` holds three."""
    text = _AND_UP.sub(r"\1 or \2", text)
    text = _ANY_BUT.sub(r"\1 except", text)
    return _LIST.sub(lambda hit: re.sub(r"(?i)\s*(?:,\s*(?:and|or|nor)?\b|\band\b|&)\s*", " or ", hit.group()), text)


def start_of_opposite(clause: str) -> int | None:
    """Where a clause begins to say what a status must not be, or what bounds it; None where it does not."""
    shown = _WHEN.sub(lambda hit: " " * len(hit.group()), clause)
    hit = AGAINST.search(shown)
    return hit.start() if hit else None
