"""The key of this installation: chance, made once, readable by its owner alone. It never leaves the file and memory."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress

from opsbook.ground.errors import Failure

KEY_BYTES = 32


def installation_key(path: str) -> bytes:
    """The key in a file, which is made where it is missing; of several processes that make it at once one wins, and all
    have the same. Raises Failure where it cannot be kept, or where others could read it."""
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    except OSError as wrong:
        raise Failure(f"The key of secrets' marks, {path}, cannot be read: {wrong.strerror}.") from wrong
    try:
        _make(path)
        return _read(path)
    except OSError as wrong:
        raise Failure(f"The key of secrets' marks, {path}, cannot be made: {wrong.strerror}.") from wrong


def _read(path: str) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        key = file.read(KEY_BYTES + 1)
    if mode & 0o077:
        raise Failure(f"The key of secrets' marks, {path}, may be read by others. Run: chmod 600 {path}")
    if len(key) != KEY_BYTES:
        raise Failure(
            f"The key of secrets' marks, {path}, is damaged. Restore it from a backup; or remove it, and approvals that"
            " wait for an answer must be asked for again."
        )
    return key


def _make(path: str) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    part = f"{path}.{secrets.token_hex(8)}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was quicker: its key is the one
            os.link(part, path)
    finally:
        os.unlink(part)
