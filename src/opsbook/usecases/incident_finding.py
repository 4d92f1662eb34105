"""Incidents as people name and filter them: by number, former number, `INC-14`, id, its beginning. Changes none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from opsbook.book.severity import PRIORITIES, read_severity
from opsbook.ground.errors import Usage
from opsbook.ground.guesses import closest
from opsbook.ledger.incident import INCIDENT_VIEW, STATUS, Incident, claim_of, incident_of, stream_of
from opsbook.ledger.incident_events import INCIDENTS
from opsbook.ledger.incident_moves import state_of
from opsbook.ledger.incident_times import bounded
from opsbook.usecases.incident_board import IncidentBoard, Wanted
from opsbook.usecases.ledger_ports import EngineLedger

LEAST_OF_AN_ID = 4  # letters
_NUMBER = re.compile(r"(?:#|inc(?:ident)?[\s#:_-]*)?0*(\d{1,9})", re.I)


def find(ledger: EngineLedger, board: IncidentBoard, named: str | int) -> Incident:
    """The incident of that number, former number, name or id, or of the only id that begins so. Raises Usage, with a
    guess, where there is none."""
    name = str(named).strip()
    number = _NUMBER.fullmatch(name)
    found = _of_number(ledger, board, int(number.group(1))) if number is not None else None
    found = found or _of_id(ledger, name)
    if found is None:
        told = f"There is no incident '{name[:80]}'.{_guess(board, name, number)}" if name else "Name an incident."
        raise Usage(told, at_terminal="'opsbook incident list' shows all.")
    return found


def number_in(name: str) -> int | None:
    """The number that `14`, `#14`, `INC-14` names; None for what names none."""
    found = _NUMBER.fullmatch(name.strip())
    return int(found.group(1)) if found is not None else None


def _of_number(ledger: EngineLedger, board: IncidentBoard, number: int) -> Incident | None:
    kept = ledger.latest(INCIDENT_VIEW.name, [str(number)]).get(str(number))
    if kept is None:
        claim = ledger.read(claim_of(number))
        stream = stream_of(claim[0].facts["incident"]) if claim else ""
        former = next((each.stream for each in board.look() if number in each.former), stream)
        kept = ledger.row(INCIDENT_VIEW.name, former) if former else None
    return incident_of(kept) if kept is not None else None


def _of_id(ledger: EngineLedger, name: str) -> Incident | None:
    name = name.removeprefix(INCIDENTS)
    kept = ledger.row(INCIDENT_VIEW.name, stream_of(name)) if name else None
    if kept is None and len(name) >= LEAST_OF_AN_ID:
        streams = ledger.streams(stream_of(name))
        if len(streams) > 1:
            few = ", ".join(each.removeprefix(INCIDENTS) for each in streams[:4])
            raise Usage(f"'{name}' may mean {few}{' and others' if len(streams) > 4 else ''}. Write more of it.")
        kept = ledger.row(INCIDENT_VIEW.name, streams[0]) if streams else None
    return incident_of(kept) if kept is not None else None


def _guess(board: IncidentBoard, name: str, number: re.Match[str] | None) -> str:
    known = board.look()
    if not known:
        return " There is none yet."
    if number is not None:
        return f" The last is INC-{max(each.number for each in known)}."
    titled = [each for each in known if name.lower() in each.title.lower()]
    if len(titled) == 1:
        return f" Did you mean INC-{titled[0].number} ({titled[0].title})?"
    words = {f"INC-{each.number}": each.number for each in known} | {each.title: each.number for each in known}
    near = closest(name, words)
    return f" Did you mean INC-{words[near]}?" if near else ""


def wanted(
    *, is_live: bool | None, statuses: Sequence[str], severities: Sequence[str], service: str, words: str,
    with_drills: bool, since: datetime | None, until: datetime | None, before: int | None,
) -> Wanted:  # fmt: skip
    """What is looked for, by words as people write them. Raises Usage, with a guess, for a status or severity that is
    not known."""
    return Wanted(
        is_live, frozenset(each for status in statuses for each in _statuses(status)),
        frozenset(map(severity_of, severities)), service.strip(), tuple(words.lower().split()), with_drills,
        bounded(since) if since else None, bounded(until) if until else None, before,
    )  # fmt: skip


def _statuses(written: str) -> Iterator[str]:
    """The user's word means all finer states of it, one of ours itself."""
    titled = written.strip().capitalize()
    if titled in STATUS.values():
        yield titled
    else:
        yield state_of(written)


def severity_of(written: str) -> str:
    """P0 to P3 of the words for it; raises Usage."""
    found = read_severity(written)
    if found is None:
        raise Usage(f"'{written[:80]}' is no severity. Write one of {', '.join(PRIORITIES)}.")
    return found
