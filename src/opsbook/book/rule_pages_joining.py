"""Which rule of a file is which rule of a page: by name and group, and among several of one name by what they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from msgspec import Struct

from opsbook.book.alert_rules_whole import Rule
from opsbook.book.rule_pages import PageRule
from opsbook.book.rule_pages_values import read_pairs


class Joined(Struct, frozen=True):
    """Pairs by the place of the rule in the sequence that was given, and the page's rules that no file has."""

    places: tuple[PageRule | None, ...]
    gone: tuple[PageRule, ...]


def joined(rules: Sequence[tuple[str, Rule]], places: Iterable[PageRule]) -> Joined:
    """Each rule (with its group's name) with the place of the book where it stands, if any. A place in a group is the
    rule's of that group alone; one in no group may be anybody's."""
    by_name: dict[tuple[str, str], list[PageRule]] = {}
    for place in places:
        by_name.setdefault((place.kind, place.name), []).append(place)
    wanted: dict[tuple[str, str], list[int]] = {}
    for at, (_, rule) in enumerate(rules):
        wanted.setdefault((rule.kind, rule.name), []).append(at)
    found: list[PageRule | None] = [None] * len(rules)
    gone: list[PageRule] = []
    for key, candidates in by_name.items():
        left = set(range(len(candidates)))
        open_rules = wanted.get(key, [])
        pairs = [(-_likeness(rules[at], candidates[which]), order, which, at)
                 for (order, at), which in product(enumerate(open_rules), sorted(left))
                 if candidates[which].group in ("", rules[at][0])]  # fmt: skip
        for _, _, which, at in sorted(pairs):
            if which in left and found[at] is None:
                found[at] = candidates[which]
                left.discard(which)
        gone += [candidates[which] for which in sorted(left)]
    return Joined(tuple(found), tuple(gone))


def _likeness(named: tuple[str, Rule], place: PageRule) -> int:
    """How much speaks for a rule being the one of a place, of two with one name."""
    group, rule = named
    labels = dict(rule.labels)
    severity = labels.get("severity", "")
    told = read_pairs(place.parts["labels"].source) if "labels" in place.parts else {}
    if "severity" in told:
        labels_now = told
    else:
        labels_now = told | ({"severity": place.text("severity")} if place.text("severity") else {})
    return (
        16 * (place.group == group)
        + 8 * (labels_now == labels)
        + 4 * (place.text("expression").split() == rule.expression.split())
        + 2 * (labels_now.get("severity", "") == severity)
        + (place.text("hold") == rule.hold)
    )
