"""The verb folders: what a folder of the book holds, and the way down the book to a page. Reads no page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

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


def folder(book: Book, path: str) -> Folder | None:
    """What the folder at a path holds, the empty path being the repository; None where no page lies below it."""
    before = f"{path}/" if path else ""
    findings = _findings_by_page(book)
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


def tree(book: Book, root: str, here: str) -> tuple[Node, ...]:
    """The tree of the pages below `root`: whole where the book is small, else along the way to `here`."""
    is_whole = len(book.files) <= MOST_IN_TREE
    nested: dict[str, object] = {}
    before = f"{root}/" if root else ""
    for path in book.files:
        if path.startswith(before):
            at = nested
            *folders, name = path[len(before) :].split("/")
            for each in folders:
                below = at.setdefault(each + "/", {})
                assert isinstance(below, dict)
                at = below
            at[name] = path
    return _nodes(nested, root, here, is_whole)


def _nodes(nested: dict[str, object], at: str, here: str, is_whole: bool) -> tuple[Node, ...]:
    found = []
    for name in sorted(nested, key=lambda each: (not each.endswith("/"), each.lower())):
        below = nested[name]
        if not isinstance(below, dict):
            found.append(Node(name, str(below)))
            continue
        path = f"{at}/{name[:-1]}" if at else name[:-1]
        is_open = here == path or here.startswith(f"{path}/")
        children = _nodes(below, path, here, is_whole) if is_open or is_whole else ()
        found.append(Node(name[:-1], path, children, is_open, is_folder=True))
    if len(found) > MOST_BESIDE:
        found = [*_around(found, here), Node(f"all {len(found):,}", at, is_folder=True)]
    return tuple(found)


def _around(nodes: list[Node], here: str) -> list[Node]:
    """The nodes next to the page at hand, where a folder holds too many for a tree."""
    at = next((n for n, node in enumerate(nodes) if node.path == here or node.is_open), 0)
    start = max(0, at - MOST_BESIDE // 4)
    return nodes[start : start + MOST_BESIDE // 2]


def _findings_by_page(book: Book) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for finding in book.findings:
        found.setdefault(finding.span.path, Counter())[finding.severity] += 1
    return found


def _sum(counts: Iterable[Counter[str] | None]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        if each:
            total.update(each)
    return dict(total)
