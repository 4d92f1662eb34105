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
from opsbook.ledger.run import EVERYWHERE, Run, SecretExport
from opsbook.ledger.run_events import Purpose
from opsbook.usecases.run_ports import Order, SecretSources

_VARIABLE = Pattern(r"\$\{?([A-Z][A-Z0-9_]*)")


class Given(Struct, frozen=True):
    """The variables of a command: those that anybody may read, and the secret ones."""

    environment: dict[str, str]
    secrets: dict[str, str]


class Carried:
    """The secrets that steps of runs exported, in the memory of the runner that did those steps, and nowhere else."""

    def __init__(self) -> None:
        self._values: dict[str, dict[tuple[str, str], str]] = {}

    def keep(self, run: str, target: str, values: Mapping[str, str]) -> None:
        """From now on these are the values of a run on a target."""
        for name, value in values.items():
            self._values.setdefault(run, {})[target, name] = value

    def value(self, run: str, target: str, name: str) -> str | None:
        """The value, None where it is not known here."""
        return self._values.get(run, {}).get((target, name))

    def forget(self, run: str) -> None:
        """Forgets those of a run."""
        self._values.pop(run, None)


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
    inherited: Callable[[str], str | None] = lambda _name: None, carried: Carried | None = None,
) -> Given:  # fmt: skip
    """All variables of a step, its secrets fetched now; `typed` are those that a person typed, kept by nobody, and
    `inherited` gives those of the runner's own environment that the step names. `carried` are the secrets that earlier
    steps exported.

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
    named = _VARIABLE().findall(script.text)
    for where in (target, EVERYWHERE):
        for name, export in run.secret_exports.get(where, {}).items():
            if name in secrets:
                continue
            value = _carried_on(run, where, (name, export), secrets, carried=carried, sources=sources)
            if value is not None:
                secrets[name] = value
            elif planned.phase != "rollback" or name in named:
                raise Refusal(_nowhere(run, name, export, where))  # a way back is gone without what it does not name
    for name in named:
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


def _carried_on(
    run: Run, target: str, exported: tuple[str, SecretExport], secrets: Mapping[str, str], *, carried: Carried | None,
    sources: SecretSources,
) -> str | None:  # fmt: skip
    """The value of a secret that an earlier step exported: the one in memory, else that of a secret of this run whose
    mark is the same."""
    name, export = exported
    kept = carried.value(run.id, target, name) if carried is not None else None
    known = [kept] if kept is not None else []
    found = next((value for value in (*known, *secrets.values()) if export.mark == sources.mark(value)), None)
    if found is None and export.mark:
        others = {secret for step in run.plan.steps for secret in step.secrets if secret.name not in secrets}
        values = (sources.fetch(secret) for secret in sorted(others, key=lambda secret: secret.name))
        found = next((value for value in values if export.mark == sources.mark(value)), None)
    return found


def _nowhere(run: Run, name: str, export: SecretExport, where: str) -> str:
    did = "captured" if where == EVERYWHERE else "exported"
    return (
        f"Step {export.step} {did} {name}, which holds a secret: its value was in the memory of the runner that did"
        f" that step, and is kept nowhere else. Resume the run at a terminal and type it ('opsbook runs resume {run.id}"
        f" -p {name}'), or do step {export.step} again in a new run."
    )


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
