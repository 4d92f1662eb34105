"""`unreachable-approval`: an approval by more people than there are. Whoever started the run never counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.ground.errors import Finding

if TYPE_CHECKING:
    from opsbook.book.grammar import Approval


@page_rule("unreachable-approval", "error")
def check(page: Page, around: Around) -> Iterator[Finding]:
    groups, people = around.settings.approvers, around.settings.people
    if not groups and not people:
        return
    from opsbook.book.field_values import value_of, value_place  # within: most books name no approvers
    from opsbook.book.grammar import Approval

    for _, step, found in parts_of(page).fields:
        approval = value_of(found, step) if found.label == "Approval" else None
        if not isinstance(approval, Approval):
            continue
        members = _members(approval, groups, people)
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


def _members(approval: Approval, groups: Mapping[str, tuple[str, ...]], people: frozenset[str]) -> set[str] | None:
    """Everyone who may approve, or None when a name is not known."""
    members: set[str] = set()
    for name in approval.approvers:
        if name in groups:
            members.update(groups[name])
        elif name in people:
            members.add(name)
        else:
            return None
    return members
