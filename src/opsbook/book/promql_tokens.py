"""The parts that an expression of PromQL is written in, and the first of them that cannot stand where it does."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

Kind = Literal["name", "number", "string", "mark", "odd"]


class Token(Struct, frozen=True):
    """One part: its text as written and where it begins; `value` is what a string stands for."""

    kind: Kind
    text: str
    start: int
    value: str = ""


class Fault(Struct, frozen=True):
    """Why an expression is none, and the place in its text, in characters from 0."""

    why: str
    offset: int


_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
      | (?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+(?:ms|[smhdwy]))+(?![\w.])
                  |(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?!\w))
      | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
      | (?P<mark>=~|!~|==|!=|>=|<=|[-+*/%^@<>=(){}\[\],:])
      | (?P<odd>.)""",
    re.X | re.S,
)
_KINDS: dict[str | None, Kind] = {"name": "name", "number": "number", "mark": "mark", "odd": "odd"}
_ESCAPED = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.S)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_OPENING, _CLOSING = {"(": ")", "[": "]", "{": "}"}, frozenset(")]}")
_OPERATORS = frozenset("+ - * / % ^ == != > < >= <= =~ !~ =".split())
_WORDS = frozenset({"and", "or", "unless", "atan2"})
_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})


def read_tokens(text: str) -> tuple[Token, ...]:
    """All parts in their order, without white space and comments; what is none is odd."""
    found = []
    # A colon alone is part of a subquery, and glued to a number no name: [1h:5m].
    inside = 0
    at = 0
    while match := _TOKEN.match(text, at):
        kind, part = match.lastgroup, match[0]
        if kind == "name" and inside and part.startswith(":"):
            kind, part = "mark", ":"
        if kind == "mark" and part in "[]":
            inside = max(0, inside + (1 if part == "[" else -1))
        if kind == "string":
            found.append(Token("string", part, at, _value(part)))
        elif kind in _KINDS:
            found.append(Token(_KINDS[kind], part, at))
        at += len(part)
    return tuple(found)


def _value(part: str) -> str:
    if part[0] == "`":
        return part[1:-1]
    return _ESCAPED.sub(_letter, part[1:-1])


def _letter(found: re.Match[str]) -> str:
    told = found[1]
    if told[0] in "xuU" and len(told) > 1:
        number = int(told[1:], 16)
        return chr(number) if number < 0xD800 or 0xDFFF < number < 0x110000 else "\ufffd"
    if len(told) == 3:
        return chr(int(told, 8))
    return _LETTERS.get(told, told)


def unread(tokens: tuple[Token, ...]) -> Fault | None:
    """The first part that is none of the language's, or that there is nothing at all."""
    if not tokens:
        return Fault("there is no expression", 0)
    odd = next((token for token in tokens if token.kind == "odd"), None)
    if odd is None:
        return None
    if odd.text in "\"'`":
        return Fault("a string begins here and does not end", odd.start)
    return Fault(f"{_shown(odd.text)} is nothing of PromQL", odd.start)


def _shown(text: str) -> str:
    return f"`{text}`" if text.isprintable() and "`" not in text else f"the character U+{ord(text[0]):04X}"


def unclosed(tokens: tuple[Token, ...]) -> Fault | None:
    """The innermost bracket that is opened and not closed, or the first that closes nothing."""
    opened: list[Token] = []
    for token in tokens:
        if token.kind != "mark":
            continue
        if token.text in _OPENING:
            opened.append(token)
        elif token.text in _CLOSING:
            if not opened or _OPENING[opened[-1].text] != token.text:
                return Fault(f"`{token.text}` closes nothing that is open", token.start)
            opened.pop()
    return Fault(f"`{opened[-1].text}` is opened and never closed", opened[-1].start) if opened else None


def first_odd(tokens: tuple[Token, ...]) -> Fault | None:
    """The first part that cannot stand where it does, or None where the parts follow each other rightly as far as can
    be told without their meaning."""
    wants = True  # a value comes next, and else an operator or an end
    opened: list[str] = []
    skipped = 0  # the end of what is inside [] or {} or a list of labels, which is looked at by itself
    for at, token in enumerate(tokens):
        if at < skipped:
            continue
        if token.kind == "mark" and token.text in "[{":
            skipped, fault = _inside(tokens, at)
            if fault is not None:
                return fault
            if token.text == "[" and wants:
                return Fault("`[` stands where a value is expected", token.start)
            wants = False
            continue
        if token.kind == "name" and token.text in _LISTS and _opens(tokens, at):
            skipped = _end(tokens, at + 1)
            continue
        fault, wants = _next(tokens, at, wants, opened)
        if fault is not None:
            return fault
    if wants and not opened:
        return Fault("something is missing at the end", tokens[-1].start + len(tokens[-1].text) if tokens else 0)
    return None


