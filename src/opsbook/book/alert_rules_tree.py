"""Where lists of rules stand in a YAML tree, whatever resource holds them. Reads no rule itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from opsbook.ground.yaml_events import read_any_yaml
from opsbook.ground.yaml_lines import read_block_part
from opsbook.ground.yaml_nodes import Node, Scalar, SourceLines, Unreadable

RuleGroup = tuple[str, list[Node], bool]
"""A group's name, the items of its `rules`, and whether it stands among `groups`, as Prometheus has it."""

WholeGroup = tuple[dict[str, Node], list[Node], bool]
"""The same with all that is told of the group, in place of its name."""

_TEXTS_OF_A_RULE = frozenset(("expr", "annotations", "labels", "description"))


@cache
def rule_key() -> re.Pattern[str]:
    """What every text with rules in it holds."""
    return re.compile(r"""\b(?:alert|record)["']?\s*:""")


def rule_groups(source: SourceLines, documents: list[Node]) -> Iterator[RuleGroup]:
    """Every list under a key `rules`, in order; one that an alias repeats comes once."""
    for group, rules, is_strict in whole_groups(source, documents):
        name = group.get("name")
        yield name.text if isinstance(name, Scalar) else "", rules, is_strict


def whole_groups(source: SourceLines, documents: list[Node]) -> Iterator[WholeGroup]:
    """As `rule_groups`, each with the mapping that it stands in."""
    waiting: list[tuple[Node, bool]] = [(document, False) for document in reversed(documents)]
    seen: set[int] = set()
    given: set[int] = set()
    while waiting:
        node, is_group = waiting.pop()
        if isinstance(node, Scalar):
            if node.style and "\n" in node.text and rule_key().search(node.text):
                waiting += [(inner, False) for inner in _within(source, node)]
            continue
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, list):
            waiting += [(item, is_group) for item in reversed(node) if not _is_rule(item)]
            continue
        rules = node.get("rules")
        if isinstance(rules, list) and id(rules) not in given:
            given.add(id(rules))
            yield node, rules, is_group
        inner = [(value, key == "groups") for key, value in node.items() if key not in _TEXTS_OF_A_RULE]
        waiting += reversed(inner)


def _is_rule(node: Node) -> bool:
    return isinstance(node, dict) and ("alert" in node or "record" in node)


def _within(source: SourceLines, scalar: Scalar) -> list[Node]:
    """YAML kept as text within YAML, as in a ConfigMap."""
    if scalar.style == "|":
        try:
            return [read_block_part(source, scalar)]
        except Unreadable:
            pass
    try:
        nodes = read_any_yaml(SourceLines(scalar.text))
    except Unreadable as wrong:
        nodes = wrong.partial
    return [_placed_at(scalar, node, {}) for node in nodes]


def _placed_at(place: Scalar, node: Node, done: dict[int, Node]) -> Node:
    """The tree with all places replaced by that of the text around it: escapes and folding blur the true."""
    if isinstance(node, Scalar):
        return Scalar(node.text, place.line, place.column, place.start, place.end, node.style)
    if id(node) not in done:
        if isinstance(node, list):
            items: list[Node] = []
            done[id(node)] = items
            items += [_placed_at(place, item, done) for item in node]
        else:
            pairs: dict[str, Node] = {}
            done[id(node)] = pairs
            pairs.update({key: _placed_at(place, value, done) for key, value in node.items()})
    return done[id(node)]
