"""How incidents are answered, as a policy page says it: severities, roles, templates, channels, and its roster.

Reads what is written; decides nobody's severity and writes no update.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from opsbook.book.action_reminders import Reminding, read_reminders
from opsbook.book.checklists import Checklist, read_checklists, says_list
from opsbook.book.impact_criteria import CriteriaRow, read_criteria
from opsbook.book.incident_opening import Opening, read_openings
from opsbook.book.inhibition import Inhibition, read_inhibitions
from opsbook.book.metadata import plain_key
from opsbook.book.page import Page, Section
from opsbook.book.roster.reading import read_roster
from opsbook.book.roster.surroundings import field_cell, label_cell
from opsbook.book.roster.values import Place, Roster, plain_name
from opsbook.book.severity import read_severity
from opsbook.book.slots import is_unfilled
from opsbook.book.status_components import StatusPage, read_status_page
from opsbook.book.tables import Table, plain_text, read_tables
from opsbook.ground.pattern import Pattern


class SeverityLevel(Struct, frozen=True, gc=False):
    """A row of the severity matrix: `level` is P0 to P3, `words` what the page calls it; what is not told is empty."""

    level: str
    words: str
    line: int
    anchor: str
    meaning: str = ""
    examples: str = ""
    labels: str = ""
    response: str = ""
    updates: str = ""


class Role(Struct, frozen=True, gc=False):
    """A role of the response: what it does and who takes it, as written."""

    name: str
    line: int
    anchor: str
    does: str = ""
    taken_by: str = ""


class Template(Struct, frozen=True, gc=False):
    """Text to be filled in during an incident, for whom it is, and where it goes: the value of `Channels:`, as written.
    """

    title: str
    text: str
    line: int
    anchor: str
    audience: str = ""
    channels: str = ""


class Channel(Struct, frozen=True, gc=False):
    """Where people meet or are told: the label and the place, as written."""

    name: str
    place: str
    line: int
    anchor: str


class Spot(Struct, frozen=True, gc=False):
    """Where something of a roster stands: its name as compared, the line and the section's anchor."""

    name: str
    line: int
    anchor: str


