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
from opsbook.ground.guesses import closest

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
_STRATEGY = ("strategy",)
_AT_ONCE = ("all", "every", "both", "broadcast", "simultaneous", "parallel", "at once", "together", "default", "none")
_REPEAT = ("repeat", "repeats")
_SERVICES, _SEVERITIES = ("services", "service", "applies to"), ("severities", "severity")
_CATCH_ALL = ("catch-all", "catch all", "otherwise", "finally", "last resort")
_LABELS = (*_REPEAT, *_CATCH_ALL[:2], *_WITHIN, *_ZONE, *_STRATEGY, *_NEEDS, *_SERVICES, *_SEVERITIES)
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

    repeat, catch_all = label(*_REPEAT), label(*_CATCH_ALL)
    within, zone = label(*_WITHIN), _filled(inherited_cell(page, section, _ZONE))
    time_zone = zone.text.split(" ")[0].strip("`(),") if zone else "UTC"
    if zone and zone_of(time_zone) is None:
        flaws.append(Flaw(f"The time zone '{time_zone}' is not known.", zone.start, zone.end))
    defaults = _Defaults(label(*_STRATEGY), label(*_NEEDS))
    _read(defaults.strategy, read_strategy, "round robin", flaws)
    _read(defaults.needs, read_count, "2 people", flaws)
    levels = tuple(_levels(page, table, _Columns(table, contact), defaults=defaults, flaws=flaws))
    repeated = _read(repeat, read_times, "2 times, every 30 minutes", flaws) or 0
    ack_within = _read(within, read_wait, "30 minutes", flaws)
    if within is not None and ack_within == timedelta(0):
        flaws.append(Flaw("An acknowledgement that holds no time stops nothing.", within.start, within.end))
    flaws.extend(_slips(page, section))
    return EscalationPolicy(
        section.title if section else page.title,
        levels,
        (section.start, section.body) if section else (table.start, table.end),
        _words(label(*_SERVICES)),
        _severities(label(*_SEVERITIES)),
        repeated,
        read_wait(repeat.text) if repeat else None,
        references(page.document, catch_all) if catch_all else (),
        tuple(flaws),
        ack_within,
        time_zone,
    )


def _slips(page: Page, section: Section | None) -> Iterator[Flaw]:
    """The labels of a section that are those of an escalation but for a slip of the keyboard."""
    for field in page.fields_within(section.body, section.end) if section else ():
        if field.key in _LABELS:
            continue
        guess = closest(field.key, _LABELS)
        if guess is not None:
            message = f"'{field.name}' is no label of an escalation. Did you mean '{guess.title()}'?"
            yield Flaw(message, field.start, field.value_end)


class _Columns:
    """Which column of a table of levels holds what."""

    __slots__ = ("after", "contact", "hours", "is_strategy", "is_wait", "needs", "service", "severity", "strategy")

    def __init__(self, table: Table, contact: int) -> None:
        self.contact = contact
        self.after, self.severity = table.column(*_AFTER), table.column(*_SEVERITY)
        self.service, self.needs = table.column(*_SERVICE), table.column(*_NEEDS)
        self.strategy, self.hours = table.column("strategy", "how"), table.column(*_HOURS)
        self.is_strategy = "strategy" in table.columns  # `how` may be prose
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
        _read(strategy if columns.is_strategy else None, read_strategy, "round robin", flaws)
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
    return cell is not None and read_strategy(cell.text) is True


def read_strategy(text: str) -> bool | None:
    """Whether those of a level take turns; None when the words say neither that nor that all are paged."""
    words = text.lower()
    if any(word in words for word in ("robin", "in turn", "take turns")):
        return True
    return False if words in ("-", "–", "—") or any(word in words for word in _AT_ONCE) else None


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


def read_times(text: str) -> int | None:
    """How often all is said once more: `2 times`, `twice`, `3`, `no`; `every 10 minutes` is until somebody answers.
    None when it is not told."""
    words = text.lower()
    found = re.search(r"(\d{1,3}|[a-z]+)\s+times?\b", words)
    word = found.group(1) if found else (words.split() or [""])[0].strip(".,;")
    named = {"once": 1, "twice": 2, "thrice": 3, "no": 0, "never": 0, "none": 0, "not": 0, "-": 0, "–": 0, "—": 0,
             "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "yes": 1, "every": _MOST, "until": _MOST,
             "always": _MOST}  # fmt: skip
    return named.get(word, min(int(word), _MOST) if word.isdecimal() else None)
