"""`missing-post-mortem`: a grave incident is over for long, and nobody has written what was learned. It will come
back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from opsbook.book.lint import Around, Outline, book_rule, partner_of
from opsbook.book.post_mortem_policy import USUAL, PostMortemPolicy, due_day
from opsbook.ground.errors import Finding


@book_rule("missing-post-mortem", "warning")
def check(outlines: Sequence[Outline], around: Around) -> Iterator[Finding]:
    reviews = [each for each in outlines if each.kind == "post-mortem"]
    policy = _policy(outlines)
    for outline in outlines:
        ended = outline.ended
        if outline.kind != "incident" or ended is None or ended.severity not in policy.required:
            continue
        term = policy.terms.get(ended.severity, USUAL.terms["P3"])
        due = due_day(date.fromisoformat(ended.day), term)
        if due < around.today and partner_of(outline, reviews) is None:
            yield Finding(
                "missing-post-mortem", "warning", ended.span,
                f"The incident was {ended.severity} and is over since {ended.day}; its post-mortem was due on {due}.",
                "Write one: `opsbook new post-mortem NAME`, and link the two. Or allow this, and say why.",
            )  # fmt: skip


def _policy(outlines: Sequence[Outline]) -> PostMortemPolicy:
    """What the policy page says of it: that of the usual name where several do."""
    saying = [each for each in outlines if each.post_mortems is not None]
    named = sorted(saying, key=lambda each: (not each.path.endswith("incident-response.md"), each.path))
    return (named[0].post_mortems if named else None) or USUAL
