"""The verb page plan: which escalation holds for a service and a severity, and whom it would page when, by what, why.

Pages nobody. The same choice is frozen into a page when it begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from opsbook.book.reach import Directory, Meant
from opsbook.book.roster.calendar import holds_at
from opsbook.book.roster.words import reference_of
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.usecases.alerting_ports import Addresses, Contact, Reachable
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.policy_choice import no_service
from opsbook.usecases.policy_choice import policy_for as policy_for
from opsbook.usecases.service_names import named_service

CATCH_ALL = -1  # the level of those who are paged when everything else was in vain
_LEAST_LOOP_S = 300.0  # between the last level and all once more


class PlannedStep(Struct, frozen=True):
    """Somebody who would be paged: how many seconds after the first, at which level, by which kinds of contact, why.
    `person` is empty where a level reaches nobody, and `why` then says so. `loop` is how often all was said, with this.
    """

    after_s: float
    level: int
    person: str
    channels: tuple[str, ...]
    why: str
    loop: int = 1


class PagePlan(Struct, frozen=True):
    """What would happen: the policy that was chosen, and all that it pages, in the order of time. `why_nobody` is a
    sentence where nobody is paged for this severity at all."""

    at: datetime
    service: str | None
    severity: str
    policy: FrozenPolicy | None
    steps: tuple[PlannedStep, ...]
    why_nobody: str = ""


class BookAddresses:
    """How people are reached by what the pages of a book say of them alone; an `Addresses`."""

    def __init__(self, book: Book) -> None:
        self._directory = directory_of(book)

    def reachable(self, name: str) -> Reachable:
        """Somebody by name or handle, or a #channel or address by itself."""
        form = reference_of(name).form
        if form in ("channel", "address"):
            kind = "channel" if form == "channel" else _kind_of(name)
            return Reachable(name, "", (Contact(kind, kind, name, name, "channel"),))
        reached = self._directory.somebody(name)
        contacts = [Contact(kind, kind, address, address, "book") for kind, address in reached.contacts]
        return Reachable(reached.name, reached.handle, tuple(contacts))


def _kind_of(address: str) -> str:
    if address.startswith(("http://", "https://")):
        return "webhook"
    return "email" if "@" in address else "phone"


def page_plan(
    book: Book, service: str | None, severity: str, at: datetime, *, addresses: Addresses, commit: str | None = None,
    catch_all: Sequence[str] = (),
) -> PagePlan:  # fmt: skip
    """Who would be paged at an instant, and then at the instants of the further levels. Raises Usage for a service
    that the book does not know."""
    if service is not None and named_service(book, service) is None:
        raise no_service(book, service)
    policy, why = policy_for(book, service, severity, commit=commit, catch_all=catch_all)
    if policy is None:
        return PagePlan(at, service, severity, None, (), why)
    steps = tuple(_steps(directory_of(book), policy, at, addresses))
    return PagePlan(at, service, severity, policy, steps)


def loop_s(policy: FrozenPolicy) -> float:
    """How long after the first level all is said once more: as the policy says, else as long after its last level as
    that is after the one before, and never less than five minutes."""
    waits = [level.after_s for level in policy.levels] or [0.0]
    last = waits[-1] - waits[-2] if len(waits) > 1 else 0.0
    every = policy.repeat_every_s if policy.repeat_every_s is not None else max(last, _LEAST_LOOP_S)
    return waits[-1] + every


def _steps(
    directory: Directory, policy: FrozenPolicy, at: datetime, addresses: Addresses
) -> Iterator[PlannedStep]:
    for loop in range(1, policy.repeat + 2):
        for level in policy.levels:
            after_s = (loop - 1) * loop_s(policy) + level.after_s
            for person, kinds, why in _of_level(directory, level, at + timedelta(seconds=after_s), addresses):
                again = f"; all once more, {loop - 1} of {policy.repeat}" if loop > 1 else ""
                yield PlannedStep(after_s, level.level, person, kinds, why + again, loop)
    if policy.catch_all:
        after_s = (policy.repeat + 1) * loop_s(policy)
        last = PlannedLevel(CATCH_ALL, after_s, policy.catch_all, "the catch-all, for nobody has answered")
        for person, kinds, why in _of_level(directory, last, at + timedelta(seconds=after_s), addresses):
            yield PlannedStep(after_s, CATCH_ALL, person, kinds, why)


