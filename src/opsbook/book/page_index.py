"""Pages found by address, by file name, by the alert that they name, by near spelling. Reads no page."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Protocol

from msgspec import Struct

from opsbook.ground.guesses import distance

_ENDINGS = (
    ".html.md.erb", ".html.markdown", ".html.md", ".html.erb", ".md.erb",
    ".markdown", ".mdown", ".mkd", ".mdx", ".md", ".html", ".htm", ".erb",
)  # fmt: skip
_INDEXES = ("index", "_index", "readme")


class Placed(Protocol):
    """What must be known of a page to find it."""

    @property
    def path(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def anchors(self) -> Collection[str]: ...
    @property
    def headings(self) -> Collection[str]: ...
    @property
    def alerts(self) -> Collection[str]: ...
    @property
    def kind(self) -> str: ...


class PagePlace(Struct, frozen=True):
    """A page, as far as needed to find it."""

    path: str
    title: str = ""
    anchors: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    kind: str = ""


def bare_path(path: str) -> str:
    """A path as addresses have it: no ending, no name of a folder's own page, no outer slashes."""
    path = path.strip("/")
    lowered = path.lower()
    for ending in _ENDINGS:
        if lowered.endswith(ending):
            path = path[: -len(ending)]
            break
    folder, _, name = path.rpartition("/")
    return folder if name.lower() in _INDEXES else path


class PageIndex:
    """The pages of a book; `book` is its folder, relative to the repository like every path here."""

    def __init__(self, pages: Iterable[Placed], book: str = "") -> None:
        folder = posixpath.normpath(book.strip("/") or ".")
        self.book = "" if folder == "." else folder
        self.pages = sorted(pages, key=lambda page: page.path)
        self._by_path = {page.path: page for page in self.pages}

    def at(self, path: str) -> tuple[Placed, bool] | None:
        """The page at a path, as files or as sites write it, and whether the letter case is its own."""
        path = posixpath.normpath(path.strip("/") or ".")
        path = "" if path == "." else path
        exact = self._by_path.get(path) or self._by_bare_path.get(bare_path(path))
        if exact:
            return exact, True
        folded = self._by_folded_path.get(bare_path(path).lower())
        return (folded, False) if folded else None

    @cached_property
    def _by_bare_path(self) -> dict[str, Placed]:
        # Backwards, so that of two pages the one that is no folder's own, or comes first, is kept.
        ranked = sorted(self.pages, key=lambda page: (_index_rank(page.path), page.path), reverse=True)
        return {bare_path(page.path): page for page in ranked}

    @cached_property
    def _by_folded_path(self) -> dict[str, Placed]:
        return {path.lower(): page for path, page in self._by_bare_path.items()}

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for page in self.pages:
            names.setdefault(_name(page.path), []).append(page.path)
        return names

    def called(self, path: str) -> list[str]:
        """The pages of the same file name, letter case aside, those in the nearest folders first."""
        same = self._by_name.get(_name(path), [])
        return sorted(same, key=lambda other: (-_shared(path.lower(), other.lower()), other))

    def spelled_like(self, path: str) -> str | None:
        """The page whose file name is closest to this path's, if any is close."""
        name = _name(path)
        shared: Counter[str] = Counter()
        for part in _trigrams(name):
            shared.update(self._by_trigram.get(part, ()))
        # A fifth of the letters may differ: KubePersistentVolumeInodesFillingUp has a page without `Inodes`.
        limit = max(2, len(name) // 5)
        near = [(distance(name, other, limit), other) for other, _ in shared.most_common(8)]
        cost, other = min(near, default=(limit + 1, ""))
        return self._by_name[other][0] if cost <= limit and len(name) > 3 else None

    @cached_property
    def _by_trigram(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._by_name:
            for part in _trigrams(name):
                found.setdefault(part, []).append(name)
        return found

    def naming(self, alert: str) -> str | None:
        """The page about an alert: it lists it, is called so, or has it in its title or in a heading. A page that only
        tells when alerts fire is the last of all."""
        return self._by_alert.get(alert.lower())

    @cached_property
    def _by_alert(self) -> dict[str, str]:
        found: dict[str, str] = {}
        readers = (_listed_alerts, _own_name, _title_words, _heading_words)
        telling = [page for page in self.pages if page.kind == "alerts"]
        for pages in ([page for page in self.pages if page.kind != "alerts"], telling):
            for names_of in readers:
                for page in pages:
                    for name in names_of(page):
                        found.setdefault(name.lower(), page.path)
        return found


def _listed_alerts(page: Placed) -> Iterable[str]:
    return page.alerts


def _own_name(page: Placed) -> Iterable[str]:
    return (_name(page.path),)


def _title_words(page: Placed) -> Iterable[str]:
    return (page.title.strip(), *_alert_words(page.title))


def _heading_words(page: Placed) -> Iterable[str]:
    return [word for heading in page.headings for word in (heading.strip(), *_alert_words(heading))]


def _alert_words(text: str) -> list[str]:
    """Words written as alert names are, `KubePodCrashLooping` or `disk_full`: no word of a language."""
    return re.findall(r"\b(?=\w*[a-z0-9][A-Z]|\w*_)\w{4,}\b", text)


def _name(path: str) -> str:
    return bare_path(path).rpartition("/")[2].lower()


def _index_rank(path: str) -> int:
    name = path.rpartition("/")[2].lower()
    return next((rank for rank, index in enumerate(_INDEXES, 1) if name.startswith(index + ".")), 0)


def _shared(a: str, b: str) -> int:
    """How many folders two paths have in common, counted from either end."""
    left, right = a.split("/")[:-1], b.split("/")[:-1]
    ahead = _run_length(left, right)
    return ahead + _run_length(left[ahead:][::-1], right[ahead:][::-1])


def _run_length(left: list[str], right: list[str]) -> int:
    count = 0
    while count < min(len(left), len(right)) and left[count] == right[count]:
        count += 1
    return count


def _trigrams(name: str) -> set[str]:
    padded = f" {name} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}
