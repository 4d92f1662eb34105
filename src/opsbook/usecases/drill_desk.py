"""What doors are handed of drills: making one from words, and what is shown of it. The answer is shown to nobody before
the drill is over, but for what they had revealed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.ground.errors import Usage
from opsbook.ledger.alert import ALERT_VIEW, alert_of, stream_of
from opsbook.ledger.drill import Drill, plain
from opsbook.ledger.drill_events import LABEL, DrillAlert, Scene
from opsbook.ledger.incident import INCIDENT_VIEW, incident_of
from opsbook.usecases.drill_making import MOST_REVEALS, Maker
from opsbook.usecases.drill_score import Happened, Score, happened, scored
from opsbook.usecases.drills import MOST_ALERTS, Drills
from opsbook.usecases.incident_timeline import Timelines
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.scheduled_drills import Scheduled

LONGEST_S = 7 * 86_400.0  # how long an alert of a past incident is replayed at the most


class Wanted(Struct, frozen=True):
    """What is to be drilled, in words: one of these."""

    alert: str = ""
    section: str = ""
    scenario: str = ""
    incident: int | None = None
    report: str = ""


class DrillDesk(Struct, frozen=True):
    """The drills of a ledger over a book. `maker` gives what makes scenes, which reads the book,
    `scheduled` what the pages want practised, which does too."""

    drills: Drills
    maker: Callable[[], Maker]
    ledger: EngineLedger
    now: Callable[[], datetime]
    scheduled: Callable[[], list[Scheduled]] = list

    def scene(self, wanted: Wanted) -> Scene:
        """What is drilled. Raises Usage where not exactly one thing is named, or it cannot be found."""
        named = [name for name in ("alert", "section", "scenario", "incident", "report") if getattr(wanted, name)]
        if len(named) != 1:
            raise Usage("Say what to drill: an alert, a section, a scenario, an incident or a report, and only one.")
        maker = self.maker()
        if wanted.alert:
            return maker.of_alert(wanted.alert)
        if wanted.section:
            return maker.of_section(wanted.section)
        if wanted.scenario:
            return maker.of_scenario(wanted.scenario)
        if wanted.report:
            return maker.of_report(wanted.report)
        return self._of_incident(maker, wanted.incident or 0)

    def plan(self, wanted: Wanted, by: str, speed: float) -> Drill:
        """A new drill of that."""
        return self.drills.plan(self.scene(wanted), by, speed=speed)

    def happened(self, drill: Drill) -> Happened:
        """What became of it in the rest of the ledger."""
        return happened(self.ledger, drill)

    def answer(self, id: str, by: str, what: str, value: str, *, how: str = "said") -> tuple[Drill, bool]:
        """A volunteer's answer. Raises Usage for a section that the book does not have."""
        if what == "section":
            value = "#".join(filter(None, self.maker().section_of(value.strip().strip("`"))))
            return self.drills.answer(id, by, "section", value, how=how)
        if what != "step":
            raise Usage(f"'{what[:20]}' cannot be answered: say which section, or which step.")
        return self.drills.answer(id, by, "step", value, how=how)

    def _of_incident(self, maker: Maker, number: int) -> Scene:
        """A past incident of the ledger: its alerts at their distances, and what was done then as the answer."""
        kept = self.ledger.latest(INCIDENT_VIEW.name, [str(number)]).get(str(number))
        if kept is None:
            raise Usage(f"There is no incident {number}.")
        incident = incident_of(kept)
        if incident.is_live:
            raise Usage(f"{incident.name} is not over: only what is past can be drilled.")
        rows = (self.ledger.row(ALERT_VIEW.name, stream_of(each)) for each in incident.alerts[:MOST_ALERTS])
        alerts = sorted((alert_of(row) for row in rows if row is not None), key=lambda each: each.starts_at)
        if not alerts:
            raise Usage(f"{incident.name} has no alerts to replay.", at_terminal="Drill a section instead: --section.")
        first = alerts[0].starts_at
        replayed = tuple(
            DrillAlert(
                {name: value for name, value in each.labels.items() if name != LABEL}, each.annotations,
                (each.starts_at - first).total_seconds(),
                min(max((each.ends_at - each.starts_at).total_seconds(), 1.0), LONGEST_S)
                if each.ends_at is not None and not each.is_open else None,
            )
            for each in alerts
        )  # fmt: skip
        entries = Timelines(self.ledger, now=self.now).entries(incident)
        told = [f"+{max((each.at - first).total_seconds(), 0) / 60:.0f} min: {each.text}" for each in entries]
        return maker.of_past(incident.name, incident.title, replayed, tuple(told[:MOST_REVEALS]))


def without_step(scene: Scene) -> str:
    """That there is no right step to be found, in a sentence; empty where there is one."""
    if scene.has_step:
        return ""
    return "No page tells steps for it: there is no right step, and it is finished without one."


def drill_model(drill: Drill, what: Happened, person: str = "") -> dict[str, Any]:
    """A drill as JSON. `person` is who looks: the answer is there only as far as they had it revealed, until it is
    over."""
    scene, is_over = drill.scene, not drill.is_open
    seen = len(scene.reveals) if is_over else drill.revealed.get(plain(person), 0)
    return {
        "id": drill.id, "state": drill.state, "is_drill": True, "kind": scene.kind, "title": scene.title,
        "service": scene.service, "severity": scene.severity, "speed": drill.speed, "by": drill.by,
        "planned_at": drill.planned_at, "started_at": drill.started_at, "ended_at": drill.ended_at,
        "ended_how": drill.ended_how or None, "why": drill.why or None, "volunteers": list(drill.people),
        "alerts": [
            {"name": each.name, "after_s": each.after_s, "alert": alert.id if alert is not None else None,
             "status": alert.status if alert is not None else None}
            for each, alert in zip(scene.alerts, what.alerts, strict=True)
        ] if is_over or drill.started_at else [],
        "pages": [each.id for each in reversed(what.pages)],
        "reveals": {"seen": list(scene.reveals[:seen]), "count": len(scene.reveals)},
        "answer": {"sections": list(scene.sections), "procedures": list(scene.procedures), "steps": list(scene.steps),
                   "source": scene.source} if is_over else None,
        "debrief": scene.debrief if is_over else None,
        "score": [score_model(each) for each in scored(drill, what)],
    }  # fmt: skip


def score_model(score: Score) -> dict[str, Any]:
    """One volunteer's figures, in seconds; null for what they have not done."""
    return {
        "person": score.person, "acknowledged_s": score.acknowledged_s, "section_s": score.section_s,
        "step_s": score.step_s, "step_how": score.step_how or None, "reveals": score.reveals, "wrong": score.wrong,
        "practised": list(score.practised),
    }  # fmt: skip
