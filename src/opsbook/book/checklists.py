"""What the policy page wants done during an incident: task lists for roles and severities. Ticks none off.

A list belongs to the roles and severities that its heading names (`### Checklist: Incident Commander`, `### P0 and P1
Checklist`); one that names neither is not read, for it may be about anything. A column `Tasks` of the table of roles is
read too, its tasks parted by semicolons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from opsbook.book.incident_roles import is_known_role, role_key
from opsbook.book.page import Page, Section
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import plain_text, read_tables


class Checklist(Struct, frozen=True, gc=False):
    """A list of the page: for which roles and severities (none: for all), what is to be done, where it stands."""

    title: str
    line: int
    anchor: str
    tasks: tuple[str, ...]
    roles: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()


class Item(Struct, frozen=True):
    """Something to be done: `role` is empty where it is everybody's, `origin` is `path#anchor`."""

    text: str
    role: str = ""
    origin: str = ""


MOST_TASKS = 100  # of one list
_SAYS_LIST = re.compile(r"\b(?:check ?lists?|tasks|to ?dos?|to do)\b", re.I)
_LEVEL = re.compile(r"\b(?:P|SEV[- ]?)([0-3])\b", re.I)
_LEVELS = re.compile(r"\bP([0-3]) ?(?:-|–|to) ?P([0-3])\b", re.I)
_AND_UP = re.compile(r"\bP([0-3]) (?:and|or) (?:up|above|graver|higher)\b", re.I)
_AND_DOWN = re.compile(r"\bP([0-3]) (?:and|or) (?:below|lower|less)\b", re.I)
_FILLING = re.compile(r"\b(?:for|the|of|a|an|all|incidents?|only|if|at|in case)\b|[,:;()/&+–-]", re.I)


def says_list(title: str) -> bool:
    """Whether a heading says that a list of what is to be done follows."""
    return _SAYS_LIST.search(title) is not None


def read_checklists(page: Page, role_names: Iterable[str]) -> Iterator[Checklist]:
    """The lists of a page that its headings give to roles or severities; `role_names` are those of its table."""
    known = frozenset(map(role_key, role_names))
    for at, section in enumerate(page.sections):
        if _SAYS_LIST.search(section.title) or _is_below_lists(page, at):
            severities, roles = _severities(section.title), tuple(_roles(section.title, known))
            tasks = tuple(_tasks(page, section)) if severities or roles else ()
            if tasks:
                line = page.document.line(section.start)
                yield Checklist(section.title, line, section.anchor, tasks, roles, severities)
    yield from _of_table(page)


def checklist(lists: Iterable[Checklist], path: str, severity: str, given: Iterable[str] = ()) -> Iterator[Item]:
    """What is to be done at a severity, for everybody and for each role, in the order of the page at `path`; nothing
    twice, and nothing of what was `given` before, by its words."""
    seen = {*given}
    for each in lists:
        if each.severities and severity not in each.severities:
            continue
        for text in each.tasks:
            if text not in seen:
                seen.add(text)
                yield Item(text, each.roles[0] if each.roles else "", f"{path}#{each.anchor}")


def _is_below_lists(page: Page, at: int) -> bool:
    parent = page.parents[at]
    return parent >= 0 and _SAYS_LIST.search(page.sections[parent].title) is not None


def _severities(title: str) -> tuple[str, ...]:
    found = {int(each) for each in _LEVEL.findall(title)}
    for first, last in _LEVELS.findall(title):
        low, high = sorted((int(first), int(last)))
        found |= {*range(low, high + 1)}
    for each in _AND_UP.findall(title):
        found |= {*range(int(each) + 1)}
    for each in _AND_DOWN.findall(title):
        found |= {*range(int(each), 4)}
    return tuple(f"P{each}" for each in sorted(found))


def _roles(title: str, known: frozenset[str]) -> Iterator[str]:
    bare = _LEVEL.sub(" ", _SAYS_LIST.sub(" ", title))
    for part in (bare, *re.split(r"[,:;/&–-]|\band\b", bare)):
        key = role_key(" ".join(_FILLING.sub(" ", part).split()).removesuffix("'s").removesuffix("’s"))
        if key and (key in known or is_known_role(key)):
            yield key
            return


def _tasks(page: Page, section: Section) -> Iterator[str]:
    """The items of the lists of a section, each in its own words, without what is nested in it."""
    document = page.document
    count = 0
    for index in document.children(*page.blocks(section.body, section.end)):
        if document.blocks[index].kind != "list":
            continue
        for item in document.inside(index):
            inside = [each for each in document.inside(item) if document.blocks[each].kind != "list"]
            block = document.blocks[inside[0]] if inside else document.blocks[item]
            text = _BOX.sub("", plain_text(" ".join(document.source(block.start, block.end).split())))
            if not is_unfilled(text) and count < MOST_TASKS:
                count += 1
                yield text[:300]


_BOX = re.compile(r"^(?:[-*+]|\d+[.)])?\s*\[[ xX]\]\s*|^(?:[-*+]|\d+[.)])\s+")


def _of_table(page: Page) -> Iterator[Checklist]:
    """The column `Tasks` of the table of roles."""
    for table in read_tables(page.document):
        named, tasks = table.column("role", "roles"), table.column("tasks", "checklist")
        if named is None or tasks is None:
            continue
        for row in table.rows:
            texts = tuple(
                text[:300] for part in re.split(r";|<br ?/?>", row[tasks].text)
                if not is_unfilled(text := " ".join(part.split()))
            )  # fmt: skip
            if texts and not is_unfilled(row[named].text):
                section = page.section_at(row[named].start)
                anchor = section.anchor if section is not None else ""
                line = page.document.line(row[named].start)
                yield Checklist(row[named].text, line, anchor, texts, (role_key(row[named].text),))