def _of_level(
    directory: Directory, level: PlannedLevel, at: datetime, addresses: Addresses
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    reached, why_not = whom(directory, level, at)
    for person, why in reached:
        kinds = dict.fromkeys(contact.kind for contact in addresses.reachable(person).contacts if contact.is_enabled)
        yield person, tuple(kinds), f"{level.why}: {why}" + ("" if kinds else "; no way to reach them is known")
    if not reached:
        yield "", (), f"{level.why}: {why_not}"


def whom(directory: Directory, level: PlannedLevel, at: datetime) -> tuple[list[tuple[str, str]], str]:
    """Whom a level pages at an instant, as (name, why), each once; and why it pages nobody, where it does not."""
    if level.hours and not holds_at(level.hours, level.time_zone, at):
        return [], f"it holds only in '{level.hours}' ({level.time_zone}), so the next level is paged at once"
    found: dict[str, str] = {}
    nobody = []
    for target in level.targets:
        meant = directory.meant(reference_of(target), at)
        people = _people(target, meant)
        for name, why in people:
            found.setdefault(name, why)
        if not people:
            nobody.append(_nobody(target, meant))
    why_not = " ".join(nobody) or "It names nobody."
    among = f"one of {len(found)} who take turns, each page the next" if level.is_round_robin and len(found) > 1 else ""
    needed = f"{level.needs} people must acknowledge" if level.needs > 1 else ""
    also = "; ".join(filter(None, (among, needed)))
    return [(name, f"{why}; {also}" if also else why) for name, why in found.items()], why_not


def _people(target: str, meant: Meant) -> list[tuple[str, str]]:
    if meant.meaning in ("channel", "address"):
        return [(meant.name, f"the {meant.meaning} itself")]
    if not meant.people and reference_of(target).form == "handle":
        return [(target.lstrip("@"), f"{_nobody(target, meant)} Only what they told Opsbook alone may reach them")]
    told = {"team": f"of the team '{meant.name}'", "escalation": f"first of the escalation '{meant.name}'"}
    by = told.get(meant.meaning, f"named as '{meant.name}'")
    return [(each.name, each.why or by) for each in meant.people]


def _nobody(target: str, meant: Meant) -> str:
    guess = f" Did you mean '{meant.guess}'?" if meant.guess else ""
    if meant.meaning == "text" and target.startswith("@"):
        return f"No page of the book knows '{target}'."
    return f"{meant.why}{guess}" if meant.why else f"Nobody can be paged by the words '{target}'."


def people_of(book: Book, target: str, at: datetime) -> tuple[tuple[str, str], ...]:
    """Whom a target of a level means at an instant, as (name, why); a #channel or an address is itself. Empty where
    nobody is on call."""
    return tuple(_people(target, directory_of(book).meant(reference_of(target), at)))


def plan_model(plan: PagePlan) -> dict[str, Any]:
    """The plan as the contract's JSON of `page plan`."""
    policy = plan.policy
    return {
        "at": plan.at.isoformat(), "service": plan.service, "severity": plan.severity,
        "policy": None if policy is None else {
            "name": policy.name, "path": policy.path or None, "line": policy.line or None, "commit": policy.commit,
            "why": policy.why, "repeat": policy.repeat, "ack_timeout_s": policy.ack_timeout_s,
        },
        "steps": [
            {"after_s": step.after_s, "level": step.level, "person": step.person or None,
             "channels": list(step.channels), "why": step.why, "loop": step.loop}
            for step in plan.steps
        ],
        "why_nobody": plan.why_nobody or None,
    }  # fmt: skip
