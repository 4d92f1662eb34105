"""Alert rules of Prometheus, read from any file that holds them, with their places. Judges no expression.

Rule files, PrometheusRule resources (also in lists and beside other documents), Helm values, rule files
within ConfigMaps, JSON; templates and broken files as far as lines show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache

from msgspec import Struct

from opsbook.book.alert_rules_text import is_template, read_loosely
from opsbook.book.alert_rules_tree import rule_groups, rule_key
from opsbook.ground.errors import Finding, Span
from opsbook.ground.yaml_events import read_any_yaml
from opsbook.ground.yaml_lines import read_block_yaml
from opsbook.ground.yaml_nodes import Node, Scalar, SourceLines, Unreadable


class AlertRule(Struct, frozen=True):
    """One alert rule. The place and the byte range are those of its name as written.

    Labels and annotations are scalars: `rule.annotations["summary"].text`, and `.line`, `.column`, `.start`,
    `.end`. `for_` is the text as written; what is not written is "".
    """

    name: str
    path: str
    line: int
    column: int
    start: int
    end: int
    group: str
    expr: str
    for_: str
    labels: dict[str, Scalar]
    annotations: dict[str, Scalar]

    @property
    def severity(self) -> str | None:
        """The severity label as written, in whatever scale."""
        for name, scalar in self.labels.items():
            if name.lower() == "severity":
                return scalar.text
        return None


class AlertRuleFile(Struct, frozen=True):
    """What a file holds: its alert rules in reading order, what is wrong with it, what was passed over."""

    path: str
    rules: tuple[AlertRule, ...] = ()
    findings: tuple[Finding, ...] = ()
    recording_rules: int = 0
    is_template: bool = False


def read_alert_rules(path: str, text: str) -> AlertRuleFile:
    """The alert rules of the text, whatever the text is. A file without rules gives none, and no finding."""
    if not rule_key().search(text):
        return AlertRuleFile(path)
    source = SourceLines(text)
    try:
        return _from_tree(path, source, read_block_yaml(source))
    except Unreadable as unsure:
        if is_template(source, unsure.line, unsure.column):
            return _from_lines(path, source)
    try:
        return _from_tree(path, source, read_any_yaml(source))
    except Unreadable as wrong:
        return _from_broken(path, source, wrong)


def _from_lines(path: str, source: SourceLines) -> AlertRuleFile:
    found, recordings = read_loosely(source)
    rules = tuple(_rule(path, mapping, group) for mapping, group in found)
    return AlertRuleFile(path, rules, (), recordings, is_template=True)


def _from_broken(path: str, source: SourceLines, wrong: Unreadable) -> AlertRuleFile:
    if is_template(source, wrong.line, wrong.column):
        return _from_lines(path, source)
    loose = _from_lines(path, source)
    # Flow (JSON) shows nothing by lines; there, what stood before the mistake counts.
    before = _from_tree(path, source, wrong.partial)
    rules = max(loose.rules, before.rules, key=len)
    recordings = max(loose.recording_rules, before.recording_rules)
    findings: tuple[Finding, ...] = ()
    if rules or recordings or "groups" in source.text or "PrometheusRule" in source.text:
        findings = (_invalid(path, wrong.line, wrong.column, f"This rule file is not YAML: {wrong.why}."),)
    return AlertRuleFile(path, rules, findings, recordings)


def _invalid(path: str, line: int, column: int, message: str) -> Finding:
    fix = "Mend it here; `promtool check rules` says more."
    return Finding("invalid-rule-file", "error", Span(path, line, column), message, fix)


def _from_tree(path: str, source: SourceLines, documents: list[Node]) -> AlertRuleFile:
    rules: list[AlertRule] = []
    findings: list[Finding] = []
    recordings = 0
    for group, items, is_strict in rule_groups(source, documents):
        for item in items:
            if isinstance(item, dict) and "record" in item:
                recordings += 1
            elif isinstance(item, dict) and isinstance(item.get("alert"), Scalar) and len(item) > 1:
                rules.append(_rule(path, item, group))
                findings += _not_texts(path, item)
            elif is_strict:
                findings.append(_no_rule(path, item))
    rules.sort(key=lambda rule: (rule.line, rule.column))
    # Groups and rules are words of other tools too: without one rule of ours there is nothing to say.
    mistakes = tuple(sorted(findings, key=lambda finding: finding.span)) if rules or recordings else ()
    return AlertRuleFile(path, tuple(rules), mistakes, recordings)


def _no_rule(path: str, item: Node) -> Finding:
    place = _first_scalar(item)
    message = "This entry of a rule group is neither an alert rule nor a recording rule."
    return _invalid(path, place.line if place else 1, place.column if place else 1, message)


def _not_texts(path: str, rule: Mapping[str, Node]) -> Iterator[Finding]:
    for part in ("labels", "annotations"):
        values = rule.get(part)
        for key, node in values.items() if isinstance(values, dict) else ():
            if not isinstance(node, Scalar):
                place = _first_scalar(node) or rule["alert"]
                assert isinstance(place, Scalar)
                message = f"The value of '{key}' in {part} is no text. Put quotes around it."
                yield _invalid(path, place.line, place.column, message)


def _first_scalar(node: Node) -> Scalar | None:
    while not isinstance(node, Scalar):
        values = list(node.values()) if isinstance(node, dict) else node
        if not values:
            return None
        node = values[0]
    return node


def _rule(path: str, mapping: Mapping[str, Node], group: str) -> AlertRule:
    name = mapping["alert"]
    assert isinstance(name, Scalar)
    return AlertRule(
        name.text,
        path,
        name.line,
        name.column,
        name.start,
        name.end,
        group,
        _text(mapping, "expr"),
        _text(mapping, "for"),
        _scalars(mapping.get("labels")),
        _scalars(mapping.get("annotations")),
    )


def _text(mapping: Mapping[str, Node], key: str) -> str:
    node = mapping.get(key)
    return node.text if isinstance(node, Scalar) else ""


def _scalars(node: Node | None) -> dict[str, Scalar]:
    if not isinstance(node, dict):
        return {}
    return {key: value for key, value in node.items() if isinstance(value, Scalar)}


DEFAULT_RUNBOOK_KEYS = ("runbook_url", "runbook", "documentation", "sop")


class RunbookAddress(Struct, frozen=True):
    """Where a rule says its runbook is, as written, and the place of exactly that."""

    key: str
    url: str
    line: int
    column: int
    start: int
    end: int


def runbook_of(rule: AlertRule, keys: Sequence[str] = DEFAULT_RUNBOOK_KEYS) -> RunbookAddress | None:
    """The rule's runbook address: the first of the keys among its annotations, then among its labels.

    Keys are the same whatever their letter case, `-` and `_`. Text that holds no address is passed over.
    """
    wanted = [_folded(key) for key in keys]
    for scalars in (rule.annotations, rule.labels):
        known = {_folded(name): name for name in scalars}
        for key in wanted:
            if key in known:
                address = _address(known[key], scalars[known[key]])
                if address:
                    return address
    return None


@lru_cache(maxsize=1024)
def _folded(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "")


_NO_ADDRESS = frozenset(("none", "n/a", "na", "todo", "tbd", "tba", "fixme", "-"))


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    action = r"\{\{.*?\}\}"
    return re.compile(action), re.compile(rf"https?://(?:{action}|[^\s<>\"'`|\]{{}}])+")


def _address(key: str, scalar: Scalar) -> RunbookAddress | None:
    action, web = _patterns()
    text = scalar.text.strip()
    if not text or text.lower() in _NO_ADDRESS:
        return None
    if any(letter.isspace() for letter in action.sub("", text)) and not _is_file(text):
        # Prose: "See https://... for more". Without an address in it, it names no page.
        match = web.search(text)
        if match is None:
            return None
        text = match[0].rstrip(".,;:!?)")
    return RunbookAddress(key, text, *_place_within(scalar, text))


def _is_file(text: str) -> bool:
    return "\n" not in text and text.lower().endswith((".md", ".markdown", ".html", ".erb"))


def _place_within(scalar: Scalar, text: str) -> tuple[int, int, int, int]:
    """Line, column and byte range of the address; those of the whole scalar where it has escapes or folds."""
    written = scalar.text.rstrip("\n") if scalar.style in ("|", ">") else scalar.text
    if "\n" in written or not written.isascii() or scalar.end - scalar.start != len(written):
        return scalar.line, scalar.column, scalar.start, scalar.end
    shift = written.find(text)
    start = scalar.start + shift
    return scalar.line, scalar.column + shift, start, start + len(text)
