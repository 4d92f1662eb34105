"""The verb rules import: pages of alerts and metrics written from rules, or brought up to them. Reads no rule file.

What a person wrote stays: a page is changed by splices of the machine's own parts, and only where they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from opsbook.book.alert_rules_whole import Rule, RuleGroup
from opsbook.book.page import Page, read_page
from opsbook.book.rule_pages import LABELS, PageRule, may_hold_rules, read_page_groups, read_page_rules
from opsbook.book.rule_pages_joining import joined
from opsbook.book.rule_pages_writing import PageHead, Update, page_of, section_of, slugs_of, update_of
from opsbook.ground.errors import Edit
from opsbook.ground.slugs import github_slug
from opsbook.ground.splices import apply
from opsbook.usecases.ports import BookSource, PageWriter
from opsbook.usecases.rule_index import linked_index

State = Literal["created", "updated", "kept"]


class Asked(Struct, frozen=True, kw_only=True):
    """What is imported: the groups, today's date, the owner of new pages if one was named, and whom to
    ask who sits here."""

    groups: tuple[RuleGroup, ...]
    today: str
    owner: str = ""
    person: Callable[[], str] = str


class PageChange(Struct, frozen=True):
    """What becomes of a page: its bytes before (None: there was none) and after, and how many rules of the files stand
    there."""

    path: str
    state: State
    before: bytes | None
    after: bytes
    rules: int


class Notice(Struct, frozen=True, kw_only=True):
    """Something for people to decide, at a place: `about` is kept (both sides are in `page` and `file`), no-column, or
    gone."""

    about: Literal["kept", "no-column", "gone"]
    path: str
    line: int
    rule: str
    part: str = ""
    page: str = ""
    file: str = ""


class ImportPlan(Struct, frozen=True):
    """What an import changes, page by page, and what it tells. Nothing is done yet."""

    pages: tuple[PageChange, ...]
    notices: tuple[Notice, ...]
    alerts: int
    recordings: int


class _Place(Struct):
    """The rules of a group of one file that are of one kind, while it is found out where they belong."""

    group: RuleGroup
    kind: str
    rules: list[Rule]
    new: list[Rule]
    paths: list[str]


def plan_import(source: BookSource, asked: Asked) -> ImportPlan:
    """What the import does to the book; equal input gives equal plans."""
    named = [(group.name, rule) for group in asked.groups for rule in group.rules]
    pages, contents = _pages(source, named)
    standing = [place for page in pages.values() for place in read_page_rules(page)]
    found = joined(named, standing)
    edits: dict[str, list[Edit]] = {}
    counts: dict[str, int] = {}
    notices: list[Notice] = []
    places: list[_Place] = []
    at = 0
    for group in asked.groups:
        kinds = {kind: _Place(group, kind, [], [], []) for kind in ("alert", "record")}
        for rule in group.rules:
            stands = found.places[at]
            at += 1
            kinds[rule.kind].rules.append(rule)
            if stands is None:
                kinds[rule.kind].new.append(rule)
                continue
            update = update_of(stands, rule)
            edits.setdefault(stands.path, []).extend(update.edits)
            counts[stands.path] = counts.get(stands.path, 0) + 1
            notices += _notices(stands, rule, update)
            if stands.group == group.name:
                kinds[rule.kind].paths.append(stands.path)
        places += [place for place in kinds.values() if place.rules]
    made, appended = _homes(source, asked, places, pages)
    for path, more in appended.items():
        counts[path] = counts.get(path, 0) + len(more)
        edits.setdefault(path, []).append(_section_edit(pages[path], more))
    changes = [_changed(path, contents[path], edits.get(path, []), counts[path]) for path in sorted(counts)]
    changes += made
    changes += linked_index(source, [change.path for change in made])
    names = {group.name for group in asked.groups}
    notices += [Notice(about="gone", path=each.path, line=each.line, rule=each.name)
                for each in found.gone if each.group and each.group in names]  # fmt: skip
    recordings = sum(rule.kind == "record" for _, rule in named)
    notices.sort(key=lambda each: (each.path, each.line, each.part))
    return ImportPlan(tuple(sorted(changes, key=_path)), tuple(notices), len(named) - recordings, recordings)


def _path(change: PageChange) -> str:
    return change.path


def carry_out(writer: PageWriter, plan: ImportPlan) -> list[str]:
    """Writes what the plan changes; returns the pages that could not be written or changed meanwhile."""
    changes = [change for change in plan.pages if change.after != change.before]
    if not changes:
        return []
    from concurrent.futures import ThreadPoolExecutor  # inside: most imports change nothing

    # Each page is synced by itself; a disk syncs many that wait together for little more than one.
    with ThreadPoolExecutor(min(len(changes), 16)) as pool:
        written = pool.map(lambda change: writer.replace(change.path, change.before, change.after), changes)
        return [change.path for change, is_written in zip(changes, written, strict=True) if not is_written]


def _pages(source: BookSource, named: Sequence[tuple[str, Rule]]) -> tuple[dict[str, Page], dict[str, bytes]]:
    """The pages that may tell of one of the rules, and their bytes."""
    names = frozenset(rule.name.encode("utf-8", "replace") for _, rule in named)
    found, contents = {}, {}
    for file in source.pages():
        raw = source.read(file.path)
        if isinstance(raw, bytes) and may_hold_rules(raw, names):
            found[file.path] = read_page(file.path, raw, source.reading)
            contents[file.path] = raw
    return found, contents


def _notices(place: PageRule, rule: Rule, update: Update) -> Iterator[Notice]:
    for part, here, there in update.kept:
        yield Notice(about="kept", path=place.path, line=place.line, rule=rule.name, part=LABELS[part], page=here,
                     file=there)  # fmt: skip
    for part in update.homeless:
        yield Notice(about="no-column", path=place.path, line=place.line, rule=rule.name, part=LABELS[part])


def _changed(path: str, before: bytes, edits: list[Edit], rules: int) -> PageChange:
    if b"\r\n" in before:
        edits = [Edit(edit.start, edit.end, edit.text.replace("\n", "\r\n")) for edit in edits]
    after, _ = apply(before, edits)
    return PageChange(path, "updated" if after != before else "kept", before, after, rules)


# -- where new rules go --------------------------------------------------------------------------------------------


def _homes(
    source: BookSource, asked: Asked, places: Sequence[_Place], pages: Mapping[str, Page]
) -> tuple[list[PageChange], dict[str, list[Rule]]]:
    """New pages, and the rules that are appended to pages of their group."""
    claimed = {path for place in places for path in place.paths}
    naming: dict[tuple[str, str], list[str]] = {}
    for path, page in pages.items():
        for group in read_page_groups(page):
            kind = "record" if page.kind == "metrics" else "alert"
            naming.setdefault((group.name, kind), []).append(path)
    taken = {file.path for file in source.pages()}
    made: list[PageChange] = []
    appended: dict[str, list[Rule]] = {}
    for place in places:
        if not place.new:
            continue
        free = [path for path in naming.get((place.group.name, place.kind), []) if path not in claimed]
        home = max(place.paths, key=place.paths.count) if place.paths else next(iter(free), None)
        if home is not None:
            claimed.add(home)
            appended.setdefault(home, []).extend(place.new)
            continue
        path = _new_path(source, place, taken)
        taken.add(path)
        head = PageHead(_owner(source, asked, place, path), asked.today)
        content = page_of(place.group, place.new, place.kind, head)
        made.append(PageChange(path, "created", None, content, len(place.new)))
    return made, appended


def _new_path(source: BookSource, place: _Place, taken: set[str]) -> str:
    """A page's path by its group's name, with the folder of the rule file before it where that name is taken."""
    parts = place.group.path.replace("\\", "/").split("/")
    stem = parts[-1].rsplit(".", 1)[0]
    slug = _slug(place.group.name) or _slug(stem) or "rules"
    folder = _slug(parts[-2]) if len(parts) > 1 else ""
    tried = [slug] + ([f"{folder}-{slug}"] if folder else []) + [f"{slug}-{_slug(stem)}"]
    below = f"{source.book}/monitoring/{'alerts' if place.kind == 'alert' else 'metrics'}".lstrip("/")
    number = 1
    while True:
        for each in tried:
            path = f"{below}/{each}.md"
            if path not in taken and not source.exists(path):
                return path
        number += 1
        tried = [f"{tried[-1].rsplit('~', 1)[0]}~{number}".replace("~", "-")]


def _slug(text: str) -> str:
    slug = "-".join(part for part in github_slug(text.replace(".", "-").replace("/", "-"))[:80].split("-") if part)
    # Such a stem would make another kind of page of it.
    slug = slug.replace("template", "tmpl")
    return f"group-{slug}" if slug in ("readme", "index", "summary", "toc", "_index", "_sidebar") else slug


def _owner(source: BookSource, asked: Asked, place: _Place, path: str) -> str:
    if asked.owner:
        return asked.owner
    for rule in place.rules:
        for label in ("team", "owner"):
            if rule.labels.get(label, "").strip() and "{{" not in rule.labels[label]:
                return " ".join(rule.labels[label].split())
    return source.owner_of(path) or asked.person()


def _section_edit(page: Page, rules: Sequence[Rule]) -> Edit:
    """The splice that puts the sections of new rules at the end of a page."""
    content = page.document.content
    taken = slugs_of(section.title for section in page.sections)
    levels = [section.level for section in page.sections if section.level > 1]
    text = "".join(section_of(rule, taken, min(levels, default=2)) for rule in rules)
    return Edit(len(content), len(content), ("" if content.endswith(b"\n") or not content else "\n") + text)
