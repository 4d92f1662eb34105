"""Groups of rules as a rule file or as a PrometheusRule resource, every text to the byte. Reads nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from opsbook.book.alert_rules_whole import WRITTEN_BY, Rule, RuleGroup

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_PLAIN = re.compile(r"[A-Za-z_][\w./ -]*[\w]|[A-Za-z]")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def rule_file(groups: Sequence[RuleGroup], source: str) -> str:
    """The text of a rule file; `source` says where the rules are written."""
    return f"{WRITTEN_BY} from {_comment(source)}; change them there.\n" + "".join(_groups(groups, ""))


def prometheus_rule(groups: Sequence[RuleGroup], source: str, name: str) -> str:
    """The same as a resource of Kubernetes."""
    head = f"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: {_text(name, 2)}\nspec:\n"
    return f"{WRITTEN_BY} from {_comment(source)}; change them there.\n{head}" + "".join(_groups(groups, "  "))


def _comment(text: str) -> str:
    return " ".join(_UNSAFE.sub("?", text).split())


def _groups(groups: Iterable[RuleGroup], lead: str) -> Iterator[str]:
    yield f"{lead}groups:\n"
    for group in groups:
        yield f"{lead}- name: {_text(group.name, len(lead) + 2)}\n"
        for key, value in group.settings.items():
            yield f"{lead}  {key}: {value if re.fullmatch(r'[0-9]+', value) else _text(value, len(lead) + 2)}\n"
        yield from _table("labels", group.labels, lead + "  ")
        yield f"{lead}  rules:\n"
        for rule in group.rules:
            yield from _rule(rule, lead + "  ")


def _rule(rule: Rule, lead: str) -> Iterator[str]:
    depth = len(lead) + 2
    yield f"{lead}- {rule.kind}: {_text(rule.name, depth)}\n"
    yield f"{lead}  expr: {_text(rule.expression, depth)}\n"
    for key, value in (("for", rule.hold), ("keep_firing_for", rule.keep_firing)):
        if value:
            yield f"{lead}  {key}: {_text(value, depth)}\n"
    yield from _table("labels", rule.labels, lead + "  ")
    yield from _table("annotations", rule.annotations, lead + "  ")


def _table(key: str, table: Mapping[str, str], lead: str) -> Iterator[str]:
    if table:
        yield f"{lead}{key}:\n"
        for name, value in table.items():
            yield f"{lead}  {_text(name, len(lead) + 2)}: {_text(value, len(lead) + 2)}\n"


def _text(text: str, depth: int) -> str:
    """A text as YAML: plain, in single quotes, as a block of lines, else in double quotes; `depth` is its key's."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if re.fullmatch(r"(?:\d+[smhdwy])+|\d+ms", text):
        return text
    if _UNSAFE.search(text):
        return _quoted(text)
    if "\n" not in text:
        return "'" + text.replace("'", "''") + "'"
    body = text[:-1] if text.endswith("\n") else text
    lines = body.split("\n")
    if not body.strip() or lines[0][:1] in ("", " ", "\t") or not lines[-1].strip() or "\t" in text:
        return _quoted(text)
    if any(line and not line.strip() for line in lines):
        return _quoted(text)
    lead = " " * (depth + 2)
    return ("|" if text.endswith("\n") else "|-") + "".join(f"\n{lead}{line}" if line else "\n" for line in lines)


def _quoted(text: str) -> str:
    quoted = msgspec.json.encode(text).decode()
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)
