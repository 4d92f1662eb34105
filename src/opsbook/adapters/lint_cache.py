"""The answer of the last lint, kept beside the ledger: good only while nothing that it was made from has changed.

Derived and safe to delete; what cannot be read or written is treated as absent.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b

import msgspec
from msgspec import Struct

from opsbook.usecases.lint import LintReport
from opsbook.usecases.ports import PageFile

# A file changed this shortly before it was looked at may change again without a new time stamp.
_SETTLED_NS = 50_000_000
_KEPT = 8


class _Kept(Struct):
    manifest: bytes
    report: LintReport


class LintCache:
    """One file for each way of asking, in `folder`; the oldest go when there are more than eight.

    `others` are files besides the pages that an answer depends on, absolute, also such as are not there yet.
    """

    def __init__(self, folder: str, root: str, question: str, others: Sequence[str]) -> None:
        self.folder = folder
        self.root = root
        self.others = others
        name = blake2b(question.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()
        self.path = os.path.join(folder, f"lint-{name}.cache")

    def answer(self, files: Sequence[PageFile], lint: Callable[[], LintReport]) -> LintReport:
        """The kept report when pages, other files and all paths looked for are as they were, else a new one."""
        began_ns = time.time_ns()
        manifest, newest_ns = self._manifest(files)
        kept = self._read()
        if kept is not None and kept.manifest == manifest and self._still(kept.report.looked_for):
            return kept.report
        report = lint()
        if began_ns - newest_ns > _SETTLED_NS:
            self._write(_Kept(manifest, report))
        return report

    def _still(self, looked_for: Mapping[str, bool]) -> bool:
        return all(os.path.exists(os.path.join(self.root, path)) == there for path, there in looked_for.items())

    def _manifest(self, files: Sequence[PageFile]) -> tuple[bytes, int]:
        """A digest of the names, sizes and times of the pages and of the other files, and the newest of those times."""
        newest = max((file.changed_ns for file in files), default=0)
        lines = [f"{file.path}\0{file.size_bytes}\0{file.changed_ns}" for file in files]
        for path in self.others:
            try:
                status = os.stat(path)
            except OSError:
                lines.append(f"{path}\0absent")
                continue
            lines.append(f"{path}\0{status.st_size}\0{status.st_mtime_ns}")
            newest = max(newest, status.st_mtime_ns)
        return blake2b("\n".join(lines).encode("utf-8", "surrogateescape"), digest_size=20).digest(), newest

    def _read(self) -> _Kept | None:
        try:
            with open(self.path, "rb") as file:
                return msgspec.msgpack.decode(file.read(), type=_Kept)
        except (OSError, msgspec.DecodeError, ValueError):
            return None

    def _write(self, kept: _Kept) -> None:
        part = f"{self.path}.{os.getpid()}"
        try:
            with open(part, "wb") as file:
                file.write(msgspec.msgpack.encode(kept))
            os.replace(part, self.path)
            self._forget_old()
        except OSError:  # a read-only or full disk costs the next lint its head start and nothing else
            with suppress(OSError):
                os.unlink(part)

    def _forget_old(self) -> None:
        kept = [e for e in os.scandir(self.folder) if e.name.startswith("lint-") and e.name.endswith(".cache")]
        kept.sort(key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
        for entry in kept[_KEPT:]:
            os.unlink(entry.path)
