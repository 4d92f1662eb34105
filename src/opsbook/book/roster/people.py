"""People and teams out of a page's tables: how each is reached, when not, and in which order. Reaches nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from opsbook.book.page import Page
from opsbook.book.roster.calendar import zone_of
from opsbook.book.roster.values import Flaw, OwnRule, Person, Team, plain_name
from opsbook.book.roster.words import read_clock, read_wait, references
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Cell, Table

NAME = ("name", "person", "who", "engineer", "full name")
HANDLE = ("handle", "github", "username", "user", "login", "nick", "account")
TIME_ZONE = ("time zone", "timezone", "tz")
QUIET = ("quiet hours", "quiet", "do not disturb", "sleeps")
RULES = ("rules", "notification rules", "notify by", "reach by", "how to reach", "order")
CONTACTS: dict[str, str] = {
    "phone": "phone", "telephone": "phone", "mobile": "phone", "cell": "phone", "phone number": "phone",
    "sms": "sms", "text message": "sms", "e mail": "email", "email": "email", "mail": "email", "chat": "chat",
    "slack": "chat", "teams": "chat", "mattermost": "chat", "matrix": "chat", "telegram": "chat", "signal": "chat",
    "discord": "chat", "push": "push", "ntfy": "push", "pager": "pager", "contact": "contact", "email/phone": "contact",
    "e mail/phone": "contact", "phone/email": "contact", "webhook": "webhook",
}  # fmt: skip
_SPOKEN = {**CONTACTS, "call": "phone", "text": "sms", "message": "sms", "app": "push"}
_TEAM = ("team", "group", "squad")
_MEMBERS = ("members", "people", "who", "participants")
_NOT_PEOPLE = ("from", "to", "until", "rotation", "level", "after", "start")


def read_people(table: Table) -> Iterator[Person]:
    """The people of a table: those with a name or handle, where it has a column of contacts, or else of handles."""
    name, handle = table.column(*NAME), table.column(*HANDLE)
    kinds = [(i, CONTACTS[column]) for i, column in enumerate(table.columns) if column in CONTACTS]
    if (name is None and handle is None) or table.column(*_NOT_PEOPLE) is not None:
        return
    if not kinds and (name is None or "handle" not in table.columns):
        return  # whoever is reached by what they told Opsbook alone is listed with a handle
    for row in table.rows:
        named = row[name].text if name is not None else ""
        nick = row[handle].text.lstrip("@") if handle is not None else ""
        if named.startswith("@"):
            named, nick = "", nick or named.lstrip("@")
        if is_unfilled(named) and is_unfilled(nick):
            continue
        told = [(kind, cell) for i, kind in kinds if (cell := _filled(row, i)) is not None]
        contacts = tuple((kind, cell.text) for kind, cell in told)
        first = row[name if name is not None and row[name].text else handle or 0]
        flaws = list(_wrong_addresses(told))
        quiet, rules = _filled(row, table.column(*QUIET)), _filled(row, table.column(*RULES))
        yield Person(
            "" if is_unfilled(named) else named,
            "" if is_unfilled(nick) else nick,
            contacts,
            _zone(_filled(row, table.column(*TIME_ZONE)), flaws),
            (first.start, first.end),
            _quiet(quiet, flaws),
            _rules(rules, {kind for kind, _ in contacts}, flaws),
            tuple(flaws),
        )


def read_teams(page: Page, table: Table) -> Iterator[Team]:
    """The teams of a table, where it is one."""
    name, members = table.column(*_TEAM), table.column(*_MEMBERS)
    if name is None or members is None:
        return
    for row in table.rows:
        if not is_unfilled(row[name].text):
            place = (row[name].start, row[name].end)
            yield Team(row[name].text.lstrip("@"), references(page.document, row[members]), place)


def _filled(row: tuple[Cell, ...], column: int | None) -> Cell | None:
    if column is None or is_unfilled(row[column].text) or row[column].text in ("-", "–", "—", "none", "never"):
        return None
    return row[column]


def _wrong_addresses(told: Iterable[tuple[str, Cell]]) -> Iterator[Flaw]:
    """What cannot be an address of its kind, whatever stands around it; of chats and apps nobody can tell."""
    for kind, cell in told:
        if kind == "email" and not re.search(r"[^\s@]@[^\s@]", cell.text):
            yield Flaw(f"'{cell.text}' is no e-mail address.", cell.start, cell.end)
        is_number = len(re.findall(r"\d", cell.text)) > 2 and not re.search(r"\d(?!x|ext|p|w)[a-z]", cell.text, re.I)
        if kind in ("phone", "sms") and not is_number:
            yield Flaw(f"'{cell.text}' is no telephone number.", cell.start, cell.end)


def same_handles(people: Sequence[Person]) -> Iterator[Person]:
    """Those whose handle somebody above them has, under another name."""
    first: dict[str, str] = {}
    for person in people:
        name = plain_name(person.name)
        if person.handle and first.setdefault(plain_name(person.handle), name) != name:
            yield person


def _zone(cell: Cell | None, flaws: list[Flaw]) -> str:
    if cell is None:
        return ""
    if zone_of(cell.text) is None:
        flaws.append(Flaw(f"The time zone '{cell.text}' is not known.", cell.start, cell.end))
    return cell.text


def _quiet(cell: Cell | None, flaws: list[Flaw]) -> tuple[int, int] | None:
    """`22:00–07:00` as seconds of the day."""
    if cell is None:
        return None
    ends = [read_clock(end) for end in re.split(r"\s*(?:[–—-]|\bto\b|\buntil\b)\s*", cell.text.strip().casefold())]
    if len(ends) == 2 and ends[0] is not None and ends[1] is not None:
        return ends[0], ends[1]
    message = f"'{cell.text}' is not understood as quiet hours; they should be like '22:00–07:00'."
    flaws.append(Flaw(message, cell.start, cell.end))
    return None


def _rules(cell: Cell | None, kinds: set[str], flaws: list[Flaw]) -> tuple[OwnRule, ...]:
    """`e-mail, then SMS after 2 minutes`: each kind of contact with how long after the page; the waits add up."""
    if cell is None:
        return ()
    found: list[OwnRule] = []
    after_s = 0.0
    for part in filter(None, re.split(r"\s*(?:[,;]|\bthen\b|→|->|<br\s*/?>)\s*", cell.text.strip(" ."))):
        words = re.sub(r"\b(?:by|at once|immediately|and)\b", " ", part.casefold()).strip()
        by, _, wait = words.partition(" after ")
        kind = _SPOKEN.get(by.replace("-", " ").strip())
        length = read_wait(wait) if wait else None
        if kind is None or (wait and length is None):
            message = f"'{part}' is not understood as a rule; it should be like 'e-mail, then SMS after 2 minutes'."
            flaws.append(Flaw(message, cell.start, cell.end))
            continue
        if kind not in kinds:
            message = f"The rule '{part}' names a kind of contact that this row does not tell."
            flaws.append(Flaw(message, cell.start, cell.end))
            continue
        after_s += length.total_seconds() if length is not None else 0.0
        found.append(OwnRule(kind, after_s))
    return tuple(found)
