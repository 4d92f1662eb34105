"""What a comparison of rules found, as lines: what differs, with each place, and what is the same as one number."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from opsbook.book.rule_sides import Compared
from opsbook.entrypoints.shown.findings import Telling
from opsbook.entrypoints.shown.findings import as_text as findings_text
from opsbook.entrypoints.shown.terminal import wrapped
from opsbook.usecases.lint import LintReport
from opsbook.usecases.rules_check import RulesCheck

_WORDS = {"page": "page", "file": "rule file", "server": "server"}


def as_text(check: RulesCheck, source: Callable[[str], list[str] | None], width: int | None) -> Iterator[str]:
    """The lines for a terminal that is `width` wide."""
    for rule in check.rules:
        if rule.state != "same":
            for line in _of_rule(rule):
                yield from wrapped(line, width, len(line) - len(line.lstrip()) + 2)
            yield ""
    if check.findings:
        report = LintReport(0, check.findings)
        yield from list(findings_text(report, source, Telling(False, width, "", 0, "")))[: -1]
    for line in check.quiet:
        yield from wrapped(line, width, 0)
    yield from wrapped(_summary(check), width, 0)


def _of_rule(rule: Compared) -> Iterator[str]:
    what = "alert" if rule.kind == "alert" else "recording rule"
    behind = " and ".join(f"the {_WORDS[side]}" for side in rule.behind)
    is_or_are = "are" if len(rule.behind) > 1 else "is"
    yield f"{what} {rule.name}: {_state(rule)}" + (f"; {behind} {is_or_are} behind" if behind else "")
    for told in rule.told:
        yield f"  {_WORDS[told.side]:<10} {told.place}"
    for difference in rule.differences:
        for side, value in difference.told.items():
            yield f"  {difference.field:<10} {' '.join(value.split())}  ({_WORDS[side]})"
    if rule.renamed is not None:
        there, why = rule.renamed
        yield f"  Was it renamed to {there.name}? {why.capitalize()}, at {there.place}."


def _state(rule: Compared) -> str:
    if rule.missing:
        others = [_WORDS[each.side] for each in rule.told]
        where = " and ".join(f"the {_WORDS[side]}" for side in rule.missing)
        more = " (and what is there differs)" if rule.differences else ""
        return f"not in {where}, but in the {' and the '.join(dict.fromkeys(others))}{more}"
    return "differs in " + ", ".join(each.field for each in rule.differences)


def _summary(check: RulesCheck) -> str:
    places = {"page": "on pages", "file": "in rule files", "server": "on the server"}
    counts = ", ".join(f"{many} {places[side]}" for side, many in check.sides.items())
    if len(check.sides) < 2:
        return f"There is nothing to compare with: rules are known of one side alone ({counts or 'none'})."
    states = [f"{sum(1 for rule in check.rules if rule.state == state)} {word}" for state, word in
              (("same", "the same"), ("differs", "different"), ("missing", "missing somewhere"))]  # fmt: skip
    many = len(check.findings)
    findings = f"; {many} more finding{'s' if many != 1 else ''}" if many else ""
    return f"Rules: {counts}. {', '.join(states)}{findings}."
