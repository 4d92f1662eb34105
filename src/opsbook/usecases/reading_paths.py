"""Reading paths made of a book: what somebody who is new to a service or to a role reads, in which order, and how long
it takes. Decides from a snapshot and its pages; knows nobody who reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from msgspec import Struct

from opsbook.book.page import Page, Section
from opsbook.book.severity import PRIORITIES
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Failure, Usage
from opsbook.ground.guesses import closest
from opsbook.ground.pattern import Pattern
from opsbook.usecases.library import Book, PageFacts
from opsbook.usecases.path_roles import ROLES, Part, Role, role_paths

Kind = Literal["service", "role"]
ReadPage = Callable[[str], Page]

WORDS_A_MINUTE = 180  # of technical prose read with care; between 150 and 250 by what is published of reading rates
MOST_REPORTS = 3
MOST_SERVICES = 8  # of which a role reads something
_WORD = Pattern(r"\w[\w'’-]*")

# What is read of a service, in this order: the part's title, and the slots of its runbook.
SERVICE_PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Overview", ("overview",)),
    ("Architecture", ("architecture",)),
    ("Health", ("health-checks", "monitoring")),
    ("Operations", ("deployment", "common-operations")),
    ("Troubleshooting", ("troubleshooting", "emergency-contacts")),
)


class PathSection(Struct, frozen=True):
    """A section to be read: `key` is its PAGE#ANCHOR, `digest` what it says today, `part` the part of the path."""

    key: str
    path: str
    anchor: str
    title: str
    of: str
    part: str
    words: int
    minutes: int
    digest: str


class ReadingPath(Struct, frozen=True):
    """A path for a service or for a role. `drill` is the page and anchor of a procedure to practise at its end, empty
    where the book has none."""

    kind: Kind
    name: str
    title: str
    about: str
    owner: str = ""
    sections: tuple[PathSection, ...] = ()
    minutes: int = 0
    drill: str = ""
    drill_title: str = ""

    @property
    def key(self) -> str:
        """How the ledger and addresses call it."""
        return f"{self.kind}/{self.name}"


class PathName(Struct, frozen=True, gc=False):
    """A path that there is, before it is made: its kind, the name by which it is asked for, its title."""

    kind: Kind
    name: str
    title: str
    about: str = ""


def path_names(book: Book) -> tuple[PathName, ...]:
    """All that there are: roles first, then services by name."""
    roles = [PathName("role", role.name, role.title, role.about) for role in role_paths(book)]
    services = [
        PathName("service", slug, book.facts[path].service or book.facts[path].title)
        for slug, path in book.services.items() if path in book.facts
    ]  # fmt: skip
    return (*roles, *sorted(services, key=lambda each: each.title.lower()))


def find_path(book: Book, name: str, kind: str = "") -> PathName:
    """The path of that name, a service before a role; raises Usage, with a guess, where there is none."""
    names = path_names(book)
    wanted = name.strip().lower()
    for each in sorted(names, key=lambda each: each.kind != "service"):
        if wanted in (each.name.lower(), each.title.lower()) and kind in ("", each.kind):
            return each
    near = closest(wanted, [each.name for each in names])
    guess = f" Did you mean '{near}'?" if near else " `opsbook path` lists them."
    raise Usage(f"There is no reading path for '{name}'.{guess}")


def reading_path(book: Book, name: PathName, read_page: ReadPage) -> ReadingPath:
    """The path with its sections as the book says them now; those that are empty are left out."""
    made = _of_service(book, name, read_page) if name.kind == "service" else _of_role(book, name, read_page)
    sections = tuple({section.key: section for section in made}.values())
    drill, drill_title = _drill(book, name)
    facts = book.facts.get(book.services.get(name.name, "")) if name.kind == "service" else None
    return ReadingPath(
        name.kind, name.name, name.title, name.about or f"What whoever is new to {name.title} reads first.",
        (facts.owner or "") if facts else "", sections, sum(each.minutes for each in sections), drill, drill_title,
    )  # fmt: skip


def _of_service(book: Book, name: PathName, read_page: ReadPage) -> Iterator[PathSection]:
    path = book.services[name.name]
    facts, page = book.facts[path], _page(path, read_page)
    if page is not None:
        for part, slots in SERVICE_PARTS:
            yield from _slots(page, part, slots)
    yield from _reports(book, facts, read_page)
    for shared in sorted(facts.outline.links_to):
        target = book.facts.get(shared)
        if target is not None and target.kind == "procedure":
            yield from _whole(shared, "Shared procedures", read_page)


