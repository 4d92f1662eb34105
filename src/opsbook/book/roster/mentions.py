"""Who is known by a page, and whom it refers to where paging reads it. Free text about people is neither."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from opsbook.book.fields import Field
from opsbook.book.lint import Mention
from opsbook.book.page import Page
from opsbook.ground.pattern import Pattern

if TYPE_CHECKING:
    from opsbook.book.roster.values import Reference, Roster


# Not the @ of an address, of a package (`@scope/name`), of a decorator with its call, or of a version (`x@1`).
_HANDLE = Pattern(r"(?<![\w@./`-])@([A-Za-z][\w-]*(?:\.[\w-]+)*)(?![\w/@(])")
_SERVICES = ("services", "service", "applies to")
_APPROVALS = frozenset({"approval", "approvals", "approved by", "needs approval"})
# What the template of a tool's documentation writes where a name belongs.
_EXAMPLES = frozenset({"name", "handle", "user", "username", "someone", "team", "person"})


def people_of(page: Page) -> tuple[str, ...]:
    """Every name that a page makes known: people by name and handle, teams, schedules, escalation policies."""
    if page.kind != "policy":
        return ()
    roster = _roster(page)
    names = [name for person in roster.people for name in (person.name, person.handle)]
    names += [team.name for team in roster.teams]
    names += [schedule.name for schedule in roster.schedules]
    names += [policy.name for policy in roster.policies]
    return tuple(name for name in names if name)


def mentions_of(page: Page) -> tuple[Mention, ...]:
    """The people, teams and schedules that a page refers to where paging reads it, in order.

    These are participants, stand-ins, members and contacts of escalation on policy pages; `@handles` of approvals and
    of emergency contacts anywhere; the contacts of runbooks; `@handles` of what is still to be done on incident reports
    and post-mortems.
    """
    if page.kind == "template":
        return ()
    found: list[Mention] = []
    if page.kind == "policy":
        found.extend(_referred(page))
    if b"@" in page.document.content:
        found.extend(_handles(page))
    if page.kind == "runbook" and "emergency-contacts" in page.slots:
        known = {mention.span for mention in found}
        found.extend(mention for mention in _contacts(page) if mention.span not in known)
    return tuple(sorted(found, key=lambda mention: mention.span))


def paged_services_of(page: Page) -> tuple[Mention, ...]:
    """The services that a page's escalations are for, each where it is named, or in the line where it is."""
    if page.kind != "policy":
        return ()
    found: list[Mention] = []
    for policy in _roster(page).policies:
        section = page.section_at(policy.place[0]) if policy.services else None
        fields = page.fields_within(section.body, section.end) if section else ()
        for field in (field for field in fields if field.key in _SERVICES):
            place = page.span(field.value_start, field.value_end)
            found.extend(Mention(name, place) for name in policy.services)
        for level in policy.levels:
            found.extend(Mention(name, page.span(*level.place)) for name in level.services)
    return tuple(found)


def _roster(page: Page) -> Roster:
    from opsbook.book.roster.reading import read_roster  # few pages have one; it takes milliseconds

    return read_roster(page)


def _referred(page: Page) -> Iterator[Mention]:
    roster = _roster(page)
    for team in roster.teams:
        yield from _mentions(page, team.members)
    for schedule in roster.schedules:
        for rotation in schedule.rotations:
            for turn in rotation.turns:
                yield from _mentions(page, turn)
        for override in schedule.overrides:
            yield from _mentions(page, (*override.people, *override.replaced))
        for holiday in schedule.holidays:
            yield from _mentions(page, holiday.people)
    for policy in roster.policies:
        for level in policy.levels:
            yield from _mentions(page, level.targets)
        yield from _mentions(page, policy.catch_all)


def _mentions(page: Page, references: Iterable[Reference]) -> Iterator[Mention]:
    for reference in references:
        if reference.form in ("handle", "name"):
            yield Mention(reference.name, page.span(reference.start, reference.end))


def _handles(page: Page) -> Iterator[Mention]:
    for field in page.fields:
        if field.key in _APPROVALS or _is_contact(page, field):
            yield from _handles_in(page, field.value_start, field.value_end)
    if page.kind in ("incident", "post-mortem"):
        for section in page.sections:
            if section.slot == "prevention":
                yield from _open_actions(page, section.body, section.end)


def _contacts(page: Page) -> Iterator[Mention]:
    from opsbook.book.contact_notes import contact_notes  # most pages have no contacts

    for note in contact_notes(page):
        for each in note.references:
            place = page.span(each.start, each.end)
            if each.form in ("address", "channel"):
                yield Mention(each.name, place, "address")
            elif each.form in ("handle", "name"):
                yield Mention(each.name, place, "contact")


def _is_contact(page: Page, field: Field) -> bool:
    if page.kind != "runbook":
        return False
    section = page.section_at(field.start)
    return section is not None and section.slot == "emergency-contacts"


def _open_actions(page: Page, start: int, end: int) -> Iterator[Mention]:
    """The handles of action items that are not ticked off: who has left may stand on what is done.

    An item is one of an outermost list, or a row of a table; what is nested in an item explains it.
    """
    document = page.document
    for index in document.children(*page.blocks(start, end)):
        for inner in document.inside(index) if document.blocks[index].kind in ("list", "table") else ():
            block = document.blocks[inner]
            if block.level != 2 and document.stop(inner) > inner + 1:
                last = document.blocks[inner + 1].end if block.kind == "item" else block.end
                yield from _handles_in(page, block.start, last)


def _handles_in(page: Page, start: int, end: int) -> Iterator[Mention]:
    source = page.document.source(start, end)
    if "`" in source:
        source = re.sub(r"`[^`\n]*`", lambda code: " " * len(code.group()), source)
    for found in _HANDLE().finditer(source):
        if found.group(1).lower() in _EXAMPLES:
            continue
        begin = start + len(source[: found.start()].encode())
        yield Mention(found.group(1), page.span(begin, begin + len(found.group().encode())))
