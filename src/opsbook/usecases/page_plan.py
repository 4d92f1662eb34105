"""The verb page plan: which escalation holds for a service and a severity, and whom it would page when, by what, why.

Pages nobody. The same choice is frozen into a page when it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from opsbook.book.reach import Directory, Meant
from opsbook.book.roster.calendar import holds_at
from opsbook.book.roster.words import reference_of
from opsbook.ledger.page import CATCH_ALL
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.ledger.page_moves import LEAST_LOOP_S
from opsbook.usecases.alerting_ports import Addresses, Contact, Reachable
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.policy_choice import known_service
from opsbook.usecases.policy_choice import policy_for as policy_for
from opsbook.usecases.reaching import Reaching, reaching

Told = Callable[[str, datetime], Reaching]


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
    catch_all: Sequence[str] = (), quiet: Collection[str] = ("P2", "P3"),
    why_not: Callable[[Contact], str] = lambda contact: "",
) -> PagePlan:  # fmt: skip
    """Who would be paged at an instant, and then at the instants of the further levels. `quiet` are the severities that
    wait for the end of somebody's quiet hours; `why_not` tells why a contact cannot be used here. Raises Usage for
    a service that the book does not know."""
    if service is not None:
        known_service(book, service)
    policy, why = policy_for(book, service, severity, commit=commit, catch_all=catch_all)
    if policy is None:
        return PagePlan(at, service, severity, None, (), why)
    def told(person: str, when: datetime) -> Reaching:
        return reaching(addresses.reachable(person), severity, when, quiet=quiet, why_not=why_not)

    steps = _Rounds(directory_of(book), policy, at, told).steps()
    return PagePlan(at, service, severity, policy, tuple(steps))


def _last_gap_s(policy: FrozenPolicy) -> float:
    """How long after the last level all is said once more: as the policy says, else as long as that is after the one
    before, and never less than five minutes."""
    if policy.repeat_every_s is not None:
        return policy.repeat_every_s
    waits = [level.after_s for level in policy.levels]
    return max(waits[-1] - waits[-2] if len(waits) > 1 else 0.0, LEAST_LOOP_S)


class _Rounds:
    """The rounds of a policy from an instant on: each level at its time, but at once where the one before reached
    nobody, as the engine of pages has it."""

    def __init__(self, directory: Directory, policy: FrozenPolicy, at: datetime, told: Told) -> None:
        self.directory, self.policy, self.at, self.told = directory, policy, at, told
        self.after_s = 0.0

    def steps(self) -> Iterator[PlannedStep]:
        levels = self.policy.levels
        for loop in range(1, self.policy.repeat + 2):
            again = f"; all once more, {loop - 1} of {self.policy.repeat}" if loop > 1 else ""
            has_reached = False
            for index, level in enumerate(levels):
                if loop == 1 and index == 0:
                    self.after_s = level.after_s
                found = list(self._of(level, loop, again))
                yield from found
                is_told = any(step.person and step.channels for step in found)
                has_reached = has_reached or is_told
                is_last = index + 1 == len(levels)
                gap_s = _last_gap_s(self.policy) if is_last else levels[index + 1].after_s - level.after_s
                self.after_s += max(gap_s, 0.0) if is_told else 0.0
            if not has_reached:
                break  # nobody would be told another time either
        if self.policy.catch_all:
            last = PlannedLevel(CATCH_ALL, 0.0, self.policy.catch_all, "the catch-all, for nobody has answered")
            yield from self._of(last, 1, "")

    def _of(self, level: PlannedLevel, loop: int, again: str) -> Iterator[PlannedStep]:
        at = self.at + timedelta(seconds=self.after_s)
        reached, why_not = whom(self.directory, level, at)
        for person, why in reached:
            found = self.told(person, at)
            kinds = tuple(dict.fromkeys(turn.contact.kind for turn in found.turns))
            due_s = (found.turns[0].due - self.at).total_seconds() if found.turns else self.after_s
            also = " ".join(filter(None, (found.why_not, *(turn.why for turn in found.turns[:1]))))
            said = why if why.startswith(level.why) else f"{level.why}: {why}"
            told = f"{said}{again}" + (f". {also}" if also else "")
            yield PlannedStep(due_s, level.level, person, kinds, told, loop)
        if not reached:
            yield PlannedStep(self.after_s, level.level, "", (), f"{level.why}: {why_not}{again}", loop)


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
            # Of an address itself there is no more to say than why it stands in this level.
            found.setdefault(name, level.why if meant.meaning in ("channel", "address") and level.why else why)
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
    by = told.get(meant.meaning, f"named as '{target}'")
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
