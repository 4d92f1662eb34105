"""What an answer must be, out of the words that people write for it: `200 OK with "status": "ok"`, `under 500 ms`.

An expectation is cut into clauses. What is understood of a clause is taken out of it; what is left is prose (`and the
version`) unless it looks like a condition, which is then a Problem: nobody should believe that it is looked at. Where
nothing is understood any 2xx answer will do.
"""

from __future__ import annotations

import json
import re

from msgspec import Struct

from opsbook.book.expecting.conditions import STATUS_ALONE, Found, read_clause
from opsbook.book.expecting.literals import MARK, Piece, lift, piece_at
from opsbook.book.expecting.opposites import joined
from opsbook.book.grammar.problem import Problem
from opsbook.book.grammar.words import trimmed

DEFAULT_LEFT_DAYS = 14.0  # of a certificate: what leaves a working week to renew one that nothing renewed


class Expectation(Struct, frozen=True):
    """What an answer must be for the probe to succeed: every part that is given must hold.

    `statuses` are inclusive ranges of HTTP status codes. `json_subset` is JSON text whose members the answer's JSON
    must hold. `within_ms` is the longest time to the whole answer. `left_days` is how long a certificate must
    still be good. `addresses` are what a name must resolve to. `words` is what the page says, for people.
    """

    words: str = "2xx"
    statuses: tuple[tuple[int, int], ...] = ((200, 299),)
    contains: tuple[str, ...] = ()
    json_subset: str | None = None
    pattern: str | None = None
    within_ms: float | None = None
    left_days: float | None = None
    addresses: tuple[str, ...] = ()


# Where one sentence of an expectation ends and another begins: behind these comes the next answer, not the next part.
_SENTENCE = (
    r";|\.(?=\s|$)|\n|(?:,|\band\b|\bbut\b)\s*(?=(?:status\s*)?(?:http\s*)?[1-5]\d\d\b)|\bbut\b"
    r"|\botherwise,?\s*(?=(?:http\s*)?[1-5])"
)
_CLAUSE = r",|\(|\)|\band\b|\bwith\b|\bplus\b|\bwhose\b|\s[-–—]\s|&&|\s\+\s"
_FORMS = {
    "http": 'Write a status (200 OK), a text of the answer in quotes ("ready"), JSON ({"status": "ok"}), a regular'
    " expression in slashes (/ok|ready/), or a time (under 500 ms).",
    "tcp": 'Write "connection accepted", or a time (under 500 ms).',
    "tls": 'Write for how long the certificate must still be good (14 days left), or a time (under 500 ms).',
    "dns": 'Write the addresses that the name must resolve to (10.0.0.1, 10.0.0.2), or a time (under 500 ms).',
}
# Of a failure: `503 when redis is down`. A status of failure in such words is told to people, not expected.
_CONDITIONAL = r"\b(?:otherwise|else|when|if|while|during|on|means?|indicates?|once|after|until|failing|fails?)\b"


def read_expectation(text: str, kind: str = "http") -> tuple[Expectation, Problem | None]:
    """What is expected by these words of a probe of this kind, and what of them is not understood, if anything."""
    words = trimmed(text)
    plain, pieces = lift(re.sub(r"\*\*|__", "", words))
    plain = joined(re.sub(MARK, lambda mark: _status_or_mark(mark.group(), pieces), plain))
    plain = re.sub(r"(?i)\bbetween\s+(\d{3})\s+and\s+(\d{3})\b", r"\1-\2", plain)
    found = Found(kind)
    for number, sentence in enumerate(re.split(f"(?i){_SENTENCE}", plain)):
        if number and found.statuses and _tells_of_failure(sentence):
            continue
        remarks = re.findall(r"\(([^()]*)\)", sentence)
        for clause in re.split(f"(?i){_CLAUSE}", re.sub(r"\([^()]*\)", ",", sentence)):
            read_clause(clause, pieces, found)
        for remark in remarks:
            if not (found.statuses and re.search(r"(?<!\w)[45]\d\d(?!\w)", remark)):
                read_clause(remark, pieces, found, is_remark=True)
    if found.json is None and not found.contains and found.pattern is None:
        found.unread.extend(found.formats)
    expectation = _made(found, words)
    if not found.is_understood:
        return expectation, _not_understood(words, found)
    texts = found.contains if kind != "dns" else ()  # there a text is one of the addresses
    if kind != "http" and (found.statuses or texts or found.json is not None or found.pattern is not None):
        message = f"A probe by {kind} does not ask for a page, so no status and no text is looked at."
        return expectation, Problem(message, f"Understood is: {describe(expectation, kind)}. {_FORMS[kind]}")
    if found.problem or found.unread:
        return expectation, found.problem or _partly(found.unread[0], describe(expectation, kind), kind)
    return expectation, None


