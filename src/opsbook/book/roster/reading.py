"""A page to its roster: which tables are people, teams, rotations, overrides, holidays, levels. Judges nothing.

A table is known by its columns, in any order and with other words for them; its name, zone and further labels come
from the section that it stands in.
"""

from __future__ import annotations

from functools import lru_cache

from opsbook.book.page import Page
from opsbook.book.roster.escalation import read_policies
from opsbook.book.roster.people import read_people, read_teams
from opsbook.book.roster.schedules import read_schedules
from opsbook.book.roster.values import Flaw, Roster
from opsbook.book.tables import read_tables


@lru_cache(maxsize=1)
def read_roster(page: Page) -> Roster:
    """The people, teams, schedules and escalation policies of a page, whatever its kind; never raises.

    The last page is remembered: four readers ask for it one after the other.
    """
    if not page.document.tables and not page.fields:
        return Roster()
    tables = [(table, page.section_at(table.start)) for table in read_tables(page.document)]
    flaws: list[Flaw] = []
    return Roster(
        tuple(person for table, _ in tables for person in read_people(table)),
        tuple(team for table, _ in tables for team in read_teams(page, table)),
        tuple(read_schedules(page, tables, flaws)),
        tuple(read_policies(page, tables)),
        tuple(flaws),
    )
