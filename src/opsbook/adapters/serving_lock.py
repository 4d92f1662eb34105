"""The lock of the one process that serves a ledger, with its number and address in it. Knows no database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from opsbook.ground.errors import Failure, Refusal


def served_at(path: str) -> str | None:
    """The address of whoever holds the lock in the file `path`; None when nobody does."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        holder = _holder(file)
        return holder[1] if holder else None
    else:
        return None
    finally:
        os.close(file)


@contextmanager
def serving_lock(path: str, address: str, *, is_of_node: bool = False) -> Iterator[None]:
    """Holds the lock in the file `path` for whoever serves at `address`; the kernel frees it when the program ends,
    however it ends. Raises Refusal, which tells where it is served already, and Failure where no file can be made.

    The file stays: to take it away would let two programs hold locks on two files of one name.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as wrong:
        raise Failure(f"The lock {path} cannot be made: {wrong.strerror}. Make its folder writable.") from wrong
    try:
        # flock and not lockf: a lock of lockf is lost when anything in the program closes the same file.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as wrong:
        holder = _holder(file)
        os.close(file)
        where = f" at {holder[1]} (process {holder[0]})" if holder else ""
        if is_of_node:  # the ledger has many servers, and this folder one
            raise Refusal(f"Opsbook already serves this book on this machine{where}. Use it, or end it.") from wrong
        raise Refusal(
            f"Opsbook already serves this ledger{where}. Use that one, or end it; another book needs another ledger:"
            " name one with --db."
        ) from wrong
    try:
        written = f"{os.getpid()} {address}\n".encode()
        os.pwrite(file, written, 0)
        os.ftruncate(file, len(written))
        yield
    finally:
        os.close(file)


def _holder(file: int) -> tuple[str, str] | None:
    """The number and the address of the process that wrote itself into the lock."""
    words = os.pread(file, 1000, 0).decode("utf-8", "replace").split()
    return (words[0], words[1]) if len(words) == 2 else None
