"""From the text that a browser sends back to the bytes of the page: what was not typed stays as it was, byte for byte.

A browser makes every line ending CRLF and shows a byte that is no UTF-8 as U+FFFD, so neither says anything about what
somebody meant. Lines that are the same but for these keep their own bytes.
"""

from __future__ import annotations

import re

from opsbook.book.differences import differences
from opsbook.ground.errors import Refusal

_MARK = b"\xef\xbb\xbf"
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_ENDINGS = (b"\r\n", b"\n", b"\r")


def editable_text(raw: bytes) -> str:
    """A page as it is put into a browser's text field: without byte order mark, with line feeds."""
    return "".join(_shown(line) for line in _LINE.findall(raw.removeprefix(_MARK)))


def page_bytes(before: bytes, text: str) -> bytes:
    """The bytes of a page that was `before` and was sent back as `text`. Raises Refusal for a changed line with bytes
    that the browser could not show."""
    mark = _MARK if before.startswith(_MARK) else b""
    own = _LINE.findall(before[len(mark) :])
    typed = [_shown(line) for line in _LINE.findall(_encoded(text.removeprefix("\ufeff")))]
    ending = _usual_ending(own)
    parts = [mark]
    for change in differences([_shown(line) for line in own], typed):
        if change.is_same:
            parts += own[change.before_at : change.before_at + len(change.before)]
            continue
        lost = b"".join(own[change.before_at : change.before_at + len(change.before)])
        written = "".join(change.after)
        if "\ufffd" in written and _is_garbled(lost):
            raise Refusal(
                "A line that was changed holds bytes that are not UTF-8, which a browser cannot show. Leave that line"
                " as it is, or edit the page with another program."
            )
        parts.append(written.encode().replace(b"\n", ending))
    return b"".join(parts)


def _shown(line: bytes) -> str:
    """A line as a browser gives it back: its bytes as text, one line feed at its end."""
    bare = line.rstrip(b"\r\n")
    return bare.decode("utf-8", "replace").replace("\0", "\ufffd") + ("\n" if len(bare) < len(line) else "")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as wrong:
        raise Refusal("The text holds half of a character, which no page can have.") from wrong


def _is_garbled(raw: bytes) -> bool:
    return "\ufffd" in raw.decode("utf-8", "replace") or b"\0" in raw


def _usual_ending(lines: list[bytes]) -> bytes:
    """The ending that most lines have; a line feed where none has any."""
    counts = dict.fromkeys(_ENDINGS, 0)
    for line in lines:
        found = next((ending for ending in _ENDINGS if line.endswith(ending)), None)
        if found:
            counts[found] += 1
    most = max(_ENDINGS, key=lambda ending: counts[ending])
    return most if counts[most] else b"\n"
