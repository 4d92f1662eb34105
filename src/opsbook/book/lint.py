"""What a lint rule is, what it may look at, and how rules are run over a page and over the book. Holds no rule.

A page rule sees one page; a book rule sees the outlines of all pages, which are small enough to send between
processes. Suppression and the order of findings are decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Literal, TypeVar

from msgspec import Struct

from opsbook.book.operations_told import OperationsTold
from opsbook.book.page import Page
from opsbook.book.post_mortem_policy import PostMortemPolicy
from opsbook.book.roster.values import Imported
from opsbook.ground.errors import SEVERITIES, Finding, Severity, Span
from opsbook.ground.pattern import Pattern
from opsbook.ground.registry import Registry


class LintSettings(Struct, frozen=True):
    """What a team may set about rules. `required` maps a kind to its slots where they differ from the profile's;
    `severities` maps a team's severity words to P0–P3; `people`, `targets` (hosts and groups of hosts) and `approvers`
    (groups with their members) are names known outside the pages. `practised` tells when a procedure was last done with
    success by Opsbook itself, by its PATH#ANCHOR; those that never were are not in it. `verified` tells by name, as it
    is compared, whether somebody has proven a contact; `calendars` are the copies of those that schedules name."""

    stale_days: int = 180
    required: Mapping[str, tuple[str, ...]] = {}
    severities: Mapping[str, str] = {}
    secrets_allowed: tuple[str, ...] = ()
    people: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    approvers: Mapping[str, tuple[str, ...]] = {}
    link_form: str = "github"
    site_root: str = ""
    practised_days: int = 90
    practised: Mapping[str, date] = {}
    verified: Mapping[str, bool] = {}
    calendars: Mapping[str, Imported] = {}


class Around:
    """What a rule may know besides the page: the day, the settings, and which paths exist.

    `pages` are the paths of all pages of the book, `exists` tells of any path of the repository, `owner_of` who owns
    a path by CODEOWNERS (None when nobody). `is_repository` is False where no `.git` marks the root; then `book_depth`
    is how many folders above the book belong to the project all the same (2 for `docs/operations`).
    """

    def __init__(
        self,
        today: date,
        settings: LintSettings,
        *,
        pages: frozenset[str] = frozenset(),
        exists: Callable[[str], bool] = lambda _path: False,
        owner_of: Callable[[str], str | None] = lambda _path: None,
        book: str = "",
        book_depth: int = 0,
        is_repository: bool = True,
    ) -> None:
        self._today = today
        self.settings = settings
        self.pages = pages
        self._look = exists
        self.looked_for: dict[str, bool] = {}
        self.asked_day = False
        self.owner_of = owner_of
        self.book = book
        self.book_depth = book_depth
        self.is_repository = is_repository

    @property
    def today(self) -> date:
        """The day; that it was asked for is kept in `asked_day`, since what did not ask holds on any day."""
        self.asked_day = True
        return self._today

    def exists(self, path: str) -> bool:
        """Whether the repository holds a path; every answer is kept in `looked_for`."""
        known = self.looked_for.get(path)
        if known is None:
            known = self.looked_for[path] = self._look(path)
        return known

    @cached_property
    def folded_pages(self) -> dict[str, str]:
        """Page paths by their lower-cased form, for guesses about letter case."""
        return {path.lower(): path for path in sorted(self.pages, reverse=True)}

    @cached_property
    def pages_by_name(self) -> dict[str, list[str]]:
        """Page paths by their lower-cased file name."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.pages):
            found.setdefault(path.rsplit("/", 1)[-1].lower(), []).append(path)
        return found

    def siblings(self, path: str) -> list[str]:
        """The pages in the folder of a path."""
        return self._by_folder.get(path.rpartition("/")[0], [])

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in sorted(self.pages):
            found.setdefault(path.rpartition("/")[0], []).append(path)
        return found


class Reference(Struct, frozen=True, gc=False):
    """A link from a page to an anchor of a page: `href` as written, `path` the page it leads to, `fragment_at` the
    bytes of the fragment where it is written plainly."""

    href: str
    path: str
    anchor: str
    span: Span
    is_call: bool = False
    caller: str = ""
    fragment_at: tuple[int, int] | None = None


class Mention(Struct, frozen=True, gc=False):
    """A person, team, schedule or service named on a page where paging reads it. `of` is contact for one of a runbook's
    contacts, and address for a contact that needs no page to know it."""

    name: str
    span: Span
    of: Literal["", "contact", "address"] = ""


class Ended(Struct, frozen=True, gc=False):
    """That the incident of a page is over, since which day (YYYY-MM-DD), and how grave it was; `span` is its title."""

    severity: str
    day: str
    span: Span


class Suppressions(Struct, frozen=True):
    """The rules that a page allows to be broken: everywhere, and by line."""

    everywhere: frozenset[str]
    by_line: Mapping[int, frozenset[str]]

    def covers(self, finding: Finding) -> bool:
        return finding.rule in self.everywhere or finding.rule in self.by_line.get(finding.span.line, frozenset())


