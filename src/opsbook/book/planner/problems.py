"""What keeps a procedure from being run: collected, told all at once, each with its place. Raises nothing."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from opsbook.book.lint import Around, PageCheck, suppressions
from opsbook.book.page import Page
from opsbook.book.procedure import Procedure, procedures_of
from opsbook.ground.errors import Span


class Hindrance(Struct, frozen=True):
    """One thing that keeps a procedure from being run: where, what, and how to mend it."""

    span: Span
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.span} {self.message}" + (f" {self.fix}" if self.fix else "")


class Hindrances:
    """What was found so far; a second one on the same place of the same page is not told."""

    def __init__(self, checks: Sequence[PageCheck] = ()) -> None:
        self._checks = checks  # of lint, whose findings keep a step from being run
        self._found: dict[tuple[str, int], Hindrance] = {}

    def add(self, page: Page, place: tuple[int, int], message: str, fix: str = "") -> None:
        """Keeps one; what a line was already told for is not told again."""
        span = page.span(*place)
        self._found.setdefault((span.path, span.line), Hindrance(span, message, fix))

    def told(self) -> tuple[Hindrance, ...]:
        """All of them, in reading order."""
        return tuple(sorted(self._found.values(), key=lambda each: (each.span.path, each.span.line, each.span.column)))

    def look(
        self, page: Page, procedure: Procedure, ranges: Sequence[tuple[int, int]], around: Around, *, is_whole: bool
    ) -> None:
        """Keeps what the rules find within a procedure, its own labels included; only within the `ranges` of its steps
        where a phase is run alone."""
        allowed = suppressions(page)
        whole = (procedure.start, procedure.end)
        others = [
            (each.start, each.end) for each in procedures_of(page)
            if whole[0] < each.start < whole[1] and each.anchor != procedure.anchor
        ]  # fmt: skip
        for check in self._checks:
            for finding in check(page, around):
                at = finding.span.start
                is_own = is_whole and _within(at, [whole]) and not _within(at, others)
                if (is_own or _within(at, ranges)) and not (allowed and allowed.covers(finding)):
                    self.add(page, (at, finding.span.end), finding.message, finding.fix or "")


def _within(offset: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(start <= offset < end for start, end in ranges)
