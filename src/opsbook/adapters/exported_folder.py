"""The folder of an exported site: each file put there in one step, nothing foreign overwritten or removed.

Not synced to the disk file by file, as `site_folder` does: a thousand of them would take longer than all else, and
whoever loses power in between exports once more.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress

from opsbook.ground.errors import Failure, Refusal

MARK = ".opsbook-export"
_HALF = ".opsbook-half"  # the end of the name of a file that is not whole yet


class ExportedFolder:
    """The folder at `path`, which is made where it is not there. What an export wrote is named in `.opsbook-export`."""

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        self._known: set[str] = set()
        self._made: set[str] = set()
        self._inside: set[str] = set()

    def begin(self, names: Collection[str]) -> None:
        """Names what is going to be there, so that a crash leaves nothing that nobody would remove. Raises Refusal for
        a folder in which others' files lie."""
        try:
            os.makedirs(self._path, exist_ok=True)
            self._known = self._read_mark()
            foreign = next((place for name in names if name not in self._known
                            and os.path.lexists(place := self._place(name))), None)  # fmt: skip
            if foreign is not None:
                raise Refusal(
                    f"'{foreign}' was not written by an export, and nothing was changed. Move it away, or name another"
                    " folder."
                )
            self._write_mark({*self._known, *names})
        except OSError as wrong:
            raise self._failed(wrong) from wrong

    def put(self, name: str, content: bytes) -> bool:
        """Writes a file, unless it is there with that content; whether it was written."""
        place = self._place(name)
        if name in self._known:
            with suppress(OSError), open(place, "rb") as file:
                if os.fstat(file.fileno()).st_size == len(content) and file.read() == content:
                    return False
        try:
            folder = os.path.dirname(place)
            if folder not in self._made:
                os.makedirs(folder, exist_ok=True)
                self._made.add(folder)
            half = place + _HALF
            with open(half, "wb", buffering=0) as file:
                file.write(content)
            os.replace(half, place)
        except OSError as wrong:
            raise self._failed(wrong) from wrong
        return True

    def end(self, names: Collection[str]) -> int:
        """Removes what was written before and is not among these names, and the folders that are empty then."""
        gone = self._known - set(names)
        try:
            for name in sorted(gone, reverse=True):
                place = self._place(name)
                with suppress(FileNotFoundError):
                    os.remove(place)
                with suppress(OSError):  # a folder in which something lies stays
                    while (place := os.path.dirname(place)) != self._path:
                        os.rmdir(place)
            self._write_mark(set(names))
        except OSError as wrong:
            raise self._failed(wrong) from wrong
        return len(gone)

    def get(self, name: str) -> bytes:
        """What lies there by that name."""
        with open(os.path.join(self._path, *name.split("/")), "rb") as file:
            return file.read()

    def _place(self, name: str) -> str:
        """Where a file stands. Raises Refusal where a link in the folder leads out of it: nothing is written there."""
        place = os.path.join(self._path, *name.split("/"))
        folder = os.path.dirname(place)
        if folder not in self._inside:
            root = os.path.realpath(self._path)
            if os.path.commonpath((root, os.path.realpath(folder))) != root:
                raise Refusal(f"'{folder}' leads out of '{self._path}'. Remove that link, or name another folder.")
            self._inside.add(folder)
        return place

    def _read_mark(self) -> set[str]:
        with suppress(FileNotFoundError), open(os.path.join(self._path, MARK), encoding="utf-8") as file:
            return {name for name in file.read().splitlines() if _is_within(name)}
        if any(not name.startswith(".") for name in os.listdir(self._path)):
            raise Refusal(
                f"In '{self._path}' lie files that Opsbook did not write. Name an empty folder, or one that it has"
                " exported to before."
            )
        return set()

    def _write_mark(self, names: set[str]) -> None:
        content = "".join(f"{name}\n" for name in sorted(names)).encode()
        place = os.path.join(self._path, MARK)
        with suppress(OSError), open(place, "rb") as file:
            if file.read() == content:
                return
        with open(place + _HALF, "wb") as file:
            file.write(content)
        os.replace(place + _HALF, place)

    def _failed(self, wrong: OSError) -> Failure:
        return Failure(
            f"The site cannot be written to '{self._path}': {wrong.strerror or wrong}. Mend that, or name another"
            " folder.", retryable=True,
        )  # fmt: skip


def _is_within(name: str) -> bool:
    parts = name.split("/")
    return bool(name) and not os.path.isabs(name) and ".." not in parts and "" not in parts
