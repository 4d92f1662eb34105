"""The verb approve: who may, of what, until when; and what a door shows of an approval. Pure.

The rules hold for everybody: no role, and no `--yes`, stands above them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from opsbook.book.grammar import Approval, read_approval
from opsbook.book.plan import Gate
from opsbook.book.planner import Known
from opsbook.ground.errors import NotPermitted, Refusal, Usage
from opsbook.ledger import run_events as events
from opsbook.ledger.account import Account
from opsbook.ledger.event import Draft
from opsbook.ledger.run import Approved, Run
from opsbook.ledger.run_approval import approval_digest, approvers, barred, counts_as, is_approved, names_of
from opsbook.usecases.authority import Actor, decide, known_role
from opsbook.usecases.run_answers import step_of
from opsbook.usecases.run_start import Starter

__all__ = ["approval_digest", "approved", "is_approved", "may_approve", "people_now", "why_not_by"]


def people_now(gate: Gate, known: Known) -> tuple[str, ...]:
    """Who may approve by the configuration as it is now, of those whom the run has asked."""
    read = read_approval(gate.as_written)
    if not isinstance(read, Approval):
        return gate.people
    people, _ = known.people_of(read.approvers)
    return tuple(person for person in gate.people if counts_as((person,), people) is not None)


def may_approve(gate: Gate, given: Approved, known: Known, account: Account | None) -> bool:
    """Whether whoever gave an approval may give it today: is still among those who are asked, and where they have an
    account, may sign in and approve."""
    if counts_as((given.by, *given.aliases), people_now(gate, known)) is None:
        return False
    if account is None:
        return True
    actor = Actor(account.name, known_role(account.role), "session", email=account.email)
    return account.is_enabled and decide(actor, "approve", reads_are_open=False).is_allowed


def approved(
    run: Run, number: str, by: Starter, *, digest: str, now: datetime, why: str, known: Known
) -> list[Draft]:
    """An approval of exactly what `digest` says; raises Refusal for whoever may not give it."""
    planned, step = step_of(run, number)
    gate, asked = planned.gate, step.asked
    if run.has_ended:
        raise Refusal(f"Run {run.id} has ended: it is {run.state}.")
    if run.wants_cancel:
        raise Refusal(f"Run {run.id} is being cancelled.")
    if gate is None or planned.kind != "approval":
        raise Refusal(f"Step {number} of run {run.id} is no approval.")
    if asked is None or asked.question != "approval" or step.state != "waiting":
        raise Refusal(f"Step {number} of run {run.id} does not wait for an approval: it is {step.state}.")
    if not by.name.strip():
        raise Usage("An approval needs the name of whoever gives it.")
    if why_not := why_not_by(run, number, by, people_now(gate, known)):
        raise NotPermitted(why_not)
    if digest != asked.digest or asked.digest != approval_digest(run, asked.until):
        raise Refusal(
            f"What you approve is not what run {run.id} is about to do at step {number}. Look at it again, and approve"
            " what is shown now."
        )
    if asked.until is not None and now > asked.until:
        raise Refusal(f"The time to approve step {number} was over at {asked.until:%Y-%m-%d %H:%M:%S} UTC.")
    mine = names_of(by.name, *by.aliases)
    if any(mine & names_of(each.by, *each.aliases) for each in step.approvals):
        raise Refusal(f"You have approved step {number} already, and each person counts once.")
    if len(approvers(run, step)) >= gate.count:
        raise Refusal(f"Step {number} is approved already.")
    return [events.step_approved(number, digest, why.strip(), aliases=by.aliases)]


def why_not_by(run: Run, number: str, by: Starter, people: Iterable[str]) -> str:
    """Why somebody does not approve a step, in a sentence; empty where nothing about them speaks against it."""
    names = (by.name, *by.aliases)
    mine = names_of(*names)
    if mine & names_of(run.actor, *run.aliases):
        return f"You have started run {run.id}, and whoever starts a run does not approve it."
    if mine & barred(run):
        return f"You have changed {run.plan.path} last, and whoever wrote a page does not approve its run."
    if counts_as(names, people) is None:
        listed = ", ".join(people) or "nobody any more"
        return f"Step {number} is approved by {listed}; '{by.name}' is not among them."
    return ""
