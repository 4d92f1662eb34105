"""Frames on a pipe: a header of JSON and a body of bytes, with their lengths before them. Knows no meaning of them.

The protocol: every frame is `>II` (length of the header, length of the body), the header, the body. A request is
{"id": n, "do": verb, …}; whatever answers it has the same id and says what it "is".

| do | with | is answered by |
| --- | --- | --- |
| hello | folder ("" chooses one), keep_days | ok: version, boot, folder |
| fence | run, epoch | ok |
| start | key, epoch, nonce, script…, environment, secrets, cwd, limit_s, cap_bytes | begun, then as follow from 0 |
| follow | key, at (offset) | out: at, body …; ended: what `exit` holds, or outcome lost |
| took | of (id of a follow or start), upto | nothing: so far the reader has come, more may be sent |
| leave | of (id) | nothing: sends no more of it |
| look | key, seal (true: an absent key is claimed, so that nothing starts it later) | ok: state, ended, why |
| stop | key, grace_s | ok: left |

What goes wrong is {"is": "error", "kind": fenced | claimed | not-begun | failed, "why": …}. A start that is sent again
with the same nonce is the same start. The end of the pipe ends the server, and nothing that it started.
"""

from __future__ import annotations

import json
import struct

VERSION = 1
LENGTHS = struct.Struct(">II")
LONGEST_FRAME = 256 * 1024 * 1024


def pack(header: dict, body: bytes = b"") -> bytes:  # type: ignore[type-arg]
    """A frame. Texts may hold lone surrogates (bytes that are no UTF-8); JSON's escapes carry them."""
    head = json.dumps(header).encode("ascii")
    return LENGTHS.pack(len(head), len(body)) + head + body


class Frames:
    """Bytes as they come, cut into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, part: bytes) -> list[tuple[dict, bytes]]:  # type: ignore[type-arg]
        """The frames that are whole now; raises ValueError for what is no frame."""
        rest = self._rest
        rest += part
        found = []
        at = 0
        while len(rest) - at >= LENGTHS.size:
            head, body = LENGTHS.unpack_from(rest, at)
            if head + body > LONGEST_FRAME:
                raise ValueError("what came is no frame")
            begin = at + LENGTHS.size
            end = begin + head + body
            if len(rest) < end:
                break
            found.append((json.loads(rest[begin : begin + head].decode("ascii")), bytes(rest[begin + head : end])))
            at = end
        del rest[:at]
        return found
