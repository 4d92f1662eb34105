"""The verb lint: every page and the book as a whole against the rules. Reads through ports; changes nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from functools import partial
from zlib import crc32

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.lint import OF_RULE_FILES, Around, LintSettings, Outline, in_reading_order, lint_book, lint_page
from opsbook.book.outline import outline_of
from opsbook.book.page import read_page
from opsbook.ground.errors import Finding, Severity, Span
from opsbook.usecases.chosen_rules import ChosenRules
from opsbook.usecases.ports import Alerting, BookSource, PageFile, RuleFiles, Unreadable, Workers


class Scope(Struct, frozen=True):
    """Which rules are applied, where, and how gravely. `paths` limits what is reported, never what is read."""

    today: date
    settings: LintSettings
    paths: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    ignore_in: tuple[tuple[str, tuple[str, ...]], ...] = ()
    severities: tuple[tuple[str, str], ...] = ()
    alerting: Alerting = Alerting()
    dashboards: tuple[str, ...] = ()  # files and folders of Grafana's, absolute


PRACTICE_RULES = frozenset({"never-practised", "not-practised"})


def with_practice(scope: Scope, practised: Mapping[str, date]) -> Scope:
    """The scope with what the ledger says of practice, by PATH#ANCHOR."""
    return replace(scope, settings=replace(scope.settings, practised=practised)) if practised else scope


def with_verified(scope: Scope, verified: Mapping[str, bool]) -> Scope:
    """The scope with who has verified a contact, by name as it is compared."""
    return replace(scope, settings=replace(scope.settings, verified=verified)) if verified else scope


def asks_for_practice(scope: Scope) -> bool:
    """Whether any rule of the scope wants to know what the ledger says of practice."""
    off = {rule for rule, severity in scope.severities if severity == "off"} | set(scope.ignore)
    return bool(PRACTICE_RULES - off) and (not scope.select or not PRACTICE_RULES.isdisjoint(scope.select))


class LintReport(Struct, frozen=True):
    """What lint found: how many pages were looked at, and the findings in reading order.

    `looked_for` are the paths besides pages whose being there the answer depends on; `contents` tell what the pages
    that can be mended held (CRC-32), so that nothing is spliced into another text.
    """

    pages: int
    findings: tuple[Finding, ...]
    looked_for: dict[str, bool] = {}
    contents: dict[str, int] = {}


# From here on the work is spread over forked workers, which are given all rules instead of each loading them.
_MANY_BYTES = 300_000


class _Part(Struct):
    """What one worker hands back."""

    findings: list[Finding]
    outlines: list[Outline]
    looked_for: dict[str, bool]
    contents: dict[str, int]


def lint(
    source: BookSource,
    rule_files: RuleFiles,
    scope: Scope,
    workers: Workers,
    *,
    files: Sequence[PageFile] | None = None,
) -> LintReport:
    """The findings on a book and on the rule files named in the scope. Raises Usage for a rule that does not exist.

    `files` are the pages of the book where the caller has listed them already.
    """
    files = source.pages() if files is None else files
    around = surroundings(source, files, scope)
    rules = ChosenRules(scope.select, scope.ignore, scope.severities)
    if sum(file.size_bytes for file in files) > _MANY_BYTES:
        rules.prepare()
    gc_was_on = gc.isenabled()
    gc.disable()  # blocks hold no cycles, and collecting over them took a third of the time
    try:
        parts = workers.spread(partial(_lint_part, source, rules, around), files)
    finally:
        if gc_was_on:
            gc.enable()
    decoded = [msgspec.msgpack.decode(part, type=_Part) for part in parts]
    outlines = sorted((outline for part in decoded for outline in part.outlines), key=lambda o: o.path)
    findings = [finding for part in decoded for finding in part.findings]
    findings.extend(lint_book(rules.of_book(outlines), outlines, around))
    findings.extend(_alert_findings(rule_files, outlines, scope, rules, source=source, around=around))
    kept = in_reading_order(as_wanted(findings, scope))
    looked_at = sum(1 for file in files if not scope.paths or is_within(file.path, scope.paths))
    looked_for = {path: there for part in decoded for path, there in part.looked_for.items()}
    mendable = {finding.span.path for finding in kept if finding.edits}
    contents = {path: crc for part in decoded for path, crc in part.contents.items() if path in mendable}
    return LintReport(looked_at, tuple(kept), looked_for, contents)


