"""Templates within a runbook's address: filled where the rule alone decides, else left. Runs no template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

_FILTERS = {"toLower": str.lower, "lower": str.lower, "toUpper": str.upper, "upper": str.upper}


@cache
def _literals() -> re.Pattern[str]:
    """Actions that only write a text: Helm's way to leave Prometheus' own braces alone, and Jinja's."""
    return re.compile(
        r"\{\{-?\s*(?:`([^`]*)`|\"([^\"]*)\"|'([^']*)'|printf\s+\"([^\"%]*)\")\s*-?\}\}"
        r"|\{%-?\s*(?:end)?raw\s*-?%\}"
    )


@cache
def _action() -> re.Pattern[str]:
    return re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")


@cache
def _label() -> re.Pattern[str]:
    return re.compile(r"(?:\$labels|\.(?:Common|Group)?Labels)\.(\w+)$|index\s+\$labels\s+\"(\w+)\"$")


@cache
def _printf() -> re.Pattern[str]:
    return re.compile(r"printf\s+\"([^\"%]*)%[sv]([^\"%]*)\"\s+(\S+)$")


@cache
def _slot() -> re.Pattern[str]:
    """What something else fills in before Prometheus reads it: `@NAME@`, `${NAME}`, `$(NAME)`, `<name>`."""
    return re.compile(r"\{\{|\{%|\$labels|\$\{|\$\(|@\w+@|<[\w .-]+>|%\(\w+\)s")


def is_templated(address: str) -> bool:
    """Whether anything in the address is still to be filled."""
    return _slot().search(address) is not None


def fill(address: str, labels: Mapping[str, str]) -> str:
    """The address with what the labels decide written out; an action that asks for more stays as it is.

    `labels` are those that the rule itself sets, `alertname` among them: they win over a metric's own.
    """
    if "{" not in address:
        return address
    plain = _literals().sub(lambda match: next((text for text in match.groups() if text is not None), ""), address)

    def filled(match: re.Match[str]) -> str:
        value = _evaluate(match[1], labels)
        return match[0] if value is None else value

    return _action().sub(filled, plain)


def _evaluate(expression: str, labels: Mapping[str, str]) -> str | None:
    first, *filters = [part.strip() for part in expression.split("|")]
    value = _value(first, labels)
    for name in filters:
        if value is None or name not in _FILTERS:
            return None
        value = _FILTERS[name](value)
    return value


def _value(term: str, labels: Mapping[str, str]) -> str | None:
    label = _label().match(term)
    if label:
        value = labels.get(label[1] or label[2])
        return None if value is None or is_templated(value) else value
    printf = _printf().match(term)
    if printf:
        value = _value(printf[3], labels)
        return None if value is None else printf[1] + value + printf[2]
    return None
