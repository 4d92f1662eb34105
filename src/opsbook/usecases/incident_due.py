"""What is due next in an incident, and to whom: late updates, empty roles, open tasks, who has not answered.

Decided on values alone; reminds nobody, and records nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.impact import Impact
from opsbook.book.incident_policy import Role
from opsbook.book.incident_roles import COMMANDER, role_key
from opsbook.ledger.incident import Incident
from opsbook.ledger.page import Page
from opsbook.usecases.untold import untold

COMMUNICATIONS = "communications"
# Roles that every incident may have, with what they do where no page of the book says it.
ROLES: tuple[tuple[str, str, str], ...] = (
    (COMMANDER, "Incident Commander", "Decides, and keeps everyone on one thing"),
    ("deputy", "Deputy", "Takes over when the commander cannot"),
    (COMMUNICATIONS, "Communications Lead", "Writes the status updates"),
    ("scribe", "Scribe", "Keeps the timeline"),
    ("expert", "Expert", "Knows the service and looks for the cause"),
)
_LEVEL = re.compile(r"\bP[0-3]\b")


class Due(Struct, frozen=True):
    """Something that is to be done now or at a time, by whom as far as anybody is named; `tone` is bad, warn or note,
    `anchor` where its page does it."""

    words: str
    whose: str
    tone: str
    anchor: str
    at: datetime | None = None


class RoleShown(Struct, frozen=True):
    """A role with who has it now; `is_needed` where the policy wants somebody at this severity. `after` are who had it
    before, the last one last."""

    key: str
    name: str
    does: str
    taken_by: str
    holders: tuple[str, ...]
    is_needed: bool
    before: tuple[str, ...] = ()


def roles_of(incident: Incident, written: Iterable[Role]) -> list[RoleShown]:
    """The roles of the policy page, else the usual ones, with who has each; also those that somebody has besides."""
    found: dict[str, RoleShown] = {}
    for role in written:
        key = role_key(role.name)
        levels = _LEVEL.findall(role.taken_by)
        is_needed = key == COMMANDER or incident.severity in levels
        shown = RoleShown(key, role.name, role.does, role.taken_by, (), is_needed)
        found.setdefault(key, _held(incident, shown))
    for key, name, does in ROLES:
        if key not in found and (key in (COMMANDER, "deputy", "expert") or len(found) < 2):
            found[key] = _held(incident, RoleShown(key, name, does, "", (), key == COMMANDER))
    for held in incident.roles:
        key = role_key(held.role)
        if key not in found:
            found[key] = _held(incident, RoleShown(key, held.role.capitalize(), "", "", (), False))
    return list(found.values())


def _held(incident: Incident, role: RoleShown) -> RoleShown:
    of_role = [held for held in incident.roles if role_key(held.role) == role.key]
    now = tuple(held.person for held in of_role if held.until is None)
    before = tuple(dict.fromkeys(held.person for held in of_role if held.until is not None and held.person not in now))
    return replace(role, holders=now, before=before)


def due(
    incident: Incident, roles: Sequence[RoleShown], called: Sequence[tuple[str, Page | None]], now: datetime,
    *, is_quiet: bool = False,
) -> list[Due]:  # fmt: skip
    """What is to be done, the most pressing first. `called` are who was called in, each with their page; `is_quiet`
    where all of its alerts are over."""
    commander = _who(roles, COMMANDER)
    whose = _who(roles, COMMUNICATIONS) or commander or "commander"
    again = [Due(each.words, whose, "bad", "updates") for each in untold(incident)]
    if not incident.is_live:
        return [*again, *_after(incident)]
    found = [*again, *_first(incident, roles, commander), *_update(incident, roles, commander, now)]
    for role in roles:
        if role.is_needed and not role.holders and role.key != COMMANDER:
            found.append(Due(f"Nobody is {role.name}.", commander or "commander", "warn", "people"))
    for person, page in called:
        if page is not None and page.state == "active":
            words = f"{person} was called and has not answered yet."
            found.append(Due(words, commander or "commander", "warn", "people"))
    if incident.impact == Impact():
        found.append(Due("Nobody has said yet whom it hinders.", commander or "commander", "note", "acts"))
    found += _tasks(incident, commander)
    if incident.state == "monitoring" or is_quiet:
        found.append(Due("Resolve it, once it stays well.", commander or "commander", "note", "acts"))
    order = {"bad": 0, "warn": 1, "note": 2}
    return sorted(found, key=lambda each: order[each.tone])


def _who(roles: Iterable[RoleShown], key: str) -> str:
    return next((", ".join(role.holders) for role in roles if role.key == key and role.holders), "")


def _first(incident: Incident, roles: Iterable[RoleShown], commander: str) -> list[Due]:
    found: list[Due] = []
    if incident.state == "triage":
        words = "Nobody has said yet whether it is an incident."
        found.append(Due(words, commander or "whoever looks", "warn", "acts"))
    if incident.acknowledged_at is None:
        found.append(Due("Nobody has acknowledged it.", "whoever reads this", "bad", "acts"))
    elif not commander:
        found.append(Due("It has no commander.", "whoever reads this", "bad", "people"))
    return found


def _update(incident: Incident, roles: Sequence[RoleShown], commander: str, now: datetime) -> list[Due]:
    at = incident.update_due_at
    if at is None:
        return []
    whose = _who(roles, COMMUNICATIONS) or commander or "commander"
    if at <= now:
        return [Due("The status update is late: it was due", whose, "bad", "updates", at)]
    return [Due("The next status update is due", whose, "note", "updates", at)]


def _tasks(incident: Incident, commander: str) -> list[Due]:
    left = [task for task in incident.tasks if task.state == "open"]
    if not left:
        return []
    words = f"1 task is open: {left[0].text}" if len(left) == 1 else f"{len(left)} tasks are open: {left[0].text}"
    return [Due(words, left[0].owner or left[0].role or commander or "commander", "note", "tasks")]


def _after(incident: Incident) -> list[Due]:
    found: list[Due] = []
    review = incident.post_mortem
    if review is not None and review.state not in ("reviewed", "waived"):
        until = f", until {review.due}" if review.due else ""
        words = f"The post-mortem is {review.state}{until}."
        found.append(Due(words, review.owner or "nobody yet", "warn", "writings"))
    left = [action for action in incident.actions if action.state not in ("done", "verified", "dropped")]
    if left:
        words = f"{len(left)} action {'item is' if len(left) == 1 else 'items are'} not done: {left[0].text}"
        found.append(Due(words, left[0].owner or "nobody yet", "note", "actions"))
    return found
