"""What a command prints, kept in a file: without secrets, and of no more than a size. Reads nothing."""

from __future__ import annotations

import os

from opsbook.adapters.step_hosts.shim_program.folder import write_all
from opsbook.adapters.step_hosts.shim_program.redaction import Redactor

_CUT = b"\n[truncated: the output is longer than %d bytes; the rest is not kept]\n"


class Output:
    """What the command prints: lines ended by LF alone, without secrets, in a file, up to a size."""

    def __init__(self, path: str, redactor: Redactor, most_bytes: int) -> None:
        self.redactor = redactor
        self.size = 0
        self.is_cut = False
        self.trouble = ""
        self._most = most_bytes
        self._held = b""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def take(self, part: bytes) -> bool:
        """Keeps what came; True when something was written."""
        part = self._held + part
        self._held = b"\r" if part.endswith(b"\r") else b""  # a LF may follow
        if self._held:
            part = part[:-1]
        return self._write(self.redactor.feed(part.replace(b"\r\n", b"\n") if b"\r" in part else part))

    def idle(self) -> bool:
        """Lets go of what needs no longer be held; True when something was written."""
        return self._write(self.redactor.idle())

    def finish(self) -> None:
        """Keeps the rest."""
        self._write(self.redactor.feed(self._held) + self.redactor.finish())
        os.close(self._file)

    def _write(self, shown: bytes) -> bool:
        if not shown or self.is_cut or self.trouble:
            return False
        room = self._most - self.size
        if len(shown) > room:
            self.is_cut = True
            shown = shown[:room] + _CUT % self._most
        try:
            write_all(self._file, shown)
        except OSError as wrong:
            # The command goes on: that its output cannot be kept is no reason to end it half done.
            self.trouble = f"Its output could not be kept from byte {self.size} on: {wrong.strerror}."
            self.is_cut = True
        self.size = os.fstat(self._file).st_size
        return True
