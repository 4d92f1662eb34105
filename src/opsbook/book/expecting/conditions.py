"""The conditions in one clause of an expectation: statuses, times, days, addresses, and what its literals stand for."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from opsbook.book.expecting.literals import MARK, Piece, piece_at, read_json
from opsbook.book.expecting.loose_words import looks_like_condition, names_format
from opsbook.book.expecting.opposites import NEGATED, start_of_opposite
from opsbook.book.expecting.slow_regex import read_search
from opsbook.book.grammar.problem import Problem

_TIME = r"(?<![\d.])(\d{1,9}(?:\.\d{1,9})?)\s*(ms|msecs?|milliseconds?|s|secs?|seconds?|mins?|minutes?)\b"
_BEFORE_TIME = (
    r"(?:with)?in(?:\s+under)?|under|below|(?:in\s+)?(?:less|fewer|faster|quicker|shorter)\s+than|at\s+most|"
    r"n(?:o|ot)\s+(?:more|longer|slower)\s+than|(?:in\s+)?up\s+to|max(?:imum|\.)?(?:\s+of)?|[<≤]=?|"
    r"(?:response\s+time|latency|duration|timeout)(?:\s+(?:of|is))?:?|p\d\d\s*[<≤]?=?"
)
_WITHIN = re.compile(
    rf"(?:\b(?:response\s+time|latency|duration|p\d\d|time|responds?|answers?)\s*(?:is|:)?\s*)?"
    rf"(?:\b|(?=[<≤]))(?:{_BEFORE_TIME})\s*{_TIME}|{_TIME}\s*(?:or\s+(?:less|faster|quicker)|max(?:imum)?|at\s+most)\b",
    re.I,
)
_DAYS = r"(?<![\d.])(\d{1,6}(?:\.\d{1,6})?)\s*(?:more\s+)?(d|days?|w|weeks?|months?)\b"
_AFTER_DAYS = (
    r"\s*(?:left|remain(?:ing)?|of\s+validity|or\s+more|before\s+(?:its\s+)?expir\w+|to\s+go|until\s+expir\w+)"
)
_BEFORE_DAYS = (
    r"(?:not?|n't|never)\s+expir\w+\s+(?:(?:with)?in|for)(?:\s+the\s+next)?(?:\s+less\s+than)?|"
    r"(?:(?:expir\w+|valid|good)\s+)?(?:(?:in|for)\s+)?(?:at\s+least|more\s+than|over|min(?:imum|\.)?(?:\s+of)?|[>≥]=?)|"
    r"(?:still\s+)?(?:valid|good)\s+(?:for|at\s+least)(?:\s+another)?|expir\w+\s+in(?:\s+more\s+than)?"
)
_LEFT = re.compile(rf"(?:{_BEFORE_DAYS})\s*{_DAYS}(?:{_AFTER_DAYS})?|{_DAYS}{_AFTER_DAYS}", re.I)
_PHRASES = (
    "OK|Created|Accepted|No Content|Non-Authoritative Information|Reset Content|Partial Content|Moved Permanently|"
    "Found|See Other|Not Modified|Temporary Redirect|Permanent Redirect|Bad Request|Unauthori[sz]ed|Forbidden|"
    "Not Found|Method Not Allowed|Not Acceptable|Conflict|Gone|Internal Server Error|Not Implemented|Bad Gateway|"
    "Service Unavailable|Gateway Timeout"
)
_LEADS = (
    r"https?(?:/[\d.]+)?|status|codes?|response|returns?|returning|responds?|answers?|is|are|be|an?|any|of|expect(?:ed|s)?|"
    r"gets?|or|either|the|shows?|gives?|should|must|always|to|GET|HEAD"
)
_STATUS = re.compile(
    rf"(?:(?<=[/|,→>=:-])|\b(?:{_LEADS})(?:\s+(?:{_LEADS}))*|^)\s*(?<![\w.])"
    r"(?:([1-5]\d\d)(?:\s*(?:-|–|—|to|through|\.\.\.?)\s*([1-5]\d\d))?|([1-5])(?:xx|\*\*|00s|00[- ]level|00[- ]range))"
    rf"(?![\w%]|\.\d|\s*(?:ms|s|sec|seconds?|min|m|days?|rows?|bytes?|[kmg]i?b)\b)(?:\s+(?:{_PHRASES})\b)?",
    re.I,
)
STATUS_ALONE = re.compile(rf"(?:HTTP(?:/[\d.]+)?\s+)?(?:[1-5]\d\d|[1-5]xx)(?:\s+(?:{_PHRASES}))?", re.I)
_HOST = r"(?:resolves?\s+to|points?\s+to|alias(?:es)?\s+(?:for|of)|cname|to)\s+((?:[\w-]+\.)+[a-z][\w-]+\.?)"
_MATCHES = re.compile(r"\b(?:match(?:es|ing)?|reg(?:ular )?ex(?:p|pression)?|pattern)\s*:?\s*$", re.I)
_KEY = re.compile(r"(?<![\w-])\.?([A-Za-z_]\w*)\s*(?:==?|:)\s*$")  # status = "ok"
_OF_THE_ANSWER = frozenset(
    ("body", "response", "text", "answer", "page", "output", "http", "contains", "content", "code")
)
_COMMAND = r"(?:curl|wget|kubectl|systemctl|docker|psql|redis-cli|nc|grep|ping|dig|openssl|helm|aws)\s"
_HEADER = r"[A-Z][\w]*(?:-[\w]+)+:\s"
# Words before a quotation that is no text of the answer.
_NO_TEXT = re.compile(r"\b(?:content-type|headers?|exit(?: code)?|rows?|count)\b\W*$", re.I)
# Words before a literal that say where or how, not what: `200 from `/healthz``.
_WHEREABOUTS = re.compile(r"\b(?:from|at|on|of|for|via|by|see|using|run|running|to|GET|HEAD|POST)\s*:?\s*$", re.I)
_FINE = re.compile(
    r"\b(?:ok|okay|success(?:ful(?:ly)?)?|any (?:answer|response|address|connection)|(?:tcp )?connect(?:s|ed|ion)?|"
    r"(?:port )?(?:is )?open|reachable|accept(?:s|ed|ing)?(?: connections?)?|listen(?:s|ing)|resolv(?:es|able)|"
    r"valid(?: and trusted)?(?: (?:cert(?:ificate)?|chain))?|trusted|not expired)\b",
    re.I,
)
_STATUS_OK = re.compile(r"\W*(?:http\s+)?status\s*(?:is|:)?\s*(?:ok|okay|success)\W*", re.I)
_EMPTY = re.compile(r"\b(?:empty|no)\s+(?:body|response body|text|content)\b", re.I)


class Found:
    """What has been understood of an expectation so far, and what has not."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.statuses: list[tuple[int, int]] = []
        self.contains: list[str] = []
        self.json: Any = None
        self.pattern: str | None = None
        self.within_ms: float | None = None
        self.left_days: float | None = None
        self.addresses: list[str] = []
        self.is_understood = False
        self.unread: list[str] = []
        self.formats: list[str] = []  # `valid JSON`: nothing is missed where more is expected of the content
        self.problem: Problem | None = None


