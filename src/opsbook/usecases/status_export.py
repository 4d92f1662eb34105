"""The public status as files in a folder: written when something changed and every few minutes, then pushed elsewhere
by the user's own program. Decides when; the folder and the program are ports.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from opsbook.usecases.guarding import Guarded
from opsbook.usecases.public_site import file_names, file_of
from opsbook.usecases.public_site.words import Links
from opsbook.usecases.public_status import PublicStatus

PUSHED_S = 120.0  # how long the program may take


class SiteFolder(Protocol):
    """A folder of files that others read at any moment."""

    def write(self, files: Sequence[tuple[str, bytes]]) -> int:
        """Has these files there and none besides of those that were written before; each is whole at any moment. How
        many are others than before. Raises Refusal where something else lies there, Failure where it cannot."""
        ...


class Pushing(Protocol):
    """What takes the folder elsewhere."""

    def push(self) -> None:
        """Raises Failure where that did not work within its time."""
        ...


def written(status: PublicStatus, links: Links) -> list[tuple[str, bytes]]:
    """The files in the order in which they may be written: what a page links to before the page."""
    names = file_names(status)
    names.sort(key=lambda name: (name == "index.html", name == "history.html", name))
    return list(_files(names, status, links))


def _files(names: Sequence[str], status: PublicStatus, links: Links) -> Iterator[tuple[str, bytes]]:
    for name in names:
        content = file_of(name, status, links)
        if content is not None:
            yield name, content


class Exported(Struct, frozen=True):
    """What was written last, and when; `is_owed` where it was not pushed yet."""

    status: PublicStatus
    at: datetime
    is_owed: bool = False


class Exporting:
    """Keeps a folder as the public status is. One export at a time, aside, so that nobody who is paged waits for it."""

    def __init__(
        self, status: Callable[[], PublicStatus], folder: SiteFolder, pushing: Pushing | None, *, links: Links,
        every: timedelta, now: Callable[[], datetime], guard: Guarded,
    ) -> None:  # fmt: skip
        self._status, self._folder, self._pushing = status, folder, pushing
        self._links, self._every, self._now, self._guard = links, every, now, guard
        self._busy = threading.Lock()
        self._last: Exported | None = None

    def look(self, aside: Callable[[Callable[[], None]], object]) -> None:
        """Writes what changed, on the thread that `aside` gives; nothing while the last time goes on."""
        if not self._busy.acquire(blocking=False):
            return

        def work() -> None:
            try:
                self._guard("the public status page", self.export)
            finally:
                self._busy.release()

        aside(work)

    def export(self) -> bool:
        """Writes the files where something changed or the last time is long ago, and pushes them. Whether it did."""
        status, now = self._status(), self._now()
        last = self._last
        is_old = last is None or now - last.at >= self._every
        is_new = is_old or last is None or _without_readings(status) != _without_readings(last.status)
        if is_new:
            self._folder.write(written(status, self._links))
            last = self._last = Exported(status, now, is_owed=self._pushing is not None)
        if last is not None and last.is_owed and self._pushing is not None:
            self._pushing.push()  # one that failed is tried again the next time
            self._last = replace(last, is_owed=False)
        return is_new


def _without_readings(status: PublicStatus) -> PublicStatus:
    """The status without what changes with each reading, which is not worth a push by itself."""
    calm = tuple(replace(each, days=(), since=None) for each in status.components)
    return replace(status, at=datetime.min, components=calm, changed_at=None)


