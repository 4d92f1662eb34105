"""`dead-end-policy`: an escalation that ends in nobody. After its last level an alert burns on unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding

if TYPE_CHECKING:
    from opsbook.book.roster.values import EscalationPolicy, Level, Reference, Roster

_FIX = "Let the last level, or a `**Catch-All:**` below it, name a person, or a team or schedule that has someone."


@page_rule("dead-end-policy", "error", "policy")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.roster.reading import read_roster  # few books have policies; it takes milliseconds to import

    roster = read_roster(page)
    for policy in roster.policies:
        for flaw in policy.flaws:
            place = (flaw.start, flaw.end)
            fix = "Write it so that it can be followed."
            yield page.finding("dead-end-policy", "error", place, flaw.message, fix=fix)
        for level in policy.levels:
            yield from _too_many(page, level, roster)
        yield from _dead_end(page, policy, roster)


def _too_many(page: Page, level: Level, roster: Roster) -> Iterator[Finding]:
    """A finding where more must acknowledge than the level can reach, as far as this page tells."""
    if level.needs < 2 or level.is_round_robin:
        return
    from opsbook.book.roster.values import plain_name  # as above

    teams = {plain_name(team.name): team for team in roster.teams}
    people = {plain_name(name): person.place for person in roster.people for name in (person.name, person.handle)}
    found: set[object] = set()
    for reference in level.targets:
        name = plain_name(reference.name)
        if name not in teams and name not in people:
            return  # a schedule, or what other pages know
        members = teams[name].members if name in teams else (reference,)
        found.update(people.get(plain_name(member.name), member.name) for member in members)
    if len(found) < level.needs:
        has = {0: "nobody", 1: "one person"}.get(len(found), f"{len(found)} people")
        message = f"{level.needs} people must acknowledge at a level that has {has}."
        fix = "Name as many people as are required, or require fewer."
        yield page.finding("dead-end-policy", "error", level.place, message, fix=fix)


def _dead_end(page: Page, policy: EscalationPolicy, roster: Roster) -> Iterator[Finding]:
    if any(_reaches(reference, roster) for reference in policy.catch_all):
        return
    if not policy.levels:
        message = f"The escalation '{policy.name}' has no levels, so it reaches nobody."
        yield page.finding("dead-end-policy", "error", policy.place, message, fix=_FIX)
        return
    last = policy.levels[-1]
    if last.hours:
        message = f"The escalation '{policy.name}' ends with a level that holds only in '{last.hours}'."
        yield page.finding("dead-end-policy", "error", last.place, message, fix=_FIX)
        return
    if any(_reaches(reference, roster) for reference in last.targets):
        return
    named = ", ".join(reference.name for reference in last.targets)
    why = f"'{named}' has nobody in it" if named else "it names nobody"
    message = f"The escalation '{policy.name}' ends with a level that reaches nobody: {why}."
    yield page.finding("dead-end-policy", "error", last.place, message, fix=_FIX)


def _reaches(reference: Reference, roster: Roster) -> bool:
    """Whether a contact reaches someone, as far as this page tells: what other pages know is taken on trust."""
    from opsbook.book.roster.values import plain_name  # as above

    if reference.form == "text":
        return True  # prose may well name someone; that it cannot be computed is told where it is needed
    name = plain_name(reference.name)
    for team in roster.teams:
        if plain_name(team.name) == name:
            return bool(team.members)
    for schedule in roster.schedules:
        if plain_name(schedule.name) == name:
            return bool(schedule.overrides) or any(rotation.turns for rotation in schedule.rotations)
    return True
