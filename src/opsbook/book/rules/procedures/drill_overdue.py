"""`drill-overdue`: a procedure that is to be practised by a day which is over. Where nobody knows when it was last
practised, nothing is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.drills_due import due_drills
from opsbook.book.lint import Around, Outline, book_rule
from opsbook.ground.errors import Finding, Span


@book_rule("drill-overdue", "info")
def check(outlines: Sequence[Outline], around: Around) -> Iterator[Finding]:
    if not any(outline.drills for outline in outlines):
        return  # and the day is not asked for
    for each in due_drills(outlines, around.settings.practised, around.today):
        if each.state == "overdue" and each.due is not None and each.practised is not None:
            yield Finding(
                "drill-overdue", "info", Span(each.plan.of, each.plan.line, 1),
                f"'{each.plan.title}' is to be practised {_every(each.plan.every)}, was last on"
                f" {each.practised.isoformat()}, and is overdue since {each.due.isoformat()}.",
                f"Run {each.where} where nothing can break, and mend what did not work.",
            )  # fmt: skip


def _every(words: str) -> str:
    return words if words.lower().startswith("every") or not words[:1].isdigit() else f"every {words}"
