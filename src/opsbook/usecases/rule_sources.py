"""Rules gathered for an import: out of files and folders, or as a running server has them. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsbook.book.alert_rules_whole import Rule, RuleGroup, read_rules
from opsbook.book.rule_pages_reading import prometheus_duration
from opsbook.ground.errors import Finding, Span
from opsbook.usecases.ports import RuleFiles, Unreadable

if TYPE_CHECKING:
    from opsbook.usecases.monitoring_ports import Monitored, ServerRule


def groups_in_files(source: RuleFiles, paths: Sequence[str]) -> tuple[tuple[RuleGroup, ...], tuple[Finding, ...]]:
    """The groups of all rule files at these absolute paths, and what could not be read of them."""
    groups: list[RuleGroup] = []
    findings: list[Finding] = []
    for path, raw in source.rule_files(paths):
        if isinstance(raw, Unreadable):
            message = f"The rule file cannot be read: {raw.why}."
            findings.append(Finding("invalid-rule-file", "error", Span(path, 1, 1), message))
            continue
        found, told = read_rules(path, raw.decode("utf-8", "replace"))
        groups += found
        findings += told
    return tuple(groups), tuple(findings)


def groups_of_server(server: Monitored) -> tuple[RuleGroup, ...]:
    """The groups that a server runs, in its order; raises Failure where it does not answer."""
    by_group: dict[tuple[str, str], list[ServerRule]] = {}
    for rule in server.rules():
        by_group.setdefault((rule.file, rule.group), []).append(rule)
    return tuple(
        RuleGroup(
            name=name,
            rules=tuple(_rule(rule) for rule in rules),
            settings={"interval": prometheus_duration(rules[0].interval)} if rules[0].interval else {},
            path=file or server.address,
        )
        for (file, name), rules in by_group.items()
    )


def _rule(rule: ServerRule) -> Rule:
    return Rule(
        kind=rule.kind, name=rule.name, expression=rule.expression,
        hold=prometheus_duration(rule.hold) if rule.hold else "",
        keep_firing=prometheus_duration(rule.keep_firing) if rule.keep_firing else "",
        labels=dict(rule.labels), annotations=dict(rule.annotations), path=rule.file,
    )  # fmt: skip

