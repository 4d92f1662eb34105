"""A page to its roster: which tables are people, teams, rotations, overrides, holidays, levels. Judges nothing.

A table is known by its columns, in any order and with other words for them; its name, zone and further labels come
from the section that it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from opsbook.book.page import Page
from opsbook.book.roster.escalation import read_policies
from opsbook.book.roster.schedules import read_schedules
from opsbook.book.roster.values import Person, Roster, Team
from opsbook.book.roster.words import references
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Table, read_tables

NAME = ("name", "person", "who", "engineer", "full name")
HANDLE = ("handle", "github", "username", "user", "login", "nick", "account")
TIME_ZONE = ("time zone", "timezone", "tz")
CONTACTS: dict[str, str] = {
    "phone": "phone", "telephone": "phone", "mobile": "phone", "cell": "phone", "phone number": "phone",
    "sms": "sms", "text message": "sms", "e mail": "email", "email": "email", "mail": "email", "chat": "chat",
    "slack": "chat", "teams": "chat", "mattermost": "chat", "matrix": "chat", "telegram": "chat", "signal": "chat",
    "discord": "chat", "push": "push", "ntfy": "push", "pager": "pager", "contact": "contact", "email/phone": "contact",
    "e mail/phone": "contact", "phone/email": "contact", "webhook": "webhook",
}  # fmt: skip
_TEAM = ("team", "group", "squad")
_MEMBERS = ("members", "people", "who", "participants")
_NOT_PEOPLE = ("from", "to", "until", "rotation", "level", "after", "start")



@lru_cache(maxsize=1)
def read_roster(page: Page) -> Roster:
    """The people, teams, schedules and escalation policies of a page, whatever its kind; never raises.

    The last page is remembered: four readers ask for it one after the other.
    """
    if not page.document.tables and not page.fields:
        return Roster()
    tables = [(table, page.section_at(table.start)) for table in read_tables(page.document)]
    return Roster(
        tuple(person for table, _ in tables for person in _people(table)),
        tuple(team for table, _ in tables for team in _teams(page, table)),
        tuple(read_schedules(page, tables)),
        tuple(read_policies(page, tables)),
    )


def _people(table: Table) -> Iterator[Person]:
    name, handle = table.column(*NAME), table.column(*HANDLE)
    kinds = [(i, CONTACTS[column]) for i, column in enumerate(table.columns) if column in CONTACTS]
    if (name is None and handle is None) or not kinds or table.column(*_NOT_PEOPLE) is not None:
        return
    zone = table.column(*TIME_ZONE)
    for row in table.rows:
        named = row[name].text if name is not None else ""
        nick = row[handle].text.lstrip("@") if handle is not None else ""
        if named.startswith("@"):
            named, nick = "", nick or named.lstrip("@")
        if is_unfilled(named) and is_unfilled(nick):
            continue
        contacts = tuple((kind, row[i].text) for i, kind in kinds if not is_unfilled(row[i].text))
        first = row[name if name is not None and row[name].text else handle or 0]
        yield Person(
            "" if is_unfilled(named) else named,
            "" if is_unfilled(nick) else nick,
            contacts,
            row[zone].text if zone is not None and not is_unfilled(row[zone].text) else "",
            (first.start, first.end),
        )


def _teams(page: Page, table: Table) -> Iterator[Team]:
    name, members = table.column(*_TEAM), table.column(*_MEMBERS)
    if name is None or members is None:
        return
    for row in table.rows:
        if not is_unfilled(row[name].text):
            place = (row[name].start, row[name].end)
            yield Team(row[name].text.lstrip("@"), references(page.document, row[members]), place)
