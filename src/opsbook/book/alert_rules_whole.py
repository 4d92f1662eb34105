"""Whole rules of Prometheus, alerts and recordings by group, read from any file that holds them. Judges no expression.

What a template of Helm or Jinja fills in later cannot be known: a rule whose expression needs it is told and left out;
what is only escaped from the template (a brace in backquotes) is un-escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal

from msgspec import Struct

from opsbook.book.alert_rules_text import is_template, read_all_loosely
from opsbook.book.alert_rules_tree import rule_key, whole_groups
from opsbook.ground.errors import Finding, Span
from opsbook.ground.yaml_events import read_any_yaml
from opsbook.ground.yaml_lines import read_block_yaml
from opsbook.ground.yaml_nodes import Node, Scalar, SourceLines, Unreadable


class Rule(Struct, frozen=True, kw_only=True):
    """A rule as its file has it, all texts as written. `hold` is its `for`, `keep_firing` its `keep_firing_for`; what
    is not written is empty. `path` and `line` are where its name stands."""

    kind: Literal["alert", "record"]
    name: str
    expression: str
    hold: str = ""
    keep_firing: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    path: str = ""
    line: int = 0


class RuleGroup(Struct, frozen=True, kw_only=True):
    """A group of rules in their order; `settings` are what else is told of it, such as `interval`."""

    name: str
    rules: tuple[Rule, ...]
    settings: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    path: str = ""


SETTINGS = ("interval", "limit", "query_offset", "evaluation_delay", "partial_response_strategy")
WRITTEN_BY = "# Written by opsbook rules export"


def read_rules(path: str, text: str) -> tuple[tuple[RuleGroup, ...], tuple[Finding, ...]]:
    """The groups of a text in its order, and what had to be left out. A text without rules gives neither."""
    if not rule_key().search(text):
        return (), ()
    source = SourceLines(text)
    findings: list[Finding] = []
    try:
        return _from_tree(path, source, read_block_yaml(source), findings)
    except Unreadable as unsure:
        if is_template(source, unsure.line, unsure.column):
            return _from_lines(path, source, findings)
    try:
        return _from_tree(path, source, read_any_yaml(source), findings)
    except Unreadable as wrong:
        if is_template(source, wrong.line, wrong.column):
            return _from_lines(path, source, findings)
        if "groups" in text or "PrometheusRule" in text:
            why = f"This rule file is not YAML: {wrong.why}. What its lines show was read."
            findings.append(_told(path, wrong.line, why, column=wrong.column))
        return _from_lines(path, source, findings)


def _from_tree(
    path: str, source: SourceLines, documents: list[Node], findings: list[Finding]
) -> tuple[tuple[RuleGroup, ...], tuple[Finding, ...]]:
    templated = bool(_helm().search(source.text))
    groups = []
    for mapping, items, is_strict in whole_groups(source, documents):
        rules = [rule for item in items if isinstance(item, dict)
                 for rule in _rule(path, item, findings, is_templated=templated)]  # fmt: skip
        if is_strict:
            findings += [_told(path, _line(item), "This entry of a group is no rule.") for item in items
                         if not isinstance(item, dict) or not ("alert" in item or "record" in item)]  # fmt: skip
        if rules:
            settings = {key: _text(mapping, key) for key in SETTINGS if _text(mapping, key)}
            name, labels = _text(mapping, "name"), _texts(mapping.get("labels"))
            groups.append(RuleGroup(name=name, rules=tuple(rules), settings=settings, labels=labels, path=path))
    return tuple(groups), tuple(findings) if groups else ()


def _from_lines(
    path: str, source: SourceLines, findings: list[Finding]
) -> tuple[tuple[RuleGroup, ...], tuple[Finding, ...]]:
    groups: list[RuleGroup] = []
    rules: list[Rule] = []
    last = ("", "")
    for mapping, name, interval in read_all_loosely(source):
        if rules and (name, interval) != last:
            groups.append(_loose_group(path, last, rules))
            rules = []
        last = (name, interval)
        rules += _rule(path, mapping, findings, is_templated=True)
    if rules:
        groups.append(_loose_group(path, last, rules))
    return tuple(groups), tuple(findings)


def _loose_group(path: str, named: tuple[str, str], rules: list[Rule]) -> RuleGroup:
    name, interval = (_unescaped(text) for text in named)
    name = re.sub(r"[^\w.:/ -]+", "", _action().sub("", name)).strip("-. ")
    settings = {"interval": interval} if interval and "{{" not in interval else {}
    return RuleGroup(name=name, rules=tuple(rules), settings=settings, path=path)


def _rule(path: str, mapping: Mapping[str, Node], findings: list[Finding], *, is_templated: bool) -> Iterator[Rule]:
    """The rule of a mapping, or none, and then a finding that says why."""
    kind: Literal["alert", "record"] = "record" if "record" in mapping else "alert"
    named = mapping.get(kind)
    if not isinstance(named, Scalar) or len(mapping) < 2:
        return
    parts = {key: _text(mapping, key) for key in ("expr", "for", "keep_firing_for")} | {"name": named.text}
    tables = {key: _texts(mapping.get(key)) for key in ("labels", "annotations")}
    if is_templated:
        parts = {key: _unescaped(text) for key, text in parts.items()}
        for key, text in parts.items():
            if "{{" in text or "{%" in text:
                where = "name" if key == "name" else f"'{key}'"
                findings.append(_told(path, named.line, f"The {where} of the rule '{parts['name']}' holds an action of"
                                      " a template, so what it is cannot be known here.", fix=_RENDER))  # fmt: skip
                return
        tables = {key: _filled(path, named, key, table, findings=findings) for key, table in tables.items()}
    if not parts["name"] or not parts["expr"].strip():
        findings.append(_told(path, named.line, f"The rule '{parts['name']}' has no expression."))
        return
    yield Rule(
        kind=kind, name=parts["name"], expression=parts["expr"], hold=parts["for"],
        keep_firing=parts["keep_firing_for"], path=path, line=named.line, **tables,
    )  # fmt: skip


_RENDER = "Render the chart (`helm template`) and import what comes out."


def _filled(
    path: str, named: Scalar, part: str, table: Mapping[str, str], *, findings: list[Finding]
) -> dict[str, str]:
    """The labels or annotations whose text does not wait for a template; the others are told."""
    kept = {}
    for key, text in table.items():
        text = _unescaped(text)
        if "{{" in key or _helm().search(text):
            message = f"'{key}' in {part} of the rule '{named.text}' holds an action of a template, and was left out."
            findings.append(_told(path, named.line, message, fix=_RENDER))
        else:
            kept[key] = text
    return kept


def _told(path: str, line: int, message: str, *, column: int = 1, fix: str | None = None) -> Finding:
    return Finding("invalid-rule-file", "warning", Span(path, line, column), message, fix)


def _line(node: Node) -> int:
    while not isinstance(node, Scalar):
        values = list(node.values()) if isinstance(node, dict) else node
        if not values:
            return 1
        node = values[0]
    return node.line


def _text(mapping: Mapping[str, Node], key: str) -> str:
    node = mapping.get(key)
    return node.text if isinstance(node, Scalar) else ""


def _texts(node: Node | None) -> dict[str, str]:
    if not isinstance(node, dict):
        return {}
    return {key: value.text for key, value in node.items() if isinstance(value, Scalar)}


@cache
def _helm() -> re.Pattern[str]:
    """What only a template that makes the file writes; what Prometheus fills in itself is none."""
    return re.compile(
        r"\{\{[^{}\n]*\.(?:Values|Release|Chart|Files|Capabilities)\b"
        r'|\{\{-? *(?:include|toYaml|tpl|template) |\{\{-? *(?:`|"(?:\{\{|\}\}))|\{%|\{\{-? */\*'
    )


@cache
def _action() -> re.Pattern[str]:
    return re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)


@cache
def _literal() -> re.Pattern[str]:
    """An action that is nothing but a text: a template's own way to write what would be an action."""
    raw = r"\{%-?\s*raw\s*-?%\}(.*?)\{%-?\s*endraw\s*-?%\}"
    return re.compile(r"\{\{-?\s*`([^`]*)`\s*-?\}\}|\{\{-?\s*\"((?:[^\"\\\n]|\\.)*)\"\s*-?\}\}|" + raw, re.S)


def _unescaped(text: str) -> str:
    """The text with what is only escaped from the template as Prometheus gets it."""
    if "{{" not in text and "{%" not in text:
        return text
    return _literal().sub(lambda found: found[1] if found[1] is not None else _quoted(found[2], found[3]), text)


def _quoted(quoted: str | None, raw: str | None) -> str:
    if quoted is None:
        return raw or ""
    return re.sub(r"\\(.)", r"\1", quoted)
