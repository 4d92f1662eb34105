"""A page of the book with what is live in it, ready for its template: findings, health, contacts, alerts, Run buttons.

The pieces are macros of `_pieces.html`, filled in here and placed by `rendering` at the bytes that they speak of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.book.page import Page
from opsbook.book.rendering import Entry, Inset, Rendered
from opsbook.book.runbook import alert_names
from opsbook.ground.errors import Finding, Severity
from opsbook.usecases.alert_place import named_at
from opsbook.usecases.contacts import ResolvedContact
from opsbook.usecases.library import PageFacts

MOST_INLINE = 200  # findings that stand in the page; a page with more is told above it
# What a person on call jumps to, and what it is called.
JUMPS = (
    ("health-checks", "Health"), ("troubleshooting", "Troubleshooting"), ("common-operations", "Operations"),
    ("deployment", "Deployment"), ("monitoring", "Monitoring"), ("emergency-contacts", "Contacts"),
)  # fmt: skip
Piece = Callable[..., str]


class Pieces(Struct, frozen=True):
    """The macros that draw the pieces, by name, and who may press what; `more` stands behind the address of a run."""

    macros: Any
    may_edit: bool
    why_no_run: str = ""  # why whoever looks may run nothing; empty where they may
    more: str = ""

    def piece(self, name: str, *arguments: Any) -> str:
        """One piece as HTML."""
        return str(getattr(self.macros, name)(*arguments)).strip()


def finding_insets(pieces: Pieces, findings: Sequence[Finding]) -> list[Inset]:
    """Each finding behind the block that it speaks of."""
    return [
        Inset(finding.span.start, pieces.piece("finding", finding, pieces.may_edit))
        for finding in findings[:MOST_INLINE]
    ]


def probe_insets(pieces: Pieces, probed: Iterable[tuple[Any, Any, str]]) -> list[Inset]:
    """The health of each probe, with its chart, behind the line that asks for it."""
    return [
        Inset(max(probe.end - 1, probe.start), pieces.piece("health", probe, health, chart))
        for probe, health, chart in probed
    ]


def contact_insets(pieces: Pieces, found: Iterable[ResolvedContact]) -> list[Inset]:
    """Whom each contact means now, beside it."""
    return [
        Inset(max(each.note.end - 1, each.note.start), pieces.piece("contact", each), "inside")
        for each in found
        if each.meant
    ]


def alert_insets(
    pieces: Pieces, page: Page, opened: Mapping[str, Sequence[Any]] | None = None,
    state_id: Callable[[str], str] = lambda name: "",
) -> list[Inset]:  # fmt: skip
    """A way from each alert that the page names to the section about it, and the open alerts of that name; `state_id`
    is the id of the place where its state by the monitoring server will stand."""
    found = []
    for name in alert_names(page):
        drawn = pieces.piece("alert", name, (opened or {}).get(name, ()), state_id(name))
        found.append(Inset(named_at(page, name), drawn, "inside"))
    return found


class OpenRun(Struct, frozen=True):
    """A run that is open, beside the heading of its procedure."""

    id: str
    words: str
    since: datetime
    waits: bool


class Practice(Struct, frozen=True):
    """What is known of the runs of a procedure: those that are open, and what the earlier ones came to."""

    opened: tuple[OpenRun, ...] = ()
    ended: int = 0
    succeeded: int = 0
    last_practised: datetime | None = None


def run_insets(pieces: Pieces, page: Page, facts: PageFacts, practice: Mapping[str, Practice]) -> list[Inset]:
    """A Run button beside the heading of each procedure, or why it cannot be pressed; and its runs, by its anchor."""
    found = []
    for procedure in facts.procedures:
        section = page.section(procedure.anchor)
        if section is not None:
            at = max(section.body - 1, section.start)
            known = practice.get(procedure.anchor, Practice())
            reason = procedure.why_not or pieces.why_no_run
            where = f"{page.path}#{procedure.anchor}"
            drawn = pieces.piece("run", procedure, reason, where, known.opened, known, pieces.more)
            found.append(Inset(at, drawn, "inside"))
    return found


def contents(rendered: Rendered) -> list[tuple[int, str, str]]:
    """The table of contents as the templates take it; the title is left out, and the levels begin at 2."""
    entries = [entry for entry in rendered.contents if entry.anchor and entry.title]
    tops = [entry for entry in entries if entry.level == 1]
    if len(tops) == 1 and entries and entries[0] is tops[0]:
        entries = entries[1:]
    least = min((entry.level for entry in entries), default=2)
    near = [entry for entry in entries if entry.level < least + 3]
    return [(min(2 + entry.level - least, 4), entry.title, entry.anchor) for entry in near]


def jumps(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """The sections that somebody on call looks for first: words and anchor."""
    by_slot: dict[str, str] = {}
    for entry in entries:
        if entry.slot and entry.anchor:
            by_slot.setdefault(entry.slot, entry.anchor)
    return [(words, by_slot[slot]) for slot, words in JUMPS if slot in by_slot]


def summary(findings: Sequence[Finding]) -> list[tuple[str, int, str]]:
    """How many findings of each severity: words, count, tone."""
    counts = Counter(finding.severity for finding in findings)
    words: tuple[tuple[Severity, str], ...] = (("error", "bad"), ("warning", "warn"), ("info", "note"))
    return [
        (severity if counts[severity] == 1 or severity == "info" else f"{severity}s", counts[severity], tone)
        for severity, tone in words
        if counts[severity]
    ]


def anchors_of(findings: Sequence[Finding], rendered: Rendered) -> Mapping[int, str]:
    """For the line of each finding the id of the block that it stands in."""
    return {finding.span.line: rendered.line_anchor(finding.span.line) for finding in findings}
