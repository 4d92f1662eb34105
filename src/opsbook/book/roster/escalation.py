"""Escalation policies out of a page's tables: levels with their waits and whom they reach. Decides nobody's page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from opsbook.book.page import Page, Section
from opsbook.book.roster.calendar import zone_of
from opsbook.book.roster.surroundings import inherited_cell, label_cell
from opsbook.book.roster.values import EscalationPolicy, Flaw, Level
from opsbook.book.roster.words import read_count, read_hours, read_wait, references, split_words
from opsbook.book.severity import PRIORITIES
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Cell, Table

T = TypeVar("T")

_LEVEL = ("level", "step", "tier", "order", "#", "no.", "stage")
_AFTER = ("after", "wait", "when", "delay", "escalate after", "escalation time", "no answer within")
_CONTACT = ("contact", "who", "notify", "target", "targets", "page", "pages", "escalate to", "to whom", "to", "reaches",
            "on call", "person", "contacts", "people")  # fmt: skip
_NOT_LEVELS = ("from", "rotation", "hand over", "handover", "participants", "members", "phone", "e mail", "email",
               "start")  # fmt: skip
_WAITS = ("wait", "delay", "no answer within")
_SEVERITY = ("severity", "severities", "priority")
_SERVICE = ("service", "services")
_NEEDS = ("required", "needs", "acknowledgements", "people required", "must acknowledge", "required people")
_HOURS = ("hours", "only", "only in", "condition", "active", "during")
_WITHIN = ("acknowledge within", "acknowledgement holds", "ack timeout", "acknowledgement time-out",
           "acknowledgement timeout", "ack within")  # fmt: skip
_ZONE = ("time zone", "timezone", "tz", "time-zone")
_CATCH_ALL = ("catch-all", "catch all", "otherwise", "finally", "last resort")
_ALL = ("all", "any", "every", "*")
_MOST = 20  # times that all is said once more


def read_policies(page: Page, tables: Sequence[tuple[Table, Section | None]]) -> Iterator[EscalationPolicy]:
    """The policies of a page in the order in which they stand: each table of levels is one, named by its heading."""
    for table, section in tables:
        contact = table.column(*_CONTACT)
        level, after = table.column(*_LEVEL), table.column(*_AFTER)
        if contact is None or (level is None and after is None) or table.column(*_NOT_LEVELS) is not None:
            continue
        if after is None and (section is None or "escalat" not in section.title.lower()):
            continue  # `Level | Condition | Contact` and its like say whom to ask, not when somebody is paged
        yield _policy(page, table, section, contact)


def _policy(page: Page, table: Table, section: Section | None, contact: int) -> EscalationPolicy:
    flaws: list[Flaw] = []

    def label(*names: str) -> Cell | None:
        return _filled(label_cell(page, section, names))

    repeat, catch_all = label("repeat", "repeats"), label(*_CATCH_ALL)
    within, zone = label(*_WITHIN), _filled(inherited_cell(page, section, _ZONE))
    time_zone = zone.text.split(" ")[0].strip("`(),") if zone else "UTC"
    if zone and zone_of(time_zone) is None:
        flaws.append(Flaw(f"The time zone '{time_zone}' is not known.", zone.start, zone.end))
    defaults = _Defaults(label("strategy"), label(*_NEEDS))
    return EscalationPolicy(
        section.title if section else page.title,
        tuple(_levels(page, table, _Columns(table, contact), defaults=defaults, flaws=flaws)),
        (section.start, section.body) if section else (table.start, table.end),
        _words(label("services", "service", "applies to")),
        _severities(label("severities", "severity")),
        _times(repeat),
        read_wait(repeat.text) if repeat else None,
        references(page.document, catch_all) if catch_all else (),
        tuple(flaws),
        _read(within, read_wait, "30 minutes", flaws),
        time_zone,
    )


class _Columns:
    """Which column of a table of levels holds what."""

    __slots__ = ("after", "contact", "hours", "is_wait", "needs", "service", "severity", "strategy")

    def __init__(self, table: Table, contact: int) -> None:
        self.contact = contact
        self.after, self.severity = table.column(*_AFTER), table.column(*_SEVERITY)
        self.service, self.needs = table.column(*_SERVICE), table.column(*_NEEDS)
        self.strategy, self.hours = table.column("strategy", "how"), table.column(*_HOURS)
        self.is_wait = self.after is not None and table.columns[self.after] in _WAITS


class _Defaults:
    """What the labels above a table say of all its levels."""

    __slots__ = ("needs", "strategy")

    def __init__(self, strategy: Cell | None, needs: Cell | None) -> None:
        self.strategy, self.needs = strategy, needs


def _levels(
    page: Page, table: Table, columns: _Columns, *, defaults: _Defaults, flaws: list[Flaw]
) -> Iterator[Level]:
    total = timedelta(0)
    for number, row in enumerate(table.rows, 1):
        wait = _read(_at(row, columns.after), read_wait, "5 minutes", flaws)
        if wait is not None and columns.is_wait:
            wait += total
        if wait is not None and wait < total:
            cell = row[columns.after or 0]
            message = f"'{cell.text}' is before the level above; After counts from the first page."
            flaws.append(Flaw(message, cell.start, cell.end))
        total = wait if wait is not None else total
        hours = _at(row, columns.hours)
        _read(hours, read_hours, "Mon–Fri 09:00–17:00", flaws)
        strategy, needs = _at(row, columns.strategy), _at(row, columns.needs)
        contact = row[columns.contact]
        yield Level(
            number,
            wait,
            references(page.document, contact),
            (contact.start, contact.end),
            _severities(_at(row, columns.severity)),
            _words(_at(row, columns.service)),
            page.document.line(contact.start),
            _read(needs or defaults.needs, read_count, "2 people", flaws if needs else []) or 1,
            _is_round_robin(strategy or defaults.strategy),
            hours.text if hours else "",
        )


def _at(row: Sequence[Cell], column: int | None) -> Cell | None:
    return None if column is None else _filled(row[column])


def _filled(cell: Cell | None) -> Cell | None:
    return None if cell is None or not cell.text or is_unfilled(cell.text) else cell


def _read(cell: Cell | None, read: Callable[[str], T | None], example: str, flaws: list[Flaw]) -> T | None:
    """What a cell says; a flaw where it says something that is not understood."""
    if cell is None:
        return None
    found = read(cell.text)
    if found is None:
        message = f"'{cell.text}' is not understood; it should be like '{example}'."
        flaws.append(Flaw(message, cell.start, cell.end))
    return found


def _is_round_robin(cell: Cell | None) -> bool:
    return cell is not None and any(word in cell.text.lower() for word in ("robin", "in turn", "take turns"))


def _severities(cell: Cell | None) -> tuple[str, ...]:
    """The severities of a list; `all` names each of them, which is more than to name none."""
    if cell is None or is_unfilled(cell.text):
        return ()
    words = tuple(split_words(cell.text))
    return PRIORITIES if any(word.lower() in _ALL for word in words) else tuple(severity_spans(words))


def severity_spans(words: Iterable[str]) -> Iterator[str]:
    """`P0–P2` and `P0 to P2` name what lies between, too."""
    for word in words:
        ends = [end.strip().upper() for end in re.split(r"\s*(?:[–—-]|\bto\b)\s*", word)]
        if len(ends) == 2 and all(end in PRIORITIES for end in ends):
            yield from PRIORITIES[PRIORITIES.index(ends[0]) : PRIORITIES.index(ends[1]) + 1]
        else:
            yield word


def _words(cell: Cell | None) -> tuple[str, ...]:
    """The words of a list; none for `all`, which restricts nothing."""
    if cell is None or is_unfilled(cell.text):
        return ()
    words = tuple(split_words(cell.text))
    return () if any(word.lower() in _ALL for word in words) else words


def _times(cell: Cell | None) -> int:
    """How often all is said once more: `2 times`, `twice`, `3`, `no`; `every 10 minutes` is until somebody answers."""
    if cell is None:
        return 0
    text = cell.text.lower()
    found = re.search(r"(\d{1,3}|[a-z]+)\s+times?\b", text)
    word = found.group(1) if found else text.split()[0].strip(".,")
    named = {"once": 1, "twice": 2, "thrice": 3, "no": 0, "never": 0, "one": 1, "two": 2, "three": 3, "every": _MOST,
             "until": _MOST, "always": _MOST, "yes": 1}  # fmt: skip
    return named.get(word, min(int(word), _MOST) if word.isdigit() else 0)
