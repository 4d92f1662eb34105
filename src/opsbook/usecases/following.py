"""From what is known of a book and what the disk holds now to the next snapshot. Decides; reads no disk itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Protocol

from msgspec import Struct

from opsbook.book.lint import Outline, in_reading_order, lint_book
from opsbook.book.page import stem
from opsbook.ground.errors import Finding
from opsbook.ground.slugs import github_slug
from opsbook.usecases.library import Book, BookOnDisk, PageFacts
from opsbook.usecases.lint import Scope, as_wanted
from opsbook.usecases.page_facts import PEOPLE, Derived, Deriving
from opsbook.usecases.ports import PageFile


class State(Struct, frozen=True):
    """What the disk held at one moment. `grounds` names whatever the facts of all pages depend on besides the pages:
    the program, the configuration, the files of owners. `mark` tells whether git has moved since."""

    files: tuple[PageFile, ...]
    commit: str | None
    source: BookOnDisk
    scope: Callable[[date], Scope]
    grounds: str
    mark: str = ""


class Disk(Protocol):
    """Where the book lies, looked at as a whole."""

    def state(self) -> State | None:
        """The state of a moment at which nobody was changing the book, as far as that can be had; None when the book's
        folder is not there."""
        ...

    def is_still(self, state: State) -> bool:
        """Whether git has not moved since that moment."""
        ...

    def trouble(self) -> str | None:
        """What is wrong besides the pages, as a sentence."""
        ...

    def watch(self, tell: Callable[[], None]) -> None:
        """Has `tell` called from another thread, soon after something changed and then was quiet."""
        ...

    def close(self) -> None:
        """Ends the watch."""
        ...


class Keep(Protocol):
    """Facts kept between starts."""

    def load(self, grounds: str, day: date) -> dict[str, Derived]:
        """What was kept on these grounds, as far as it holds on this day."""
        ...

    def put(self, grounds: str, day: date, known: Mapping[str, Derived], changed: Iterable[str]) -> None:
        """Keeps what is known; `changed` are the paths that differ from what was put or loaded last."""
        ...


def to_derive(
    known: Mapping[str, Derived], files: Mapping[str, PageFile], exists: Callable[[str], bool], *, is_new_day: bool,
    practised: Mapping[str, tuple[tuple[str, date], ...]], verified: tuple[tuple[str, bool], ...] = (),
) -> list[PageFile]:  # fmt: skip
    """The files whose facts must be worked out: new or changed ones, those that another change speaks to, those of
    procedures that were practised since, and those of people of whom others have verified a contact."""
    removed = known.keys() - files.keys()
    has_moved = bool(removed) or bool(files.keys() - known.keys())
    answers: dict[str, bool] = {}

    def differs(path: str, was_there: bool) -> bool:
        if path not in answers:
            answers[path] = exists(path)
        return answers[path] != was_there

    def is_touched(derived: Derived) -> bool:
        if is_new_day and derived.asked_day:
            return True
        if derived.facts is not None and derived.practised != practised.get(derived.file.path, ()):
            return True
        if derived.facts is not None and derived.facts.kind == PEOPLE and derived.verified != verified:
            return True
        if has_moved and derived.facts is not None:
            if not derived.facts.outline.links_to.isdisjoint(removed):
                return True
            # Its guess at what was meant may be another page now.
            if any(finding.rule == "broken-link" for finding in derived.facts.findings):
                return True
        return any(differs(path, was_there) for path, was_there in derived.looked_for)

    found = []
    for path, file in files.items():
        derived = known.get(path)
        if derived is None or derived.file != file or is_touched(derived):
            found.append(file)
    return found


def make_book(number: int, state: State, known: Mapping[str, Derived], deriving: Deriving) -> Book:
    """The snapshot of a state, out of what is known of its files."""
    files = {file.path: file for file in state.files}
    facts = {path: known[path].facts for path in files if path in known}
    read = {path: each for path, each in facts.items() if each is not None}
    is_whole = len(facts) == len(files)
    outlines = [each.outline for each in read.values()]
    return Book(
        number,
        state.commit,
        files,
        read,
        tuple(_findings(known, outlines, deriving)) if is_whole else (),
        services_of(read.values()),
        _backlinks(outlines),
        is_whole,
    )


def _findings(known: Mapping[str, Derived], outlines: Sequence[Outline], deriving: Deriving) -> Iterator[Finding]:
    """Every finding in reading order; those of a page come sorted, so that only a page that others speak of is."""
    of_book: dict[str, list[Finding]] = {}
    for finding in as_wanted(lint_book(deriving.rules.of_book(outlines), outlines, deriving.around), deriving.scope):
        of_book.setdefault(finding.span.path, []).append(finding)
    for path in sorted(known.keys() | of_book.keys()):
        derived = known.get(path)
        own = derived.facts.findings if derived and derived.facts else ()
        unread = [derived.unread] if derived and derived.unread else []
        yield from in_reading_order(chain(own, unread, of_book.get(path, ())))


def findings_on(path: str, known: Mapping[str, Derived], deriving: Deriving) -> list[Finding]:
    """The findings on one page in reading order, those among them that come of the other pages."""
    derived = known[path]
    own = derived.facts.findings if derived.facts else ()
    outlines = [each.facts.outline for each in known.values() if each.facts is not None]
    of_book = as_wanted(lint_book(deriving.rules.of_book(outlines), outlines, deriving.around), deriving.scope)
    return in_reading_order(chain(own, (finding for finding in of_book if finding.span.path == path)))


def services_of(facts: Iterable[PageFacts]) -> dict[str, str]:
    """The name of each service in an address → its runbook; a second runbook of a service adds its file's name."""
    found: dict[str, str] = {}
    for each in sorted(facts, key=lambda each: each.path):
        if each.kind != "runbook" or not each.service:
            continue
        name = _slug(each.service) or _slug(stem(each.path)) or "service"
        if name in found:
            longer = f"{name}-{_slug(stem(each.path))}".rstrip("-")
            name = longer if longer not in found else _numbered(longer, found)
        found[name] = each.path
    return found


def _slug(text: str) -> str:
    return re.sub(r"-{2,}", "-", github_slug(text)).strip("-")


def _numbered(name: str, taken: Mapping[str, str]) -> str:
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def _backlinks(outlines: Iterable[Outline]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for outline in outlines:
        for path in outline.links_to:
            if path != outline.path:
                found.setdefault(path, []).append(outline.path)
    return {path: tuple(sorted(pages)) for path, pages in found.items()}
