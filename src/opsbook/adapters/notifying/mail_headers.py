"""Free text as the lines of a mail's header, by RFC 2047 and RFC 5322. Knows no message.

The standard library folds encoded words in two, loses the blanks between them, and begins what has no blank early
enough with an empty line.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from email.policy import EmailPolicy

_LINE = 76  # what RFC 2047 allows a line that holds an encoded word
_BARE = re.compile(rb"[A-Za-z0-9!*+/-]")  # stands for itself in an encoded word
_WRAP = len("=?utf-8?q??=")
_FREE = frozenset({"subject", "x-opsbook-service", "x-opsbook-purpose"})


class MailPolicy(EmailPolicy):
    """As the policy of the standard library, but for headers of free text."""

    def fold(self, name: str, value: str) -> str:
        if name.lower() in _FREE:
            return self.linesep.join(header_lines(name, str(value))) + self.linesep
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in _FREE:
            return self.fold(name, value).encode("ascii")
        return bytes(super().fold_binary(name, value))


def header_lines(name: str, text: str) -> list[str]:
    """The lines of a header: words as they are where they fit and can be, else all of the text in encoded words."""
    words = text.split()
    lines = [f"{name}:"]
    if any(len(word) > _LINE - len(name) - 2 for word in words) or not _is_plain(text):
        words = list(_encoded(" ".join(words), _LINE - len(name) - 2))
    for word in words:
        if len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return lines


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text and all(letter.isprintable() or letter.isspace() for letter in text)


def _encoded(text: str, first: int) -> Iterator[str]:
    """A text as encoded words, of which no one parts a letter; the first has so much room, each other a line."""
    raw = text.encode("utf-8", "replace")
    is_quoted = sum(1 if _BARE.fullmatch(bytes([byte])) or byte == 32 else 3 for byte in raw) <= len(raw) * 4 / 3
    form, piece, room = "q" if is_quoted else "b", "", first - _WRAP
    for letter in text:
        if len(_body(piece + letter, form)) > room:
            yield f"=?utf-8?{form}?{_body(piece, form)}?="
            piece, room = "", _LINE - 1 - _WRAP
        piece += letter
    yield f"=?utf-8?{form}?{_body(piece, form)}?="


def _body(text: str, form: str) -> str:
    raw = text.encode("utf-8", "replace")
    if form == "b":
        return b64encode(raw).decode()
    each = (bytes([byte]) for byte in raw)
    return "".join("_" if b == b" " else b.decode() if _BARE.fullmatch(b) else f"={b[0]:02X}" for b in each)
