"""The verb rules export: the rules of pages as rule files, with the addresses of their sections. Writes no file."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.alert_rules_whole import Rule, RuleGroup
from opsbook.book.page import Page, read_page, stem
from opsbook.book.rule_pages import PageGroup, PageRule, read_page_groups, read_page_rules
from opsbook.book.rule_pages_reading import exact_rule
from opsbook.book.rule_pages_values import read_pairs
from opsbook.ground.slugs import github_slug
from opsbook.usecases.ports import BookSource


class LeftOut(Struct, frozen=True):
    """A rule of a page that no rule file can hold, with its place and why."""

    path: str
    line: int
    rule: str
    why: str


class Exported(Struct, frozen=True):
    """The groups by the name of their file (without an ending), and what was left out."""

    files: tuple[tuple[str, tuple[RuleGroup, ...]], ...]
    left_out: tuple[LeftOut, ...]

    @property
    def count(self) -> int:
        """How many rules there are."""
        return sum(len(group.rules) for _, groups in self.files for group in groups)


def export(source: BookSource, paths: Sequence[str], base: str) -> Exported:
    """The rules of these pages (all when none is named); `base` is the address that the book is served at, or empty."""
    files: dict[str, dict[str, RuleGroup]] = {}
    left_out: list[LeftOut] = []
    for file in sorted(source.pages(), key=lambda file: ("/metrics/" not in file.path, file.path)):
        if paths and not any(file.path == each or file.path.startswith(each.rstrip("/") + "/") for each in paths):
            continue
        raw = source.read(file.path)
        if not isinstance(raw, bytes) or not _may_tell(raw):
            continue
        page = read_page(file.path, raw, source.reading)
        for group in _groups(page, base, left_out):
            held = files.setdefault(github_slug(stem(file.path)) or "rules", {})
            before = held.get(group.name)
            held[group.name] = group if before is None else _together(before, group)
    ordered = tuple((name, tuple(held.values())) for name, held in sorted(files.items()))
    return Exported(ordered, tuple(sorted(left_out, key=lambda each: (each.path, each.line))))


def in_one(exported: Exported) -> tuple[RuleGroup, ...]:
    """All groups for one file, which may have each name once."""
    held: dict[str, RuleGroup] = {}
    for name, groups in exported.files:
        for group in groups:
            key, number = group.name, 2
            if key in held and held[key].settings != group.settings:
                key = f"{group.name} ({name})"
            while key in held and held[key].settings != group.settings:
                key, number = f"{group.name} ({name}, {number})", number + 1
            held[key] = replace(group, name=key) if key not in held else _together(held[key], group)
    return tuple(held.values())


def _together(one: RuleGroup, other: RuleGroup) -> RuleGroup:
    return replace(one, rules=one.rules + other.rules, settings={**one.settings, **other.settings})


def _may_tell(raw: bytes) -> bool:
    return b"**" in raw or b"__" in raw or b"|" in raw


def _groups(page: Page, base: str, left_out: list[LeftOut]) -> list[RuleGroup]:
    named = {group.name: group for group in read_page_groups(page)}
    held: dict[str, list[Rule]] = {}
    for place in read_page_rules(page):
        rule = exact_rule(place)
        if isinstance(rule, str):
            left_out.append(LeftOut(page.path, place.line, place.name, rule))
            continue
        held.setdefault(place.group or stem(page.path), []).append(_addressed(page, place, rule, base))
    return [_group(name, rules, named.get(name)) for name, rules in held.items()]


def _group(name: str, rules: list[Rule], told: PageGroup | None) -> RuleGroup:
    settings = told.settings if told is not None else {}
    labels = read_pairs(told.labels) if told is not None else {}
    return RuleGroup(name=name, rules=tuple(rules), settings=settings, labels=labels)


def _addressed(page: Page, place: PageRule, rule: Rule, base: str) -> Rule:
    """The rule with an address that leads to what to do: as written on the page, else its own section."""
    if rule.kind != "alert":
        return rule
    annotations = dict(rule.annotations)
    part = place.parts.get("runbook")
    link = next((link for link in page.document.links if part is not None and part.text
                 and part.start <= link.start < part.end), None)  # fmt: skip
    if link is not None:
        annotations["runbook_url"] = link.href
    if "runbook_url" in annotations and "://" not in annotations["runbook_url"]:
        del annotations["runbook_url"]  # within the book: the section of the alert leads there
    if "runbook_url" not in annotations:
        # Without an address it is the section's place in the repository, which lint and coverage follow.
        section = f"{page.path}#{place.anchor}" if place.anchor else page.path
        annotations["runbook_url"] = f"{base.rstrip('/')}/r/{quote(rule.name, safe='')}" if base else section
    return replace(rule, annotations=annotations)
