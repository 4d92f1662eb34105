"""Reads expressions of PromQL: whether one is right and where it is wrong, which metrics it names, and its threshold.

What is right is told by a parser of the whole language; where it is wrong is found here, since that tells no place.
Texts are given to it with stand-ins for their strings, some of which it reads otherwise than Prometheus does.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from opsbook.book.promql_tokens import (
    Fault,
    Token,
    first_odd,
    read_tokens,
    unclosed,
    unread,
    without_variables,
)  # fmt: skip

if TYPE_CHECKING:
    from promql_parser import Expr

MOST_TOKENS = 3_000  # the parser goes as deep as the text does, and ends the whole program where its stack ends
MOST_NESTED = 100
MOST_OPERATORS = 100  # the parser hands out copies of what stands below each, so that time grows with the square


class Threshold(Struct, frozen=True):
    """What an expression is compared with at its outside: `expression` is the side that is compared, and the operator
    is written as if that stood on the left."""

    operator: str
    number: float
    expression: str


class Expression(Struct, frozen=True):
    """An expression as it was read. `canonical` is the same text for the same meaning whatever the spacing and the
    order of labels, and where `fault` tells what is wrong the text with its white space joined. `metrics` are the
    names in their order, `matched` the labels that are asked for by a plain value."""

    text: str
    canonical: str
    fault: Fault | None = None
    metrics: tuple[str, ...] = ()
    threshold: Threshold | None = None
    matched: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=4096)
def read_expression(text: str, *, has_variables: bool = False) -> Expression:
    """What the expression says; never raises. With `has_variables` it may hold Grafana's, as `$job` and
    `[[job]]`, which then stand for anything."""
    asked = without_variables(text) if has_variables else text
    tokens = read_tokens(asked)
    fault = unread(tokens) or _too_large(tokens)
    if fault is not None:
        return Expression(text, _joined(text), fault)
    if sum(token.text.lower() in _OPERATORS for token in tokens if token.kind != "string") > MOST_OPERATORS:
        return _by_tokens(text, tokens)
    strings: list[str] = []
    tree, why = _parsed(_standing_in(tokens, strings, keeps_plain=True))
    if tree is None:
        return Expression(text, _joined(text), _placed(why, asked, tokens))
    named, matched = _named(tree, strings)
    return Expression(
        text, _canonical(asked, tokens), None, named, _threshold(tree, strings),
        tuple(dict.fromkeys(matched)),
    )  # fmt: skip


_OPERATORS = frozenset(("+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless", "atan2"))
_WORDS = frozenset(("by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "inf", "nan"))


def _by_tokens(text: str, tokens: tuple[Token, ...]) -> Expression:
    """What a very long expression says, as far as its words show: it is not judged, and has no threshold."""
    names: dict[str, None] = {}
    depth = 0
    for token, after in zip(tokens, (*tokens[1:], None), strict=True):
        depth += (token.text in "{[") - (token.text in "}]") if token.kind == "mark" else 0
        is_call = after is not None and after.text == "("
        word = token.text.lower()
        is_name = token.kind == "name" and depth == 0 and not is_call and _NAME.fullmatch(token.text)
        if is_name and word not in _WORDS and word not in _OPERATORS:
            names[token.text] = None
    return Expression(text, " ".join(token.text for token in tokens), None, tuple(names))


_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def _parsed(text: str) -> tuple[Expr | None, str]:
    """The tree of it, or why there is none."""
    import promql_parser  # inside: it takes a while to load, and few commands read expressions

    try:
        return promql_parser.parse(text), ""
    except (ValueError, RecursionError) as wrong:
        return None, "it nests too deeply" if isinstance(wrong, RecursionError) else str(wrong)
    except BaseException as wrong:
        # A panic inside the parser arrives as pyo3's PanicException, which is no Exception; nothing else is ours.
        if type(wrong).__name__ != "PanicException":
            raise
        return None, "it cannot be read"


def _too_large(tokens: tuple[Token, ...]) -> Fault | None:
    depth = deepest = 0
    for token in tokens:
        depth += (token.text in "([{") - (token.text in ")]}") if token.kind == "mark" else 0
        deepest = max(deepest, depth)
    if len(tokens) > MOST_TOKENS or deepest > MOST_NESTED:
        return Fault("it is longer or nests deeper than any expression that is read here", 0)
    return None


# -- strings -----------------------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[^\\\"\n]*")
_STAND_IN = re.compile("\ue000(\\d+)\ue001")


def _standing_in(tokens: tuple[Token, ...], strings: list[str], *, keeps_plain: bool) -> str:
    """The expression without its comments; strings that are not plain, or all, are stand-ins for what is put into
    `strings`."""
    parts = []
    for token in tokens:
        if token.kind != "string":
            parts.append(_OLD.get(token.text, token.text))
            continue
        value = token.value
        if keeps_plain and _PLAIN.fullmatch(value) and "\ue000" not in value:
            parts.append(f'"{value}"')
        else:
            parts.append(f'"\ue000{len(strings)}\ue001"')
            strings.append(value)
    return " ".join(parts)


_OLD = {"holt_winters": "double_exponential_smoothing"}  # its name before Prometheus 3


def _restored(text: str, strings: list[str], *, is_quoted: bool = True) -> str:
    def value(found: re.Match[str]) -> str:
        at = int(found[1])
        told = strings[at] if at < len(strings) else ""
        return msgspec.json.encode(told).decode()[1:-1] if is_quoted else told

    return _STAND_IN.sub(value, text)


# -- one text for one meaning ------------------------------------------------------------------------------------------

_LISTED = re.compile(r"\b(by|without|on|ignoring|group_left|group_right) \(([^()]*)\)")


def _canonical(text: str, tokens: tuple[Token, ...]) -> str:
    strings: list[str] = []
    tree, _ = _parsed(_standing_in(tokens, strings, keeps_plain=False))
    if tree is None:  # a name of a metric in quotes that must be one
        return _joined(text)
    return _restored(_LISTED.sub(_sorted, _written(tree)), strings)


def _written(tree: Expr) -> str:
    import promql_parser

    while isinstance(tree, promql_parser.ParenExpr):
        tree = tree.expr
    return _tight(_joined(tree.prettify()))


def _sorted(found: re.Match[str]) -> str:
    return f"{found[1]} ({', '.join(sorted(found[2].replace(' ', '').split(',')))})"


def _tight(text: str) -> str:
    """Without the space that a line broken inside brackets leaves there."""
    return text.replace("( ", "(").replace(" )", ")").replace("{ ", "{").replace(" }", "}")


def _joined(text: str) -> str:
    return " ".join(text.split())


# -- what it names -----------------------------------------------------------------------------------------------------


def _named(tree: Expr, strings: list[str]) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    import promql_parser

    names: dict[str, None] = {}
    matched: list[tuple[str, str]] = []

    def visit(node: Expr) -> None:
        selector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if not isinstance(selector, promql_parser.VectorSelector):
            return
        if selector.name:
            names[selector.name] = None
        for matcher in selector.matchers.matchers:
            value = _restored(matcher.value, strings, is_quoted=False)
            if matcher.op == promql_parser.MatchOp.Equal and matcher.name == "__name__":
                names[value] = None
            elif matcher.op == promql_parser.MatchOp.Equal:
                matched.append((matcher.name, value))

    promql_parser.walk(tree, visit)
    return tuple(names), matched


# -- its threshold -----------------------------------------------------------------------------------------------------

_TURNED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_SUMS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod,
}  # fmt: skip


def _threshold(tree: Expr, strings: list[str]) -> Threshold | None:
    import promql_parser

    while isinstance(tree, promql_parser.ParenExpr):
        tree = tree.expr
    if not isinstance(tree, promql_parser.BinaryExpr) or str(tree.op) not in _TURNED:
        return None
    left, right = _number(tree.lhs), _number(tree.rhs)
    if (left is None) == (right is None):
        return None
    compared = tree.lhs if left is None else tree.rhs
    written = _restored(_LISTED.sub(_sorted, _written(compared)), strings)
    if right is not None:
        return Threshold(str(tree.op), right, written)
    assert left is not None
    return Threshold(_TURNED[str(tree.op)], left, written)


def _number(tree: Expr) -> float | None:
    """The number that it always is, or None."""
    import promql_parser

    if isinstance(tree, promql_parser.NumberLiteral):
        return float(tree.val)
    if isinstance(tree, promql_parser.ParenExpr):
        return _number(tree.expr)
    if isinstance(tree, promql_parser.UnaryExpr):  # a plus is gone by now
        value = _number(tree.expr)
        return None if value is None else -value
    if isinstance(tree, promql_parser.BinaryExpr) and str(tree.op) in _SUMS:
        left, right = _number(tree.lhs), _number(tree.rhs)
        if left is None or right is None:
            return None
        try:
            return _SUMS[str(tree.op)](left, right)
        except (ZeroDivisionError, OverflowError):
            return None
    return None


# -- where it is wrong -------------------------------------------------------------------------------------------------

_OF_FUNCTION = re.compile(r"(?:function|operation|expression|aggregate)\b.*?'([^']+)'")


def _placed(why: str, text: str, tokens: tuple[Token, ...]) -> Fault:
    """The fault with its place: where the parts of it do not follow each other, or else the call that is refused."""
    odd = first_odd(tokens) or unclosed(tokens)
    if odd is not None:
        return odd
    named = _OF_FUNCTION.search(why)
    for token in _calls(tokens, named[1] if named else ""):
        part = _call_text(token, tokens, text)
        if _parsed(part)[1] == why or not named:
            return Fault(why, token.start)
    return Fault("it is no expression" if "invalid promql" in why else why, tokens[0].start if tokens else 0)


def _calls(tokens: tuple[Token, ...], name: str) -> Iterator[Token]:
    """The tokens of that name that open brackets, the innermost of one end first."""
    yield from reversed([token for token in tokens if token.kind == "name" and token.text == name])


def _call_text(token: Token, tokens: tuple[Token, ...], text: str) -> str:
    depth = 0
    for each in tokens:
        if each.start <= token.start:
            continue
        depth += (each.text == "(") - (each.text == ")") if each.kind == "mark" else 0
        if depth == 0:
            return text[token.start : each.start + len(each.text)]
    return ""
