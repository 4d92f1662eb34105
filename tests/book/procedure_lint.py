"""Lints small books with the rules about procedures, for tests. Knows which rules these are; holds none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from opsbook.book.lint import RULES, Around, LintSettings, in_reading_order, lint_page
from opsbook.book.outline import outline_of
from opsbook.book.page import read_page
from opsbook.book.rules import FOLDERS, load
from opsbook.ground.errors import Finding

PROCEDURE_RULES = frozenset({
    "broken-procedure-link", "capture-without-group", "conflicting-fields", "duplicate-procedure", "empty-command",
    "function-in-later-step", "invalid-front-matter", "invalid-regex", "invalid-value", "needs-terminal", "no-rollback",
    "no-verification", "not-practised", "repeat-unknown", "secret-on-command-line", "step-number", "step-placeholder",
    "step-without-text", "stray-fence", "sub-run-cycle", "sudo-may-prompt", "text-substitution", "undeclared-variable",
    "undo-steps-without-undo", "unguarded-danger", "unknown-field", "unknown-inventory-name", "unknown-target",
    "unquoted-parameter", "unreachable-approval", "unrecognised-label",
})  # fmt: skip


def findings(
    files: dict[str, bytes | str], settings: LintSettings | None = None, rules: Iterable[str] = PROCEDURE_RULES
) -> list[Finding]:
    """What the rules find in a book of these pages, in reading order, on 23 November 2026."""
    for folder in FOLDERS:
        load(folder)
    chosen = [rule for rule in RULES if rule.name in set(rules)]
    around = Around(date(2026, 11, 23), settings or LintSettings(), pages=frozenset(files), exists=files.__contains__)
    pages = [
        read_page(path, text.encode() if isinstance(text, str) else text) for path, text in sorted(files.items())
    ]
    found = [finding for page in pages for finding in lint_page(page, chosen, around)]
    outlines = [outline_of(page, around) for page in pages]
    for rule in chosen:
        if rule.check_book is not None:
            found.extend(rule.check_book(outlines, around))
    return in_reading_order(found)


def told(files: dict[str, bytes | str], settings: LintSettings | None = None) -> list[tuple[int, str, str]]:
    """The findings on a book as (line, rule, message)."""
    return [(found.span.line, found.rule, found.message) for found in findings(files, settings)]


def mended(content: bytes, found: Iterable[Finding]) -> bytes:
    """The file with every edit of the findings made."""
    edits = {(edit.start, edit.end, edit.text) for finding in found for edit in finding.edits}
    for start, end, text in sorted(edits, reverse=True):
        content = content[:start] + text.encode() + content[end:]
    return content
