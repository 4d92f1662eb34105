"""Takes secrets out of a stream of bytes, however it is cut. It protects from accidents, not from a hostile author.

Each form is looked for with `bytes.find` over large parts: about 1 GB/s a form, where one expression of all forms
reached 3 to 70 MB/s for twenty of them, and an automaton in Python would reach 5. The end of a part is held back only
while it may be the beginning of a form; it is never let go before that is decided.
"""

from __future__ import annotations

import re

from opsbook.adapters.step_hosts.shim_program.encodings import forms_of

POSSIBLE = b"[possible secret]"
_LONGEST_TOKEN = 16 * 1024

# What tokens look like: a text that each begins with, the whole, and what may still become one.
_SHAPES = (
    ((b"AKIA", b"ASIA"), rb"A[KS]IA[0-9A-Z]{16}", rb"A[KS]IA[0-9A-Z]{0,16}"),
    (
        (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"),
        rb"gh[pousr]_[0-9A-Za-z]{36,255}",
        rb"gh[pousr]_[0-9A-Za-z]{0,255}",
    ),
    ((b"xox",), rb"xox[abeoprs]-[0-9A-Za-z-]{10,}", rb"xox([abeoprs](-[0-9A-Za-z-]*)?)?"),
    (
        (b"eyJ",),
        rb"eyJ[0-9A-Za-z_-]{6,}\.eyJ[0-9A-Za-z_-]{6,}\.[0-9A-Za-z_-]+",
        rb"eyJ[0-9A-Za-z_-]*(\.(e(y(J[0-9A-Za-z_-]*(\.[0-9A-Za-z_-]*)?)?)?)?)?",
    ),
    (
        (b"-----BEGIN ",),
        rb"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.{0,16000}?-----END [A-Z ]{0,30}PRIVATE KEY-----",
        rb"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*|-----BEGIN [A-Z -]{0,50}",
    ),
)
_TOKENS = tuple(
    (begin, re.compile(whole, re.S), re.compile(b"(?:" + part + rb")\Z", re.S))
    for begins, whole, part in _SHAPES
    for begin in begins
)


class Redactor:
    """A stream without secrets: `feed` what came, `idle` when nothing came for a while, `finish` at the end."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self.count = 0
        self._names: dict[bytes, str] = {}
        self._held = b""
        self._covered = 0  # so many bytes of what is held belong to a secret that was marked already
        self._tokens = Tokens()
        for name, value in secrets.items():
            self.add(name, value)

    def add(self, name: str, value: str) -> None:
        """From now on this value is a secret too."""
        for form in forms_of(value.encode("utf-8", "surrogateescape")):
            self._names.setdefault(form, name)

    def holds(self, text: bytes) -> bool:
        """True where a text has a secret in it, in any form, or what looks like a token."""
        return any(form in text for form in self._names) or any(
            begin in text and whole.search(text) for begin, whole, _ in _TOKENS
        )

    def feed(self, part: bytes) -> bytes:
        """What can be shown now."""
        return self._tokens.feed(self._pass(part, is_last=False))

    def idle(self) -> bytes:
        """What was held only because it might become a token."""
        return self._tokens.flush()

    @property
    def is_waiting(self) -> bool:
        """True while `idle` would give something."""
        return self._tokens.is_waiting

    def finish(self) -> bytes:
        """The rest."""
        rest = self._tokens.feed(self._pass(b"", is_last=True)) + self._tokens.flush()
        self.count += self._tokens.count
        self._tokens.count = 0
        return rest

    def _pass(self, part: bytes, *, is_last: bool) -> bytes:
        if not self._names:
            return part
        buffer = self._held + part if self._held else part
        keep = len(buffer) if is_last else self._held_from(buffer)
        shown = []
        at = self._covered
        for begin, end, name in self._spans(buffer):
            if begin >= keep:
                break
            if begin < at:  # goes on from what is marked already
                at = max(at, end)
                continue
            shown += [buffer[at:begin], b"[secret ", name.encode(), b"]"]
            self.count += 1
            at = end
        if at < keep:
            shown.append(buffer[at:keep])
        self._covered = max(0, at - keep)
        self._held = buffer[keep:]
        return b"".join(shown)

    def _spans(self, buffer: bytes) -> list[tuple[int, int, str]]:
        """Where secrets are, those that overlap as one."""
        found = []
        for form, name in self._names.items():
            at = buffer.find(form)
            while at >= 0:
                found.append((at, at + len(form), name))
                at = buffer.find(form, at + 1)
        found.sort(key=lambda span: (span[0], -span[1]))
        merged: list[tuple[int, int, str]] = []
        for begin, end, name in found:
            if merged and begin < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2])
            else:
                merged.append((begin, end, name))
        return merged

    def _held_from(self, buffer: bytes) -> int:
        """Where the longest end of the buffer begins that may be the beginning of a form."""
        keep = len(buffer)
        for form in self._names:
            keep = min(keep, _beginning_at_end(buffer, form))
        return keep


class Tokens:
    """The second layer: what looks like a token of a known kind is marked, whoever's it is."""

    def __init__(self) -> None:
        self.count = 0
        self._held = b""

    @property
    def is_waiting(self) -> bool:
        """True while something is held."""
        return bool(self._held)

    def feed(self, part: bytes) -> bytes:
        """What can be shown now."""
        if not part:
            return b""
        buffer = self._held + part if self._held else part
        keep = len(buffer)
        for begin, whole, _ in _TOKENS:
            if begin in buffer:
                buffer = self._mark(buffer, begin, whole, is_last=False)
        keep = len(buffer)
        for begin, _, partial in _TOKENS:
            keep = min(keep, _beginning_at_end(buffer, begin))
            at = buffer.find(begin, max(0, len(buffer) - _LONGEST_TOKEN))
            while 0 <= at < keep:
                if partial.match(buffer, at):
                    keep = at
                at = buffer.find(begin, at + 1)
        self._held = buffer[keep:]
        return buffer[:keep]

    def flush(self) -> bytes:
        """What was held."""
        rest, self._held = self._held, b""
        for begin, whole, _ in _TOKENS:
            if begin in rest:
                rest = self._mark(rest, begin, whole, is_last=True)
        return rest

    def _mark(self, buffer: bytes, begin: bytes, whole: re.Pattern[bytes], *, is_last: bool) -> bytes:
        shown = []
        at = 0
        where = buffer.find(begin)
        while where >= 0:
            match = whole.match(buffer, where)
            # What may still grow is decided when more has come.
            if match and (is_last or match.end() < len(buffer)):
                shown += [buffer[at:where], POSSIBLE]
                self.count += 1
                at = match.end()
            where = buffer.find(begin, max(at, where + 1))
        shown.append(buffer[at:])
        return b"".join(shown)


def _beginning_at_end(buffer: bytes, form: bytes) -> int:
    """Where an end of the buffer begins that is a beginning of the form and not the whole; its length where none is."""
    size = len(buffer)
    first = form[:4]
    at = buffer.find(first, max(0, size - len(form) + 1))
    while at >= 0:
        if form.startswith(buffer[at:]):
            return at
        at = buffer.find(first, at + 1)
    for length in (3, 2, 1):
        if length < len(form) and length <= size and form.startswith(buffer[size - length :]):
            return size - length
    return size
