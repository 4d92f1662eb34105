"""A note from the command line: into the incident, or kept for one that only the ledger knows, while that is away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from opsbook.entrypoints.incident_terminal import IncidentTerminal, incident_terminal
from opsbook.entrypoints.options import Shared
from opsbook.entrypoints.run_desk import answer
from opsbook.entrypoints.shown.incident import done_line
from opsbook.ground.errors import Usage

if TYPE_CHECKING:
    from opsbook.ledger.incident_events import EntryKind


def noted(
    shared: Shared, named: str, text: str, *, offline: bool, kind: str, when: str | None,
    files: Sequence[tuple[str, str, bytes]], link: str, key: str,
) -> None:  # fmt: skip
    """Records it and tells it."""
    from opsbook.entrypoints.incident_words import happened_of, moment_of, told_at

    told: dict[str, Any] = {
        "kind": cast("EntryKind", kind), "happened_at": moment_of(when), "files": files, "link": link, "key": key,
    }  # fmt: skip
    with incident_terminal(shared, offline=offline) as found:
        by = found.who()
        if when is not None and _knows(found, named):
            told["happened_at"] = happened_of(found.desk.incidents.find(named), when)
        try:
            made = found.desk.incidents.note(named, by, text, **told)
        except Usage:
            number = number_in(named)
            if not found.is_offline or number is None or _knows(found, named):
                raise
            model, line = _kept(found, number, by, text=text, told=told)
        else:
            model = found.model(made) if shared.format == "json" else {}
            line = done_line(made, f"is noted{told_at(told['happened_at'])}.")
    answer(shared, model, iter((line,)))


def chat_noted(shared: Shared, named: str, path: str, *, offline: bool) -> None:
    """Writes each message of a copied chat where it happened; times without a zone are of this machine's, those without
    a day of the day on which the incident began."""
    from opsbook.config import local_zone
    from opsbook.entrypoints.incident_words import files_of, words_of
    from opsbook.usecases.chat_import import entries_of, read_chat

    text = words_of(["-"]) if path == "-" else files_of([path])[0][2].decode("utf-8", "replace")
    with incident_terminal(shared, offline=offline) as found:
        incident = found.desk.incidents.find(named)
        zone = ZoneInfo(local_zone())
        chat = read_chat(text, (incident.started_at or incident.declared_at).astimezone(zone).date(), zone)
        if not chat.messages:
            raise Usage("Nothing of it could be read: a message begins with a time and a name, as in [03:12] ada: …")
        made = found.desk.incidents.import_chat(named, found.who(), entries_of(chat))
        model = found.model(made) if shared.format == "json" else {}
    lines = [done_line(made, f"has {len(chat.messages)} messages of the chat.")]
    lines += [f"Line {number} was left out: {words}" for number, words in chat.left_out]
    answer(shared, model, iter(lines))


def number_in(named: str) -> int | None:
    """The number that names an incident; None for an id."""
    digits = named.strip().upper().removeprefix("INC-").lstrip("#")
    return int(digits) if digits.isdigit() and len(digits) < 10 else None


def _knows(found: IncidentTerminal, named: str) -> bool:
    try:
        found.desk.incidents.find(named)
    except Usage:
        return False
    return True


def _kept(
    found: IncidentTerminal, number: int, by: str, *, text: str, told: dict[str, Any]
) -> tuple[dict[str, Any], str]:
    from opsbook.usecases.late_notes import keep_late

    waiting = keep_late(found.ledger, number, by, text, now=datetime.now(UTC), **told)
    notes = "1 note waits" if waiting == 1 else f"{waiting} notes wait"
    line = f"Kept here for INC-{number}, which this file does not hold: {notes} to be brought."
    return {"number": number, "is_late": True, "waiting": waiting, "is_offline": True}, line
