"""A rule of a page as Prometheus is to have it: the words people write made exact, or why they cannot be.

Asks the parser of expressions only about what does not look like one.
"""

from __future__ import annotations

import re
from datetime import timedelta

from msgspec.structs import replace

from opsbook.book.alert_rules_whole import Rule
from opsbook.book.promql import read_expression
from opsbook.book.rule_pages import PageRule
from opsbook.book.rule_pages_values import read_pairs
from opsbook.book.rule_pages_writing import ANNOTATIONS
from opsbook.ground.durations import read_duration

_LENGTH = re.compile(r"0|(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?")
_COMPARED = re.compile(r"(?:==|!=|>=|<=|(?<!=)>|<)(?![=~])|\b(?:absent|absent_over_time|unless)\b", re.I)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*|\{[^{}]*\}")
_THRESHOLD = re.compile(
    r"(?:is |goes |stays |value )?(>=|<=|==|!=|>|<|≥|≤|=|above|over|more than|greater than|exceeds|at least|below|under"
    r"|less than|fewer than|at most|equals|equal to|not equal to)\s*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(%?)\.?", re.I
)  # fmt: skip
_OPERATORS = {
    "≥": ">=", "≤": "<=", "=": "==", "above": ">", "over": ">", "more than": ">", "greater than": ">", "exceeds": ">",
    "at least": ">=", "below": "<", "under": "<", "less than": "<", "fewer than": "<", "at most": "<=", "equals": "==",
    "equal to": "==", "not equal to": "!=",
}  # fmt: skip
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def rule_of(place: PageRule) -> Rule:
    """The rule with its parts as they stand on the page, nothing made exact and nothing added."""
    labels = read_pairs(place.parts["labels"].source) if place.text("labels") else {}
    if place.text("severity"):
        labels["severity"] = place.text("severity")
    annotations = {key: place.text(part) for key, part in ANNOTATIONS.items() if place.text(part)}
    if place.text("annotations"):
        annotations |= read_pairs(place.parts["annotations"].source)
    return Rule(
        kind="record" if place.kind == "record" else "alert", name=place.name, expression=place.text("expression"),
        hold=place.text("hold"), keep_firing=place.text("keep_firing"), labels=labels, annotations=annotations,
        path=place.path, line=place.line,
    )  # fmt: skip


def exact_rule(place: PageRule) -> Rule | str:
    """The rule as Prometheus can take it, or why there is none on the page."""
    rule = rule_of(place)
    expression = _expression(place)
    if not expression[0]:
        return expression[1]
    lengths = {}
    for part, label in (("hold", "For"), ("keep_firing", "Keep Firing For")):
        exact = exact_length(getattr(rule, part))
        if exact is None:
            return f"its {label}, '{getattr(rule, part)}', is no length of time such as 5m"
        lengths[part] = exact
    annotations = dict(rule.annotations)
    if not place.group and rule.kind == "alert":
        annotations = _by_hand(place, annotations)
    return replace(rule, expression=expression[0], annotations=annotations, **lengths)


def _by_hand(place: PageRule, annotations: dict[str, str]) -> dict[str, str]:
    """What an alert tells that people wrote without a summary: what it means, and then what to do."""
    meaning, response = place.text("meaning"), place.text("response")
    if "summary" not in annotations and meaning:
        annotations = {"summary": " ".join(meaning.split())} | annotations
        if response:
            annotations["description"] = f"{meaning}\n{response}"
    elif response and "description" not in annotations:
        annotations["description"] = response
    if annotations.get("description") == annotations.get("summary"):
        annotations.pop("description", None)
    return annotations


def exact_length(text: str) -> str | None:
    """A length of time as Prometheus writes it, unchanged where it is one; None where it is none."""
    plain = text.strip()
    if _LENGTH.fullmatch(plain):
        return "0s" if plain == "0" else plain
    length = read_duration(plain)
    return None if length is None else prometheus_duration(length)


def prometheus_duration(length: timedelta) -> str:
    """A length as Prometheus writes it, such as `1h30m`."""
    left = round(length / timedelta(milliseconds=1))
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def _expression(place: PageRule) -> tuple[str, str]:
    """The expression, or an empty text and why there is none."""
    text, threshold = place.text("expression"), place.text("threshold")
    if place.kind == "record":
        return (text, "") if text.strip() else ("", "it has no expression")
    if not text.strip():
        if threshold and is_expression(threshold) and _compares(threshold):
            return threshold, ""
        return "", "it has no expression in PromQL, only words" if threshold else "it has no expression"
    if not is_expression(text) and read_expression(text).fault is not None:
        return "", f"its expression, '{_short(text)}', is words and no PromQL"
    if _compares(text) or not threshold:
        return text, ""
    found = _THRESHOLD.fullmatch(threshold.strip())
    if found is None:
        return "", f"its threshold, '{_short(threshold)}', is no comparison such as '> 5', and the expression has none"
    if found[3]:
        return "", f"its threshold, '{_short(threshold)}', is a percentage; say as a number what the expression gives"
    operator = _OPERATORS.get(found[1].lower(), found[1])
    whole = text.strip()
    if _needs_brackets(whole):
        whole = f"({whole})"
    return f"{whole} {operator} {found[2]}", ""


def _needs_brackets(text: str) -> bool:
    return bool(re.search(r"#|\b(?:and|or|unless|bool)\b", text))


def is_expression(text: str) -> bool:
    """Whether a text looks like PromQL rather than like a sentence."""
    bare = _QUOTED.sub(" ", text)
    if re.search(r"[?…;]|\.\s|\.$", bare):
        return False
    rest = re.sub(r"\b(?:by|without|on|ignoring|group_left|group_right|and|or|unless|bool|offset|atan2)\b", "(", bare)
    return bool(re.search(r"[A-Za-z_:]", bare)) and re.search(r"[A-Za-z_]\w*[ \t]+[A-Za-z_]\w*", rest) is None


def _compares(text: str) -> bool:
    return _COMPARED.search(_QUOTED.sub(" ", text)) is not None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
