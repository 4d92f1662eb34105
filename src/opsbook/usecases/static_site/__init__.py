"""The verb export site: the whole book as plain files that need no server, the same bytes for the same book and day.

Every page is parsed once, by workers that read their part, hear what all parts together mean, and write it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Protocol

import msgspec
from msgspec import Struct

from opsbook.book.page import read_page
from opsbook.book.rendering import Rendered, quote_path, render
from opsbook.book.roster.values import Imported
from opsbook.ground.errors import Failure
from opsbook.usecases.folders import Folder, findings_by_page, folder
from opsbook.usecases.following import State, make_book
from opsbook.usecases.library import Book, BookOnDisk
from opsbook.usecases.lint import Scope, surroundings
from opsbook.usecases.page_facts import Deriving
from opsbook.usecases.ports import PageFile, RuleFiles, Unreadable
from opsbook.usecases.static_site.book_pages import Around, PageMaker
from opsbook.usecases.static_site.bundle import BundleMaker, bundle_html
from opsbook.usecases.static_site.diagrams import DIAGRAM, diagram_file, diagram_page
from opsbook.usecases.static_site.duty import Contacts
from opsbook.usecases.static_site.frame import Frame
from opsbook.usecases.static_site.list_pages import list_pages
from opsbook.usecases.static_site.parts import PartWriter, Read, Told, Written, by_page
from opsbook.usecases.static_site.places import site_places
from opsbook.usecases.static_site.ports import Assets, Exporters, OutFolder, Scratch
from opsbook.usecases.static_site.printing import chosen_pages, print_html
from opsbook.usecases.static_site.search_index import INDEX, index_script, shelf_count, shelf_scripts

# What every page loads.
ON_EVERY_PAGE = ("scheme.js", "site.js", "opsbook.css", "icon.svg", "LICENSES.txt")


class Exported(Struct, frozen=True):
    """What an export came to: pages of the book, files of the site, how many of them are others than before or gone,
    and why files that pages lead to are not there."""

    pages: int
    files: int
    changed: int
    left_out: tuple[str, ...] = ()


class Site(Struct, frozen=True):
    """What a site is made of besides the pages. `calendars` are what those say that the book names."""

    assets: Assets
    version: str
    at: datetime
    commit: str | None = None
    base_url: str = ""
    calendars: Mapping[str, Imported] = {}
    catch_all: tuple[str, ...] = ()
    severities: Mapping[str, str] = {}


def export_site(source: Source, scope: Scope, site: Site, *, exporters: Exporters, out: OutFolder) -> Exported:
    """Has the whole book in the folder. Raises Failure for an installation without its scripts and styles."""
    _need_assets(site, "site.js")
    files = source.pages()
    places = site_places((file.path for file in files), source.book)
    names = {**site.assets.names, DIAGRAM: diagram_file(site.assets)}
    frame = Frame(names, site.version, site.base_url, {})
    maker = PageMaker(frame, places, frozenset(file.path for file in files), source.book, _there_in(source), {})
    out.begin(places.pages.values())
    whole = _Whole(source, files, scope, site)
    parts = PartWriter(source, files, scope, maker=maker, out=out)
    answers = exporters.twice(parts.begin, whole.between, files)
    written = [msgspec.msgpack.decode(each, type=Written) for each in answers]
    return _rest(whole, written, maker, out=out)


def export_bundle(
    source: Source, scope: Scope, site: Site, *, exporters: Exporters, scratch: Scratch,
    contacts: Contacts | None = None,
) -> tuple[Exported, bytes]:  # fmt: skip
    """The whole book as one file, and what it came to. The pages lie in `scratch` until they are put together;
    `contacts` are ways to reach people besides those on pages."""
    _need_assets(site, "bundle.js")
    whole, maker, written = _leaves(source, scope, site, exporters=exporters, scratch=scratch)
    shown = [path for path in maker.places.pages if path in whole.book.facts]
    leaves = [scratch.get(maker.places.pages[path]) for path in shown]
    html = bundle_html(whole.book, site, maker, leaves=leaves, written=written, contacts=contacts)
    return Exported(len(shown), 1, 1), html


def export_print(
    source: Source, scope: Scope, site: Site, *, exporters: Exporters, scratch: Scratch, wanted: Sequence[str] = ()
) -> tuple[Exported, bytes]:
    """The book, or those of its pages and folders that are wanted, as one document to be printed. Raises Usage for a
    name that is no page."""
    _need_assets(site, "opsbook.css")
    paths = chosen_pages([file.path for file in source.pages()], source.book, wanted)
    whole, maker, _ = _leaves(source, scope, site, exporters=exporters, scratch=scratch)
    shown = [path for path in paths if path in whole.book.facts]
    leaves = [scratch.get(maker.places.pages[path]) for path in shown]
    html = print_html(whole.book, site, maker, leaves=leaves, paths=shown, has_front=not wanted)
    return Exported(len(shown), 1, 1), html


def _leaves(
    source: Source, scope: Scope, site: Site, *, exporters: Exporters, scratch: Scratch
) -> tuple[_Whole, BundleMaker, list[Written]]:
    files = source.pages()
    maker = BundleMaker(site_places((file.path for file in files), source.book), source)
    scratch.begin(maker.places.pages.values())
    whole = _Whole(source, files, scope, site)
    parts = PartWriter(source, files, scope, maker=maker, out=scratch)
    answers = exporters.twice(parts.begin, whole.between, files)
    return whole, maker, [msgspec.msgpack.decode(each, type=Written) for each in answers]


def _need_assets(site: Site, name: str) -> None:
    if name not in site.assets.names:
        raise Failure("This installation has no scripts and styles: it was not built whole. Install it anew.")


class Source(BookOnDisk, RuleFiles, Protocol):
    """A book on a disk, with the rule files of its repository."""


class _Whole:
    """What all parts together come to."""

    def __init__(self, source: Source, files: Sequence[PageFile], scope: Scope, site: Site) -> None:
        self.source = source
        self.files = tuple(files)
        self.scope = scope
        self.site = site
        self.book = Book(0, site.commit, {})

    def between(self, answers: list[bytes]) -> bytes:
        """What each part is told of the others."""
        parts = [msgspec.msgpack.decode(each, type=Read) for each in answers]
        known = {derived.file.path: derived for part in parts for derived in part.derived}
        sections = {path: count for part in parts for path, count in part.sections.items()}
        state = State(self.files, self.site.commit, self.source, lambda _: self.scope, "")
        book = make_book(0, state, known, Deriving(self.source, self.files, self.scope))
        self.book = msgspec.structs.replace(book, calendars=self.site.calendars)
        found = by_page(book.findings)
        around = {
            path: Around(tuple(found.get(path, ())), book.linked_from.get(path, ()))
            for path in book.facts
            if path in found or path in book.linked_from
        }
        first, at = {}, 0
        for file in self.files:
            first[file.path] = at
            at += sections.get(file.path, 0)
        titles = {path: facts.title for path, facts in book.facts.items()}
        return msgspec.msgpack.encode(Told(around, first, titles))


def _rest(whole: _Whole, written: Sequence[Written], maker: PageMaker, *, out: OutFolder) -> Exported:
    """Everything besides the pages: folders, lists, the index, scripts, images."""
    book, site = whole.book, whole.site
    shown = {path for path in maker.places.pages if path in book.facts}
    names = {maker.places.pages[path] for path in shown}
    made: list[tuple[str, bytes]] = []
    beside: set[str] = {path for part in written for path in part.files}
    findings = findings_by_page(book)
    drawn = any(part.has_diagram for part in written)
    for path, name in sorted(maker.places.folders.items()):
        if path == "" and whole.source.book:
            continue
        of = folder(book, path, findings) or Folder(path, (), (), None, {}, {}, 0)
        rendered = _index(whole, of, maker, beside)
        drawn = drawn or bool(rendered and rendered.has_diagram)
        made.append((name, maker.folder(of, rendered)))
    made += list_pages(book, maker, site, scope=whole.scope, rule_files=whole.source)
    entries = [entry for part in written for entry in part.entries]
    shelves = shelf_count(len(entries))
    made.append((INDEX, index_script(entries, [part.postings for part in written], maker.places, shelves)))
    made += shelf_scripts({path: each for part in written for path, each in part.texts.items()}, shelves)
    for plain in ON_EVERY_PAGE:
        made.append((f"assets/{site.assets.names[plain]}", site.assets.read(site.assets.names[plain])))
    if drawn:
        made.append((f"assets/{diagram_file(site.assets)}", diagram_page(site.assets)))
    if site.base_url:
        made.append(("sitemap.xml", _sitemap(site.base_url, sorted(names))))
    copied, left_out = _copied(whole.source, sorted(beside))
    made += copied
    out.begin([*names, *(name for name, _ in made)])
    changed = sum(part.changed for part in written) + sum(out.put(name, content) for name, content in made)
    names.update(name for name, _ in made)
    return Exported(len(shown), len(names), changed + out.end(names), left_out)


def _there_in(source: Source) -> Callable[[str], bool]:
    known: dict[str, bool] = {}

    def is_there(path: str) -> bool:
        if path not in known:
            known[path] = not isinstance(source.read_beside(path), Unreadable)
        return known[path]

    return is_there


def _index(whole: _Whole, of: Folder, maker: PageMaker, beside: set[str]) -> Rendered | None:
    """The page of a folder, as it stands below its list."""
    raw = whole.source.read(of.index) if of.index else None
    if raw is None or isinstance(raw, Unreadable) or of.index is None:
        return None
    page = read_page(of.index, raw, whole.source.reading)
    places = maker.places.from_file(maker.places.folders[of.path], beside, maker.is_there)
    return render(page, surroundings(whole.source, whole.files, whole.scope), places=places)


def _copied(source: Source, paths: Sequence[str]) -> tuple[list[tuple[str, bytes]], tuple[str, ...]]:
    """The other files of the repository that pages show or lead to, and why some are not there."""
    found, left_out = [], []
    for path in paths:
        raw = source.read_beside(path)
        if isinstance(raw, Unreadable):
            left_out.append(f"{path}: {raw.why}")
        else:
            found.append((f"files/{path}", raw))
    return found, tuple(left_out)


def _sitemap(base_url: str, names: Sequence[str]) -> bytes:
    base = base_url.rstrip("/")
    urls = "".join(f"<url><loc>{escape(f'{base}/{quote_path(name)}')}</loc></url>\n" for name in names)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{head}{urls}</urlset>\n".encode()
