"""The pages that were asked for last, parsed, each for as long as its file is what it was. Reads nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

from opsbook.book.page import Page
from opsbook.usecases.ports import PageFile

# A parsed page takes about ten times its bytes.
_KEPT_PAGES = 48
_KEPT_BYTES = 1_500_000


class KeptPages:
    """Any thread may ask."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, tuple[PageFile, Page]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, path: str, file: PageFile | None) -> Page | None:
        """The page at a path, if it is kept as it is in this file."""
        with self._lock:
            kept = self._pages.get(path)
            if kept is None or kept[0] != file:
                return None
            self._pages.move_to_end(path)
            return kept[1]

    def put(self, page: Page, file: PageFile) -> None:
        """Keeps a page, and lets go of those that were asked for longest ago."""
        with self._lock:
            self._drop(page.path)
            if file.size_bytes > _KEPT_BYTES:
                return
            self._pages[page.path] = (file, page)
            self._size += file.size_bytes
            while len(self._pages) > _KEPT_PAGES or self._size > _KEPT_BYTES:
                self._drop(next(iter(self._pages)))

    def forget_others(self, files: Mapping[str, PageFile]) -> None:
        """Lets go of pages whose file is not among these."""
        with self._lock:
            for path in [path for path, (file, _) in self._pages.items() if files.get(path) != file]:
                self._drop(path)

    def _drop(self, path: str) -> None:
        kept = self._pages.pop(path, None)
        if kept is not None:
            self._size -= kept[0].size_bytes
