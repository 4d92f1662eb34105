"""The lock of the one process that serves a ledger, with its number and address in it. Knows no database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from opsbook.ground.errors import Failure, Refusal


@contextmanager
def serving_lock(path: str, address: str) -> Iterator[None]:
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
        holder = os.pread(file, 1000, 0).decode("utf-8", "replace").split()
        os.close(file)
        where = f" at {holder[1]} (process {holder[0]})" if len(holder) == 2 else ""
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