class Outline(Struct, frozen=True):
    """What the rest of the book needs to know of a page; `paged_services` are those that its escalations are for,
    `shown_services` those that the components of the public status page are made of, `post_mortems` what it says
    of when those are due, None where it says nothing; `operations` those that a runbook or page of procedures tells."""

    path: str
    kind: str
    title: str
    service: str | None
    anchors: frozenset[str]
    headings: tuple[str, ...]
    slots: frozenset[str]
    alerts: tuple[str, ...]
    links_to: frozenset[str] = frozenset()
    references: tuple[Reference, ...] = ()
    procedures: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
    paged_services: tuple[Mention, ...] = ()
    allowed: Suppressions | None = None
    shown_services: tuple[Mention, ...] = ()
    ended: Ended | None = None
    post_mortems: PostMortemPolicy | None = None
    operations: OperationsTold | None = None


def partner_of(outline: Outline, others: Iterable[Outline]) -> Outline | None:
    """The incident of a post-mortem, or the post-mortem of an incident, among others: one links to the other, or the
    name of the one begins with that of the other."""
    name, found = _plain_name(outline.path), None
    for other in others:
        if other.path in outline.links_to or outline.path in other.links_to:
            return other
        another = _plain_name(other.path)
        if found is None and (another.startswith(name) or name.startswith(another)):
            found = other
    return found


def _plain_name(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0].lower()


# Rules whose findings lie in rule files, not in pages: the checks are in alert_coverage and alert_rules.
OF_RULE_FILES = ("alert-without-runbook", "invalid-rule-file", "runbook-url-bad-anchor", "runbook-url-missing-page",
                 "invalid-dashboard", "service-without-runbook")  # fmt: skip

PageCheck = Callable[[Page, Around], Iterable[Finding]]
BookCheck = Callable[[Sequence[Outline], Around], Iterable[Finding]]


class Rule(Struct, frozen=True):
    """A lint rule: its public name, its severity, the kinds of page it looks at (none: all), and one check."""

    name: str
    severity: Severity
    kinds: frozenset[str]
    check_page: PageCheck | None = None
    check_book: BookCheck | None = None


RULES: Registry[Rule] = Registry("lint rules")
P = TypeVar("P", bound=PageCheck)
B = TypeVar("B", bound=BookCheck)


def page_rule(name: str, severity: Severity, *kinds: str) -> Callable[[P], P]:
    """Registers a check of one page under its public name."""

    def register(check: P) -> P:
        RULES.add(name, Rule(name, severity, frozenset(kinds), check_page=check))
        return check

    return register


def book_rule(name: str, severity: Severity) -> Callable[[B], B]:
    """Registers a check of the whole book under its public name."""

    def register(check: B) -> B:
        RULES.add(name, Rule(name, severity, frozenset(), check_book=check))
        return check

    return register


def reading_rule(name: str, severity: Severity) -> None:
    """Registers a rule whose findings come with the reading itself, of alert rule files or of unreadable pages."""
    RULES.add(name, Rule(name, severity, frozenset()))


def lint_page(page: Page, rules: Sequence[Rule], around: Around) -> list[Finding]:
    """The findings of the rules for a page, without those that the page itself suppresses."""
    findings: list[Finding] = []
    for rule in rules:
        if rule.check_page is not None:
            findings.extend(rule.check_page(page, around))
    allowed = suppressions(page) if findings else None
    return [finding for finding in findings if not allowed.covers(finding)] if allowed else findings


def lint_book(rules: Sequence[Rule], outlines: Sequence[Outline], around: Around) -> list[Finding]:
    """The findings of the rules that see the whole book, without those that their page suppresses."""
    allowed = {outline.path: outline.allowed for outline in outlines if outline.allowed}
    findings: list[Finding] = []
    for rule in rules:
        if rule.check_book is not None:
            findings.extend(rule.check_book(outlines, around))
    return [f for f in findings if f.span.path not in allowed or not allowed[f.span.path].covers(f)]


def in_reading_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by path, place, rule and message, each once: the same list for the same book."""
    unique = {(f.span.path, f.span.line, f.span.column, f.rule, f.message): f for f in findings}
    return [unique[key] for key in sorted(unique)]


def at_least(findings: Iterable[Finding], severity: Severity) -> bool:
    """Whether any finding is as grave as `severity` or graver."""
    limit = SEVERITIES.index(severity)
    return any(SEVERITIES.index(finding.severity) <= limit for finding in findings)


# `<!-- opsbook: allow broken-link, stale -->` holds for the rest of its own line and for the line below it;
# `allow-page` for the whole page. A reason may follow the rules after a dash.
_ALLOW = Pattern(r"<!--\s*opsbook:\s*(allow|allow-page)\s+([a-z][a-z0-9-]*(?:\s*,\s*[a-z][a-z0-9-]*)*)[^>]*?-->")


def suppressions(page: Page) -> Suppressions | None:
    """What the comments of a page allow, None when there are none.

    A comment alone on its line speaks for the next line that has text.
    """
    if b"opsbook:" not in page.document.content:
        return None
    everywhere: set[str] = set()
    by_line: dict[int, frozenset[str]] = {}
    lines = page.document.source(0, len(page.document.content)).split("\n")
    for number, line in enumerate(lines, 1):
        if "opsbook" not in line:
            continue
        for found in _ALLOW().finditer(line):
            names = frozenset(name.strip() for name in found.group(2).split(","))
            if found.group(1) == "allow-page":
                everywhere |= names
                continue
            covered = number
            if not _ALLOW().sub("", line).strip():
                following = (n for n, text in enumerate(lines[number:], number + 1) if text.strip())
                covered = next(following, number)
            by_line[covered] = by_line.get(covered, frozenset()) | names
    return Suppressions(frozenset(everywhere), by_line) if everywhere or by_line else None
