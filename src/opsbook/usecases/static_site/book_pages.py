"""The pages and folders of the book as pages of an exported site: what is served at their addresses, to be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Protocol

from msgspec import Struct

from opsbook.book.lint import Around as Surroundings
from opsbook.book.page import Page
from opsbook.book.rendering import Entry, Inset, Places, Rendered, quote_path, render
from opsbook.ground.errors import Finding
from opsbook.usecases.folders import Folder, Node, tree
from opsbook.usecases.library import PageFacts
from opsbook.usecases.static_site.frame import (
    ICONS,
    TONES,
    Frame,
    count,
    counts,
    crumbs,
    empty,
    fold,
    heading,
    link,
    section,
    table,
    tag,
)
from opsbook.usecases.static_site.places import SitePlaces

MOST_INLINE = 200  # findings that stand in the page; a page with more is told above it
_NO_PAGES = "This book has no pages yet."


class Around(Struct, frozen=True):
    """What the other pages mean for one: all findings on it, and the pages that link to it."""

    findings: tuple[Finding, ...] = ()
    linked_from: tuple[str, ...] = ()


class Maker(Protocol):
    """Makes of each page what stands for it in an export."""

    @property
    def places(self) -> SitePlaces:
        """Which file each page becomes."""
        ...

    def rendered(self, page: Page, around: Surroundings, insets: Sequence[Inset], *, files: set[str]) -> Rendered:
        """The page as HTML; the other files that are to be copied are added to `files`."""
        ...

    def page(self, facts: PageFacts, rendered: Rendered, around: Around, titles: Mapping[str, str]) -> bytes:
        """The whole file of a page; `titles` are those of all pages."""
        ...


class PageMaker(Struct, frozen=True):
    """Makes the pages of one site. `book` is the book's folder in the repository."""

    frame: Frame
    places: SitePlaces
    paths: frozenset[str]
    book: str
    is_there: Callable[[str], bool] = lambda path: True  # whether a file of the repository can be copied
    trees: dict[str, str] = {}  # by folder and how deep the page lies, because many have the same

    def rendered(self, page: Page, around: Surroundings, insets: Sequence[Inset], *, files: set[str]) -> Rendered:
        """The page as HTML; the other files that it shows or leads to are added to `files`."""
        places = self.places.from_file(self.places.pages[page.path], files, self.is_there)
        return render(page, around, insets=insets, places=places)

    def page(self, facts: PageFacts, rendered: Rendered, around: Around, titles: Mapping[str, str]) -> bytes:
        """The whole file of a page; `titles` are those of all pages."""
        name = self.places.pages[facts.path]
        to = self.places.from_file(name)
        title = "" if any(entry.level == 1 for entry in rendered.contents) else f"<h1>{escape(facts.title)}</h1>\n"
        main = "".join((
            crumbs(self.crumbs(facts.path, name)),
            f'\n<div class="page-line"><p class="quiet">{_told(facts)}</p></div>\n',
            _found(around.findings, rendered), title,
            f'<article class="prose" data-page-path="{escape(facts.path)}">\n', rendered.html, "</article>",
            _linked(around.linked_from, titles, to),
        ))  # fmt: skip
        rail = f'<aside class="rail" aria-label="This page">{_contents(rendered.contents)}</aside>\n'
        aside = self.tree(facts.path.rpartition("/")[0], name) + rail
        return self.frame.page(
            name, f"{facts.title} · Opsbook", main, aside=aside, place="Book", has_diagram=rendered.has_diagram
        )

    def folder(self, of: Folder, rendered: Rendered | None, more: str = "") -> bytes:
        """The list of a folder, with its own page below it; `more` is HTML to stand behind the list."""
        name = self.places.folders[of.path]
        to = self.places.from_file(name)
        is_root = name == "index.html"
        line = f"{of.count:,} page{'' if of.count == 1 else 's'}" + (f" in {of.path}" if of.path else "")
        kinds = " ".join(f"{tag(kind)} {count(number)}" for kind, number in of.kinds.items())
        rows = [
            (link(to("folder", each.path, ""), each.name), f"{count(each.pages)} page{'' if each.pages == 1 else 's'}",
             counts(each.findings))
            for each in of.folders
        ]  # fmt: skip
        for page in of.pages:
            named = "" if page.title == page.name else f' <span class="quiet mono">{escape(page.name)}</span>'
            rows.append((link(to("page", page.path, ""), page.title) + named, escape(page.kind), counts(page.findings)))
        article = f'<article class="prose">\n{rendered.html}</article>' if rendered else ""
        main = "".join((
            crumbs(self.crumbs(of.path, name)), heading("The book" if is_root else of.path.rpartition("/")[2], line),
            f"<p>{kinds}</p>\n" if kinds else "",
            table("What the folder holds", ("Name", "Kind", "Findings"), rows) if rows else empty(_NO_PAGES), more,
            article,
        ))  # fmt: skip
        return self.frame.page(
            name, f"{'The book' if is_root else of.path} · Opsbook", main, aside=self.tree(of.path, name), place="Book",
            has_diagram=bool(rendered and rendered.has_diagram),
        )  # fmt: skip

    def crumbs(self, path: str, name: str) -> list[tuple[str, str]]:
        """Where a page or folder is, from the book's own folder on."""
        to = self.places.from_file(name)
        parts = path.removeprefix(f"{self.book}/" if self.book else "").split("/") if path != self.book else []
        parts = [part for part in parts if part]
        found = [("The book", to("folder", self.book, "") if parts else "")]
        at = self.book
        for number, part in enumerate(parts, 1):
            at = f"{at}/{part}" if at else part
            found.append((part, to("folder", at, "") if number < len(parts) else ""))
        return found

    def tree(self, folder: str, name: str) -> str:
        """The tree of the book beside what lies in a folder, with the page at hand marked."""
        key = f"{name.count('/')} {folder}"
        if key not in self.trees:
            nodes = tree(self.paths, self.book, folder)
            to = self.places.from_file(name)
            drawn = f'<nav class="tree" aria-label="Pages of the book">{_branches(nodes, to)}</nav>'
            self.trees[key] = f'<aside class="side" aria-label="The book">{fold("The book", drawn)}</aside>\n'
        here = f'<a href="{"../" * name.count("/")}{quote_path(name)}"'
        return self.trees[key].replace(here, f'{here} aria-current="page"', 1)


