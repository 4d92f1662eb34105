"""`unreachable-approval`: an approval by more people than there are. Whoever started the run never counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.ground.errors import Finding


@page_rule("unreachable-approval", "error")
def check(page: Page, around: Around) -> Iterator[Finding]:
    groups = around.settings.approvers
    people = around.settings.people - groups.keys()
    if not (groups or people) or not parts_of(page).has_values:
        return
    from opsbook.book.field_values import approvals, value_place  # within: few pages hold a value of the grammar

    for found, approval in approvals(page):
        members = _members(approval.approvers, groups, people)
        if members is None:
            continue
        # Where everybody may approve, the starter is one of them.
        others = len(members) - (members >= people and bool(people))
        if approval.count > others:
            yield page.finding(
                "unreachable-approval",
                "error",
                value_place(page, found),
                f"{approval.count} must approve, and without whoever started the run there are only {others}.",
                fix="Ask for fewer, or name more people.",
            )


def _members(
    approvers: tuple[str, ...], groups: Mapping[str, tuple[str, ...]], people: frozenset[str]
) -> set[str] | None:
    """Everyone who may approve, or None when a name is not known."""
    members: set[str] = set()
    for name in approvers:
        if name in groups:
            members.update(groups[name])
        elif name in people:
            members.add(name)
        else:
            return None
    return members