def _reports(book: Book, facts: PageFacts, read_page: ReadPage) -> Iterator[PathSection]:
    """The gravest and latest incidents of a service that the book tells of."""
    wanted = {(facts.service or facts.title).lower(), facts.title.lower()}
    found = [
        each for each in book.facts.values()
        if each.report is not None and each.kind in ("incident", "post-mortem")
        and (wanted & {name.lower() for name in each.report.services} or facts.path in each.outline.links_to)
    ]  # fmt: skip
    found.sort(key=lambda each: each.report.order if each.report else "", reverse=True)
    found.sort(key=_gravity)
    for each in found[:MOST_REPORTS]:
        yield from _whole(each.path, "Past incidents", read_page)


def _gravity(facts: PageFacts) -> int:
    severity = facts.report.severity if facts.report else ""
    return PRIORITIES.index(severity) if severity in PRIORITIES else len(PRIORITIES)


def _of_role(book: Book, name: PathName, read_page: ReadPage) -> Iterator[PathSection]:
    role = next((each for each in role_paths(book) if each.name == name.name), None) or ROLES[0]
    for part in role.parts:
        yield from _of_part(book, role, part, read_page)


def _of_part(book: Book, role: Role, part: Part, read_page: ReadPage) -> Iterator[PathSection]:
    if part.slots:
        for path in sorted(set(book.services.values()))[:MOST_SERVICES]:
            page = _page(path, read_page)
            if page is not None:
                yield from _slots(page, part.title, part.slots)
        return
    found = [path for path, facts in sorted(book.facts.items()) if facts.kind in part.kinds]
    if part.is_gravest:
        found = [
            each.path for each in sorted(
                (book.facts[path] for path in found if book.facts[path].report is not None),
                key=lambda each: (_gravity(each), "" if each.report is None else each.report.order),
            )
        ][:MOST_REPORTS]  # fmt: skip
    for path in found:
        if part.words is None:
            yield from _whole(path, part.title, read_page)
        else:
            yield from _worded(path, part, read_page)


def _worded(path: str, part: Part, read_page: ReadPage) -> Iterator[PathSection]:
    """The sections of a page whose headings have the words of a part; of one inside another only the outer."""
    page = _page(path, read_page)
    behind = -1
    if page is None or part.words is None:
        return
    for section in page.sections:
        if section.level > 1 and section.start >= behind and part.words().search(section.title):
            behind = section.stop
            yield from _made(page, section, part.title)


def _slots(page: Page, part: str, slots: Iterable[str]) -> Iterator[PathSection]:
    for slot in slots:
        section = next((each for each in page.sections if each.slot == slot and each.level > 1), None)
        if section is not None:
            yield from _made(page, section, part)


def _whole(path: str, part: str, read_page: ReadPage) -> Iterator[PathSection]:
    page = _page(path, read_page)
    if page is not None:
        yield from _text(page, ("", page.title), part, page.document.content)


def _made(page: Page, section: Section, part: str) -> Iterator[PathSection]:
    yield from _text(page, (section.anchor, section.title), part, page.document.content[section.body : section.stop])


def _text(page: Page, headed: tuple[str, str], part: str, text: bytes) -> Iterator[PathSection]:
    anchor, title = headed
    words = len(_WORD().findall(text.decode("utf-8", "replace")))
    if not words:
        return
    key, minutes = f"{page.path}#{anchor}" if anchor else page.path, max(1, round(words / WORDS_A_MINUTE))
    yield PathSection(key, page.path, anchor, title, page.title, part, words, minutes, digest_of(text))


def _page(path: str, read_page: ReadPage) -> Page | None:
    try:
        return read_page(path)
    except (Usage, Failure):  # it went, or cannot be read now: whoever serves tells; the rest of the path is there
        return None


def _drill(book: Book, name: PathName) -> tuple[str, str]:
    """The first procedure of a service that is filled in and changes least: a restart before all else."""
    if name.kind != "service":
        return "", ""
    path = book.services[name.name]
    ready = [each for each in book.facts[path].procedures if each.steps and each.runnable == each.steps]
    ready.sort(key=lambda each: ("restart" not in each.anchor, not each.has_verification))
    return (f"{path}#{ready[0].anchor}", ready[0].title) if ready else ("", "")
