"""Progress along reading paths: the verbs read and unread of one's own sections, and who has finished. A section that
says something else than when it was read is to be read again. Ranks nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from opsbook.ground.errors import Usage
from opsbook.ledger.reading import (
    READINGS,
    ReadMark,
    begun,
    folded,
    section_read,
    section_unread,
    stream_of,
)
from opsbook.usecases.reading_paths import PathSection, ReadingPath
from opsbook.usecases.serving_ports import Ledger

State = Literal["unread", "read", "changed"]


class Step(Struct, frozen=True):
    """A section and how far somebody is with it; `changed`: it was read, and says something else since."""

    section: PathSection
    state: State
    at: datetime | None = None


class Progress(Struct, frozen=True):
    """How far somebody is along a path; `next` is the key of the first section that is not read, empty at the end."""

    path: ReadingPath
    steps: tuple[Step, ...]
    read: int
    changed: int
    minutes_left: int
    next: str

    @property
    def is_finished(self) -> bool:
        """Whether all of it is read as it is."""
        return bool(self.steps) and self.read == len(self.steps)


def progress(path: ReadingPath, marks: Mapping[str, ReadMark]) -> Progress:
    """How far these marks go along a path."""
    steps = tuple(_step(section, marks.get(section.key)) for section in path.sections)
    left = [step.section for step in steps if step.state != "read"]
    return Progress(
        path, steps, len(steps) - len(left), sum(1 for step in steps if step.state == "changed"),
        sum(section.minutes for section in left), left[0].key if left else "",
    )  # fmt: skip


def _step(section: PathSection, mark: ReadMark | None) -> Step:
    if mark is None:
        return Step(section, "unread")
    return Step(section, "read" if mark.digest == section.digest else "changed", mark.at)


class Readings:
    """The verbs over a ledger; `now` is the clock."""

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._ledger, self._now = ledger, now

    def marks(self, person: str) -> dict[str, ReadMark]:
        """What a person has read; nothing for nobody in particular."""
        return folded(self._ledger.read(stream_of(person))) if person else {}

    def begun(self, person: str) -> tuple[str, ...]:
        """The keys of the paths that a person is on, the last one first."""
        return begun(self._ledger.read(stream_of(person))) if person else ()

    def mark(self, person: str, path: ReadingPath, section: str, *, is_read: bool) -> Progress:
        """Notes that a person has read a section as it is now, or takes that back; what is so already is not noted
        again. Raises Usage, where the path has no such section."""
        found = section_of(path, section)
        known = self.marks(person).get(found.key)
        if is_read and (known is None or known.digest != found.digest):
            self._record(person, section_read(found.key, found.digest, path.key))
        elif not is_read and known is not None:
            self._record(person, section_unread(found.key))
        return progress(path, self.marks(person))

    def finished(self, path: ReadingPath) -> tuple[str, ...]:
        """Who has read all of a path as it is now, by name."""
        people = [stream.removeprefix(READINGS) for stream in self._ledger.streams(READINGS)]
        return tuple(sorted(each for each in people if progress(path, self.marks(each)).is_finished))

    def _record(self, person: str, draft: Any) -> None:
        self._ledger.append(stream_of(person), [draft], expected=None, actor=person, at=self._now())


def section_of(path: ReadingPath, section: str) -> PathSection:
    """The section of a path by its key, its anchor, its number or its title; raises Usage where none is meant."""
    wanted = section.strip().lower()
    if wanted.isdigit() and 0 < int(wanted) <= len(path.sections):
        return path.sections[int(wanted) - 1]
    for each in path.sections:
        if wanted in (each.key.lower(), each.anchor.lower() or "-", each.title.lower()):
            return each
    raise Usage(f"The reading path of {path.title} has no section '{section}'. `opsbook path {path.name}` lists them.")


def may_see_others(path: ReadingPath, person: str, role: str) -> bool:
    """Whether somebody may see who has finished: an admin, and the owner of the service."""
    return role == "admin" or (bool(person) and path.owner.lower().lstrip("@") == person.lower().lstrip("@"))


def progress_model(found: Progress, finished: tuple[str, ...] | None = None) -> dict[str, Any]:
    """How far somebody is, as plain values; `finished` is null for whom that is no business."""
    path = found.path
    return {
        "kind": path.kind, "name": path.name, "title": path.title, "about": path.about, "owner": path.owner or None,
        "minutes": path.minutes, "minutes_left": found.minutes_left, "read": found.read, "of": len(found.steps),
        "changed": found.changed, "next": found.next or None, "is_finished": found.is_finished,
        "drill": path.drill or None, "finished": None if finished is None else list(finished),
        "sections": [
            {"section": each.section.key, "path": each.section.path, "anchor": each.section.anchor or None,
             "title": each.section.title, "page": each.section.of, "part": each.section.part,
             "words": each.section.words, "minutes": each.section.minutes, "digest": each.section.digest,
             "state": each.state, "read_at": each.at.isoformat().replace("+00:00", "Z") if each.at else None}
            for each in found.steps
        ],
    }  # fmt: skip
