"""A folder of files that others read while it is written. Writes nothing outside of it, and over nothing foreign.

Each file is written beside its place, synced, and put there in one step: whoever reads, or a crash at any moment,
finds the old file or the new one. (Swapping whole folders was tried: a folder that is mounted, or is a checkout of git,
cannot be swapped.) A list of what was written lies in `.opsbook-status`; only what it names is ever removed.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import suppress

from opsbook.ground.errors import Failure, Refusal

MARK = ".opsbook-status"
_HALF = ".opsbook-half"  # the end of the name of a file that is not whole yet


class FolderOfFiles:
    """The folder at `path`, which is made where it is not there."""

    def __init__(self, path: str) -> None:
        self._path = path

    def write(self, files: Sequence[tuple[str, bytes]]) -> int:
        """Has these files there, in their order, and removes what was written before and is not among them. How many
        are others than before."""
        try:
            os.makedirs(self._path, exist_ok=True)
            known = self._known()
            names = [name for name, _ in files]
            self._check_within({*known, *names})
            # What is going to be there is named first: a crash leaves nothing that nobody would remove.
            self._put(MARK, "".join(f"{name}\n" for name in sorted({*known, *names})).encode())
            changed = sum(self._put(name, content) for name, content in files)
            gone = known - set(names)
            for name in sorted(gone):
                with suppress(FileNotFoundError):
                    os.remove(os.path.join(self._path, name))
            self._put(MARK, "".join(f"{name}\n" for name in sorted(names)).encode())
        except OSError as wrong:
            raise Failure(
                f"The status page cannot be written to '{self._path}': {wrong.strerror or wrong}. Mend that, or name"
                " another folder under [status] export.", retryable=True,
            ) from wrong  # fmt: skip
        return changed + len(gone)

    def _known(self) -> set[str]:
        """What was written before. Raises Refusal for a folder with a page that somebody else wrote."""
        try:
            with open(os.path.join(self._path, MARK), encoding="utf-8") as file:
                return {name for name in file.read().splitlines() if _is_within(name)}
        except FileNotFoundError:
            pass
        if os.path.exists(os.path.join(self._path, "index.html")):
            raise Refusal(
                f"In '{self._path}' lies an index.html that Opsbook did not write. Name an empty folder, or one of"
                " its own."
            )
        return set()

    def _check_within(self, names: Collection[str]) -> None:
        """Refuses a folder in it that is a link: through it files elsewhere would be written and removed."""
        whole = os.path.realpath(self._path)
        for folder in sorted({os.path.dirname(name) for name in names}):
            place = os.path.normpath(os.path.join(whole, folder))
            if os.path.realpath(place) != place:
                raise Refusal(
                    f"In '{self._path}' the folder '{folder}' is a link that leads elsewhere, and nothing is written"
                    " there. Take the link away."
                )

    def _put(self, name: str, content: bytes) -> bool:
        place = os.path.join(self._path, *name.split("/"))
        with suppress(OSError), open(place, "rb") as file:
            if file.read() == content:
                return False
        os.makedirs(os.path.dirname(place), exist_ok=True)
        half = place + _HALF
        with open(half, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, place)
        return True


def _is_within(name: str) -> bool:
    parts = name.split("/")
    return bool(name) and not os.path.isabs(name) and ".." not in parts and "" not in parts
