"""Takes secrets out of what inlets receive, before it is kept for good: `***` stands in their place. Keeps nothing.

Known secrets are the token that was shown and the values of fields that are named for one; others are found by the
shape that their makers give them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

import msgspec

from opsbook.book.secret_shapes import secrets_in
from opsbook.ledger.signal import Batch

MASK = b"***"
SHORTEST = 8  # characters; to replace a shorter one everywhere would spoil more than it hides
_NAMES = (
    "routing_?key|service_?key|integration_?key|api_?key|apikey|access_?key|secret_?key|private_?key|passw(?:or)?d"
    "|passphrase|secret|client_?secret|(?:access_?|refresh_?|auth_?|bearer_?|id_?)?token|authorization|geniekey"
)
_NAMED = re.compile(rf'"(?:x[-_])?(?:{_NAMES})"\s*:\s*"((?:[^"\\]|\\.)*)"'.encode(), re.IGNORECASE | re.DOTALL)
# Looked for by themselves: a search for any of them, in either case, takes as long as all the rest of a body's keeping.
_SIGNS = (b'key"', b'token"', b'secret"', b"passw", b'passphrase"', b'authorization"')
_ASKED = re.compile(rb"(?i)[?&](?:token|api_?key|access_token|key|secret|password)=([^&\s\"'\\#]{8,})")


def redacted(raw: bytes, batch: Batch, secrets: Sequence[str] = ()) -> tuple[bytes, Batch]:
    """The body and what was understood of it, without secrets. `secrets` are those known to be in it."""
    kept = masked(raw, secrets)
    if kept is raw and b"\\u" not in raw and not _is_packed(raw):
        return raw, batch  # whatever the batch says stands in the body as it is
    written = msgspec.json.encode(batch)
    told = masked(written, [*secrets, *(_plain(each) for each in _found(raw))])
    return kept, batch if told is written else msgspec.json.decode(told, type=Batch)


def masked(content: bytes, secrets: Iterable[str] = ()) -> bytes:
    """The content with `***` for every secret in it; the same object where there is none."""
    found = {each for each in _found(content) if each != MASK}
    for secret in secrets:
        if len(secret) >= SHORTEST:
            found |= {secret.encode("utf-8", "replace"), json.dumps(secret)[1:-1].encode()}
    for each in sorted(found, key=len, reverse=True):  # the longest first: a shorter one may be part of it
        if each in content:
            content = content.replace(each, MASK)
    return content


def _found(content: bytes) -> set[bytes]:
    found = {match.group(match.lastindex or 0) for _, match in secrets_in(content)}
    lowered = content.lower()
    if any(sign in lowered for sign in _SIGNS):
        found |= {match.group(1) for match in _NAMED.finditer(content)}
    if b"=" in content:
        found |= {match.group(1) for match in _ASKED.finditer(content)}
    return {each for each in found if len(each) >= SHORTEST}


def _plain(secret: bytes) -> str:
    """A secret as it is when JSON is read."""
    text = secret.decode("utf-8", "replace")
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


def _is_packed(raw: bytes) -> bool:
    """Whether a body says something in other bytes than its own: mail in base64 or quoted-printable."""
    return raw[:1] not in (b"{", b"[")
