"""A file below one folder, whatever its path says: neither `..` nor a link leads out of it. Writes nothing."""

from __future__ import annotations

import os
import stat

from opsbook.ground.errors import Failure, Refusal


def file_below(folder: str, path: str, *, most: int) -> bytes:
    """What a file holds. Links that stay below the folder are followed, as secrets mounted by Kubernetes are such.

    Raises Refusal where it lies elsewhere or is no file, Failure where it cannot be read or is larger than `most`.
    """
    if not folder:
        raise Refusal("No folder of secrets is configured. Name one as 'runs.secret_folder' in opsbook.toml.")
    base = os.path.realpath(folder)
    if "\0" in path:
        raise Refusal("Its path holds a NUL.")
    real = os.path.realpath(os.path.join(base, path))
    if os.path.isabs(path) or os.path.commonpath((base, real)) != base or real == base:
        raise Refusal("Its path leads out of the folder 'runs.secret_folder'. Write it relative to that folder.")
    try:
        descriptor = _opened(base, os.path.relpath(real, base).split(os.sep))
    except OSError as wrong:
        raise Failure(f"The file cannot be opened: {wrong.strerror}.") from wrong
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refusal("It is no file.")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(most + 1)
    except OSError as wrong:
        raise Failure(f"The file cannot be read: {wrong.strerror}.") from wrong
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise Failure(f"It is larger than {most // 1024} KiB.")
    return content


def _opened(base: str, names: list[str]) -> int:
    """Opens step by step without following any link: all were resolved before, and one that is put there since then
    must not lead out. A pipe is not waited for."""
    quiet = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    here = os.open(base, quiet | os.O_DIRECTORY)
    try:
        for name in names[:-1]:
            inner = os.open(name, quiet | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
        return os.open(names[-1], quiet | os.O_NONBLOCK, dir_fd=here)
    finally:
        os.close(here)
