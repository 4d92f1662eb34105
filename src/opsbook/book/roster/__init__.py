"""People, schedules, escalation as pages say them; who is on call when, and when nobody is. Pages no one."""

from opsbook.book.roster.calendar import Duty, Shift, gaps, on_call, shifts
from opsbook.book.roster.mentions import mentions_of, people_of
from opsbook.book.roster.reading import is_roster_page, read_roster
from opsbook.book.roster.values import (
    EscalationPolicy,
    Flaw,
    Holiday,
    Level,
    Override,
    Person,
    Reference,
    Roster,
    Rotation,
    Schedule,
    Step,
    Team,
    Window,
    plain_name,
)

__all__ = [
    "Duty", "EscalationPolicy", "Flaw", "Holiday", "Level", "Override", "Person", "Reference", "Roster", "Rotation",
    "Schedule", "Shift", "Step", "Team", "Window", "gaps", "is_roster_page", "mentions_of", "on_call", "people_of",
    "plain_name", "read_roster", "shifts",
]  # fmt: skip
