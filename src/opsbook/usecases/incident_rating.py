"""How grave an incident is: by its impact, by what a person says, by what belongs to it. Moves nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import asdict, replace

from opsbook.book.impact import Impact
from opsbook.book.impact_matrix import rated
from opsbook.ground.errors import Usage
from opsbook.ledger import incident_events as events
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
    """How grave it is: by what is declared of its impact, or against the matrix with a reason. What an impact leaves
    empty says nothing new: what was declared before stays."""
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
        declared = with_new(incident.impact, impact) if impact is not None else None
        draft = _rating(incident, chosen, declared, why=why, follows=follows)
        if draft is None:
            return []
        level = draft.facts["severity"]
        due = newly_due(incident, level, follows) if level != incident.severity else ()
        return write(incident, draft, *due)

    return desk.change(named, by, decide)


def with_new(before: Impact, told: Impact) -> Impact:
    """An impact with what is told of it now; what that leaves empty stays as it was."""
    return replace(before, **{name: value for name, value in asdict(told).items() if value not in (None, "", ())})


def _is_of_alert(incident: Incident) -> bool:
    """Whether it is graver than the matrix says because of what belongs to it, and not as a person chose."""
    return bool(incident.rated) and incident.severity < incident.rated and not incident.is_overridden


def _rating(
    incident: Incident, chosen: str, impact: Impact | None, *, why: str, follows: Followed
) -> Draft | None:
    """The event of it; None where nothing is another than it was. Raises Usage for one against the matrix without a
    reason."""
    of = impact if impact is not None else incident.impact
    rating = rated(of, follows.policy, follows.path)
    is_same_impact = impact is None or impact == incident.impact
    if not chosen:
        is_known = is_same_impact and rating.severity == incident.rated and not (why and _is_of_alert(incident))
        return None if is_known else _by_matrix(incident, of, why=why, follows=follows)
    is_override = bool(rating.severity) and rating.severity != chosen
    if is_override and not why:
        raise Usage(f"By the matrix it is {rating.severity}: {rating.why} Say why it is {chosen} all the same.")
    is_lower = chosen > incident.severity and (rating.severity != chosen or _is_of_alert(incident))
    if is_lower and not why:
        raise Usage(f"It is {incident.severity}: {incident.severity_why} Say why it is only {chosen}.")
    if chosen == incident.severity and is_same_impact and is_override == incident.is_overridden and not why:
        return None
    told = why or (rating.why if rating.severity == chosen else f"It is {chosen}, as somebody says.")
    return events.rated(chosen, told, by_matrix=rating.severity, is_override=is_override, impact=impact)


def _by_matrix(incident: Incident, impact: Impact, *, why: str, follows: Followed) -> Draft:
    """What the matrix makes of an impact. A severity that a person chose against it stays, unless it is graver; so does
    one that an alert has set, unless there is a reason."""
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
    if _is_of_alert(incident) and incident.severity < rating.severity and not why:
        return events.rated(incident.severity, incident.severity_why, by_matrix=rating.severity, impact=impact)
    return events.rated(rating.severity, rating.why, by_matrix=rating.severity, impact=impact)


def reconsidered(incident: Incident, severity: str, why: str, follows: Followed) -> Iterator[Draft]:
    """What follows where something that belongs to an incident, such as an alert, is of a severity now: a graver one
    raises it, with what the page wants done at it. Where a person chose otherwise than the matrix theirs stays, and it
    is told once what it would be. One that is less grave changes nothing: lowering is for people."""
    if not severity or severity >= incident.severity:
        return
    if incident.is_overridden:
        if not incident.rated or severity < incident.rated:
            told = f"({why} That is {severity}; it stays {incident.severity}, as a person chose.)"
            why = f"{incident.severity_why} {told}"
            yield events.rated(incident.severity, why, by_matrix=severity, is_override=True)
        return
    yield events.rated(severity, f"{why} It is {severity}.", by_matrix=incident.rated)
    yield from newly_due(incident, severity, follows)


def newly_due(incident: Incident, severity: str, follows: Followed) -> Iterator[Draft]:
    """What the page wants done at a severity and nobody has been given yet."""
    new = tasks_of(follows, severity, [task.text for task in incident.tasks])
    yield from task_drafts(new, max((each.id for each in incident.tasks), default=0) + 1)