def _alert_findings(
    rule_files: RuleFiles, outlines: Sequence[Outline], scope: Scope, rules: ChosenRules, *, source: BookSource,
    around: Around,
) -> Iterator[Finding]:  # fmt: skip
    """The findings on the rule files and on the pages against them; what lies in a rule file is asked for by name, so
    no path limits that."""
    if not scope.alerting.paths and not scope.dashboards:
        return
    from opsbook.book.alert_coverage import alert_findings  # a lint without rule files does not pay for reading them
    from opsbook.usecases.alert_files import covered, gather
    from opsbook.usecases.lint_watched import dashboard_findings, rule_findings, watched_of

    chosen = rules.of_rule_files() | ({"invalid-expression"} if rules.has("invalid-expression") else set())
    allowed = {outline.path: outline.allowed for outline in outlines if outline.allowed}
    watched, pages = watched_of(source, outlines, around)
    found: list[Finding] = []
    if scope.alerting.paths:
        gathered = gather(rule_files, scope.alerting)
        found += gathered.findings
        found += alert_findings(covered(gathered, outlines, scope.alerting, source.book))
        found += rule_findings(gathered, watched, outlines, scope.alerting, book=source.book)
    found += dashboard_findings(rule_files.rule_files(scope.dashboards), watched, pages) if scope.dashboards else ()
    for finding in found:
        suppressed = allowed.get(finding.span.path)
        if finding.rule in chosen and not (suppressed and suppressed.covers(finding)):
            yield finding


def _lint_part(source: BookSource, rules: ChosenRules, around: Around, files: Sequence[PageFile]) -> bytes:
    findings: list[Finding] = []
    outlines: list[Outline] = []
    contents: dict[str, int] = {}
    for file in files:
        raw = source.read(file.path)
        if isinstance(raw, Unreadable):
            if rules.has("unreadable-page"):
                findings.append(unreadable(raw))
            continue
        page = read_page(file.path, raw, source.reading)
        contents[file.path] = crc32(raw)
        findings.extend(lint_page(page, rules.of_page(page), around))
        outlines.append(outline_of(page, around))
    return msgspec.msgpack.encode(_Part(findings, outlines, around.looked_for, contents))


def unreadable(what: Unreadable) -> Finding:
    """The finding on a page that is there and cannot be read."""
    return Finding(
        "unreadable-page", "error", Span(what.path, 1, 1), f"The page cannot be read: {what.why}.",
        "Make it a regular file that this user may read, or remove it.",
    )  # fmt: skip


def surroundings(source: BookSource, files: Sequence[PageFile], scope: Scope) -> Around:
    """What rules may know besides a page."""
    book = source.book
    depth = 0 if source.is_repository else source.depth
    return Around(
        scope.today,
        scope.settings,
        pages=frozenset(file.path for file in files),
        exists=source.exists,
        owner_of=source.owner_of,
        book=book,
        book_depth=depth,
        is_repository=source.is_repository,
    )


def as_wanted(findings: Iterable[Finding], scope: Scope) -> Iterator[Finding]:
    """The findings that are asked for, each at the severity in force."""
    severities: dict[str, Severity] = dict(scope.severities)  # type: ignore[arg-type]
    for finding in findings:
        path = finding.span.path
        if scope.paths and not is_within(path, scope.paths) and finding.rule not in OF_RULE_FILES:
            continue
        if any(finding.rule in rules and _matches(path, glob) for glob, rules in scope.ignore_in):
            continue
        wanted = severities.get(finding.rule, finding.severity)
        yield finding if wanted == finding.severity else replace(finding, severity=wanted)


def is_within(path: str, paths: Sequence[str]) -> bool:
    """Whether a path is one of these pages or lies in one of these folders."""
    return any(path == each or each in ("", ".") or path.startswith(each + "/") for each in paths)


def _matches(path: str, glob: str) -> bool:
    return fnmatchcase(path, glob) or fnmatchcase(path, glob.rstrip("/") + "/*")