def _status_or_mark(mark: str, pieces: list[Piece]) -> str:
    """A status in backticks is written out: what stands around it says whether it is wanted."""
    piece = piece_at(mark, pieces)
    return f"status {piece.text}" if piece.is_code and STATUS_ALONE.fullmatch(piece.text) else mark


def _tells_of_failure(sentence: str) -> bool:
    statuses = [int(each) for each in re.findall(r"(?<!\w)[1-5]\d\d(?!\w)", sentence)]
    return bool(statuses) and min(statuses) >= 400 and re.search(_CONDITIONAL, sentence.lower()) is not None


def _made(found: Found, words: str) -> Expectation:
    left_days = found.left_days
    if found.kind == "tls" and left_days is None:
        left_days = DEFAULT_LEFT_DAYS
    if found.kind != "http":
        addresses = tuple(dict.fromkeys((*found.addresses, *found.contains))) if found.kind == "dns" else ()
        return Expectation(
            words=" ".join(words.split()), within_ms=found.within_ms, left_days=left_days, addresses=addresses
        )
    return Expectation(
        words=" ".join(words.split()),
        statuses=tuple(dict.fromkeys(found.statuses)) or ((200, 299),),
        contains=tuple(dict.fromkeys(found.contains)),
        json_subset=None if found.json is None else json.dumps(found.json, ensure_ascii=False),
        pattern=found.pattern,
        within_ms=found.within_ms,
        left_days=left_days,
    )


def _not_understood(words: str, found: Found) -> Problem:
    if found.problem:
        return found.problem
    shown = words if len(words) <= 80 else f"{words[:79]}…"
    instead = {"http": "any 2xx answer", "tcp": "any connection"}.get(found.kind, "any answer")
    message = f"'{shown}' does not say what to look for, so {instead} is taken for healthy."
    word = words.strip(" .`*_'\"")
    if found.kind == "http" and re.fullmatch(r"[\w.-]{1,40}", word):
        return Problem(message, f'Write "{word}" in quotes if the answer holds this word, or a status such as 200 OK.')
    return Problem(message, _FORMS.get(found.kind, _FORMS["http"]))


def _partly(unread: str, understood: str, kind: str) -> Problem:
    shown = unread if len(unread) <= 60 else f"{unread[:59]}…"
    message = f"'{shown}' is not understood, so it is not looked at."
    return Problem(message, f"Understood is: {understood}. {_FORMS.get(kind, _FORMS['http'])}")


def describe(expectation: Expectation, kind: str = "http") -> str:
    """What is looked at, in words that do not depend on those of the page."""
    parts: list[str] = []
    if kind == "http":
        parts.append(f"status {' or '.join(map(_range, expectation.statuses))}")
    elif kind == "tcp":
        parts.append("a connection")
    elif kind == "tls":
        parts.append("a valid certificate")
    else:
        parts.append(f"the addresses {', '.join(expectation.addresses)}" if expectation.addresses else "any address")
    parts.extend(f'the text "{each}"' for each in expectation.contains)
    if expectation.json_subset is not None:
        parts.append(f"JSON with {expectation.json_subset}")
    if expectation.pattern is not None:
        parts.append(f"a match of /{expectation.pattern}/")
    if expectation.within_ms is not None:
        parts.append(f"within {_length(expectation.within_ms)}")
    if expectation.left_days is not None:
        parts.append(f"a certificate good for {expectation.left_days:g} more days")
    return ", ".join(parts)


def _range(pair: tuple[int, int]) -> str:
    low, high = pair
    if low == high:
        return str(low)
    return f"{low // 100}xx" if low % 100 == 0 and high == low + 99 else f"{low}-{high}"


def _length(within_ms: float) -> str:
    return f"{within_ms / 1000:g} s" if within_ms >= 1000 else f"{within_ms:g} ms"
