"""Schedules out of a page's tables and labels: rotations, stand-ins, holidays, dated turns. Computes no one's turn."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from opsbook.book.page import Page, Section
from opsbook.book.roster.calendar import zone_of
from opsbook.book.roster.surroundings import chain, field_cell, inherited_cell
from opsbook.book.roster.values import (
    Flaw,
    Holiday,
    Override,
    Reference,
    Rotation,
    Schedule,
    Step,
    plain_name,
)
from opsbook.book.roster.words import read_hand_over, read_hours, read_step, references, turns
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Cell, Table
from opsbook.book.times import When, read_time
from opsbook.ground.guesses import closest

T = TypeVar("T")
Tables = Sequence[tuple[Table, Section | None]]

WHO = ("participants", "on call", "people", "engineers", "members", "who", "person", "engineer", "order", "assignee",
       "taken by", "covered by", "replacement", "name")  # fmt: skip
_KIND = ("rotation", "rotates", "every", "frequency", "cadence", "kind", "type", "turn", "turn length", "shift length")
_START = ("start", "starts", "since", "starting", "start date")
_END = ("end", "ends", "end date", "until")
_HAND_OVER = ("hand over", "handover", "hand off", "handoff", "changes", "changeover")
_HOURS = ("hours", "only", "restriction", "restrictions", "coverage", "active", "when")
_SCHEDULE = ("schedule", "rota", "role")
_ZONE = ("time zone", "timezone", "tz")
_FROM = ("from", "starts", "begin", "starting", "week of", "week", "week starting", "date")
_TO = ("to", "until", "till", "ends", "through")
_INSTEAD = ("instead of", "for", "replaces", "instead", "originally")
# `For` may as well say what for.
_INSTEAD_SURELY = tuple(name for name in _INSTEAD if name != "for")
_CALENDAR = ("calendar", "ical", "ics", "calendar feed", "ical feed")
_ROLES = ("primary", "secondary", "backup", "on call", "engineer", "person", "who", "shadow", "tertiary")
_ZONE_LABELS = ("time zone", "timezone", "tz", "time-zone", "all times", "times")
_EVERY = ("all", "every", "any", "both", "*")
_NO_TURNS = "A rotation of the schedule '{}' has no participants, so nobody is on call by it."
_OVERRIDING = ("override", "swap", "exception", "stand-in", "absence", "vacation", "cover")


class _Draft:
    """A schedule while its tables are being read."""

    def __init__(self, page: Page, name: str, section: Section | None, place: tuple[int, int]) -> None:
        self.name, self.section, self.place = name, section, place
        self.rotations: list[Rotation] = []
        self.overrides: list[Override] = []
        self.holidays: list[Holiday] = []
        self.flaws: list[Flaw] = []
        zone = inherited_cell(page, section, _ZONE_LABELS)
        self.zone = "UTC" if zone is None or is_unfilled(zone.text) else zone.text.split(" ")[0].strip("`(),")
        self.zone_place = place if zone is None else (zone.start, zone.end)

    def made(self) -> Schedule:
        if zone_of(self.zone) is None:
            message = f"The time zone '{self.zone}' is not known."
            self.flaws.append(Flaw(message, *self.zone_place))
        return Schedule(
            self.name, self.zone, tuple(self.rotations), self.place, tuple(self.overrides), tuple(self.holidays),
            tuple(self.flaws),
        )  # fmt: skip


def read_schedules(page: Page, tables: Tables, flaws: list[Flaw]) -> Iterator[Schedule]:
    """The schedules of a page in the order in which they stand; rows that have no effect are told in `flaws`."""
    drafts: dict[str, _Draft] = {}
    for labelled in page.sections:
        _read_labels(page, labelled, drafts, flaws)
    for table, section in tables:
        if _is_rotations(table):
            _read_rotations(page, table, section, drafts=drafts, flaws=flaws)
    for table, section in tables:
        if _is_rotations(table):
            continue
        if table.column(*_FROM) is not None and table.column(*_TO) is not None and table.column(*WHO) is not None:
            _read_overrides(page, table, section, drafts=drafts, flaws=flaws)
        elif table.column(*_FROM) is not None and any(role in table.columns for role in _ROLES):
            _read_dated(page, table, section, drafts)
        elif "holiday" in table.columns or (section is not None and "holiday" in section.title.lower()):
            _read_holidays(page, table, section, drafts=drafts, flaws=flaws)
    yield from (draft.made() for draft in drafts.values())


def _is_rotations(table: Table) -> bool:
    if table.column(*WHO) is None or table.column("from", "to", "instead of") is not None:
        return False
    has_turns = table.column(*_HAND_OVER) is not None or table.column("rotation", "rotates", "cadence") is not None
    return has_turns or (table.column(*_START) is not None and table.column(*_HOURS) is not None)


def _draft(page: Page, section: Section | None, name: str, drafts: dict[str, _Draft]) -> _Draft:
    name = name or (section.title if section else page.title)
    place = (section.start, section.body) if section else (0, 0)
    return drafts.setdefault(plain_name(name), _Draft(page, name, section, place))


def _text(row: Sequence[Cell], column: int | None) -> str:
    return "" if column is None or is_unfilled(row[column].text) else row[column].text


# -- rotations ---------------------------------------------------------------------------------------------------


def _read_rotations(
    page: Page, table: Table, section: Section | None, *, drafts: dict[str, _Draft], flaws: list[Flaw]
) -> None:
    named = table.column(*_SCHEDULE)
    who = table.column(*WHO)
    for row in table.rows:
        if who is None or not any(cell.text for cell in row):
            continue
        draft = _draft(page, section, _text(row, named), drafts)
        kinds = (row[i] for i, column in enumerate(table.columns) if column in _KIND and read_step(row[i].text))
        cells = {
            "kind": next(kinds, None) or _cell(row, table.column(*_KIND)),
            "start": _cell(row, table.column(*_START)),
            "end": _cell(row, table.column(*_END)),
            "hand-over": _cell(row, table.column(*_HAND_OVER)),
            "hours": _cell(row, table.column(*_HOURS)),
        }
        zone = _text(row, table.column(*_ZONE))
        draft.zone = zone or draft.zone
        taken = turns(page.document, row[who])
        if not taken:
            flaws.append(Flaw(_NO_TURNS.format(draft.name), row[0].start, row[-1].end))
        _add_rotation(draft, taken, cells, (row[0].start, row[-1].end))


def _cell(row: Sequence[Cell], column: int | None) -> Cell | None:
    return None if column is None or is_unfilled(row[column].text) else row[column]


def _read_labels(page: Page, section: Section, drafts: dict[str, _Draft], flaws: list[Flaw]) -> None:
    """A rotation told by labels under a heading: `**Rotation:** weekly`, `**Participants:** @ada, @ben`."""
    cells: dict[str, Cell] = {}
    for field in page.fields_within(section.body, section.end):
        key = field.key.replace("-", " ")
        for name, keys in (("kind", _KIND[:4]), ("start", _START), ("end", _END), ("hand-over", _HAND_OVER),
                           ("hours", _HOURS[:-1]), ("calendar", _CALENDAR), ("who", WHO[:5])):  # fmt: skip
            if key in keys:
                cells.setdefault(name, field_cell(page, field))
    who = cells.pop("who", None)
    if "calendar" in cells:
        draft = _draft(page, section, "", drafts)
        _add_calendar(page, draft, cells, (section.start, section.body))
    if who is None or not ("kind" in cells or "hand-over" in cells):
        return
    filled = {name: cell for name, cell in cells.items() if not is_unfilled(cell.text)}
    draft = _draft(page, section, "", drafts)
    taken = turns(page.document, who)
    if not taken:
        flaws.append(Flaw(_NO_TURNS.format(draft.name), section.start, section.body))
    _add_rotation(draft, taken, filled, (section.start, section.body))


def _add_calendar(page: Page, draft: _Draft, cells: Mapping[str, Cell], place: tuple[int, int]) -> None:
    """A layer that a calendar tells, which others keep."""
    written = page.document.source(cells["calendar"].start, cells["calendar"].end)
    found = re.search(r"\]\(([^)\s]+)\)|<([^>\s]+)>|((?:https?|webcals?)://[^\s)>]+|[^\s()<>`]+\.ics\b)", written)
    if found is None:
        if not is_unfilled(cells["calendar"].text):
            message = f"'{cells['calendar'].text}' is no calendar; write the address of an .ics file, or its path."
            draft.flaws.append(Flaw(message, cells["calendar"].start, cells["calendar"].end))
        return
    address = next(filter(None, found.groups()))
    hours = _read(draft, cells.get("hours"), read_hours, "Mon–Fri 09:00–17:00")
    at = calendar_place(page.path, address)
    draft.rotations.append(Rotation("calendar", Step(0, "day"), (), None, place, windows=hours or (), calendar=at))


def calendar_place(page: str, address: str) -> str:
    """The address of a calendar, or its path from the root of the repository, as a page writes it."""
    if "://" in address:
        return re.sub(r"^webcal(s?)://", "https://", address)
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), address))


def _add_rotation(
    draft: _Draft,
    taken: tuple[tuple[Reference, ...], ...],
    cells: Mapping[str, Cell | None],
    place: tuple[int, int],
) -> None:
    hand_over = _read(draft, cells.get("hand-over"), read_hand_over, "Monday 09:00")
    day, second = hand_over or (None, None)
    start = _read(draft, cells.get("start"), _start, "2026-11-23")
    if second is None and start is not None:
        second = start.second
    fallback = Step(0, "day") if len(taken) < 2 else Step(1, "day" if hand_over and day is None else "week")
    named = _read(draft, cells.get("kind"), read_step, "weekly")
    kind, step = named or ("weekly" if fallback.unit == "week" else "daily" if fallback.amount else "fixed", fallback)
    is_filled = not any(reference.form == "slot" for turn in taken for reference in turn)
    if cells.get("start") is None and step.amount and len(taken) > 1 and is_filled:
        draft.flaws.append(Flaw("The rotation has no start, so nobody can tell whose turn it is.", *place))
    end = _read(draft, cells.get("end"), _start, "2026-11-23")
    windows = _read(draft, cells.get("hours"), read_hours, "Mon–Fri 09:00–17:00")
    draft.rotations.append(
        Rotation(
            kind, step, taken, start.day if start else None, place,
            handoff_day=day, handoff_s=second or 0, end=end.day if end else None, windows=windows or (),
        )
    )  # fmt: skip


def _read(draft: _Draft, cell: Cell | None, read: Callable[[str], T | None], example: str) -> T | None:
    """What a cell says, or None with a flaw where it says something that is not understood."""
    if cell is None or is_unfilled(cell.text):
        return None
    found = read(cell.text)
    if found is None:
        message = f"'{cell.text}' is not understood; it should be like '{example}'."
        draft.flaws.append(Flaw(message, cell.start, cell.end))
    return found


def _start(text: str) -> When | None:
    when = read_time(text)
    return when if when is not None and when.day is not None and 1970 <= when.day.year < 2200 else None


# -- stand-ins, dated turns, holidays ----------------------------------------------------------------------------


def _attached(page: Page, section: Section | None, name: str, drafts: dict[str, _Draft]) -> list[_Draft]:
    """The schedules that a table without its own is about: the one named, the one around it, else all of the page."""
    if plain_name(name) in _EVERY:
        return list(drafts.values())
    if name:
        return [drafts[plain_name(name)]] if plain_name(name) in drafts else []
    for around in chain(page, section):
        found = [draft for draft in drafts.values() if draft.section and draft.section.start == around.start]
        if found:
            return found
    return list(drafts.values())


def _read_overrides(
    page: Page, table: Table, section: Section | None, *, drafts: dict[str, _Draft], flaws: list[Flaw]
) -> None:
    title = section.title.lower() if section else ""
    columns = table.column(*_FROM), table.column(*_TO), table.column(*WHO)
    if not _attached(page, section, "", drafts) and not any(word in title for word in _OVERRIDING):
        _draft(page, section, "", drafts)
    for row in table.rows:
        begin, end, who = (row[column] for column in columns if column is not None)
        if is_unfilled(begin.text) or is_unfilled(who.text):
            continue
        _tell_unknown(_cell(row, table.column(*_SCHEDULE)), drafts, flaws)
        for draft in _attached(page, section, _text(row, table.column(*_SCHEDULE)), drafts):
            span = _span(draft, begin, end)
            if span is None:
                continue
            instead = _text(row, table.column(*_INSTEAD))
            out = _cell(row, table.column(*_INSTEAD_SURELY))
            reason = _text(row, table.column("reason", "why", "note", "notes"))
            people = references(page.document, who)
            draft.overrides.append(
                Override(
                    people, *span, (row[0].start, row[-1].end), plain_name(instead) if instead else None, reason,
                    references(page.document, out) if out else (),
                )
            )  # fmt: skip


def _tell_unknown(cell: Cell | None, drafts: dict[str, _Draft], flaws: list[Flaw]) -> None:
    """A flaw where a row is for a schedule that the page does not have."""
    if cell is None or plain_name(cell.text) in drafts or plain_name(cell.text) in _EVERY:
        return
    guess = closest(plain_name(cell.text), drafts)
    meant = f" Did you mean '{drafts[guess].name}'?" if guess else ""
    message = f"No schedule of this page is named '{cell.text}', so the row has no effect.{meant}"
    flaws.append(Flaw(message, cell.start, cell.end))


def _span(draft: _Draft, begin: Cell, end: Cell) -> tuple[datetime, datetime] | None:
    """Local times of the schedule; a day without a time of day is meant whole, also as the end."""
    start = _read(draft, begin, _start, "2026-12-24 09:00")
    until = _read(draft, end, _start, "2026-12-27 09:00")
    if start is None or until is None:
        return None
    first, last = _local(draft, start), _local(draft, until)
    last = last + timedelta(days=1) if until.second is None else last
    if last <= first:
        draft.flaws.append(Flaw(f"It ends at '{end.text}', which is not after '{begin.text}'.", end.start, end.end))
        return None
    return first, last


def _local(draft: _Draft, when: When) -> datetime:
    day = when.day or date(1970, 1, 1)
    wall = datetime(day.year, day.month, day.day) + timedelta(seconds=when.second or 0)
    zone = zone_of(draft.zone)
    if when.offset is None or zone is None:
        return wall
    return (wall - timedelta(hours=when.offset)).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def _read_dated(page: Page, table: Table, section: Section | None, drafts: dict[str, _Draft]) -> None:
    """Turns by their first day, each until the next one begins: `| Week of | Primary | Secondary |`."""
    begins = table.column(*_FROM)
    roles = [(i, column) for i, column in enumerate(table.columns) if column in _ROLES]
    dated = [(when, row) for row in table.rows if begins is not None and (when := _start(row[begins].text))]
    if not dated or (len(dated) < 2 and "week" not in table.columns[begins or 0]):
        return
    for i, role in roles:
        title = section.title if section else page.title
        draft = _draft(page, section, title if len(roles) == 1 else f"{title}: {role.title()}", drafts)
        for at, (when, row) in enumerate(dated):
            start = _local(draft, when)
            before = _local(draft, dated[at - 1][0]) if at else start - timedelta(weeks=1)
            end = _local(draft, dated[at + 1][0]) if at + 1 < len(dated) else start + (start - before)
            people = references(page.document, row[i])
            if start < end and people:
                draft.overrides.append(Override(people, start, end, (row[0].start, row[-1].end), reason=row[0].text))


def _read_holidays(
    page: Page, table: Table, section: Section | None, *, drafts: dict[str, _Draft], flaws: list[Flaw]
) -> None:
    day, name = table.column("date", "day", "when"), table.column("holiday", "name", "occasion", "reason")
    if day is None:
        return
    who = next((column for column in (table.column(*WHO[:-1]),) if column is not None and column != name), None)
    for row in table.rows:
        attached = _attached(page, section, _text(row, table.column(*_SCHEDULE)), drafts)
        when = _start(row[day].text)
        if when is None or when.day is None:
            if attached and not is_unfilled(row[day].text):
                message = f"'{row[day].text}' is no day that can be read; it should be like '2026-12-25'."
                flaws.append(Flaw(message, row[day].start, row[day].end))
            continue
        _tell_unknown(_cell(row, table.column(*_SCHEDULE)), drafts, flaws)
        people = references(page.document, row[who]) if who is not None else ()
        for draft in attached:
            draft.holidays.append(Holiday(when.day, _text(row, name), people, (row[day].start, row[day].end)))
