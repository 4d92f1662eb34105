"""How an incident is changed: decided on it as it is, recorded behind exactly that, decided anew where others were
quicker. What is decided is each verb's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from opsbook.book.reach import Directory
from opsbook.ground.errors import Conflict, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import INCIDENT_VIEW, Incident, incident_of, stream_of
from opsbook.usecases.followed_policy import Followed, followed
from opsbook.usecases.incident_board import IncidentBoard
from opsbook.usecases.incident_finding import find
from opsbook.usecases.incident_said import FieldConflict
from opsbook.usecases.incident_writes import imagined, joined
from opsbook.usecases.ledger_ports import EngineLedger, Write
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.update_due import with_due

TRIES = 12  # people and the engine write to one at the same moment; more than a few in one is a fault
LONGEST = 10_000  # letters of what people write at once
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
LONGEST_LINE = 300  # letters of a title or a reason


class Desk(NamedTuple):
    """What every verb has at hand."""

    ledger: EngineLedger
    book: Callable[[], Book]
    board: IncidentBoard
    now: Callable[[], datetime]
    chance: Callable[[int], bytes]
    nudge: Callable[[], None]

    @property
    def policy(self) -> Followed:
        """The policy that is followed now."""
        return followed(self.book())

    @property
    def directory(self) -> Directory:
        """Whom names mean now."""
        return directory_of(self.book())

    def find(self, named: str | int) -> Incident:
        """The incident that is meant."""
        return find(self.ledger, self.board, named)

    def read(self, id: str) -> Incident:
        """The incident of that id, which is there."""
        kept = self.ledger.row(INCIDENT_VIEW.name, stream_of(id))
        assert kept is not None
        return incident_of(kept)

    def change(
        self, named: str | int, by: str, decide: Callable[[Incident, datetime], Sequence[Write]], *,
        attach: Mapping[str, bytes] | None = None,
    ) -> Incident:  # fmt: skip
        """Records what `decide` makes of the incident that is meant and gives it after that; as it is where there is
        nothing to record."""
        check_by(by)
        for tried in range(1, TRIES + 1):
            incident, at = self.find(named), self.now()
            writes = joined(decide(incident, at))
            if not writes:
                return incident
            writes = [self._dued(incident, each, at=at, by=by) for each in writes]
            try:
                self.ledger.record(writes, actor=by, at=at, attach=attach)
            except Conflict:
                if tried == TRIES:
                    raise
                continue
            self.nudge()
            return self.read(incident.id)
        raise AssertionError("the loop ends by itself")


    def _dued(self, incident: Incident, write: Write, *, at: datetime, by: str) -> Write:
        if write.stream != stream_of(incident.id) or not write.drafts:
            return write
        after = imagined(incident, incident.id, write.drafts, at=at, by=by)
        return with_due(self.book(), after, write)


def write(incident: Incident, *drafts: Draft) -> list[Write]:
    """What is recorded of an incident behind exactly what was read of it; nothing where there are no drafts."""
    return [Write(stream_of(incident.id), drafts, incident.version)] if drafts else []


def check_by(by: str) -> None:
    """Raises Usage where nobody is named."""
    if not by.strip():
        raise Usage("An incident is only changed under somebody's name.")


def check_unchanged(incident: Incident, field: str, expected: int | None, *, now: Any, mine: Any) -> None:
    """Raises FieldConflict where somebody changed a field since the version that a change is based on, to something
    else than what it would be after it."""
    if expected is not None and expected > incident.version:
        raise Usage(f"{incident.name} has no version {expected} yet; it is at {incident.version}. Look at it again.")
    by, number = incident.edited_by.get(field, ("", 0))
    if expected is None or number <= expected or now == mine:
        return
    words = field.replace("_", " ")
    raise FieldConflict(
        f"{by} changed the {words} of {incident.name} meanwhile: it is {_shown(now)} now, and yours is {_shown(mine)}."
        " Nothing was recorded; look at both, and say again what it is to be.",
        field=field, by=by, now=now, mine=mine,
    )  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, list | tuple):
        return f"'{', '.join(map(str, value))}'" if value else "empty"
    return f"'{value}'" if value not in (None, "") else "empty"


def cleaned(text: str) -> str:
    """A text without what no store keeps and no mail carries: NUL and other controls, and what is no character."""
    return _NO_TEXT.sub("", text)


def line(text: str, what: str, *, is_needed: bool = True) -> str:
    """A text in one line; raises Usage where it is empty and needed, or too long."""
    told = " ".join(cleaned(text).split())
    if is_needed and not told:
        raise Usage(f"{what} needs words.")
    if len(told) > LONGEST_LINE:
        raise Usage(f"{what} has at most {LONGEST_LINE} letters; this one has {len(told):,}.")
    return told


def prose(text: str, what: str, *, is_needed: bool = True) -> str:
    """A text of several lines, without the space around it; raises Usage where it is empty and needed, or too long."""
    told = "\n".join(each.rstrip() for each in cleaned(text).replace("\r\n", "\n").strip().split("\n"))
    if is_needed and not told:
        raise Usage(f"{what} needs words.")
    if len(told) > LONGEST:
        raise Usage(f"{what} has at most {LONGEST:,} letters; this one has {len(told):,}.")
    return told


def handle_of(directory: Directory, person: str) -> str:
    """How a person is named in the ledger: by the handle that the book has for the name, else as written, without the
    @ before it. Raises Usage for nobody."""
    written = " ".join(cleaned(person).split()).removeprefix("@")
    if not written or len(written) > LONGEST_LINE:
        raise Usage("Name a person.")
    known = directory.somebody(directory.known(written) or written)
    return known.handle or written


def unknown_person(directory: Directory, person: str) -> str:
    """That no page knows a person, with a guess; empty for one that is known."""
    written = " ".join(person.split()).removeprefix("@")
    if directory.known(written) or not directory.people:
        return ""
    near = closest(written.lower(), directory.people)
    guess = f" Did you mean '{near}'?" if near else ""
    return f"No page knows '{written[:80]}': no message reaches them.{guess}"
