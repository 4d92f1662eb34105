"""Declaring an incident: its number, its severity, its roles and tasks by the policy, and what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from opsbook.book.checklists import Item, checklist
from opsbook.book.impact import Impact
from opsbook.book.impact_matrix import Rating, rated
from opsbook.book.incident_roles import UNIQUE, role_key
from opsbook.book.reach import Directory
from opsbook.book.roster.words import reference_of
from opsbook.ground.errors import Conflict, Usage
from opsbook.ledger.alert import ALERT_VIEW, Alert, alert_of
from opsbook.ledger.alert import stream_of as alert_stream
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import Incident, Task, claim_of, key_of, stream_of
from opsbook.ledger.incident_events import keyed
from opsbook.ledger.incident_times import bounded, passed
from opsbook.usecases.followed_policy import Followed
from opsbook.usecases.ids import run_id
from opsbook.usecases.incident_changing import TRIES, Desk, check_by, line, prose
from opsbook.usecases.incident_finding import severity_of
from opsbook.usecases.incident_members import known_members, leaving_writes
from opsbook.usecases.incident_said import Declaration
from opsbook.usecases.incident_writes import declaring, imagined, joined, of_alerts, task_drafts, together
from opsbook.usecases.ledger_ports import EngineLedger, Write
from opsbook.usecases.update_due import with_due

UNTOLD = "P2"  # where nobody says anything of it
LETTERS = 4  # of chance in an id
_NAMED_BY = re.compile(r"\b(?:named|chosen|appointed|assigned|picked)\b", re.I)
_WHOEVER = re.compile(r"\bwhoever\b|\backnowledg|\bfirst\b", re.I)
_DECLARES = re.compile(r"\bwhoever (?:declares|opens|reports|starts)\b", re.I)
_ON_CALL = re.compile(r"\bon[\s-]call\b", re.I)
_LEVEL = re.compile(r"\bP[0-3]\b", re.I)


class Severity(NamedTuple):
    """How grave, why, and what the matrix says (empty where nothing it asks for is told)."""

    level: str
    why: str
    rated: str


Further = Callable[[str, int], Sequence[Write]]


def declare(desk: Desk, said: Declaration, by: str, *, further: Further = lambda id, number: ()) -> Incident:
    """A new incident; the one of its key where that was declared before. What `further` makes of its id and number is
    recorded with it."""
    check_by(by)
    check_impact(said.impact)
    said = replace(said, title=line(said.title, "The title of an incident"), war_room=line(
        said.war_room, "A war room", is_needed=False
    ), summary=prose(said.summary, "A summary", is_needed=False), key=line(
        said.key, "A key", is_needed=False
    ))  # fmt: skip
    for tried in range(1, TRIES + 1):
        if said.key and (known := desk.ledger.read(key_of(said.key))):
            return desk.read(known[0].facts["incident"])
        at = desk.now()
        id, writes = _declaring(desk, said, by, at=at, further=further)
        try:
            desk.ledger.record(writes, actor=by, at=at)
        except Conflict:  # another has the number, or the key, or something that belongs to it moved on
            if tried == TRIES:
                raise
            continue
        desk.nudge()
        return desk.read(id)
    raise AssertionError("the loop ends by itself")


def _declaring(
    desk: Desk, said: Declaration, by: str, *, at: datetime, further: Further
) -> tuple[str, list[Write]]:
    follows = desk.policy
    severity = severity_said(said, follows)
    members = known_members(desk, said.members)
    alerts = read_alerts(desk.ledger, members.alerts)
    members = together(members, of_alerts(alerts))
    if said.started_at is not None:
        started: datetime | None = passed(said.started_at, at)
    else:
        started = min((min(bounded(each.starts_at), at) for each in alerts), default=None)
    said = replace(said, members=members, started_at=started)
    id, number = run_id(at, desk.chance(LETTERS)), free_number(desk)
    writes = declaring(
        said, id=id, number=number, at=at, severity=severity.level, severity_why=severity.why, rated=severity.rated,
        follows=follows, tasks=list(tasks_of(follows, severity.level)),
        roles=list(roles_at_declaring(follows, desk.directory, by, at)),
        detected_at=detected(alerts, started),
    )  # fmt: skip
    if said.key:
        writes.append(Write(key_of(said.key), (keyed(id, said.key),), 0))
    own = next(each for each in writes if each.stream == stream_of(id))
    after = imagined(None, id, own.drafts, at=at, by=by)
    writes = [with_due(desk.book(), after, each) if each is own else each for each in writes]
    return id, joined([*writes, *leaving_writes(desk, members, f"INC-{number}"), *further(id, number)])


def detected(alerts: Sequence[Alert], started: datetime | None) -> datetime | None:
    """When alerts told of it first; nobody noticed it before it began, whatever the clock of their sender says."""
    first = min((each.first_at for each in alerts), default=None)
    return max(first, started) if first is not None and started is not None else first


def free_number(desk: Desk) -> int:
    """The next number that nobody has claimed."""
    number = desk.board.next_number()
    while desk.ledger.read(claim_of(number)):
        number += 1
    return number


def severity_said(said: Declaration, follows: Followed) -> Severity:
    """How grave it is by what is said: what is chosen, else what the matrix makes of the impact. Raises Usage where one
    is chosen against the matrix without a reason."""
    rating = rated(said.impact, follows.policy, follows.path)
    if not said.severity:
        if rating.severity:
            return Severity(rating.severity, rating.why, rating.severity)
        return Severity(UNTOLD, f"{rating.why} {UNTOLD} until somebody does.", "")
    chosen = severity_of(said.severity)
    return Severity(chosen, chosen_why(chosen, line(said.severity_why, "A reason", is_needed=False), rating),
                    rating.severity)  # fmt: skip


def chosen_why(chosen: str, why: str, rating: Rating) -> str:
    """The reason of a severity that somebody chose; raises Usage where it is against the matrix, and without one."""
    if rating.severity and rating.severity != chosen and not why:
        raise Usage(
            f"By the matrix it is {rating.severity}: {rating.why} Say why it is {chosen} all the same, or leave the"
            " severity to the matrix."
        )
    return why or (rating.why if rating.severity == chosen else "Chosen when it was declared.")


def tasks_of(follows: Followed, severity: str, given: Sequence[str] = ()) -> Iterator[Item]:
    """What the page wants done at a severity, and the roles that are to be named at it."""
    yield from checklist(follows.policy.checklists, follows.path, severity, given)
    for role in follows.policy.roles:
        levels = {each.upper() for each in _LEVEL.findall(role.taken_by)}
        text = f"Name the {role.name}"
        if _NAMED_BY.search(role.taken_by) and (not levels or severity in levels) and text not in given:
            yield Item(text, "commander", f"{follows.path}#{role.anchor}")


def role_tasks(follows: Followed, severity: str, role: str, given: Iterable[Task]) -> Iterator[Draft]:
    """What the page wants of a role that somebody gets, and that was not given before."""
    known = tuple(given)
    items = (each for each in tasks_of(follows, severity, [task.text for task in known]) if each.role == role)
    yield from task_drafts(items, max((each.id for each in known), default=0) + 1)


def roles_at_declaring(
    follows: Followed, directory: Directory, by: str, at: datetime
) -> Iterator[tuple[str, str, str]]:
    """Who has a role from the first, by the page: whoever declares it where the page says so, else those whom a name
    or a schedule means now. Who acknowledges it, and whom the commander names, is not known yet."""
    for role in follows.policy.roles:
        taken, key = role.taken_by.strip(), role_key(role.name)
        why = f"{follows.path}:{role.line} says: {taken}"
        if _DECLARES.search(taken):
            yield key, by, why
        elif taken and not _WHOEVER.search(taken) and not _NAMED_BY.search(taken):
            people = list(_people(directory, taken, at))
            for person in people[:1] if key in UNIQUE else people:
                yield key, person, why


def _people(directory: Directory, taken: str, at: datetime) -> Iterator[str]:
    """Whom a page gives a role to: those of the name, else whoever is on call where it says so and there is one
    schedule for that, or a primary one."""
    meant = directory.meant(reference_of(taken), at)
    if not meant.people and _ON_CALL.search(taken):
        named = [name for name in directory.schedules if "primary" in name] or list(directory.schedules)
        if len(named) == 1:
            meant = directory.meant(reference_of(directory.schedules[named[0]][1].name), at)
    yield from (each.handle or each.name for each in meant.people)


def takes_command(follows: Followed) -> bool:
    """Whether whoever acknowledges is the commander: unless the page gives the role to somebody else."""
    for role in follows.policy.roles:
        if role_key(role.name) == "commander" and role.taken_by:
            return bool(_WHOEVER.search(role.taken_by))
    return True


def read_alerts(ledger: EngineLedger, ids: Sequence[str]) -> list[Alert]:
    """These alerts; those that are not there are left out."""
    rows = [ledger.row(ALERT_VIEW.name, alert_stream(each)) for each in ids]
    return [alert_of(row) for row in rows if row is not None]


def check_impact(impact: Impact) -> None:
    """Raises Usage for a share that is none."""
    if impact.users_pct is not None and not 0 <= impact.users_pct <= 100:
        raise Usage(f"{impact.users_pct:g} % of users is no share. Write 0 to 100.")
    for text in (*impact.functions, *impact.regions):
        line(text, "A name")