def read_clause(clause: str, pieces: list[Piece], found: Found, *, is_remark: bool = False) -> None:
    """Adds what a clause says to what was found; of a remark in brackets nothing is missed that is not understood."""
    rest = _taken(_WITHIN, clause, lambda hit: _add_time(hit, found))
    rest = _taken(_LEFT, rest, lambda hit: _add_days(hit, found))
    rest = _taken(re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:.]+)(?![\w.:])", re.I), rest,
                  lambda hit: _add_address(hit.group(), found))  # fmt: skip
    if found.kind == "dns":
        rest = _taken(re.compile(_HOST, re.I), rest, lambda hit: _add_name(hit[1], found))
    rest = re.sub(r"(?i)\b(status|code|response)\s*(?:code)?\s*[:=]+\s*(?=[1-5](?:\d\d|xx)\b)", r"\1 ", rest)
    empties = _EMPTY.search(rest) if not re.search(r"(?i)\b20\d\s+no\s+content", rest) else None
    opposite = start_of_opposite(rest)
    wanted, unwanted = (rest, "") if opposite is None else (rest[:opposite], rest[opposite:])
    rest = _taken(_STATUS, wanted, lambda hit: _add_status(hit, found)) + unwanted
    if empties:
        rest = rest.replace(empties.group(), " ")
        _add_pattern(r"\A\s*\Z", found)
    is_plain = found.kind == "http" and not is_remark and not re.search(MARK, rest)
    is_success = not found.statuses and _STATUS_OK.fullmatch(rest)
    if is_plain and not is_success and looks_like_condition(rest):
        _leave(rest, pieces, found)
        return
    if is_plain and names_format(rest):
        found.formats.append(" ".join(rest.split()))
    if NEGATED.search(rest):
        if re.search(rf"\d|{MARK}", rest):  # else prose: `without errors`
            _leave(rest, pieces, found)
        return
    rest = _literals(rest, pieces, found)
    if _FINE.search(rest) and not re.search(MARK, rest):
        rest, found.is_understood = _FINE.sub(" ", rest), True
    if not is_remark and re.search(rf"\d|[<>=≥≤]|{MARK}", rest):
        _leave(rest, pieces, found)


def _taken(pattern: re.Pattern[str], text: str, add: Any) -> str:
    """The text without what the pattern finds and `add` takes."""
    return pattern.sub(lambda hit: " " if add(hit) else hit.group(), text)


def _add_time(hit: re.Match[str], found: Found) -> bool:
    amount, unit = (hit[1], hit[2]) if hit[1] else (hit[3], hit[4])
    unit = unit.lower()
    factor = 1.0 if unit.startswith(("ms", "milli")) else 60_000.0 if unit.startswith("min") else 1000.0
    length = float(amount) * factor
    if length <= 0:
        return False
    found.within_ms = length if found.within_ms is None else min(found.within_ms, length)
    found.is_understood = True
    return True


