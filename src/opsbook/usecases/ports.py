"""The small protocols through which verbs reach the world. Nothing here does anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from opsbook.book.page import Reading


class PageFile(Struct, frozen=True, gc=False):
    """A page where it lies: `path` relative to the repository, with what tells whether it changed."""

    path: str
    size_bytes: int
    changed_ns: int


class Unreadable(Struct, frozen=True):
    """Why a page could not be read, in words."""

    path: str
    why: str


class Alerting(Struct, frozen=True):
    """Where alert rules lie and how their runbooks are addressed. `url_bases` maps web addresses to folders."""

    paths: tuple[str, ...] = ()
    url_bases: Mapping[str, str] = {}
    keys: tuple[str, ...] = ("runbook_url", "runbook", "documentation", "SOP")


class BookSource(Protocol):
    """A book: its pages, their bytes, and what else the repository holds."""

    @property
    def book(self) -> str:
        """The book's folder relative to the repository root; empty when they are one."""
        ...

    @property
    def is_repository(self) -> bool:
        """Whether `.git` marks the root."""
        ...

    @property
    def depth(self) -> int:
        """How many folders above the book are still the project's where no `.git` says so."""
        ...

    @property
    def reading(self) -> Reading:
        """How the pages are to be read."""
        ...

    def pages(self) -> list[PageFile]:
        """Every page, in the order of its path."""
        ...

    def read(self, path: str) -> bytes | Unreadable:
        """A page's bytes."""
        ...

    def exists(self, path: str) -> bool:
        """Whether the repository holds the path, as a file or a folder."""
        ...

    def owner_of(self, path: str) -> str | None:
        """The owner of a path by CODEOWNERS or OWNERS."""
        ...

    def changed_on(self, path: str) -> str | None:
        """The day of the last commit that touched a path, as YYYY-MM-DD; None outside git."""
        ...


class Workers(Protocol):
    """Runs a job over parts of a list, side by side where the machine allows it."""

    def spread(self, job: Callable[[Sequence[PageFile]], bytes], files: Sequence[PageFile]) -> list[bytes]:
        """The job's answer for each part; together the parts are all files."""
        ...


class Seed(Protocol):
    """The folder and the templates that come with Opsbook."""

    @property
    def pages(self) -> Mapping[str, bytes]:
        """Every page of the folder by its path within it, in the order in which they are written."""
        ...

    def procedure_template(self) -> bytes:
        """The template of a procedure."""
        ...


class FileMaker(Protocol):
    """Makes files that are not there yet, below a folder."""

    def exists(self, path: str) -> bool:
        """Whether anything bears the path."""
        ...

    def create(self, contents: Mapping[str, bytes]) -> list[str]:
        """Writes those of the files that are not there, all or none, and returns their paths; raises Failure."""
        ...


class RuleFiles(Protocol):
    """Files with alert rules, wherever they lie."""

    def rule_files(self, paths: Sequence[str]) -> list[tuple[str, bytes | Unreadable]]:
        """The rule files at these paths and in these folders, in order: the path to show, and the bytes."""
        ...


class PageWriter(Protocol):
    """Writes a page back."""

    def replace(self, path: str, before: bytes | None, after: bytes) -> bool:
        """Puts `after` in the place of `before` (None: there is no such page yet), whole or not at all; False when the
        page is not `before` any more or cannot be written."""
        ...
