"""How grave an incident is: by its impact, by what a person says, by the alerts that belong to it. Moves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from opsbook.book.checklists import Item
from opsbook.book.impact import Impact
from opsbook.book.impact_matrix import rated
from opsbook.ground.errors import Usage
from opsbook.ledger import incident_events as events
from opsbook.ledger.alert import Alert
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import Incident
from opsbook.usecases.followed_policy import Followed
from opsbook.usecases.incident_changing import Desk, check_unchanged, line, write
from opsbook.usecases.incident_declaring import check_impact, tasks_of
from opsbook.usecases.incident_finding import severity_of
from opsbook.usecases.incident_writes import task_drafts
from opsbook.usecases.ledger_ports import Write


def rate(
    desk: Desk, named: str | int, by: str, *, severity: str, impact: Impact | None, why: str, expected: int | None
) -> Incident:
    """How grave it is: by what is declared of its impact, or against the matrix with a reason."""
    why = line(why, "A reason", is_needed=False)
    chosen = severity_of(severity) if severity else ""
    if not chosen and impact is None:
        raise Usage("Say how grave it is, or what it does to people.")
    if impact is not None:
        check_impact(impact)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        follows = desk.policy
        if impact is not None:
            check_unchanged(incident, "impact", expected, now=incident.impact, mine=impact)
        if chosen:
            check_unchanged(incident, "severity", expected, now=incident.severity, mine=chosen)
        draft = _rating(incident, chosen, impact, why=why, follows=follows)
        if draft is None:
            return []
        level = draft.facts["severity"]
        given = [task.text for task in incident.tasks]
        new: list[Item] = list(tasks_of(follows, level, given)) if level < incident.severity else []
        first = max((each.id for each in incident.tasks), default=0) + 1
        return write(incident, draft, *task_drafts(new, first))

    return desk.change(named, by, decide)


def _rating(
    incident: Incident, chosen: str, impact: Impact | None, *, why: str, follows: Followed
) -> Draft | None:
    """The event of it; None where nothing is another than it was. Raises Usage for one against the matrix without a
    reason."""
    of = impact if impact is not None else incident.impact
    rating = rated(of, follows.policy, follows.path)
    is_same_impact = impact is None or impact == incident.impact
    if not chosen:
        return None if is_same_impact and rating.severity == incident.rated else _by_matrix(incident, of, follows)
    is_override = bool(rating.severity) and rating.severity != chosen
    if is_override and not why:
        raise Usage(f"By the matrix it is {rating.severity}: {rating.why} Say why it is {chosen} all the same.")
    if chosen == incident.severity and is_same_impact and is_override == incident.is_overridden and not why:
        return None
    told = why or (rating.why if rating.severity == chosen else f"It is {chosen}, as somebody says.")
    return events.rated(chosen, told, by_matrix=rating.severity, is_override=is_override, impact=impact)


def _by_matrix(incident: Incident, impact: Impact, follows: Followed) -> Draft:
    """What the matrix makes of an impact. A severity that a person chose against it stays, unless it is graver."""
    rating = rated(impact, follows.policy, follows.path)
    if not rating.severity:
        return events.rated(
            incident.severity, incident.severity_why, is_override=incident.is_overridden, impact=impact
        )
    if incident.is_overridden and incident.severity <= rating.severity:
        stays = incident.severity != rating.severity
        why = incident.severity_why if stays else rating.why
        return events.rated(
            incident.severity, why, by_matrix=rating.severity, is_override=stays, impact=impact
        )
    return events.rated(rating.severity, rating.why, by_matrix=rating.severity, impact=impact)


def reconsidered(incident: Incident, alerts: Sequence[Alert], policy: Followed) -> list[Draft]:
    """What follows for the severity from the alerts of an incident as they are now: one that is graver raises it. That
    they are over lowers nothing; it is only said, once, that it might be lowered. Nothing is lower than what a person
    chose."""
    if not incident.is_live:
        return []
    firing = [each for each in alerts if each.is_open]
    gravest = min(firing, key=lambda each: each.severity, default=None)
    if gravest is not None and gravest.severity < incident.severity:
        why = f"{gravest.name} fires, and it is {gravest.severity}"
        why += f": {gravest.severity_why}" if gravest.severity_why else "."
        new = tasks_of(policy, gravest.severity, [task.text for task in incident.tasks])
        first = max((each.id for each in incident.tasks), default=0) + 1
        raised = events.rated(gravest.severity, why, by_matrix=incident.rated, is_override=False)
        return [raised, *task_drafts(new, first)]
    return []


def lower(incident: Incident, alerts: Sequence[Alert], policy: Followed) -> tuple[str, str] | None:
    """What an incident might be by now, and why: where its alerts are over, or are less grave, and nobody chose its
    severity. None where it is as it should be."""
    if not incident.is_live or incident.is_overridden or not alerts:
        return None
    rating = rated(incident.impact, policy.policy, policy.path)
    firing = [each.severity for each in alerts if each.is_open]
    fitting = min([*firing, *([rating.severity] if rating.severity else [])], default="P3")
    if fitting <= incident.severity:
        return None
    told = "None of its alerts fires any more" if not firing else f"The gravest of its alerts is {min(firing)}"
    matrix = f", and by the matrix it is {rating.severity}" if rating.severity else ""
    return fitting, f"{told}{matrix}: it might be {fitting}."
