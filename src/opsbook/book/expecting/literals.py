"""What stands in an expectation word for word: code spans, quotations, JSON, regular expressions. Judges none."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, NamedTuple

MOST_LITERALS = 40
MOST_DEPTH = 20  # of JSON
_FIRST_MARK = 0xE000  # of the private use area, which no page uses for words


class Piece(NamedTuple):
    """A literal: `kind` is json (`value` holds it), regex, or quoted (`is_code` where backticks say so)."""

    kind: Literal["json", "regex", "quoted"]
    text: str
    value: Any = None
    is_code: bool = False


def lift(text: str) -> tuple[str, list[Piece]]:
    """The text with a mark in the place of each literal, and the literals; `piece_at` tells which mark is which."""
    text = re.sub("[\ue000-\uf8ff]", " ", text)
    pieces: list[Piece] = []
    plain: list[str] = []
    at = 0
    while at < len(text):
        found = _literal(text, at) if len(pieces) < MOST_LITERALS and text[at] in "`\"“„'{[/" else None
        if found is None:
            plain.append(text[at])
            at += 1
        else:
            piece, at = found
            plain.append(f" {chr(_FIRST_MARK + len(pieces))} ")
            pieces.append(piece)
    return "".join(plain), pieces


MARK = "[\ue000-\ue0ff]"


def piece_at(mark: str, pieces: list[Piece]) -> Piece:
    """The literal that a mark stands for."""
    return pieces[ord(mark) - _FIRST_MARK]


def _literal(text: str, at: int) -> tuple[Piece, int] | None:
    first = text[at]
    if first == "`":
        found = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S).match(text, at)
        return (Piece("quoted", found[2].strip(), is_code=True), found.end()) if found else None
    if first in "{[":
        return _json(text, at)
    if first == "/":
        return _regex(text, at)
    if first == '"':
        member = _member(text, at)
        if member:
            return member
    pattern = {
        '"': r'"((?:[^"\\\n]|\\.)+)"', "“": r"“([^”]+)”", "„": r"„([^“”]+)[“”]", "'": r"(?<!\w)'([^'\n]+)'(?!\w)",
    }[first]  # fmt: skip
    found = re.compile(pattern).match(text, at)
    return (Piece("quoted", found[1].replace('\\"', '"')), found.end()) if found else None


def _member(text: str, at: int) -> tuple[Piece, int] | None:
    """`"status": "ok"` without braces around it."""
    key = re.compile(r'"((?:[^"\\\n]|\\.)*)"\s*:\s*').match(text, at)
    if key is None:
        return None
    try:
        value, end = json.JSONDecoder().raw_decode(text, key.end())
        value = without_slots(value)
    except (ValueError, RecursionError):
        return None
    return Piece("json", text[at:end], {} if value is SLOT else {key[1]: value}), end


def _regex(text: str, at: int) -> tuple[Piece, int] | None:
    if at and not re.match(r"[\s(:,;]", text[at - 1]):
        return None
    found = re.compile(r"/((?:[^/\\\n]|\\.)+)/(i?)(?=$|[\s),.;:])").match(text, at)
    if found is None:
        return None
    source = found[1].replace("\\/", "/")
    return Piece("regex", f"(?i){source}" if found[2] else source), found.end()


def _json(text: str, at: int) -> tuple[Piece, int] | None:
    end = _balanced(text, at)
    if end is None:
        return None
    value = read_json(text[at:end])
    return None if value is None else (Piece("json", text[at:end], value), end)


def _balanced(text: str, at: int) -> int | None:
    """The end of what a bracket opens, brackets in strings aside; None for what is nested too deeply to be meant."""
    depth = 0
    for found in re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]').finditer(text, at):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(found.group(), 0)
        if depth == 0:
            return found.end()
        if depth > MOST_DEPTH:
            return None
    return None


SLOT = object()


def read_json(text: str) -> Any:
    """The object or list that a text writes, also with `…` for what is left out, with slots such as `<version>` (which
    are left out too), with single quotes or bare names; None when it writes neither."""
    text = text.strip()
    if not text or text[0] not in "{[" or _balanced(text, 0) != len(text):
        return None
    loose = re.sub(r"(?<=[\[{,])\s*(?:\.\.\.|…)\s*,?|,?\s*(?:\.\.\.|…)\s*(?=[}\]])", "", text)
    loose = re.sub(r"(:\s*)(<[^<>\"]*>|\.\.\.|…)(?=\s*[,}])", r'\1"<slot>"', loose)
    loose = re.sub(r"([{,]\s*)([A-Za-z_][\w-]*)(\s*:)", r'\1"\2"\3', loose)
    loose = re.sub(r",\s*(?=[}\]])", "", loose)
    forms = [text, loose] if '"' in text else [text, loose, loose.replace("'", '"')]
    for form in forms:
        try:
            value = without_slots(json.loads(form))
        except (ValueError, RecursionError):
            continue
        return None if value is SLOT or not isinstance(value, dict | list) else value
    return None


def without_slots(value: Any) -> Any:
    """A JSON value without the members that only hold the place of one; SLOT where all of it does."""
    if isinstance(value, dict):
        kept = {key: without_slots(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each is not SLOT}
    if isinstance(value, list):
        return [each for each in map(without_slots, value) if each is not SLOT]
    if isinstance(value, str) and re.fullmatch(r"\s*(?:<[^<>]*>|\.\.\.|…|\$\{?\w+\}?|\{\{.*\}\}|\[[^\]]*\])\s*", value):
        return SLOT
    return value
