"""The verb mend: makes the edits of findings that have one right answer. Every other byte stays."""

from __future__ import annotations

from zlib import crc32

from msgspec import Struct

from opsbook.ground.errors import Edit, Finding
from opsbook.ground.splices import apply
from opsbook.usecases.lint import LintReport
from opsbook.usecases.ports import BookSource, PageWriter, Unreadable


class Mended(Struct, frozen=True):
    """What was mended: pages changed and edits made; `refused` are pages that changed or could not be written."""

    pages: tuple[str, ...]
    edits: int
    refused: tuple[str, ...]


def mend(source: BookSource, writer: PageWriter, report: LintReport) -> Mended:
    """Makes every edit of the report's findings; a page is written whole or not at all, and only if it is still what
    was linted."""
    by_page: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.edits:
            by_page.setdefault(finding.span.path, []).append(finding)
    pages, refused, count = [], [], 0
    for path, found in sorted(by_page.items()):
        raw = source.read(path)
        if isinstance(raw, Unreadable) or crc32(raw) != report.contents.get(path):
            refused.append(path)
            continue
        changed, made = apply(raw, _whole(found))
        if writer.replace(path, raw, changed):
            pages.append(path)
            count += made
        else:
            refused.append(path)
    return Mended(tuple(pages), count, tuple(refused))


def _whole(findings: list[Finding]) -> list[Edit]:
    """The edits of the findings that do not cross another's: a finding's edits are made together or not at all."""
    taken: list[Edit] = []
    for finding in findings:
        if all(edit.end <= other.start or other.end <= edit.start for edit in finding.edits for other in taken):
            taken.extend(finding.edits)
    return taken
