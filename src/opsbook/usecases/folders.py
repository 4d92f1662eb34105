"""The verb folders: what a folder of the book holds, and the way down the book to a page. Reads no page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct

from opsbook.book.page import PAGE_ENDINGS
from opsbook.usecases.library import Book

# A tree of more pages is shown along the way to the page alone: all of it would weigh more than the page.
MOST_IN_TREE = 150
MOST_BESIDE = 300
_INDEXES = ("readme", "index", "_index")


class PageBrief(Struct, frozen=True):
    """A page in a list; `kind` is empty and `title` the file's name until it was read."""

    path: str
    name: str
    title: str
    kind: str
    findings: dict[str, int]


class FolderBrief(Struct, frozen=True):
    """A folder in a list, with all that lies below it."""

    path: str
    name: str
    pages: int
    findings: dict[str, int]


class Folder(Struct, frozen=True):
    """What a folder holds. `index` is the path of its own page; `kinds` counts the pages below it by kind."""

    path: str
    folders: tuple[FolderBrief, ...]
    pages: tuple[PageBrief, ...]
    index: str | None
    kinds: dict[str, int]
    findings: dict[str, int]
    count: int


class Node(Struct, frozen=True):
    """A place in the tree of the book: a folder has `children`, or is closed and leads to its own list."""

    name: str
    path: str
    children: tuple[Node, ...] = ()
    is_open: bool = False
    is_folder: bool = False


def folder(book: Book, path: str, findings: Mapping[str, Mapping[str, int]] | None = None) -> Folder | None:
    """What the folder at a path holds, the empty path being the repository; None where no page lies below it.
    `findings` are those of `findings_by_page`, for whoever asks for many folders."""
    before = f"{path}/" if path else ""
    findings = findings_by_page(book) if findings is None else findings
    pages: list[PageBrief] = []
    below: dict[str, list[str]] = {}
    kinds: Counter[str] = Counter()
    inside = [each for each in book.files if each.startswith(before)]
    for each in inside:
        name, slash, _ = each[len(before) :].partition("/")
        facts = book.facts.get(each)
        kinds[facts.kind if facts else ""] += 1
        if slash:
            below.setdefault(name, []).append(each)
        else:
            title = facts.title if facts else name
            pages.append(PageBrief(each, name, title, facts.kind if facts else "", dict(findings.get(each, {}))))
    if not inside and path:
        return None
    folders = tuple(
        FolderBrief(before + name, name, len(paths), _sum(findings.get(each) for each in paths))
        for name, paths in sorted(below.items())
    )
    index = next((page.path for key in _INDEXES for page in pages if bare_name(page.name).lower() == key), None)
    kinds.pop("", None)
    total = _sum(findings.get(each) for each in inside)
    ranked = dict(sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])))
    return Folder(path, folders, tuple(pages), index, ranked, total, len(inside))


def bare_name(name: str) -> str:
    """A page's file name without its ending."""
    ending = next((each for each in PAGE_ENDINGS if name.lower().endswith(each)), "")
    return name[: len(name) - len(ending)]


def tree(pages: frozenset[str], root: str, here: str) -> tuple[Node, ...]:
    """The tree of the pages below `root`: whole where the book is small, else along the way to `here`."""
    return _nodes(_shelves(pages), root, here, len(pages) <= MOST_IN_TREE)


@lru_cache(maxsize=2)
def _shelves(pages: frozenset[str]) -> Mapping[str, tuple[list[str], list[str]]]:
    """For each folder the names of the folders and of the pages in it; worked out once for a snapshot."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for path in sorted(pages):
        folder, _, name = path.rpartition("/")
        is_known = folder in found
        found.setdefault(folder, ([], []))[1].append(name)
        while folder and not is_known:
            above, _, name = folder.rpartition("/")
            is_known = above in found
            found.setdefault(above, ([], []))[0].append(name)
            folder = above
    return found


def _nodes(
    shelves: Mapping[str, tuple[list[str], list[str]]], at: str, here: str, is_whole: bool
) -> tuple[Node, ...]:
    folders, pages = shelves.get(at, ((), ()))
    before = f"{at}/" if at else ""
    found = []
    for name in sorted(folders, key=str.lower):
        path = before + name
        is_open = here == path or here.startswith(f"{path}/")
        children = _nodes(shelves, path, here, is_whole) if is_open or is_whole else ()
        found.append(Node(name, path, children, is_open, is_folder=True))
    found += [Node(name, before + name) for name in sorted(pages, key=str.lower)]
    if len(found) > MOST_BESIDE:
        found = [*_around(found, here), Node(f"all {len(found):,}", at, is_folder=True)]
    return tuple(found)


def _around(nodes: list[Node], here: str) -> list[Node]:
    """The nodes next to the page at hand, where a folder holds too many for a tree."""
    at = next((n for n, node in enumerate(nodes) if node.path == here or node.is_open), 0)
    start = max(0, at - MOST_BESIDE // 4)
    return nodes[start : start + MOST_BESIDE // 2]


def findings_by_page(book: Book) -> Mapping[str, Mapping[str, int]]:
    """How many findings of each severity every page has."""
    found: dict[str, dict[str, int]] = {}
    for finding in book.findings:
        of_page = found.setdefault(finding.span.path, {})
        of_page[finding.severity] = of_page.get(finding.severity, 0) + 1
    return found


def _sum(counts: Iterable[Mapping[str, int] | None]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        if each:
            total.update(each)
    return dict(total)
