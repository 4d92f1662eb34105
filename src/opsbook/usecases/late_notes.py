"""Notes for an incident that only the ledger knows, kept in a file while the ledger is away. Brings none of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from opsbook.ground.digests import digest_of
from opsbook.ledger.event import Event
from opsbook.ledger.incident_brought import LATE
from opsbook.ledger.incident_events import EntryKind, KeptFile, noted
from opsbook.usecases.bringing import FILES
from opsbook.usecases.incident_changing import prose
from opsbook.usecases.ledger_ports import EngineLedger, Write


def keep_late(
    ledger: EngineLedger, number: int, by: str, text: str, *, now: datetime, kind: EntryKind = "note",
    happened_at: datetime | None = None, files: Sequence[tuple[str, str, bytes]] = (), link: str = "", key: str = "",
) -> int:  # fmt: skip
    """Keeps a note for the incident of that number; how many are kept for it now. Raises Usage for an empty one."""
    text = prose(text, "An entry", is_needed=not files)
    kept = tuple(KeptFile(name, media_type, len(content), digest_of(content)) for name, media_type, content in files)
    draft = noted(text, kind, happened_at=happened_at, files=kept, link=link, key=key)
    stream = f"{LATE}{number}"
    attach = {FILES + file.digest: content for file, (_, _, content) in zip(kept, files, strict=True)}
    ledger.record([Write(stream, [draft])], actor=by, at=now, attach=attach)
    return len(ledger.read(stream))


def late_notes(ledger: EngineLedger) -> dict[int, list[Event]]:
    """The notes that wait, by the number of the incident that they are for."""
    return {int(stream.removeprefix(LATE)): ledger.read(stream) for stream in ledger.streams(LATE)}
