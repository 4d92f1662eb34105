"""What a command of a run is given: variables, secrets, the folder it begins in. Keeps no secret, and tells none."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from opsbook.book.grammar import Secret, name_problem
from opsbook.book.plan import LOCAL, Plan, PlannedStep, Script
from opsbook.ground.errors import Failure, Refusal
from opsbook.ground.pattern import Pattern
from opsbook.ledger.run import Run
from opsbook.ledger.run_events import Purpose
from opsbook.usecases.run_ports import Order, SecretSources

_VARIABLE = Pattern(r"\$\{?([A-Z][A-Z0-9_]*)")


class Given(Struct, frozen=True):
    """The variables of a command: those that anybody may read, and the secret ones."""

    environment: dict[str, str]
    secrets: dict[str, str]


class SecretsChanged(Refusal):
    """Secrets are other ones than those that the run was approved with: `marks` are those of all of them now."""

    def __init__(self, message: str, marks: dict[str, str]) -> None:
        super().__init__(message)
        self.marks = marks


def script_of(planned: PlannedStep, purpose: Purpose) -> Script:
    """What is run for a purpose. A condition or a check is one line, in the step's own way of running."""
    script = planned.script or Script("", line=planned.line)
    line = {
        "step": None,
        "when": planned.when.command if planned.when else "",
        "done-if": planned.repeat.done_if or "",
        "dry": planned.dry_run.command if planned.dry_run else None,
    }[purpose]
    if line is None:
        return script
    return Script(
        line, line=script.line, cwd=script.cwd, user=script.user, environment=script.environment, is_inline=True
    )


def order_for(
    run: Run, planned: PlannedStep, script: Script, *, key: str, target: str, epoch: int, given: Given, home: str = ""
) -> Order:  # fmt: skip
    """The order for one attempt. A fence's folder counts from the one that was carried on; the first step on this
    machine begins in `home`, on another in that of its user."""
    carried = run.cwd.get(target, home if target == LOCAL else "")
    cwd = posixpath.join(carried, script.cwd) if script.cwd else carried
    return Order(key, epoch, script, given.environment, given.secrets, cwd, planned.limit_s)


def visible(run: Run, target: str) -> dict[str, str]:
    """The variables of a step on a target that are no secret: exports of earlier steps, then what the run was given,
    so that a step cannot change a parameter for those behind it."""
    given = dict(run.exports.get(target, {}))
    if run.plan.environment:
        given["ENVIRONMENT"] = run.plan.environment
    given.update(run.plan.values)
    given.update(run.captured)
    for name in secret_names(run):
        given.pop(name, None)
    return given


def secret_names(run: Run) -> set[str]:
    """The variables of a run that hold a secret, whatever they came from."""
    names = {secret.name for secret in run.plan.secrets} | set(run.secret_names)
    return names | {each.name for each in run.plan.parameters if each.type.kind == "secret" or each.secret is not None}


def gather(
    run: Run, planned: PlannedStep, script: Script, target: str, *, sources: SecretSources, typed: Mapping[str, str],
    inherited: Callable[[str], str | None] = lambda _name: None,
) -> Given:  # fmt: skip
    """All variables of a step, its secrets fetched now; `typed` are those that a person typed, kept by nobody, and
    `inherited` gives those of the runner's own environment that the step names.

    Raises Failure or Refusal where one cannot be had: nothing was started then.
    """
    wanted: dict[str, Secret] = {secret.name: secret for secret in (*run.plan.secrets, *planned.secrets)}
    wanted.update({each.name: each.secret for each in run.plan.parameters if each.secret is not None})
    secrets = {name: sources.fetch(secret) for name, secret in wanted.items() if name not in typed}
    secrets.update(typed)
    if _is_approved(run):
        now = {name: sources.mark(value) for name, value in secrets.items() if name in run.secret_marks}
        changed = sorted(name for name in now if now[name] != run.secret_marks[name])
        if changed:
            raise SecretsChanged(
                f"Of the secrets, {', '.join(changed)} changed since the run was approved. Start it anew.",
                {**run.secret_marks, **now},
            )
    for name in _VARIABLE().findall(script.text):
        if name not in secrets and name in secret_names(run):
            raise Refusal(
                f"{name} holds a secret, which is kept nowhere, and nothing says where to fetch it."
                f" Name its source: **Secrets:** `{name}` from SOURCE:PATH."
            )
    environment = visible(run, target)
    for name in script.environment:
        if name not in environment and name not in secrets:
            environment[name] = _inherited(name, inherited)
    return Given({name: value for name, value in environment.items() if name not in secrets}, secrets)


def _inherited(name: str, inherited: Callable[[str], str | None]) -> str:
    """A variable of the runner's own environment; those that are meant for Opsbook alone are no step's."""
    problem = name_problem(name)
    if problem is not None or name.startswith("OPSBOOK_"):
        why = problem.message if problem else f"{name} is meant for Opsbook alone."
        raise Refusal(f"'env={name}' is not handed on: {why}")
    value = inherited(name)
    if value is None:
        raise Failure(
            f"The step wants {name} from the runner's environment (env={name}), and it is not set there. Set it where"
            " Opsbook starts, or make it a parameter."
        )
    return value


def marks_of(plan: Plan, sources: SecretSources, typed: Mapping[str, str]) -> dict[str, str]:
    """What an approval signs of the secrets of a run: the mark of each, fetched now. Raises as `gather`."""
    wanted = {each.secret.name: each.secret for each in plan.parameters if each.secret is not None}
    wanted.update((secret.name, secret) for secret in plan.secrets)
    wanted.update((secret.name, secret) for step in plan.steps for secret in step.secrets)
    values = {name: typed[name] if name in typed else sources.fetch(wanted[name]) for name in sorted(wanted)}
    return {name: sources.mark(value) for name, value in values.items()}


def _is_approved(run: Run) -> bool:
    return any(step.approvals for step in run.steps)


def limit_at(planned: PlannedStep, now: datetime) -> datetime | None:
    """Until when an attempt that begins now may take."""
    return None if planned.limit_s is None else now + timedelta(seconds=planned.limit_s)
