"""What is known of the runs of procedures, for the pages that show procedures. Shows none itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

from opsbook.entrypoints.shown.on_page import OpenRun, Practice
from opsbook.entrypoints.shown.run_view import STATES
from opsbook.ground.errors import Failure
from opsbook.usecases.desk import Desk
from opsbook.usecases.runs import Brief

MOST_OPEN = 500
LOOKED_AT = 50  # earlier runs of a procedure that its rate of success is made of


def open_runs(desk: Desk) -> dict[str, tuple[OpenRun, ...]]:
    """The open runs by PAGE#ANCHOR; none where the ledger cannot tell them now, which is told among the troubles."""
    found: dict[str, list[OpenRun]] = defaultdict(list)
    with suppress(Failure):
        for brief in desk.runs.briefs(is_open=True, limit=MOST_OPEN):
            found[f"{brief.path}#{brief.anchor}"].append(shown_open(brief))
    return {where: tuple(each) for where, each in found.items()}


def shown_open(brief: Brief) -> OpenRun:
    """A run that is open, in a word."""
    words = STATES[brief.state][0].partition(":")[0].lower()
    return OpenRun(brief.id, words, brief.started_at, bool(brief.waits_for) or brief.state == "unknown")


def practice_of(desk: Desk, path: str, anchors: Iterable[str]) -> dict[str, Practice]:
    """What is known of the runs of each procedure of a page, by its anchor."""
    opened, found = open_runs(desk), {}
    for anchor in anchors:
        where = f"{path}#{anchor}"
        known = Practice(opened.get(where, ()))
        with suppress(Failure):
            past = desk.runs.practice(path, anchor, LOOKED_AT)
            known = Practice(known.opened, past.ended, past.succeeded, past.last_practised)
        found[anchor] = known
    return found
