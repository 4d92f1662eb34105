"""A procedure with all that it links to, as one sequence of steps with their final numbers. Reads no label's value.

A link to a procedure is that procedure's steps below the link's number: its prerequisites, steps and verification.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from opsbook.book.field_values import ABSENT
from opsbook.book.links import fragment
from opsbook.book.page import Page
from opsbook.book.plan import Phase
from opsbook.book.planner.known import Known
from opsbook.book.planner.problems import Hindrances
from opsbook.book.procedure import Procedure, procedures_of
from opsbook.book.steps import Step, StepField, only_link

MOST_STEPS = 1000  # of one run; nobody follows more, and procedures that call each other twice double at each level
_DEEPEST = 20
_PREFIX = re.compile(r"^(?:prerequisite|verify|rollback)\.")
ROLLBACK, VERIFICATION = "/rollback", "/verification"


class Scope(Struct, frozen=True):
    """Labels that hold for a step: its own, its procedure's, those of the link that led to it, from within outward.
    `step` is None where they are a procedure's."""

    page: Page
    fields: tuple[StepField, ...]
    step: Step | None = None
    procedure: Procedure | None = None

    def field(self, label: str) -> StepField | None:
        """The first label of that name."""
        return next((field for field in self.fields if field.label == label), None)


class Part(Struct, frozen=True):
    """A step in its place: `scopes` begin with its own. `opens` are the procedures, and the links to them, that begin
    with this step, so that their Danger stands before all of it. A `gate` is the Approval of a whole procedure; there
    is no step of its own for it, and `words` say what it is for."""

    number: str
    phase: Phase
    page: Page
    scopes: tuple[Scope, ...]
    step: Step | None = None
    opens: tuple[Scope, ...] = ()
    gate: StepField | None = None
    words: str = ""


def numbered(steps: Sequence[Step]) -> list[tuple[Step, str]]:
    """Each step with its number, where a step of several parts (blocks, an approval) pushes those nested in it on."""
    pushed: dict[str, tuple[str, int]] = {}
    found = []
    for step in steps:
        above, _, tail = step.number.rpartition(".")
        number = step.number
        if above in pushed and tail.isdecimal():
            parent, by = pushed[above]
            number = f"{parent}.{int(tail) + by}"
        count = len(step.commands) + (step.kind == "approval" and bool(step.commands))
        pushed[step.number] = (number, count if count > 1 else 0)
        found.append((step, number))
    return found


