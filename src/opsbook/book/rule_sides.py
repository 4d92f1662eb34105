"""The same rules as pages, rule files and a running server tell them: which differ, who is behind, what was renamed.

A side that says nothing of a field agrees with whatever the others say of it. Who differs alone from two that agree
is behind; of two that differ nobody is, but that a server runs what it once read from the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Literal

from msgspec import Struct

from opsbook.book.promql import read_expression
from opsbook.book.rule_pages_reading import prometheus_duration
from opsbook.book.severity import PRIORITIES, read_severity
from opsbook.ground.errors import Span
from opsbook.ground.guesses import closest

Side = Literal["page", "file", "server"]
SIDES: tuple[Side, ...] = ("page", "file", "server")


class RuleTold(Struct, frozen=True, kw_only=True):
    """A rule as one side tells it. None is what it does not tell. `group` is that of the file or the server; `span` the
    place, for a server the file that it names."""

    side: Side
    kind: Literal["alert", "record"]
    name: str
    span: Span
    group: str = ""
    expression: str | None = None
    hold: timedelta | None = None
    severity: str | None = None
    labels: Mapping[str, str] | None = None
    runbook: str | None = None
    error: str = ""

    @property
    def place(self) -> str:
        """Where it stands, as people look for it."""
        if self.side == "server":
            return f"the server, group {self.group} of {self.span.path}" if self.group else "the server"
        return str(self.span)


class Difference(Struct, frozen=True):
    """A field that is told in several ways: what each side says, and who is behind, "" where that cannot be told."""

    field: str
    told: Mapping[str, str]
    behind: str


class Compared(Struct, frozen=True, kw_only=True):
    """One rule with all that tell it. `missing` are the sides that were looked at and do not have it; `behind` who is
    behind, by what is missing or by a difference; `renamed` is what it most likely is called there, and why."""

    kind: str
    name: str
    state: Literal["same", "differs", "missing"]
    told: tuple[RuleTold, ...]
    missing: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    behind: tuple[str, ...] = ()
    renamed: tuple[RuleTold, str] | None = None


def compare(told: Iterable[RuleTold], looked_at: Sequence[Side]) -> tuple[Compared, ...]:
    """Each rule once, in the order in which they are told, alerts and records apart."""
    by_name: dict[tuple[str, str], list[RuleTold]] = {}
    for each in told:
        by_name.setdefault((each.kind, each.name), []).append(each)
    found = [_compared(group, looked_at) for same in by_name.values() for group in _paired(same)]
    return tuple(_guessed(each, found) for each in found)


def _paired(same: list[RuleTold]) -> Iterator[tuple[RuleTold, ...]]:
    """Rules of one name, of which a file may have several: those go together that say the same."""
    left = {side: [each for each in same if each.side == side] for side in SIDES}
    leading = max((side for side in SIDES if side != "page"), key=lambda side: len(left[side]))
    first = left[leading] or left["page"]
    spare = [each for each in left["page"] if each.expression is None]  # it names all of them
    seen_spare = False
    for each in first:
        group = [each]
        for side in SIDES:
            if side == each.side:
                continue
            partner = _nearest(each, left[side])
            if partner is not None:
                group.append(partner)
                left[side].remove(partner)
                seen_spare = seen_spare or partner in spare
            elif side == "page" and spare:
                group.append(spare[0])
        yield tuple(sorted(group, key=lambda one: SIDES.index(one.side)))
    left[first[0].side] = []
    for side in SIDES:
        for each in left[side]:
            if each.expression is not None or not first or side != "page":
                yield (each,)


def _nearest(rule: RuleTold, others: list[RuleTold]) -> RuleTold | None:
    """The other that says the most of the same."""
    def likeness(other: RuleTold) -> tuple[bool, bool, bool, bool]:
        is_same = _canonical(other) == _canonical(rule)
        return is_same, other.severity == rule.severity, other.group == rule.group, other.expression is not None

    return max(others, key=likeness, default=None)


def _compared(group: tuple[RuleTold, ...], looked_at: Sequence[Side]) -> Compared:
    has = {each.side for each in group}
    missing = tuple(side for side in looked_at if side not in has)
    differences = tuple(_differences(group))
    behind = dict.fromkeys(each.behind for each in differences if each.behind)
    if missing and len(looked_at) == 3:
        odd = missing if len(missing) == 1 else tuple(has)
        behind = {**dict.fromkeys(odd), **behind}
    elif missing and set(looked_at) == {"file", "server"}:
        behind["server"] = None
    return Compared(
        kind=group[0].kind, name=group[0].name, state="missing" if missing else "differs" if differences else "same",
        told=group, missing=missing, differences=differences, behind=tuple(behind),
    )  # fmt: skip


def _differences(group: tuple[RuleTold, ...]) -> Iterator[Difference]:
    yield from _differing("expression", {each.side: (_canonical(each), each.expression) for each in group})
    yield from _differing("for", {each.side: (each.hold, _lasting(each.hold)) for each in group})
    yield from _differing("severity", _severities(group))
    names = sorted({name for each in group for name in each.labels or {} if name != "severity"})
    for name in names:
        values = {each.side: each.labels.get(name, "") for each in group if each.labels is not None}
        yield from _differing(f"label {name}", {side: (value, value or "nothing") for side, value in values.items()})
    yield from _differing("runbook", {each.side: (each.runbook, each.runbook or "nothing") for each in group})


def _severities(group: tuple[RuleTold, ...]) -> dict[Side, tuple[object, str | None]]:
    """The severities as they are compared: where one is written as P0 to P3, by what the others mean on that scale. A
    word that nobody knows is then not judged; a team's own are known to whoever reads its settings."""
    told = {each.side: each.severity for each in group if each.severity is not None}
    if any(severity.strip().upper() in PRIORITIES for severity in told.values()):
        return {side: (read_severity(severity), severity) for side, severity in told.items()}
    return {side: (severity.lower(), severity) for side, severity in told.items()}


