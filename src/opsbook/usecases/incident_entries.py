"""Entries of a timeline that people write, with files, and what is corrected and pinned. Edits none: entries stay."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import incident_events as events
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.incident import Incident, stream_of
from opsbook.ledger.incident_events import EntryKind, KeptFile
from opsbook.ledger.incident_times import passed
from opsbook.ledger.incident_values import TIME_OF
from opsbook.usecases.incident_changing import Desk, line, prose, write
from opsbook.usecases.incident_moving import edit_drafts
from opsbook.usecases.ledger_ports import EngineLedger, Write

FILES = "incident-file/"
MOST_BYTES = 10 << 20  # of one file
MOST_FILES = 10  # of one entry
MOST_PINS = 50
_ANY = "application/octet-stream"
# What a browser may show, by how such a file begins: what it claims to be and is not is handed out as bytes alone.
_SHOWN: dict[str, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",), "image/jpeg": (b"\xff\xd8\xff",), "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",), "image/avif": (b"",), "application/pdf": (b"%PDF-",),
}  # fmt: skip
_BEHIND = {"image/webp": (b"WEBP",), "image/avif": (b"ftypavif", b"ftypavis")}
# Streams of what happened by itself; changes that were told from outside are somebody's words, as notes are.
_HAPPENED = ("incident/", "alert/", "page/", "run/", "probe/")
_PLAIN = frozenset({"text/plain", "text/csv", "text/markdown", "application/json"})
# An entry of one batch of many is that event's with a place in it behind a full stop; see `timeline_members`.
_KEY = re.compile(r"([a-z][a-z-]*(?:/[^:\s]+)?):([1-9]\d{0,9})(?:\.[1-9]\d{0,5})?")
_MAY_BELONG = re.compile(
    r"(?:alert|page|run|probe)/"
    r"|(?!incident|account|silence|contact|proposal|telling|subscription|token|inlet)[a-z-]+(?:/|$)"
)
_LINK = re.compile(r"(?:https?://|/)[^\s<>\"']{1,2000}")
Files = Sequence[tuple[str, str, bytes]]


def note(
    desk: Desk, named: str | int, by: str, text: str, *, kind: EntryKind, happened_at: datetime | None, files: Files,
    link: str, key: str,
) -> Incident:  # fmt: skip
    """An entry of the timeline; one whose `key` is there already is not written again."""
    if kind not in get_args(EntryKind):
        near = closest(str(kind), get_args(EntryKind))
        raise Usage(f"'{str(kind)[:80]}' is no kind of entry." + (f" Did you mean '{near}'?" if near else ""))
    if link and not _LINK.fullmatch(link):
        raise Usage(f"'{link[:80]}' is no web address, nor one of ours.")
    text = prose(text, "An entry", is_needed=not files)
    key = line(key, "A key", is_needed=False)
    kept, content = _kept(files)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        since = _passed(happened_at, at)
        if key and any(
            event.kind == events.NOTED and event.facts["key"] == key for event in desk.ledger.read(
                stream_of(incident.id)
            )
        ):  # fmt: skip
            return []
        draft = events.noted(text, kind, happened_at=since, files=kept, link=link, key=key)
        # Nothing of it depends on what else is recorded; only a key must not come twice.
        return [Write(stream_of(incident.id), (draft,), incident.version if key else None)]

    return desk.change(named, by, decide, attach=content)


def import_chat(
    desk: Desk, named: str | int, by: str, said: Sequence[tuple[datetime, str, str]],
) -> Incident:  # fmt: skip
    """Messages of a chat, each as when, words and key, in one append; those that are there already are passed over."""

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        read = desk.ledger.read(stream_of(incident.id))
        known = {event.facts["key"] for event in read if event.kind == events.NOTED}
        drafts = []
        for when, words, key in said:
            if key not in known:
                known.add(key)
                drafts.append(events.noted(prose(words, "A message"), "chat", happened_at=_passed(when, at), key=key))
        return write(incident, *drafts)

    return desk.change(named, by, decide)


def correct(
    desk: Desk, named: str | int, by: str, entry: str, *, why: str, text: str | None, happened_at: datetime | None,
    is_struck: bool,
) -> Incident:  # fmt: skip
    """Puts an entry right. Where it is when the incident came into a state, that time is another too."""
    why = line(why, "Why it is corrected")
    text = prose(text, "An entry") if text is not None else None
    if text is None and happened_at is None and not is_struck:
        raise Usage("Say what it should say, when it happened, or that it is struck out.")

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        event = _entry(desk.ledger, incident, entry)
        is_ours = event.stream.startswith(_HAPPENED) and event.kind != events.NOTED
        if is_ours and (is_struck or text is not None):
            raise Refusal(
                f"Entry '{entry}' is what happened, not what somebody wrote, so its words stay. Write a note beside it."
            )
        since = _passed(happened_at, at)
        drafts: list[Draft] = [events.corrected(entry, why, text=text, happened_at=since, is_struck=is_struck)]
        if since is not None and event.stream == stream_of(incident.id) and event.kind == events.MOVED:
            field = TIME_OF.get(event.facts["state"])
            if field is not None and getattr(incident, field) is not None and _is_last(desk.ledger, event):
                drafts += edit_drafts(incident, field, since, why, at=at)
        return write(incident, *drafts)

    return desk.change(named, by, decide)


def pin(desk: Desk, named: str | int, by: str, entry: str, *, is_pinned: bool) -> Incident:
    """Puts an entry on top of the timeline, or lets it go back to its place."""

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        if (entry in incident.pins) == is_pinned:
            return []
        if is_pinned:
            _entry(desk.ledger, incident, entry)
            if len(incident.pins) >= MOST_PINS:
                raise Refusal(f"{incident.name} has {MOST_PINS} entries on top; let some go back first.")
        return write(incident, events.pinned(entry, is_pinned))

    return desk.change(named, by, decide)


def _entry(ledger: EngineLedger, incident: Incident, key: str) -> Event:
    found = _KEY.fullmatch(key)
    if found is not None and found.group(1) != stream_of(incident.id) and not _MAY_BELONG.match(found.group(1)):
        found = None  # an account's, a silence's, another incident's: nobody learns here whether there is one
    read = ledger.read(found.group(1), int(found.group(2)) - 1) if found is not None else []
    if not read or read[0].number != int(found.group(2) if found is not None else 0):
        raise Usage(f"The timeline of {incident.name} has no entry '{key[:80]}'.")
    return read[0]


def _is_last(ledger: EngineLedger, event: Event) -> bool:
    """Whether it did not come into that state once more since."""
    return not any(
        each.kind == events.MOVED and each.facts["state"] == event.facts["state"]
        for each in ledger.read(event.stream, event.number)
    )


def _passed(happened_at: datetime | None, now: datetime) -> datetime | None:
    return passed(happened_at, now) if happened_at is not None else None


# -- files -----------------------------------------------------------------------------------------------------------


def _kept(files: Files) -> tuple[tuple[KeptFile, ...], dict[str, bytes]]:
    """What is kept of files, and their bytes by the name that they are kept under."""
    if len(files) > MOST_FILES:
        raise Usage(f"An entry has at most {MOST_FILES} files; these are {len(files)}.")
    kept: list[KeptFile] = []
    content: dict[str, bytes] = {}
    for name, media_type, raw in files:
        cleaned = clean_name(name)
        if len(raw) > MOST_BYTES:
            raise Usage(f"'{cleaned}' has {len(raw) / (1 << 20):.1f} MB; a file has at most {MOST_BYTES >> 20} MB.")
        if not raw:
            raise Usage(f"'{cleaned}' is empty.")
        digest = digest_of(raw)
        kept.append(KeptFile(cleaned, media_type_of(media_type, raw), len(raw), digest))
        content[FILES + digest] = raw
    return tuple(kept), content


def clean_name(name: str) -> str:
    """The name of a file without folders, without what no screen shows or what turns the writing round, in at most 120
    letters; `file` where nothing is left."""
    last = name.replace("\\", "/").rpartition("/")[2]
    letters = "".join(each for each in last if unicodedata.category(each)[0] != "C" and each not in '<>:"|?*')
    plain = " ".join(letters.split()).strip(". ")
    stem, dot, ending = plain.rpartition(".")
    if len(plain) > 120:
        plain = f"{stem[: 119 - len(ending)]}.{ending}" if dot and len(ending) <= 10 else plain[:120]
    return plain or "file"


def media_type_of(told: str, raw: bytes) -> str:
    """What a file is taken for: what it claims to be where it begins so, plain text where it is that; else bytes."""
    claimed = told.partition(";")[0].strip().lower()
    behind = _BEHIND.get(claimed, ())  # of a container the first bytes are lengths
    if raw.startswith(_SHOWN.get(claimed, ())) and (not behind or raw[4:12].endswith(behind)):
        return claimed
    if claimed in _PLAIN and _is_text(raw):
        return claimed
    return _ANY


def _is_text(raw: bytes) -> bool:
    try:
        return "\0" not in raw.decode()
    except UnicodeDecodeError:
        return False


def file(ledger: EngineLedger, digest: str) -> bytes | None:
    """The bytes of a file of an entry."""
    return ledger.attachment(FILES + digest) if re.fullmatch(r"[0-9a-f]{32}", digest) else None