def _add_days(hit: re.Match[str], found: Found) -> bool:
    if found.kind not in ("tls", "http"):
        return False
    amount, unit = (hit[1], hit[2]) if hit[1] else (hit[3], hit[4])
    factor = {"w": 7, "m": 30}.get(unit[0].lower(), 1)
    found.left_days = float(amount) * factor
    found.is_understood = True
    return True


def _add_address(text: str, found: Found) -> bool:
    try:
        address = str(ipaddress.ip_address(text.rstrip(".")))
    except ValueError:
        return False
    if found.kind != "dns":
        return False
    found.addresses.append(address)
    found.is_understood = True
    return True


def _add_name(name: str, found: Found) -> bool:
    found.addresses.append(name.rstrip(".").lower())
    found.is_understood = True
    return True


def _add_status(hit: re.Match[str], found: Found) -> bool:
    if found.kind != "http":
        found.is_understood = True  # nothing to a probe that gets no status: labels may be shared among probes
        return True
    if hit[3]:
        low = int(hit[3]) * 100
        pair = (low, low + 99)
    else:
        pair = (int(hit[1]), int(hit[2] or hit[1]))
    if pair[1] < pair[0]:
        return False
    found.statuses.append(pair)
    found.is_understood = True
    return True


def _add_pattern(source: str, found: Found) -> None:
    wrong = read_search(source)
    if wrong is None and found.pattern is not None and found.pattern != source:
        wrong = Problem("There are two regular expressions, and one is looked for.", "Join them with | or .*", "regex")
    if wrong is not None:
        found.problem = found.problem or wrong
        return
    found.pattern = source
    found.is_understood = True


def _add_json(value: Any, found: Found) -> None:
    both_are_objects = isinstance(found.json, dict) and isinstance(value, dict)
    found.json = {**found.json, **value} if both_are_objects else value
    found.is_understood = True


def _literals(clause: str, pieces: list[Piece], found: Found) -> str:
    """The clause without the literals that are understood."""
    rest, at = "", 0
    for mark in re.finditer(MARK, clause):
        rest += clause[at : mark.start()]
        piece = piece_at(mark.group(), pieces)
        key = _KEY.search(rest) if piece.kind == "quoted" and found.kind == "http" else None
        if key and key[1].lower() not in _OF_THE_ANSWER and not key[1].lower().endswith("type"):
            _add_pattern(_member_pattern(key[1], piece.text), found)
            rest = rest[: key.start()]
        elif not _add_piece(piece, rest, found):
            rest += mark.group()
        at = mark.end()
    return rest + clause[at:]


def _add_piece(piece: Piece, before: str, found: Found) -> bool:
    if piece.kind == "json":
        _add_json(piece.value, found)
    elif piece.kind == "regex":
        _add_pattern(piece.text, found)
    elif _MATCHES.search(before):
        _add_pattern(piece.text.strip("/") if piece.text.startswith("/") else piece.text, found)
    elif re.match(f"{_COMMAND}|{_HEADER}", piece.text) or _NO_TEXT.search(before):
        return False
    elif _WHEREABOUTS.search(before) and re.match(r"(?i)/|https?:|[\w.-]+:\d+$|curl\b|(?:GET|HEAD|POST) ", piece.text):
        return True
    else:
        _add_quoted(piece, found)
    return True


def _add_quoted(piece: Piece, found: Found) -> None:
    """A code span or a quotation: a status, JSON, an expression or a time where it looks like one, else a text."""
    text = piece.text
    is_member = re.match(r'"[^"]*"\s*:', text) is not None
    value = read_json(f"{{{text}}}" if is_member else text)
    status = STATUS_ALONE.fullmatch(text)
    loose = re.fullmatch(r"\.?([A-Za-z_]\w*)\s*(?::|==?)\s*[\"']?([\w.-]+)[\"']?", text)
    if value is not None:
        _add_json(value, found)
    elif status or (piece.is_code and (_WITHIN.fullmatch(text) or _STATUS.fullmatch(text))):
        read_clause(text, [], found)
    elif len(text) > 2 and text[0] == text[-1] == "/":
        _add_pattern(text[1:-1].replace("\\/", "/"), found)
    elif loose and piece.is_code and found.kind == "http":
        _add_pattern(_member_pattern(loose[1], loose[2]), found)
    else:
        found.contains.append(text)
        found.is_understood = True


def _member_pattern(key: str, value: str) -> str:
    """What finds `key: value` however the answer writes it, as JSON, YAML or `key=value`."""
    return rf"\b{key}[\"']? ?[:=] ?[\"']?{re.escape(value)}(?!\w)"


def _leave(rest: str, pieces: list[Piece], found: Found) -> None:
    """Notes what is left of a clause, which looks like a condition."""
    said = re.sub(MARK, lambda mark: _as_written(piece_at(mark.group(), pieces)), rest)
    said = " ".join(said.split()).strip(" .,:-–—")
    if said:
        found.unread.append(said)


def _as_written(piece: Piece) -> str:
    if piece.kind == "json":
        return json.dumps(piece.value, ensure_ascii=False)
    return f"/{piece.text}/" if piece.kind == "regex" else f"`{piece.text}`" if piece.is_code else f'"{piece.text}"'
