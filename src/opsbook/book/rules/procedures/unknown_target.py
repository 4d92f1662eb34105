"""`unknown-target`: a host, group or approver that opsbook.toml does not know. The step would reach nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.ground.errors import Finding
from opsbook.ground.guesses import closest


@page_rule("unknown-target", "error")
def check(page: Page, around: Around) -> Iterator[Finding]:
    settings = around.settings
    targets = settings.targets
    approvers = settings.people | settings.approvers.keys()
    if not targets and not approvers:
        return
    from opsbook.book.field_values import value_of, value_place  # within: most books name no targets
    from opsbook.book.grammar import Approval, ParameterType, RunOn, read_type

    parts = parts_of(page)
    for _, step, found in parts.fields:
        if found.label == "Run on" and targets:
            value = value_of(found, step)
            names = [name for name in value.targets if name[0] != "$"] if isinstance(value, RunOn) else []
            yield from _unknown(page, value_place(page, found), names, targets, what="host or group")
        elif found.label == "Approval" and approvers:
            value = value_of(found, step)
            names = list(value.approvers) if isinstance(value, Approval) else []
            yield from _unknown(page, value_place(page, found), names, approvers, what="person or group of approvers")
    for procedure in parts.procedures if targets else ():
        for parameter in procedure.declared:
            kind = read_type(parameter.type)
            group = kind.group if isinstance(kind, ParameterType) and kind.group[:1] != "$" else ""
            place = (parameter.start, parameter.end)
            yield from _unknown(page, place, [group] if group else [], targets, what="group")


def _unknown(
    page: Page, place: tuple[int, int], names: Iterable[str], known: Iterable[str], *, what: str
) -> Iterator[Finding]:
    known = sorted(known)
    for name in names:
        # A login and a port are not part of a host's name.
        bare = name.rpartition("@")[2].partition(":")[0]
        if name in known or bare in known:
            continue
        near = closest(bare, known)
        fix = f"Did you mean '{near}'?" if near else "Mend the name, or add it to opsbook.toml."
        yield page.finding("unknown-target", "error", place, f"There is no {what} '{name}'.", fix=fix)