def _next(
    tokens: tuple[Token, ...], at: int, wants: bool, opened: list[str]
) -> tuple[Fault | None, bool]:
    """What is wrong with one part outside of labels and ranges, and whether a value is wanted after it."""
    token = tokens[at]
    text, before = token.text, tokens[at - 1].text if at else ""
    if text == "(":
        is_call = at > 0 and tokens[at - 1].kind == "name"
        if not wants and not is_call and before != ")":
            return Fault("`(` stands where an operator is expected", token.start), wants
        opened.append("call" if is_call else "(")
        return None, True
    if text == ")":
        is_empty = before == "(" and opened[-1:] == ["call"]
        if not opened:
            return Fault("`)` closes nothing that is open", token.start), wants
        opened.pop()
        return (Fault("`)` stands where a value is expected", token.start) if wants and not is_empty else None), False
    if text == "," and token.kind == "mark":
        return (Fault("`,` stands where a value is expected", token.start) if wants else None), True
    if (token.kind == "name" and text in ("bool", "offset")) or text == "@":
        return None, True
    if (token.kind == "mark" and text in _OPERATORS) or (token.kind == "name" and text in _WORDS):
        if wants and text not in ("+", "-"):
            return Fault(f"`{text}` stands where a value is expected", token.start), wants
        if text in ("=", "=~", "!~"):
            return Fault(f"`{text}` compares labels, inside {{}}", token.start), wants
        return None, True
    if not wants and before != ")":
        return Fault(f"`{text}` stands where an operator is expected", token.start), wants
    return None, False


def _inside(tokens: tuple[Token, ...], at: int) -> tuple[int, Fault | None]:
    """Where what a [ or { opens ends, and what is wrong inside."""
    end = next((each for each in range(at + 1, len(tokens)) if tokens[each].text == _OPENING[tokens[at].text]), None)
    if end is None:
        return len(tokens), Fault(f"`{tokens[at].text}` is opened and never closed", tokens[at].start)
    fault = _labels_fault(tokens[at + 1 : end], tokens[end]) if tokens[at].text == "{" else None
    if tokens[at].text == "[" and (end == at + 1 or tokens[at + 1].kind == "string"):
        fault = Fault("a duration is expected here, as 5m", tokens[at + 1].start)
    return end + 1, fault


def _labels_fault(inside: tuple[Token, ...], end: Token) -> Fault | None:
    wanted = ("name", "match", "string", "comma")
    at = 0
    for token in inside:
        if wanted[at] == "name" and token.kind == "string":
            at = 3
            continue
        kind = "comma" if token.text == "," else "match" if token.text in ("=", "!=", "=~", "!~") else token.kind
        if kind != wanted[at]:
            words = {"name": "the name of a label", "match": "=, !=, =~ or !~", "string": "a value in quotes",
                     "comma": "a comma"}  # fmt: skip
            return Fault(f"{words[wanted[at]]} is expected here", token.start)
        at = (at + 1) % 4
    return Fault("a label is cut off here", end.start) if at in (1, 2) else None


def _opens(tokens: tuple[Token, ...], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1].text == "("


def _end(tokens: tuple[Token, ...], at: int) -> int:
    return next((each + 1 for each in range(at, len(tokens)) if tokens[each].text == ")"), len(tokens))


# -- Grafana's variables -----------------------------------------------------------------------------------------------

VARIABLE = "opsbook_variable"
_VARIABLE = re.compile(r"\$\{\w+(?::\w+|\.[\w.]+)?\}|\$\w+|\[\[\w+(?::\w+)?\]\]")
_STRINGS = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`")


def without_variables(text: str) -> str:
    """The expression with a value in place of each variable outside of strings, so that it can be read: a duration,
    a matcher or a name, as where it stands asks for."""
    parts, at = [], 0
    for string in _STRINGS.finditer(text):
        parts += [_replaced(text, at, string.start()), string[0]]
        at = string.end()
    return "".join((*parts, _replaced(text, at, len(text))))


def _replaced(text: str, start: int, end: int) -> str:
    def value(found: re.Match[str]) -> str:
        before = text[: found.start()].rstrip()
        inside = before[before.rfind("[") :] if before.rfind("[") > before.rfind("]") else ""
        if inside or before.endswith("offset"):
            return "5m"
        if before.endswith(("{", ",")) and before.rfind("{") > before.rfind("}"):
            return f'{VARIABLE}="x"'
        asked = before.rsplit("(", 1)
        if before.endswith((">", "<", "=")) or (len(asked) == 2 and not asked[1] and asked[0].endswith(_NUMBERS)):
            return "1"
        return VARIABLE

    parts, at = [], start
    for found in _VARIABLE.finditer(text, start, end):
        parts += [text[at : found.start()], value(found)]
        at = found.end()
    return "".join((*parts, text[at:end]))


_NUMBERS = ("topk", "bottomk", "quantile", "histogram_quantile", "quantile_over_time", "limitk")