def _differing(field: str, values: Mapping[Side, tuple[object, str | None]]) -> Iterator[Difference]:
    told = {side: value for side, value in values.items() if value[0] is not None}
    kinds: dict[object, list[Side]] = {}
    for side, (value, _) in told.items():
        kinds.setdefault(value, []).append(side)
    if len(kinds) < 2:
        return
    alone = [sides[0] for sides in kinds.values() if len(sides) == 1]
    behind = ""
    if len(told) == 3 and len(alone) == 1:
        behind = alone[0]
    elif set(told) == {"file", "server"}:
        behind = "server"
    yield Difference(field, {side: shown or "" for side, (_, shown) in told.items()}, behind)


def _canonical(rule: RuleTold) -> str | None:
    return None if rule.expression is None else read_expression(rule.expression).canonical


def _lasting(hold: timedelta | None) -> str:
    return "" if hold is None else prometheus_duration(hold)


# -- renames -----------------------------------------------------------------------------------------------------------


def _guessed(rule: Compared, all_of_them: Sequence[Compared]) -> Compared:
    """With what it most likely is called where it is missing: a rule of another name that those sides alone have."""
    if not rule.missing:
        return rule
    others = [other for other in all_of_them if other.kind == rule.kind and other.name != rule.name
              and {each.side for each in other.told} & set(rule.missing)
              and not {each.side for each in other.told} & {each.side for each in rule.told}]  # fmt: skip
    for other in others:
        why = _likeness(rule, other)
        if why:
            return _with(rule, _there(other, rule), why)
    near = closest(rule.name, [other.name for other in others])
    if near is not None:
        return _with(rule, next(_there(other, rule) for other in others if other.name == near), "nearly the same name")
    gone = {each.name for each in all_of_them if each.kind == rule.kind and each.missing} - {rule.name}
    led = [other for other in others if _leads(rule, other) and closest(other.name, gone - {other.name}) is None]
    # Of several alerts that lead to one page none is the likelier.
    return _with(rule, _there(led[0], rule), "the same page tells of it") if len(led) == 1 else rule


def _there(other: Compared, rule: Compared) -> RuleTold:
    return next(each for each in other.told if each.side in rule.missing)


def _leads(rule: Compared, other: Compared) -> bool:
    """Whether the page that names the one is the page that the runbook of the other is on."""
    pages = {each.span.path for each in (*rule.told, *other.told) if each.side == "page"}
    runbooks = {(each.runbook or "").partition("#")[0] for each in (*rule.told, *other.told)}
    return bool(pages & runbooks)


def _likeness(rule: Compared, other: Compared) -> str:
    mine, theirs = {_canonical(each) for each in rule.told}, {_canonical(each) for each in other.told}
    if (mine & theirs) - {None}:
        return "same expression"
    runbooks = {each.runbook for each in rule.told} & {each.runbook for each in other.told}
    return "same runbook" if runbooks - {None, ""} else ""


def _with(rule: Compared, there: RuleTold, why: str) -> Compared:
    return Compared(
        kind=rule.kind, name=rule.name, state=rule.state, told=rule.told, missing=rule.missing,
        differences=rule.differences, behind=rule.behind, renamed=(there, why),
    )  # fmt: skip
