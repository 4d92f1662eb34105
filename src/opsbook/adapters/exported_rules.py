"""Rule files in a folder, or one file: each whole at any moment, and never over one that Opsbook did not write."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from opsbook.book.alert_rules_whole import WRITTEN_BY
from opsbook.ground.errors import Failure, Refusal


def write_rule_files(files: Mapping[str, bytes], *, is_forced: bool) -> dict[str, bool]:
    """Writes the files, by absolute path; each with whether it is another than before. Raises Refusal where a file is
    there that Opsbook did not write, before any is written; Failure where one cannot be."""
    before: dict[str, bytes | None] = {}
    for path in files:
        try:
            before[path] = _read(path)
        except OSError as wrong:
            raise Failure(f"'{path}' cannot be read: {wrong.strerror}. Nothing was written.") from wrong
        old = before[path]
        if old is not None and not is_forced and not old.startswith(WRITTEN_BY.encode()):
            raise Refusal(f"'{path}' was not written by Opsbook, and was left as it is. --force writes over it.")
    for path, content in files.items():
        if before[path] != content:
            _replace(path, content)
    return {path: before[path] != content for path, content in files.items()}


def _read(path: str) -> bytes | None:
    if not os.path.lexists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def _replace(path: str, content: bytes) -> None:
    part = f"{path}.{os.getpid()}.part"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as wrong:
        with suppress(OSError):
            os.unlink(part)
        raise Failure(f"'{path}' cannot be written: {wrong.strerror}.") from wrong
