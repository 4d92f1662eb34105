"""Escalation policies out of a page's tables: levels with their waits and whom they reach. Decides nobody's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from opsbook.book.page import Page, Section
from opsbook.book.roster.surroundings import label_cell
from opsbook.book.roster.values import EscalationPolicy, Flaw, Level
from opsbook.book.roster.words import read_wait, references, split_words
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Cell, Table

_LEVEL = ("level", "step", "tier", "order", "#", "no.", "stage")
_AFTER = ("after", "wait", "when", "delay", "escalate after", "escalation time", "no answer within")
_CONTACT = ("contact", "who", "notify", "target", "targets", "page", "pages", "escalate to", "to whom", "to", "reaches",
            "on call", "person", "contacts", "people")  # fmt: skip
_NOT_LEVELS = ("from", "rotation", "hand over", "handover", "participants", "members", "phone", "e mail", "email",
               "start")  # fmt: skip
_WAITS = ("wait", "delay", "no answer within")
_SEVERITY = ("severity", "severities", "priority")
_SERVICE = ("service", "services")


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
    repeat = label_cell(page, section, ("repeat", "repeats"))
    catch_all = label_cell(page, section, ("catch-all", "catch all", "otherwise", "finally", "last resort"))
    return EscalationPolicy(
        section.title if section else page.title,
        tuple(_levels(page, table, contact, flaws)),
        (section.start, section.body) if section else (table.start, table.end),
        _words(label_cell(page, section, ("services", "service", "applies to"))),
        _words(label_cell(page, section, ("severities", "severity"))),
        _times(repeat),
        read_wait(repeat.text) if repeat and not is_unfilled(repeat.text) else None,
        references(page.document, catch_all) if catch_all else (),
        tuple(flaws),
    )


def _levels(page: Page, table: Table, contact: int, flaws: list[Flaw]) -> Iterator[Level]:
    after, severity, service = table.column(*_AFTER), table.column(*_SEVERITY), table.column(*_SERVICE)
    is_wait = after is not None and table.columns[after] in _WAITS
    total = timedelta(0)
    for number, row in enumerate(table.rows, 1):
        wait = None
        if after is not None and not is_unfilled(row[after].text):
            wait = read_wait(row[after].text)
            if wait is None:
                message = f"'{row[after].text}' is not understood as a wait; it should be like '5 minutes'."
                flaws.append(Flaw(message, row[after].start, row[after].end))
        if wait is not None and is_wait:
            total += wait
            wait = total
        yield Level(
            number,
            wait,
            references(page.document, row[contact]),
            (row[contact].start, row[contact].end),
            _words(row[severity]) if severity is not None else (),
            _words(row[service]) if service is not None else (),
        )


def _words(cell: Cell | None) -> tuple[str, ...]:
    """The words of a list; none for `all`, which restricts nothing."""
    if cell is None or is_unfilled(cell.text):
        return ()
    words = tuple(split_words(cell.text))
    return () if any(word.lower() in ("all", "any", "every", "*") for word in words) else words


def _times(cell: Cell | None) -> int:
    """How often all is said once more: `2 times`, `twice`, `3`, `no`."""
    if cell is None or is_unfilled(cell.text):
        return 0
    word = cell.text.lower().split()[0].strip(".,")
    named = {"once": 1, "twice": 2, "thrice": 3, "no": 0, "never": 0, "one": 1, "two": 2, "three": 3}
    return named.get(word, int(word) if word.isdigit() and len(word) < 4 else 0)
