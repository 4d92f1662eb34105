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
    "routing_?key|service_?key|integration_?key|api_?key|access_?key|secret_?key|private_?key|passw(?:or)?d"
    "|passphrase|secret|client_?secret|(?:access_?|refresh_?|auth_?|bearer_?|id_?)?token|authorization|geniekey"
)
_NAMED = re.compile(rf'"(?:x[-_])?(?:{_NAMES})"\s*:\s*"((?:[^"\\]|\\.)*)"'.encode(), re.IGNORECASE | re.DOTALL)
# Go writes & in JSON as an escape, so an address in it does not part its questions by one.
_ASKED = re.compile(rb"(?i)(?:[?&]|\\u0026)(?:token|api_?key|access_token|key|secret|password)=([^&\s\"'\\#]{8,})")
# What all of these names hold. To look for these first, and then at what stands around them, is 20 times as quick.
_SIGNS = (b"token", b"secret", b"pass", b"authoriz", b"key")
_BEFORE = 24  # bytes: the longest name, and what may stand before it
MOST_SIGNS = 500  # from which on the whole content is looked through at once
_PLAIN = (b"\\u0026", b"\\u003c", b"\\u003e")  # the escapes that hide nothing of a name or a token


def redacted(raw: bytes, batch: Batch, secrets: Sequence[str] = ()) -> tuple[bytes, Batch]:
    """The body and what was understood of it, without secrets. `secrets` are those known to be in it."""
    found = _found(raw)
    kept = _without(raw, found | _known(secrets))
    if kept is raw and _is_as_it_reads(raw):
        return raw, batch  # whatever the batch says stands in the body as it is
    written = msgspec.json.encode(batch)
    told = _without(written, _found(written) | _known([*secrets, *map(_plain, found)]))
    return kept, batch if told is written else msgspec.json.decode(told, type=Batch)


def masked(content: bytes, secrets: Iterable[str] = ()) -> bytes:
    """The content with `***` for every secret in it; the same object where there is none."""
    return _without(content, _found(content) | _known(secrets))


def _without(content: bytes, found: set[bytes]) -> bytes:
    for each in sorted(found, key=len, reverse=True):  # the longest first: a shorter one may be part of it
        if each in content:
            content = content.replace(each, MASK)
    return content


def _known(secrets: Iterable[str]) -> set[bytes]:
    """How secrets may stand in a body."""
    found: set[bytes] = set()
    for secret in secrets:
        if len(secret) >= SHORTEST:
            found |= {secret.encode("utf-8", "replace"), json.dumps(secret)[1:-1].encode()}
    return found


def _found(content: bytes) -> set[bytes]:
    found = {match.group(match.lastindex or 0) for _, match in secrets_in(content)} | _beside_names(content)
    return {each for each in found if len(each) >= SHORTEST}


def _beside_names(content: bytes) -> set[bytes]:
    lowered, found, signs = content.lower(), set(), 0
    for sign in _SIGNS:
        at = lowered.find(sign)
        while at >= 0:
            signs += 1
            if signs > MOST_SIGNS:
                return {match.group(1) for each in (_NAMED, _ASKED) for match in each.finditer(content)}
            before = max(at - _BEFORE, 0)
            quote = content.rfind(b'"', before, at + 1)
            named = _NAMED.match(content, quote) if quote >= 0 else None
            asked = _ASKED.search(content, before, at + _BEFORE * 50)
            found |= {match.group(1) for match in (named, asked) if match is not None}
            at = lowered.find(sign, at + len(sign))
    return found


def _is_as_it_reads(raw: bytes) -> bool:
    """Whether a body says what it says in its own bytes: no escapes of letters, no base64."""
    if raw[:1] not in (b"{", b"["):
        return False
    return b"\\u" not in raw or raw.count(b"\\u") == sum(raw.count(each) for each in _PLAIN)


def _plain(secret: bytes) -> str:
    """A secret as it is when JSON is read."""
    text = secret.decode("utf-8", "replace")
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text
