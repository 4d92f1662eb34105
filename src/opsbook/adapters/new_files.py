"""New files below a folder, each written whole or not at all, and never over another. Changes no file that is there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from opsbook.ground.errors import Failure


class NewFiles:
    """Writes files that are not there yet below an absolute folder, which it makes where it is missing."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def exists(self, path: str) -> bool:
        """Whether anything bears the path, be it a link that leads nowhere."""
        return os.path.lexists(os.path.join(self.folder, path))

    def create(self, contents: Mapping[str, bytes]) -> list[str]:
        """Writes those of the files that are not there, and returns their paths.

        Raises Failure when one of them cannot be written; then none is left behind, nor a folder made for it.
        """
        for path in contents:
            self._check(path)
        folders: list[str] = []
        created: list[str] = []
        try:
            for path, content in contents.items():
                self._make_folder(os.path.dirname(os.path.join(self.folder, path)), folders)
                if self._write(path, content):
                    created.append(path)
        except OSError as wrong:
            self._undo(created, folders)
            shown = wrong.filename2 or wrong.filename or self.folder
            raise Failure(f"'{shown}' cannot be written: {wrong.strerror}. Nothing was written.") from wrong
        return created

    def _check(self, path: str) -> None:
        """Raises Failure where a file stands in the way of a folder, or a folder in the way of the file."""
        target = os.path.join(self.folder, path)
        if os.path.isdir(target):
            raise Failure(f"'{target}' is a folder, and a page of that name belongs there. Nothing was written.")
        above = os.path.dirname(target)
        while above and not os.path.lexists(above) and os.path.dirname(above) != above:
            above = os.path.dirname(above)
        if not os.path.isdir(above):
            raise Failure(f"'{above}' is a file, and a folder of that name is needed. Nothing was written.")
        if not os.path.lexists(target) and not os.access(above, os.W_OK | os.X_OK):
            raise Failure(f"'{above}' may not be written to. Nothing was written.")

    def _make_folder(self, folder: str, made: list[str]) -> None:
        missing = []
        while not os.path.isdir(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for each in reversed(missing):
            os.mkdir(each)
            made.append(each)

    def _write(self, path: str, content: bytes) -> bool:
        """Whether the file was made: by a link to a whole one, which fails where the name is taken meanwhile."""
        target = os.path.join(self.folder, path)
        if os.path.lexists(target):
            return False
        part = f"{target}.{os.getpid()}.part"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            return _named(part, target)
        finally:
            with suppress(OSError):
                os.unlink(part)

    def _undo(self, created: list[str], folders: list[str]) -> None:
        for path in created:
            with suppress(OSError):
                os.unlink(os.path.join(self.folder, path))
        for folder in reversed(folders):
            with suppress(OSError):
                os.rmdir(folder)


def _named(part: str, target: str) -> bool:
    """Gives the whole file its name; False where another has taken it."""
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError:
        # Some file systems have no hard links; between the look and the rename another may still take the name.
        if os.path.lexists(target):
            return False
        os.rename(part, target)
    return True