class Walk:
    """Follows a procedure and its links; keeps what is wrong on the way in `wrong`."""

    def __init__(self, known: Known, wrong: Hindrances) -> None:
        self._known = known
        self._wrong = wrong
        self.parts: list[Part] = []
        self.visited: list[tuple[Page, Procedure]] = []

    def whole(self, page: Page, procedure: Procedure) -> None:
        """All phases of a procedure."""
        self._enter(page, procedure)
        scopes, chain = (Scope(page, procedure.fields, None, procedure),), [(page.path, procedure.anchor)]
        self._gate("approval.1", "steps", scopes, procedure.title)
        for steps, phase in (
            (procedure.prerequisites, "steps"), (procedure.steps, "steps"),
            (procedure.verification, "verification"), (procedure.rollback, "rollback"),
        ):  # fmt: skip
            start = (page.path, procedure.anchor + ROLLBACK) if phase == "rollback" else chain[0]
            self._steps(page, numbered(steps), phase, scopes, chain=[start])  # type: ignore[arg-type]

    def alone(self, page: Page, procedure: Procedure, steps: Sequence[Step], ending: str) -> None:
        """One phase of a procedure, as the steps of a run."""
        self._enter(page, procedure)
        plain = [(step, _PREFIX.sub("", number)) for step, number in numbered(steps)]
        scopes = (Scope(page, procedure.fields, None, procedure),)
        self._gate("approval.1", "steps", scopes, f"{procedure.title}: {ending[1:]}")
        self._steps(page, plain, "steps", scopes, chain=[(page.path, procedure.anchor + ending)])

    def _enter(self, page: Page, procedure: Procedure) -> None:
        if not any(p is page and each.anchor == procedure.anchor for p, each in self.visited):
            self.visited.append((page, procedure))

    def _gate(self, number: str, phase: Phase, scopes: tuple[Scope, ...], title: str) -> int:
        """Keeps the Approval of the first of the scopes as a step before all that it is about; how many there are."""
        found = scopes[0].field("Approval")
        if found is None or found.value.lower().strip(" .`") in ABSENT:
            return 0
        words = f"Approval of '{title}'"
        self.parts.append(Part(number, phase, scopes[0].page, scopes, gate=found, words=words))
        return 1

    def _steps(
        self, page: Page, steps: Iterable[tuple[Step, str]], phase: Phase, scopes: tuple[Scope, ...],
        *, chain: list[tuple[str, str]], opens: tuple[Scope, ...] = (),
    ) -> None:  # fmt: skip
        for step, number in steps:
            if len(self.parts) >= MOST_STEPS:
                self._wrong.add(page, (step.start, step.end), f"The run would have more than {MOST_STEPS} steps.",
                                "Run its parts one by one.")  # fmt: skip
                return
            own = Scope(page, step.fields, step)
            link = step.link or (only_link(step.text) if step.kind == "approval" and not step.commands else "")
            called = self._called(page, step, link, chain, phase=phase) if link else None
            if called is None:
                self.parts.append(Part(number, phase, page, (own, *scopes), step, opens))
                opens = ()
            else:
                self._linked(called, number, phase, (own, *scopes), chain=chain, opens=(*opens, own))
                opens = ()

    def _linked(
        self, called: tuple[Page, Procedure, str], number: str, phase: Phase, scopes: tuple[Scope, ...],
        *, chain: list[tuple[str, str]], opens: tuple[Scope, ...],
    ) -> None:  # fmt: skip
        """The steps of a procedure below the number of the link."""
        page, procedure, ending = called
        self._enter(page, procedure)
        scope = Scope(page, procedure.fields, None, procedure)
        groups: tuple[Sequence[Step], ...] = (procedure.prerequisites, procedure.steps, procedure.verification)
        if ending:
            groups = (procedure.rollback if ending == ROLLBACK else procedure.verification,)
        gates = self._gate(f"{number}.1", phase, scopes, procedure.title)
        gates += self._gate(f"{number}.{gates + 1}", phase, (scope, *scopes), procedure.title)
        below = _below(number, groups, by=gates)
        node = (page.path, procedure.anchor + ending)
        self._steps(page, below, phase, (scope, *scopes), chain=[*chain, node], opens=(*opens, scope))

    def _called(
        self, page: Page, step: Step, link: str, chain: list[tuple[str, str]], *, phase: Phase
    ) -> tuple[Page, Procedure, str] | None:
        """The procedure that a link asks to run; None where it only leads somewhere, or leads nowhere."""
        place = (step.start, step.end)
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", link):
            return None
        is_own = link.startswith("#")
        target = page if is_own else self._known.linked(page, link)
        if target is None:
            self._wrong.add(page, place, f"The link '{link}' leads to no page.", "Mend the link.")
            return None
        anchor = fragment(link)
        found = procedure_at(target, anchor)
        if found is None:
            must_run = phase == "rollback" or (not is_own and bool(anchor) and target.kind in ("procedure", "runbook"))
            if must_run:
                self._wrong.add(page, place, f"The link '{link}' leads to no procedure: there are no steps.",
                                "Link to the heading that the steps stand under.")  # fmt: skip
            return None
        node = (target.path, found[0].anchor + found[1])
        if node in chain or len(chain) >= _DEEPEST:
            round_trip = " → ".join(f"{path}#{at}" for path, at in [*chain[-4:], node])
            self._wrong.add(page, place, f"The procedures run each other without end: {round_trip}.",
                            "Take one of the links out.")  # fmt: skip
            return None
        return target, *found


def _below(number: str, groups: Iterable[Sequence[Step]], *, by: int) -> list[tuple[Step, str]]:
    """The steps of several phases as one sequence below a number, counted from `by` + 1."""
    found = []
    count = by
    for steps in groups:
        last = None
        for step, own in numbered(steps):
            head, _, rest = _PREFIX.sub("", own).partition(".")
            if head != last:
                count, last = count + 1, head
            found.append((step, f"{number}.{count}" + (f".{rest}" if rest else "")))
    return found


def procedure_at(page: Page, anchor: str) -> tuple[Procedure, str] | None:
    """The procedure that an anchor of a page names, with `/rollback` or `/verification` where one of these alone is
    meant; without an anchor the only procedure there is."""
    procedures = procedures_of(page)
    by_anchor = {procedure.anchor: procedure for procedure in procedures}
    if anchor in by_anchor:
        return by_anchor[anchor], ""
    for ending in (ROLLBACK, VERIFICATION):
        procedure = by_anchor.get(anchor.removesuffix(ending)) if anchor.endswith(ending) else None
        if procedure is not None:
            return procedure, ending
    return (procedures[0], "") if not anchor and len(procedures) == 1 else None
