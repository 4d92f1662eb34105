"""One exported file: replaced in one step, and only where it is one of ours."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress

from opsbook.ground.errors import Failure, Refusal

_LOOKED_AT = 300_000  # bytes: the styles stand before the marks of some


def write_file(path: str, content: bytes, mark: bytes) -> bool:
    """Has the file there, and whether it was another before. Raises Refusal for one that does not hold the mark, and
    so is somebody else's."""
    place = os.path.abspath(path)
    half = ""
    try:
        with suppress(FileNotFoundError), open(place, "rb") as file:
            begin = file.read(_LOOKED_AT)
            if begin and mark not in begin:
                raise Refusal(f"'{path}' is a file that Opsbook did not write. Name another, or remove it.")
            if begin + file.read() == content:
                return False
        os.makedirs(os.path.dirname(place), exist_ok=True)
        descriptor, half = tempfile.mkstemp(prefix=".opsbook-", dir=os.path.dirname(place))
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(half, 0o644)
        os.replace(half, place)
    except OSError as wrong:
        with suppress(OSError):
            os.remove(half)
        raise Failure(
            f"The file '{path}' cannot be written: {wrong.strerror or wrong}. Mend that, or name another.",
            retryable=True,
        ) from wrong
    return True
