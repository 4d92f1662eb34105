"""An e-mail as a batch: the subject is the alert, what stands behind a `+` in the address or a header is its key. Never
raises.

The word that a subject begins with tells whether it is over: `[RESOLVED] Disk full`, `OK: Disk full`, `Recovered: …`.
Without a key, an alert is known by who sent it and by its subject without such words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from html import unescape

from opsbook.ledger.inbound import loose
from opsbook.ledger.inbound.fingerprints import fingerprint, key_of
from opsbook.ledger.inbound.words import action_in
from opsbook.ledger.signal import Action, Batch, Signal

FORMAT = "email"
DEDUP = "x-opsbook-dedup"  # the header under which the door keeps what stood behind the +
LONGEST_BODY = 16_000  # characters that become the description; the raw mail has it all
_KEYS = ("x-dedup-key", "x-alert-key", "x-opsbook-key")
_REPLY = re.compile(r"(?i)^(?:\s*(?:re|fwd?|aw|wg|sv|tr)\s*:\s*)+")
# Brackets, or a word before a colon or dash, at either end of a subject.
_HEAD = re.compile(
    r"\s*(?:[\[(]{1,3}\s*([^\])]{1,40}?)\s*[\])]{1,3}\s*[:-]?|([A-Za-z]{2,20})(?:\sin\s[\w ]{1,20})?\s*(?:[:|-]\s|!\s)"
    r"|([A-Z]{2,20})\s)\s*"  # Zabbix' `Resolved in 5m: …`, and Nagios' `** RECOVERY Service Alert: … is OK **`
)
_TAIL = re.compile(r"\s*(?:[\[(]\s*([^\])]{1,20}?)\s*[\])]|\s(?:is|has|-)\s([A-Za-z]{2,12}))\s*[.!]?\s*$")
_SEVERITY = re.compile(r"(?i)\b(critical|crit|warning|warn|error|info|high|medium|low|p[0-3]|sev-?[0-4])\b")
_TAG = re.compile(r"<[^<>]{0,2000}>")
LONGEST_HEADER = 4_000  # characters, before it is decoded
LONGEST_HTML = 400_000
# What the standard library raises for odd mail, besides nothing at all.
_ODD = (MessageError, LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)


def parse(body: bytes, headers: Mapping[str, str] | None = None) -> Batch:
    """The batch of one message; `headers` may hold what stood behind the + of the address."""
    slips = loose.Slips()
    try:
        message = BytesParser().parsebytes(body)
        subject, sender = _header(message, "subject"), _header(message, "from")
        text = _text(message, slips)
        sent_at = _sent_at(message)
        keys = [_header(message, name) for name in _KEYS]
    except _ODD as wrong:
        return loose.nothing_read(FORMAT, f"It is no e-mail that could be read: {loose.as_text(str(wrong))[:200]}.")
    if not subject and not text:
        return loose.nothing_read(FORMAT, "It has neither a subject nor a text.")
    title, action, severity = read_subject(subject or text.partition("\n")[0][:200])
    dedup = (headers or {}).get(DEDUP, "") or next(filter(None, keys), "")
    address = _address(sender)
    labels = {"alertname": title, "sender": address.rpartition("@")[2]}
    annotations = {"summary": title, "description": text[:LONGEST_BODY]}
    labels = {name: value for name, value in labels.items() if value}
    signal = Signal(
        key_of(dedup) if dedup else fingerprint({**labels, "from": address}), action, labels,
        {name: value for name, value in annotations.items() if value}, sent_at, severity=severity,
    )  # fmt: skip
    return Batch(FORMAT, (signal,), slips.all())


def read_subject(subject: str) -> tuple[str, Action, str]:
    """A subject without the words around it, what they say, and how grave they say it is."""
    title = _REPLY.sub("", " ".join(subject.split())).strip("* ")
    action: Action | None = None
    severity = ""
    for _ in range(4):
        found = _HEAD.match(title)
        word = next(filter(None, found.groups()), "") if found is not None else ""
        told = action_in(word)
        grave = _SEVERITY.search(word)
        if found is None or not (told or grave) or not title[found.end() :].strip():
            break
        action = action or told
        severity = severity or (grave.group(1) if grave else "")
        title = title[found.end() :].strip()
    tail = _TAIL.search(title)
    if tail is not None and title[: tail.start()].strip():
        told = action_in(tail.group(1) or tail.group(2))
        if told is not None:
            action = "resolved" if told == "resolved" else action or told
            title = title[: tail.start()].strip()
    return title or subject.strip(), action or "firing", severity


def _header(message: Message, name: str) -> str:
    written = str(message.get(name, "") or "")[:LONGEST_HEADER]
    with suppress(*_ODD):  # then it is shown as it is written
        written = str(make_header(decode_header(written)))
    return " ".join(loose.clean(written).split())


def _address(sender: str) -> str:
    found = re.search(r"<([^<>\s]+)>", sender)
    return (found.group(1) if found is not None else sender).strip().lower()


def _sent_at(message: Message) -> datetime | None:
    try:
        return loose.moment(parsedate_to_datetime(_header(message, "date")))
    except (ValueError, TypeError, OverflowError):
        return None


def _text(message: Message, slips: loose.Slips) -> str:
    parts: dict[str, Message] = {}
    for part in message.walk():
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment":
            parts.setdefault(kind, part)
    if "text/plain" in parts:
        return _lines(_decoded(parts["text/plain"], slips))
    if "text/html" not in parts:
        return ""
    html = _decoded(parts["text/html"], slips)[:LONGEST_HTML]
    return _lines(unescape(_TAG.sub(" ", _without(_without(html, "style"), "script"))))


def _decoded(part: Message, slips: loose.Slips) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    try:
        return raw.decode(charset, "replace")
    except (LookupError, ValueError):
        slips.add("body", f"Its text is in an encoding that is not known, '{loose.as_text(charset)[:40]}'.")
        return raw.decode("utf-8", "replace")


def _without(html: str, name: str) -> str:
    """The text without what stands between such tags; found piece by piece, because a pattern would look for each end
    anew."""
    lowered, kept, at = html.lower(), [], 0
    if len(lowered) != len(html):  # a letter that has two small ones
        return html
    while (start := lowered.find(f"<{name}", at)) >= 0:
        kept.append(html[at:start])
        end = lowered.find(f"</{name}", start)
        if end < 0:
            return "".join(kept)
        at = end
    return "".join([*kept, html[at:]])


def _lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in loose.clean(text).splitlines())
    return "\n".join(line for line in lines if line)