def insets_of(page: Page, facts: PageFacts, findings: Sequence[Finding]) -> list[Inset]:
    """What stands within a page where it speaks of it: findings, and how far procedures can be run."""
    found = [Inset(each.span.start, finding(each)) for each in findings[:MOST_INLINE]]
    for each in facts.procedures if facts.kind != "template" else ():
        part = page.section(each.anchor)
        if part is not None:
            steps = f"{each.steps} step{'' if each.steps == 1 else 's'}"
            some = f", {each.runnable} runnable" if each.runnable < each.steps and each.steps else ""
            words = f'<span class="run"><span class="quiet">{steps}{some}</span></span>'
            found.append(Inset(max(part.body - 1, part.start), words, "inside"))
    return found


def finding(found: Finding) -> str:
    """A finding where it is on its page."""
    tone = TONES[found.severity]
    mend = f'\n<p class="mend"><b>Mend:</b> {escape(found.fix)}</p>' if found.fix else ""
    return (
        f'<div class="finding" data-tone="{tone}" role="note">{ICONS[tone]}<div>\n'
        f'<p><span class="unseen">{found.severity}: </span>{escape(found.message)}</p>{mend}\n'
        f'<p class="finding-place">line {found.span.line} <code>{escape(found.rule)}</code></p></div></div>'
    )


def contents(entries: Sequence[Entry]) -> list[tuple[int, str, str]]:
    """The table of contents: level from 2 on, words, id; the title is left out."""
    shown = [entry for entry in entries if entry.anchor and entry.title]
    tops = [entry for entry in shown if entry.level == 1]
    if len(tops) == 1 and shown[0] is tops[0]:
        shown = shown[1:]
    least = min((entry.level for entry in shown), default=2)
    near = [entry for entry in shown if entry.level < least + 3]
    return [(min(2 + entry.level - least, 4), entry.title, entry.anchor) for entry in near]


def _contents(entries: Sequence[Entry]) -> str:
    found = contents(entries)
    if not found:
        return ""
    items = "".join(
        f'<li data-level="{level}"><a href="#{escape(anchor)}">{escape(words)}</a></li>\n'
        for level, words, anchor in found
    )
    return fold("On this page", f'<nav class="contents" aria-label="On this page"><ol>\n{items}</ol></nav>')


def _told(facts: PageFacts) -> str:
    words = [facts.kind]
    if facts.owner:
        words.append(f"owner: {facts.owner}")
    if facts.last_updated:
        words.append(f"last updated {facts.last_updated}")
    return escape(" · ".join(words))


def _found(findings: Sequence[Finding], rendered: Rendered) -> str:
    if not findings:
        return ""
    by_severity = Counter[str](each.severity for each in findings)
    words = counts(by_severity)
    items = "".join(
        f'<li><a href="#{escape(rendered.line_anchor(each.span.line))}">line {each.span.line}</a>'
        f" <code>{escape(each.rule)}</code> {escape(each.message)}</li>\n"
        for each in findings[:MOST_INLINE]
    )
    more = len(findings) - MOST_INLINE
    rest = f'<p class="quiet">{more:,} more are not listed.</p>' if more > 0 else ""
    summary = f"<summary>{words} on this page</summary>"
    return f'<details class="page-findings">{summary}\n<ul class="list">\n{items}</ul>{rest}</details>\n'


def _linked(paths: Sequence[str], titles: Mapping[str, str], to: Places) -> str:
    if not paths:
        return ""
    items = "".join(
        f'<li>{link(to("page", path, ""), titles.get(path, path))} <span class="quiet mono">{escape(path)}</span></li>'
        for path in paths
    )
    return section("Linked from", "ob-linked-from", f'<ul class="list">{items}</ul>')


def _branches(nodes: Sequence[Node], to: Places) -> str:
    items = []
    for node in nodes:
        if node.children:
            opened = " open" if node.is_open else ""
            words = f"<summary><span>{escape(node.name)}</span></summary>"
            inner = f"<details{opened}>{words}{_branches(node.children, to)}</details>"
        else:
            inner = link(to("folder" if node.is_folder else "page", node.path, ""), node.name)
        items.append(f"<li>{inner}</li>")
    return "<ul>" + "\n".join(items) + "</ul>"
