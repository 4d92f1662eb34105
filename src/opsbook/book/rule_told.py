"""Rules as pages and rule files tell them, in the one shape in which they are compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from opsbook.book.addresses import Asker, read_url_bases, resolve_address
from opsbook.book.alert_rules import AlertRule, runbook_of
from opsbook.book.alert_rules_whole import read_rules
from opsbook.book.monitoring import AlertNote, Metric
from opsbook.book.page_index import PageIndex
from opsbook.book.promql import read_expression
from opsbook.book.rule_sides import RuleTold
from opsbook.book.watched import Watched, is_promql
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import Span


def told_by_files(
    rules: Iterable[AlertRule], index: PageIndex, url_bases: Mapping[str, str], keys: Sequence[str]
) -> list[RuleTold]:
    """The alerts of rule files; a runbook is told as the page and heading that its address means."""
    bases = read_url_bases(url_bases)
    found = []
    for rule in rules:
        labels = {name: scalar.text for name, scalar in rule.labels.items()}
        address = runbook_of(rule, keys)
        meant = resolve_address(address.url if address else None, index, bases, Asker(rule.name, labels, rule.path))
        found.append(RuleTold(
            side="file", kind="alert", name=rule.name, span=Span(rule.path, rule.line, rule.column), group=rule.group,
            expression=rule.expr, hold=read_duration(rule.for_ or "0s"), severity=rule.severity or "",
            labels={name: value for name, value in labels.items() if name.lower() != "severity"},
            runbook=f"{meant.path}#{meant.anchor or ''}" if meant.verdict in ("ok", "ok-case") else None,
        ))  # fmt: skip
    return found


def records_of_file(path: str, text: str) -> list[RuleTold]:
    """The recording rules of a text; what is no file of rules has none."""
    lines = text.split("\n")
    return [
        RuleTold(
            side="file", kind="record", name=rule.name, group=group.name,
            span=Span(path, rule.line, _column(lines, rule.line, rule.name)),
            expression=rule.expression, labels={**group.labels, **rule.labels},
        )
        for group in read_rules(path, text)[0] for rule in group.rules if rule.kind == "record"
    ]  # fmt: skip


def _column(lines: Sequence[str], line: int, name: str) -> int:
    return max(lines[line - 1].find(name), 0) + 1 if 0 < line <= len(lines) else 1


def told_by_pages(watched: Iterable[Watched], records: Collection[str]) -> list[RuleTold]:
    """The alerts of pages, and the metrics that are recording rules elsewhere; of an alert that several pages name, the
    one that tells the most. Several alerts of one name are several where their expressions are."""
    best: dict[tuple[str, str, str, str], RuleTold] = {}
    for rule in _of_pages(watched, records):
        means = read_expression(rule.expression).canonical if rule.expression is not None else ""
        key = rule.kind, rule.name, rule.severity or "", means
        bare = rule.kind, rule.name, "", ""
        known = best.get(key) or best.get(bare)
        if known is None:
            best[key] = rule
        elif _weight(rule) > _weight(known):
            best.pop(bare, None)
            best[key] = rule
    full = {(rule.kind, rule.name) for rule in best.values() if _weight(rule)}
    exact = {(rule.kind, rule.name) for rule in best.values() if rule.expression is not None}
    return [
        rule for rule in best.values()
        if rule.expression is not None
        or ((rule.kind, rule.name) not in exact and (_weight(rule) or (rule.kind, rule.name) not in full))
    ]  # fmt: skip


def _weight(rule: RuleTold) -> int:
    return sum(value is not None for value in (rule.expression, rule.hold, rule.severity))


def _of_pages(watched: Iterable[Watched], records: Collection[str]) -> Iterator[RuleTold]:
    for each in watched:
        item = each.item
        name = item.name.strip("`")
        expression = each.expression if is_promql(each.expression) else None
        if isinstance(item, AlertNote):
            pointer = item.runbook
            yield RuleTold(
                side="page", kind="alert", name=name, span=each.span, expression=expression or None,
                hold=read_duration(item.hold) if item.hold else None, severity=item.severity or None,
                runbook=f"{pointer.path}#{pointer.anchor}" if pointer.path else None,
            )  # fmt: skip
        elif isinstance(item, Metric) and expression and name in records:
            yield RuleTold(side="page", kind="record", name=name, span=each.span, expression=expression)
