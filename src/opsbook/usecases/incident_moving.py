"""An incident in another state, and its fields with other values: times in their order, nothing overwritten unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import incident_events as events
from opsbook.ledger.alert import Alert
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import EDITABLE, Incident
from opsbook.ledger.incident_events import IncidentState
from opsbook.ledger.incident_moves import TIMES, check_move, check_time, missing_times, state_of
from opsbook.ledger.incident_values import LIVE, TIME_OF
from opsbook.usecases.incident_changing import Desk, check_unchanged, line, prose, write
from opsbook.usecases.incident_paging import ending
from opsbook.usecases.ledger_ports import Write
from opsbook.usecases.pages import Pages

GRAVE = ("P0", "P1")  # a post-mortem is due for these
LEARNED = frozenset({"reviewed", "waived"})
_TIMES = frozenset(name for name, _ in TIMES)
_LISTS = frozenset({"tags", "factors", "went_well", "went_badly", "lucky"})
_LINES = frozenset({"title", "war_room", "cause"})
MOST_ITEMS = 100


def move(
    desk: Desk, pages: Pages, named: str | int, by: str, *, state: IncidentState | str, why: str,
    happened_at: datetime | None, expected: int | None,
) -> Incident:  # fmt: skip
    """Another state, since `happened_at`, else since now."""
    why = line(why, "A reason", is_needed=False)
    wanted = state_of(state)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        check_unchanged(incident, "state", expected, now=incident.state, mine=wanted)
        if wanted == incident.state:
            _check_again(incident, happened_at)
            return []
        if wanted == "merged":
            raise Usage(f"{incident.name} is merged into another incident: say into which.")
        since = _utc(happened_at) if happened_at is not None else None
        check_move(incident, wanted, since or at, at)
        if wanted == "closed":
            _check_closing(incident)
        if wanted not in ("resolved", "closed", "dismissed"):
            return write(incident, events.moved(wanted, why, since), *_again(incident, wanted))
        told = f"{incident.name} is {wanted}" + (f": {why}" if why else ".")
        ended = ending(desk.ledger, pages, incident.pages, incident.alerts, by=by, why=told, at=at)
        moved = events.moved(wanted, " ".join(filter(None, (why, _still(ended.firing)))), since)
        return [*write(incident, moved), *ended.writes]

    return desk.change(named, by, decide)


def _again(incident: Incident, wanted: IncidentState) -> Iterator[Draft]:
    """What follows where one that was over goes on: that no post-mortem is written, or one was read, holds no more."""
    review = incident.post_mortem
    if not incident.is_live and wanted in LIVE and review is not None and review.state in LEARNED:
        yield events.reviewed("due", owner=review.owner, due=review.due, why="It goes on again.")


def _check_again(incident: Incident, happened_at: datetime | None) -> None:
    """Raises Refusal where what is over is said to be over again, or a time is told of a state that it has already."""
    field = TIME_OF.get(incident.state)
    if field is None or (happened_at is None and incident.state != "resolved"):
        return
    at = incident.state_since
    since = f" since {at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else ""
    raise Refusal(
        f"{incident.name} is {incident.state}{since} already. Correct its {field} if that was at another time.",
        at_terminal=f"'opsbook incident edit {incident.number} {field} TIME --why WHY' corrects it.",
    )


def _still(firing: Sequence[Alert]) -> str:
    names = list(dict.fromkeys(each.name for each in firing))
    if not names:
        return ""
    few = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"Mind: {few} still {'fires' if len(names) == 1 else 'fire'}."


def _check_closing(incident: Incident) -> None:
    if incident.severity not in GRAVE or incident.is_drill:
        return
    if incident.post_mortem is None or incident.post_mortem.state not in LEARNED:
        state = incident.post_mortem.state if incident.post_mortem is not None else "not begun"
        raise Refusal(
            f"{incident.name} is {incident.severity}, so it is closed once its post-mortem is reviewed; that is"
            f" {state}. Have it reviewed, or waive it with a reason."
        )
    asked = missing_times(incident)
    if incident.started_at is None and asked:
        raise Refusal(f"{incident.name} cannot be closed yet. {asked[0][1]} Say it as started_at.")


def waive(desk: Desk, named: str | int, by: str, why: str) -> Incident:
    """No post-mortem is written, for a reason."""
    why = line(why, "Why no post-mortem is written")

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        known = incident.post_mortem
        if known is not None and known.state in LEARNED:
            raise Refusal(f"The post-mortem of {incident.name} is {known.state} already.")
        owner, due = (known.owner, known.due) if known is not None else ("", "")
        return write(incident, events.reviewed("waived", owner=owner, due=due, why=why))

    return desk.change(named, by, decide)


# -- fields ----------------------------------------------------------------------------------------------------------


def edit(
    desk: Desk, named: str | int, by: str, field: str, *, value: object, why: str, expected: int | None
) -> Incident:
    """Another value of a field."""
    why = line(why, "A reason", is_needed=False)
    if field not in EDITABLE:
        near = closest(field, EDITABLE)
        told = f" Did you mean '{near}'?" if near else ""
        raise Usage(f"An incident has no field '{field[:80]}' that can be changed so.{told}")
    wanted = _value(field, value)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        before = getattr(incident, field)
        check_unchanged(incident, field, expected, now=before, mine=wanted)
        if before == wanted:
            return []
        return write(incident, *edit_drafts(incident, field, wanted, why, at=at))

    return desk.change(named, by, decide)


def edit_drafts(incident: Incident, field: str, wanted: Any, why: str, *, at: datetime) -> Iterator[Draft]:
    """What is recorded of another value; raises Usage for a time that cannot be."""
    if field in _TIMES:
        if wanted is None and field in ("mitigated_at", "resolved_at"):
            raise Usage(f"When {incident.name} was {field.removesuffix('_at')} is not unknown: it is not taken back, it"
                        " is moved to another state.")  # fmt: skip
        if wanted is not None and getattr(incident, field) is None and field in ("mitigated_at", "resolved_at"):
            raise Usage(f"{incident.name} is {incident.state}. Move it, and say when it happened.")
        if field == "resolved_at" and incident.mitigated_at == incident.resolved_at is not None:
            yield events.edited("mitigated_at", _plain(incident.mitigated_at), _plain(wanted), why)  # both at once
            incident = replace(incident, mitigated_at=wanted)
        check_time(incident, field, wanted, at)
    yield events.edited(field, _plain(getattr(incident, field)), _plain(wanted), why)


def _value(field: str, value: object) -> Any:
    if field in _TIMES:
        return _time(field, value)
    if field in _LISTS:
        return _items(field, value)
    if not isinstance(value, str):
        raise Usage(f"The {field.replace('_', ' ')} is a text.")
    if field in _LINES:
        return line(value, f"The {field.replace('_', ' ')}", is_needed=field == "title")
    return prose(value, f"The {field.replace('_', ' ')}", is_needed=False)


def _time(field: str, value: object) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Usage(f"'{str(value)[:80]}' is no time. Write it as 2026-01-31T09:30:00Z.") from None
    if not isinstance(value, datetime):
        raise Usage(f"{field} is a time.")
    return _utc(value)


def _items(field: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split("," if field == "tags" else "\n")
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise Usage(f"The {field.replace('_', ' ')} are texts.")
    if len(value) > MOST_ITEMS:
        raise Usage(f"There are at most {MOST_ITEMS} of them; these are {len(value):,}.")
    return tuple(dict.fromkeys(line(each, "Each") for each in value if each.strip()))


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise Usage(f"{at:%Y-%m-%d %H:%M} may be of any zone. Say which, as in {at:%Y-%m-%dT%H:%M}Z.")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Usage(f"{at.isoformat()} cannot be meant.") from None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