class Policy(Struct, frozen=True):
    """A policy page as read; `spots` are those of the roster's schedules and escalation policies and people."""

    roster: Roster
    severities: tuple[SeverityLevel, ...] = ()
    roles: tuple[Role, ...] = ()
    templates: tuple[Template, ...] = ()
    channels: tuple[Channel, ...] = ()
    spots: tuple[Spot, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()
    status_page: StatusPage | None = None
    openings: tuple[Opening, ...] = ()
    criteria: tuple[CriteriaRow, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    reminders: Reminding | None = None


_LEVEL = ("severity", "severity level", "level", "sev", "priority", "class", "p level")
_COLUMNS: dict[str, tuple[str, ...]] = {
    "meaning": ("meaning", "description", "definition", "criteria", "impact", "what it means", "name"),
    "examples": ("examples", "example", "typical examples"),
    "labels": ("labels", "alert labels", "words", "also"),
    "response": ("first response", "response time", "response", "time to respond", "acknowledge", "ack", "sla",
                 "initial response", "target response"),
    "updates": ("status updates", "updates", "update cadence", "cadence", "communication", "update frequency"),
}  # fmt: skip
_ROLE = ("role", "roles")
_DOES = ("does", "responsibility", "responsibilities", "description", "duties", "what", "tasks")
_TAKEN = ("taken by", "who", "assigned to", "held by", "person", "default", "by", "assignee")
_NOT_ROLES = ("from", "rotation", "hand over")
_CHANNELS = frozenset({
    "incident channel", "channel", "war room", "video call", "bridge", "conference bridge", "call", "status page",
    "slack channel", "chat", "zoom", "meeting",
})  # fmt: skip
_TOLD = ("channels", "channel", "goes to", "sent to", "send to", "where")
_TITLED_LEVEL = Pattern(r"^(?:severity\s*)?(?:p[0-4]|sev[-\s]?[0-5]|s[0-5])\b", re.I)


def read_policy(page: Page) -> Policy | None:
    """What a policy page says, or None for a page of another kind or one that says none of it."""
    if page.kind != "policy":
        return None
    roster = read_roster(page)
    roles = tuple(_roles(page))
    policy = Policy(
        roster,
        tuple(_severities(page)),
        roles,
        tuple(_templates(page)),
        tuple(_channels(page)),
        tuple(_spots(page, roster)),
        tuple(read_inhibitions(page)[0]),
        read_status_page(page),
        tuple(read_openings(page)[0]),
        read_criteria(page)[0],
        tuple(read_checklists(page, [role.name for role in roles])),
        read_reminders(page),
    )
    is_empty = not (policy.severities or policy.roles or policy.templates or policy.channels or policy.spots)
    is_more = policy.inhibitions or policy.openings or policy.status_page is not None or policy.criteria
    return None if is_empty and not is_more else policy


def _spot(page: Page, at: int) -> tuple[int, str]:
    section = page.section_at(at)
    return page.document.line(at), section.anchor if section else ""


def _spots(page: Page, roster: Roster) -> Iterator[Spot]:
    named: list[tuple[str, Place]] = [(schedule.name, schedule.place) for schedule in roster.schedules]
    named += [(escalation.name, escalation.place) for escalation in roster.policies]
    named += [(person.handle or person.name, person.place) for person in roster.people]
    named += [(team.name, team.place) for team in roster.teams]
    for name, place in named:
        yield Spot(plain_name(name), *_spot(page, place[0]))


# -- severities and roles ------------------------------------------------------------------------------------------


def _severities(page: Page) -> Iterator[SeverityLevel]:
    for table in read_tables(page.document):
        yield from _severity_rows(page, table)
    for section in page.sections:
        is_level = _TITLED_LEVEL().match(section.title) and not says_list(section.title)
        level = read_severity(section.title) if is_level else None
        if level:
            meaning = _first_paragraph(page, section)
            yield SeverityLevel(level, section.title, page.document.line(section.start), section.anchor, meaning)


def _severity_rows(page: Page, table: Table) -> Iterator[SeverityLevel]:
    """The rows of a matrix: a table with a column of severities that says something about each."""
    named = table.column(*_LEVEL)
    columns = {part: at for part, words in _COLUMNS.items() if (at := table.column(*words)) is not None and at != named}
    if named is None or not columns or table.column("contact", "after", "alert", "rotation") is not None:
        return
    for row in table.rows:
        level = read_severity(row[named].text)
        if level is None:
            continue
        told = {part: row[at].text for part, at in columns.items() if not is_unfilled(row[at].text)}
        line, anchor = _spot(page, row[named].start)
        yield SeverityLevel(level, row[named].text, line, anchor, *(told.get(part, "") for part in _COLUMNS))


def _roles(page: Page) -> Iterator[Role]:
    for table in read_tables(page.document):
        named, does, taken = table.column(*_ROLE), table.column(*_DOES), table.column(*_TAKEN)
        if named is None or (does is None and taken is None) or table.column(*_NOT_ROLES) is not None:
            continue
        for row in table.rows:
            if not is_unfilled(row[named].text):
                told = ["" if at is None or is_unfilled(row[at].text) else row[at].text for at in (does, taken)]
                yield Role(row[named].text, *_spot(page, row[named].start), *told)


# -- templates and channels ----------------------------------------------------------------------------------------


def _templates(page: Page) -> Iterator[Template]:
    """The fenced text below headings that speak of templates, each under its own heading."""
    for at, section in enumerate(page.sections):
        if not _speaks_of_templates(page, at):
            continue
        for index in range(*page.blocks(section.body, section.end)):
            block = page.document.blocks[index]
            if block.kind == "code" and block.text.strip():
                line = page.document.line(block.start)
                audience = _first_paragraph(page, section)
                places = label_cell(page, section, _TOLD)
                told = places.text if places is not None and not is_unfilled(places.text) else ""
                yield Template(section.title, block.text.rstrip("\n"), line, section.anchor, audience, told)
                break


def _speaks_of_templates(page: Page, at: int) -> bool:
    while at >= 0:
        if "template" in page.sections[at].title.lower() and page.sections[at].level > 1:
            return True
        at = page.parents[at]
    return False


def _first_paragraph(page: Page, section: Section) -> str:
    for index in range(*page.blocks(section.body, section.end)):
        block = page.document.blocks[index]
        if block.kind == "paragraph" and not is_unfilled(text := page.document.source(block.start, block.end)):
            return plain_text(" ".join(text.split()))
    return ""


def _channels(page: Page) -> Iterator[Channel]:
    for field in page.fields:
        if plain_key(field.name) in _CHANNELS:
            cell = field_cell(page, field)
            if not is_unfilled(cell.text):
                yield Channel(field.name, cell.text.strip("<>"), *_spot(page, field.start))
