"""What stands between a plan and its start: who could approve it, what may run though nobody is there, and for which
incident it is. Records nothing.
"""

from __future__ import annotations

from msgspec import Struct

from opsbook.book.plan import LOCAL, Plan
from opsbook.book.planner import holds
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.incident import INCIDENT_VIEW, incident_of, stream_of
from opsbook.ledger.incident_events import BY_ITS_START, Members, attached
from opsbook.ledger.run_approval import names_of
from opsbook.usecases.ids import run_id as run_id
from opsbook.usecases.ledger_ports import EngineLedger, Write
from opsbook.usecases.run_form import Prepared
from opsbook.usecases.run_ports import Inventory


class Starter(Struct, frozen=True):
    """Who starts: the name that events carry, and all names that this person is known by."""

    name: str
    aliases: tuple[str, ...] = ()


def joining(ledger: EngineLedger, incident: int | None, run: str) -> list[Write]:
    """What is recorded of the incident that a run is started for; nothing without one. Raises Usage where there is
    none of that number."""
    if incident is None:
        return []
    kept = ledger.latest(INCIDENT_VIEW.name, [str(incident)]).get(str(incident))
    if kept is None:
        last = ledger.rows(INCIDENT_VIEW.name, limit=1)
        told = f" The last is {incident_of(last[0]).name}." if last else " There is none yet."
        raise Usage(f"There is no incident {incident}.{told}", at_terminal="'opsbook incident list' shows all.")
    found = incident_of(kept)
    drafts = (attached(Members(runs=(run,)), BY_ITS_START),)
    return [Write(stream_of(found.id), drafts, found.version)]


def _values(plan: Plan) -> dict[str, str]:
    """What conditions may look at before anything was captured."""
    given = {} if plan.environment is None else {"ENVIRONMENT": plan.environment}
    late = {each.name for step in plan.steps for each in step.capture}
    late |= {each.name for step in plan.steps for each in step.ask}
    return {name: value for name, value in {**given, **plan.values}.items() if name not in late}


def check_approvals(plan: Plan, starter: Starter, editor: str) -> None:
    """Raises Refusal where an approval that will be wanted can never be given: whoever starts, and whoever changed the
    page last, do not count."""
    barred = names_of(starter.name, *starter.aliases, *editor.split("; "))
    for step in plan.steps:
        if step.gate is None or step.phase == "rollback" or holds(step.when, _values(plan)) is False:
            continue
        others = [person for person in step.gate.people if not names_of(person) & barred]
        if len(others) < step.gate.count:
            left = ", ".join(others) if others else "nobody"
            raise Refusal(
                f"{step.path}:{step.line}: step {step.number} wants the approval of {step.gate.as_written}, and without"
                f" whoever starts the run and whoever changed the page last, {left} is left. Have somebody else"
                " start it, or name more people."
            )


def check_unattended(found: Prepared, inventory: Inventory) -> None:
    """Raises Refusal for what may not run where no person started it: a page that is not committed on a protected
    branch, a procedure that is not trusted, a danger that nobody approves before."""
    plan = found.planning.plan
    where = f"'{plan.title}' ({found.key}) may not run unattended"
    if found.commit is None:
        raise Refusal(f"{where}: its page is not committed as it lies there. Commit it, or start it yourself.")
    if not all(source.is_protected for source in found.sources):
        raise Refusal(f"{where}: its commit is on none of the protected branches (runs.branches). Merge it first.")
    if found.key not in inventory.trusted:
        raise Refusal(f"{where}: it is not trusted. Add '{found.key}' to runs.trusted in opsbook.toml.")
    is_approved = False
    for step in plan.steps:
        if step.gate is not None and holds(step.when, _values(plan)) is True:
            is_approved = True
        elif (step.danger or plan.danger) and not is_approved:
            raise Refusal(
                f"{where}: it is dangerous ({step.danger or plan.danger}), and no approval stands before step"
                f" {step.number}. Add **Approval:** before it, or start it yourself."
            )


def check_drill(plan: Plan, as_written: Plan, hosts: frozenset[str], on: str) -> None:
    """Raises Refusal for what a drill that begins by itself may not do: what is dangerous, what wants a person, what is
    done on another machine than those, also where its page says so and `on` speaks against it."""
    begins = f"'{plan.title}' does not begin by itself on {on}"
    if plan.danger:
        raise Refusal(f"{begins}: it is dangerous ({plan.danger}).")
    for step, written in zip(plan.steps, as_written.steps, strict=True):
        of = f"{begins}: {step.path}:{step.line}: step {step.number}"
        if step.danger:
            raise Refusal(f"{of} is dangerous ({step.danger}).")
        if step.gate is not None:
            raise Refusal(f"{of} wants the approval of {step.gate.as_written}.")
        if step.kind != "command" or step.ask:
            raise Refusal(f"{of} is done by a person.")
        named = () if written.targets == (LOCAL,) else written.targets  # which a step that names no host has too
        if others := [each for each in (*step.targets, *named) if each not in hosts]:
            raise Refusal(f"{of} is done on {', '.join(dict.fromkeys(others))}.")
