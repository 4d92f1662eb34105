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
from opsbook.ledger.incident_events import IncidentState
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
GRAVE = ("P0", "P1")
# What takes an incident that goes on further, and what is typed for it.
_ONWARD: dict[IncidentState, tuple[str, str]] = {
    "investigating": ("Once it is known what is wrong, say so.", "status {n} identified --why 'what it is'"),
    "identified": ("Once somebody mends it, say so.", "status {n} mitigating --why 'what is done'"),
    "mitigating": ("Once nobody is hindered any more, say so.", "status {n} monitoring"),
    "monitoring": ("Resolve it, once it stays well.", "resolve {n} --why 'what helped'"),
}  # fmt: skip
_LEVEL = re.compile(r"\bP[0-3]\b")


class Due(Struct, frozen=True):
    """Something that is to be done now or at a time, by whom as far as anybody is named; `tone` is bad, warn or note,
    `anchor` where its page does it, `typed` what does it behind `opsbook incident`."""

    words: str
    whose: str
    tone: str
    anchor: str
    at: datetime | None = None
    typed: str = ""


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
    """What is to be done, the most pressing first, and then what takes it further: the same on its page, at a terminal
    and in JSON. `called` are who was called in, each with their page; `is_quiet` where all of its alerts are over."""
    found = _live(incident, roles, called, now, is_quiet=is_quiet) if incident.is_live else _over(incident)
    whose = _who(roles, COMMUNICATIONS) or _who(roles, COMMANDER) or "commander"
    found = [*(Due(each.words, whose, "bad", "updates", typed=f"update {{n}} --audience {each.audience}")
               for each in untold(incident)), *found]  # fmt: skip
    order = {"bad": 0, "warn": 1, "note": 2}
    return [
        replace(each, typed=each.typed.format(n=incident.number))
        for each in sorted(found, key=lambda each: order[each.tone])
    ]


def _live(
    incident: Incident, roles: Sequence[RoleShown], called: Sequence[tuple[str, Page | None]], now: datetime,
    *, is_quiet: bool,
) -> list[Due]:  # fmt: skip
    commander = _who(roles, COMMANDER)
    lead = commander or "commander"
    if incident.state == "triage":  # one question, before all others
        words = "Nobody has said yet whether it is an incident."
        return [Due(words, commander or "whoever looks", "warn", "acts", typed="status {n} investigating")]
    found = [*_update(incident, roles, commander, now), *_first(incident, commander)]
    for role in roles:
        if role.is_needed and not role.holders and role.key != COMMANDER:
            words = f"Nobody is {role.name}."
            found.append(Due(words, lead, "warn", "people", typed=f"role {{n}} '{_plain(role.key)}' NAME"))
    for person, page in called:
        if page is not None and page.state == "active":
            found.append(Due(f"{person} was called and has not answered yet.", lead, "warn", "people"))
    if incident.impact == Impact():
        words = "Nobody has said yet whom it hinders."
        found.append(Due(words, lead, "note", "acts", typed="severity {n} --users 40% --function NAME"))
    found += _tasks(incident, commander)
    words, typed = _ONWARD["monitoring" if is_quiet else incident.state]
    return [*found, Due(words, lead, "note", "acts", typed=typed)]


def _plain(words: str) -> str:
    """Words that a template of what is typed may hold."""
    return words.replace("{", "").replace("}", "").replace("'", "")


def _who(roles: Iterable[RoleShown], key: str) -> str:
    return next((", ".join(role.holders) for role in roles if role.key == key and role.holders), "")


def _first(incident: Incident, commander: str) -> list[Due]:
    if incident.acknowledged_at is None:
        return [Due("Nobody has acknowledged it.", "whoever reads this", "bad", "acts", typed="ack {n}")]
    if not commander:
        return [Due("It has no commander.", "whoever reads this", "bad", "people", typed="role {n} commander NAME")]
    return []


def _update(incident: Incident, roles: Sequence[RoleShown], commander: str, now: datetime) -> list[Due]:
    at = incident.update_due_at
    if at is None:
        return []
    whose = _who(roles, COMMUNICATIONS) or commander or "commander"
    if at <= now:
        return [Due("The status update is late: it was due", whose, "bad", "updates", at, "update {n}")]
    return [Due("The next status update is due", whose, "note", "updates", at, "update {n}")]


def _tasks(incident: Incident, commander: str) -> list[Due]:
    left = [task for task in incident.tasks if task.state == "open"]
    if not left:
        return []
    words = f"1 task is open: {left[0].text}" if len(left) == 1 else f"{len(left)} tasks are open: {left[0].text}"
    whose = left[0].owner or left[0].role or commander or "commander"
    return [Due(words, whose, "note", "tasks", typed=f"task {{n}} {left[0].id} --done")]


def _over(incident: Incident) -> list[Due]:
    if incident.state in ("dismissed", "merged"):
        return []
    nobody, found = "nobody yet", list[Due]()
    is_grave = incident.severity in GRAVE
    if not incident.root_cause:
        typed = "edit {n} root_cause 'what it was'"
        found.append(Due("Nobody has said what the cause was.", nobody, "note", "acts", typed=typed))
    if incident.started_at is None and is_grave:
        words = "Nobody has said since when people were hindered."
        found.append(Due(words, nobody, "note", "acts", typed="edit {n} started_at '02:40'"))
    if not any(each.what == "report" for each in incident.writings):
        found.append(Due("Its report is not written yet.", nobody, "note", "writings", typed="report {n}"))
    review = incident.post_mortem
    if review is None and is_grave and not incident.is_drill:
        found.append(Due("It was grave: write what was learned.", nobody, "warn", "writings", typed="post-mortem {n}"))
    elif review is not None and review.state not in ("reviewed", "waived"):
        until = f", until {review.due}" if review.due else ""
        words, typed = f"The post-mortem is {review.state}{until}.", "post-mortem {n}"
        if review.state == "in review":
            typed = "post-mortem {n} --state reviewed --why 'what came of it'"
        elif review.state == "draft":  # nobody reviews what nobody has accepted
            words, typed = f"{words} Read it, and accept its page.", "show {n}"
        found.append(Due(words, review.owner or nobody, "warn", "writings", typed=typed))
    left = [action for action in incident.actions if action.state not in ("done", "verified", "dropped")]
    if left:
        words = f"{len(left)} action {'item is' if len(left) == 1 else 'items are'} not done: {left[0].text}"
        found.append(Due(words, left[0].owner or nobody, "note", "actions"))
    if not found and incident.state == "resolved":
        words = "Nothing more is due; it can be closed."
        found.append(Due(words, "whoever led it", "note", "acts", typed="status {n} closed"))
    return found
