"""How a drill went for each who took part: how long until they answered the page, found the section, did the step.
Ranks nobody: the figures are for who drilled, and for the page that was drilled. While the clock stood no time counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.alert import ALERT_VIEW, Alert, alert_of, identity
from opsbook.ledger.drill import Answer, Drill, Volunteer, plain
from opsbook.ledger.drill_events import DRILL_INLET, Scene
from opsbook.ledger.inbound.fingerprints import fingerprints
from opsbook.ledger.page import PAGE_VIEW, Page, page_of
from opsbook.ledger.run_view import RUNS
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.run_history import Brief, brief_of

MOST = 200  # pages of a group, runs of a procedure


class Score(Struct, frozen=True):
    """What one volunteer did, in seconds since the first alert was sent, or since they joined if that was later; None
    for what they have not done. `step_how` tells how the right step was known: said, or by a run. `practised` are the
    procedures of the drill that a run of theirs carried out with success meanwhile."""

    person: str
    acknowledged_s: float | None = None
    section_s: float | None = None
    step_s: float | None = None
    step_how: str = ""
    reveals: int = 0
    wrong: int = 0
    practised: tuple[str, ...] = ()

    def is_complete(self, scene: Scene) -> bool:
        """Whether there is nothing left to do: what has no right answer is not waited for."""
        return (
            self.acknowledged_s is not None
            and (self.section_s is not None or not scene.sections)
            and (self.step_s is not None or not scene.has_step)
        )


class Happened(Struct, frozen=True):
    """What became of a drill in the rest of the ledger: the last episode of each of its alerts (None: not yet), and all
    pages for them, the last begun first."""

    alerts: tuple[Alert | None, ...]
    pages: tuple[Page, ...]
    runs: tuple[Brief, ...] = ()


def happened(ledger: EngineLedger, drill: Drill) -> Happened:
    """That of a drill, as it is now."""
    keys = fingerprints([drill.labels(each) for each in drill.scene.alerts])
    names = [identity(DRILL_INLET, key) for key in keys]
    rows = ledger.latest(ALERT_VIEW.name, names)
    alerts = tuple(alert_of(rows[name]) if name in rows else None for name in names)
    groups = dict.fromkeys(each.group for each in alerts if each is not None)
    pages = tuple(page_of(row) for group in groups for row in ledger.rows(PAGE_VIEW.name, group=group, limit=MOST))
    return Happened(alerts, pages, tuple(_runs(ledger, drill)))


def scored(drill: Drill, what: Happened) -> tuple[Score, ...]:
    """The figures of everybody who takes part, in the order in which they joined."""
    begun = min((each.starts_at for each in drill.sent.values()), default=None)
    began = drill.started_at if begun is None else min(begun, drill.started_at or begun)
    if began is None:
        return tuple(Score(each.person) for each in drill.volunteers)
    return tuple(_score(drill, each, what, began) for each in drill.volunteers)


def _score(drill: Drill, volunteer: Volunteer, what: Happened, began: datetime) -> Score:
    since = max(began, volunteer.joined_at)
    names = _names(volunteer.person, what.pages)
    answers = [each for each in drill.answers if each.person == volunteer.person]
    runs = [each for each in what.runs if plain(each.actor) in names]
    said = _first(answers, "step")
    run = min((each.started_at for each in runs), default=None)
    step_at = min((each for each in (said, run) if each is not None), default=None)
    acks = (
        each.at for page in what.pages for each in (*page.past_answers, *page.acknowledged) if plain(each.by) in names
    )
    acked = min(acks, default=None)

    def took(at: datetime | None) -> float | None:
        return round(drill.ran_s(since, at), 1) if at is not None else None

    return Score(
        volunteer.person, took(acked), took(_first(answers, "section")), took(step_at),
        "" if step_at is None else "said" if step_at == said else "run",
        drill.revealed.get(volunteer.person, 0), sum(1 for each in answers if not each.is_right),
        tuple(dict.fromkeys(f"{each.path}#{each.anchor}" for each in runs if each.state == "succeeded")),
    )  # fmt: skip


def _names(person: str, pages: Sequence[Page]) -> set[str]:
    """All names that somebody is known by: their own, and what pages to them call them."""
    found = {plain(person)}
    for page in pages:
        for each in page.notifications:
            both = {plain(each.owed.person), plain(each.owed.handle)} - {""}
            if both & found:
                found |= both
    return found | {f"terminal:{each}" for each in found}  # who acts at a machine, under the name they have there


def _first(answers: Sequence[Answer], what: str) -> datetime | None:
    return min((each.at for each in answers if each.what == what and each.is_right), default=None)


def _runs(ledger: EngineLedger, drill: Drill) -> Iterator[Brief]:
    """The runs of its procedures that were started while it went on; dry ones do nothing."""
    if drill.started_at is None:
        return
    for where in drill.scene.procedures:
        for row in ledger.rows(RUNS.name, group=where, limit=MOST):
            run = brief_of(row)
            if not run.is_dry and run.started_at >= drill.started_at and run.started_at <= (
                drill.ended_at or run.started_at
            ):  # fmt: skip
                yield run
