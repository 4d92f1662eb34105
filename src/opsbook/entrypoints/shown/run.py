"""A run and its plan as text for a terminal: what would be done, what was done, what is waited for. Asks nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from shlex import quote

import click

from opsbook.book.plan import LOCAL, Phase, Plan, PlannedStep
from opsbook.book.plan_words import details, gate_words, holds_now, length_words, target_words, type_words
from opsbook.entrypoints.shown.terminal import columns, printable, wrapped
from opsbook.ground.terminal_text import plain
from opsbook.ledger.run import Asked, Attempt, Run, RunStep
from opsbook.usecases.runs import Brief

GUTTER = "  │ "
ENGINE = "opsbook"  # the name that events carry which no person made
COLOURS = {
    "succeeded": "green", "done": "green", "failed": "red", "rollback-failed": "red", "unknown": "magenta",
    "cancelled": "yellow", "rolled-back": "yellow", "waiting": "yellow", "skipped": "bright_black",
    "pending": "bright_black", "running": "cyan", "verifying": "cyan", "rolling-back": "cyan",
}  # fmt: skip
MARKS = {
    "done": "✓", "failed": "✗", "skipped": "–", "unknown": "?", "waiting": "…", "running": "▸", "pending": " ",
    "rolled-back": "↩",
}  # fmt: skip
_PHASES: dict[Phase, str] = {
    "steps": "Steps", "verification": "Verification", "rollback": "Rollback, only after a failure or on request",
}  # fmt: skip
USUAL = (("expects", "exit 0"), ("limit", "15 min"))  # what is agreed of a command where nothing is said
_TAIL = 12  # lines of an output that are shown with a step


def coloured(state: str) -> str:
    """The word of a state in its colour."""
    return click.style(state, fg=COLOURS.get(state), bold=state in ("failed", "unknown", "rollback-failed") or None)


def dimmed(text: str) -> str:
    """Text that stands back."""
    return click.style(text, dim=True)


def where(plan: Plan) -> str:
    """The address of a procedure, as it is typed."""
    return printable(f"{plan.path}#{plan.anchor}")


def head(
    plan: Plan, commit: str | None, width: int | None, *, run: Run | None = None, typed: Collection[str] = ()
) -> Iterator[str]:  # fmt: skip
    """What is run, from where, with which values, and where; `typed` are secrets that a person typed."""
    yield click.style(printable(plan.title), bold=True)
    yield from wrapped(dimmed(where(plan)), width, 2)
    review = f"commit {commit[:12]}" if commit else click.style("uncommitted: unreviewed", fg="yellow")
    yield from wrapped(f"run {run.id}  {review}" if run else review, width, 2)
    for parameter in plan.parameters:
        if parameter.name in plan.values:
            value = printable(plan.values[parameter.name])
            shown = value if len(value) <= 200 else f"{value[:200]}… ({len(value)} characters)"
            yield from wrapped(f"  {parameter.name} = {shown}", width, 4)
    for secret in plan.given_secrets:
        source = "as typed" if secret.name in typed else f"from {printable(f'{secret.source}:{secret.path}')}"
        yield from wrapped(f"  {secret.name} {source}", width, 4)
    hosts = dict.fromkeys(target for step in plan.steps if step.script for target in step.targets)
    names = ["this machine" if host == LOCAL else printable(host) for host in hosts]
    yield from wrapped(f"  {_counted(plan)}{', on ' if names else ''}{', '.join(names)}", width, 4)
    if plan.danger:
        yield from wrapped(click.style(f"  Danger: {printable(plan.danger)}", fg="red", bold=True), width, 4)


def _counted(plan: Plan) -> str:
    counts = [
        (len(plan.of("steps")), "step", "steps"), (len(plan.of("verification")), "check", "checks"),
        (len(plan.of("rollback")), "step of rollback", "steps of rollback"),
    ]  # fmt: skip
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count) or "no steps"


def plan_text(plan: Plan, commit: str | None, width: int | None) -> Iterator[str]:
    """Exactly what would be run where: for a dry run."""
    yield from head(plan, commit, width)
    yield from _agreed(plan, width)
    yield ""
    yield "Nothing was run, and nothing was recorded."


def plan_lines(run: Run, width: int | None) -> Iterator[str]:
    """All that an approval of a run is about."""
    yield from head(run.plan, run.commit, width, run=run)
    yield from wrapped(f"  started by {printable(run.actor)} {_time(run.started_at)}", width, 4)
    yield from _agreed(run.plan, width)


def _agreed(plan: Plan, width: int | None) -> Iterator[str]:
    if plan.lock:
        yield from wrapped(f"  one at a time: {printable(plan.lock)}", width, 4)
    if plan.values or plan.given_secrets:
        names = ", ".join(sorted({*plan.values, *(secret.name for secret in plan.given_secrets)}))
        yield from wrapped(f"  every command gets the variables {names}", width, 4)
    for phase, title in _PHASES.items():
        steps = plan.of(phase)
        if steps:
            yield ""
            yield click.style(title, bold=True)
        for step in steps:
            yield from step_text(step, width, plan=plan)


def step_text(step: PlannedStep, width: int | None, *, plan: Plan | None = None) -> Iterator[str]:
    """One step: its number, its text, where, its command, and what is agreed about it; with a `plan` also what is
    agreed of every step where nothing else is said."""
    first, *more = step.text.split("\n")
    yield from wrapped(f"{click.style(step.number, bold=True)}  {printable(first)}", width, 4)
    for line in more:
        if line.strip():
            yield from wrapped(f"    {printable(line.strip())}", width, 4)
    if step.script is not None:
        shell = "" if step.script.language == "bash" else f" ({step.script.language})"
        yield from wrapped(dimmed(f"    on {printable(target_words(step))}{shell}"), width, 7)
        for line in step.script.text.rstrip("\n").split("\n"):
            yield f"    {click.style('$', dim=True)} {printable(line, kept=chr(9))}"
    elif step.kind == "manual":
        yield dimmed("    done by hand, and confirmed")
    for name, words in details(step):
        if plan is None and (name == "dry run" or (name, words) in USUAL):
            continue
        if name == "when" and plan is not None and step.when is not None:
            words += _now(holds_now(step.when, plan.values))
        agreed = f"    {name}: {printable(words)}"
        yield from wrapped(click.style(agreed, fg="red") if name == "danger" else dimmed(agreed), width, 8)
    if plan is not None and step.script is not None:
        names = [*step.script.environment, *(secret.name for secret in step.secrets)]
        if names:
            yield from wrapped(dimmed(f"    variables: {', '.join(names)}"), width, 8)


def _now(holds: bool | None) -> str:
    if holds is None:
        return "; told when the step is reached"
    return "; it holds" if holds else "; it does not hold, so the step would be skipped"


def took(begun: datetime | None, ended: datetime | None) -> str:
    """How long something lasted, empty where that is not known."""
    return length_words(ended - begun) if begun is not None and ended is not None else ""


def worked(step: RunStep) -> str:
    """How long the commands of a step took, without the time that it waited for people; empty where none ran."""
    attempts = [each for each in step.attempts if each.purpose == "step" and each.ended_at is not None]
    begun = min((each.started_at or each.intended_at for each in attempts), default=None)
    return took(begun, max((each.ended_at for each in attempts if each.ended_at), default=None))


def run_text(run: Run, width: int | None, *, events: int = 0, digest: str = "") -> Iterator[str]:
    """The whole of a run: what, who, when, each step with its attempts, what is waited for."""
    yield from head(run.plan, run.commit, width, run=run)
    ended = f", ended {_time(run.ended_at)} after {took(run.started_at, run.ended_at)}" if run.ended_at else ""
    yield from wrapped(f"  started by {printable(run.actor)} {_time(run.started_at)}{ended}", width, 4)
    yield from wrapped(f"  {coloured(run.state)}{f': {printable(run.why)}' if run.why else ''}", width, 4)
    if digest:
        yield from wrapped(dimmed(f"  {events} events, the last with hash {digest}"), width, 4)
    phase: Phase | None = None
    for planned in run.plan.steps:
        step = run.step(planned.number)
        if step is None or (planned.phase == "rollback" and run.aims != "rollback" and step.state == "pending"):
            continue
        if planned.phase != phase:
            phase = planned.phase
            yield ""
            yield click.style(_PHASES[phase].partition(",")[0], bold=True)
        yield from step_line(planned, step, width)


def step_line(planned: PlannedStep, step: RunStep, width: int | None) -> Iterator[str]:
    """Where a step is, with its attempts."""
    lasted = worked(step)
    state = click.style(f"{MARKS[step.state]} {step.state:<11}", fg=COLOURS[step.state])
    text = printable(planned.text.split("\n", 1)[0])
    yield from wrapped(f"{state} {planned.number:<10} {text}{dimmed(f'  {lasted}') if lasted else ''}", width, 25)
    said = [f"by {printable(step.by)}"] if step.by not in ("", ENGINE) and planned.kind != "command" else []
    if step.why and not is_stale(planned, step):
        said.append(printable(step.why))
    if said:
        yield from wrapped(dimmed(f"{'':25}{'; '.join(said)}"), width, 25)
    is_alone = len(step.attempts) == 1 and step.attempts[0].target == LOCAL
    for attempt in step.attempts:
        is_told = is_alone and not attempt.is_truncated and (attempt.is_ok or attempt.why == step.why)
        if attempt.purpose == "step" and not is_told:
            yield from wrapped(f"{'':25}{attempt_words(attempt)}", width, 27)


def is_stale(planned: PlannedStep, step: RunStep) -> bool:
    """Whether the reason of a step is one of an earlier attempt, as it is where the machine found it done after all."""
    return step.state == "done" and planned.kind == "command" and step.by in ("", ENGINE)


def attempt_words(attempt: Attempt) -> str:
    """What became of one attempt."""
    name = f"attempt {attempt.number} on {printable(attempt.target)}"
    if attempt.outcome is None:
        return f"{name}: not ended"
    ended = f"exit {attempt.exit}" if attempt.outcome == "finished" else attempt.outcome.replace("-", " ")
    lasted = took(attempt.started_at, attempt.ended_at)
    why = f": {printable(attempt.why)}" if attempt.why and not attempt.is_ok else ""
    cut = f", its output cut to {size_words(attempt.output_bytes)}" if attempt.is_truncated else ""
    return f"{name}: {ended}{f' after {lasted}' if lasted else ''}{cut}{why}"


def size_words(size_bytes: int) -> str:
    """A size as short as it can be told."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size_bytes} bytes"


def tail_lines(attempt: Attempt, most: int = _TAIL) -> list[str]:
    """The end of what an attempt printed, without anything that a terminal obeys."""
    lines = plain(attempt.tail).rstrip("\n").split("\n")
    return [dimmed(f"{GUTTER}{line}") for line in lines[-most:]] if attempt.tail.strip() else []


Rows = Sequence[tuple[str, ...]]
HEADS = ("RUN", "STATE", "PROCEDURE", "STARTED", "TOOK", "BY")


def list_rows(briefs: Sequence[Brief], now: datetime, width: int | None) -> tuple[tuple[str, ...], Rows]:
    """Heads and rows of runs; where the terminal is too narrow for all, with shorter words, then with fewer."""
    rows = [
        (
            brief.id, f"{brief.state}{' (dry)' if brief.is_dry else ''}", f"{brief.path}#{brief.anchor}",
            _time(brief.started_at), length_words((brief.ended_at or now) - brief.started_at), brief.actor,
        )
        for brief in briefs
    ]  # fmt: skip
    if _fits(HEADS, rows, width):
        return HEADS, rows
    rows = [(*row[:2], row[2].rpartition("/")[2], row[3][5:16], *row[4:]) for row in rows]
    kept = next((count for count in (6, 5, 4) if _fits(HEADS[:count], [row[:count] for row in rows], width)), 3)
    return HEADS[:kept], [row[:kept] for row in rows]


def _fits(heads: tuple[str, ...], rows: Rows, width: int | None) -> bool:
    taken = [max(map(columns, column)) for column in zip(heads, *rows, strict=True)]
    return width is None or sum(taken) + 2 * (len(taken) - 1) <= width


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def result(run: Run, width: int | None) -> Iterator[str]:
    """How a run came out, and what to do next."""
    lasted = f" after {took(run.started_at, run.ended_at)}" if run.ended_at else ""
    failed = next((step for step in run.steps if step.state == "failed" and step.why and step.why in run.why), None)
    why = f" at step {failed.number}" if failed else f": {printable(run.why)}" if run.why else ""
    yield ""
    yield from wrapped(f"{coloured(run.state)}{lasted}{why}", width, 2)
    unseen = sum(not step.is_seen for step in run.steps)
    if unseen:
        said = f"{unseen} step{'s were' if unseen > 1 else ' was'} confirmed unseen."
        yield click.style(said, fg="yellow")
    for line in next_lines(run):
        yield from wrapped(line, width, 4)


def next_lines(run: Run) -> Iterator[str]:
    """What can be done with a run as it is, as commands to be typed."""
    step = None if run.has_ended else waiting_step(run)
    if run.state == "succeeded":
        return
    if step is not None and step.asked is not None:
        yield from _answers(run, step)
    elif run.is_paused:
        yield _command(f"resume {run.id}", "goes on where it was")
    elif not run.has_ended:
        yield from behind_lines(run.behind)
        yield _command(f"resume {run.id}", "takes it up again")
    failed = next((each for each in run.steps if each.state == "failed"), None)
    if run.has_ended and failed is not None:
        yield _command(f"log {run.id} {failed.number}", "what it printed")
    if run.state == "failed" and run.plan.of("rollback"):
        yield _command(f"roll-back {run.id} --why …", "takes back what was done")


def behind_lines(behind: str) -> Iterator[str]:
    """How to look at the run that another one waits for, and how to end it."""
    if behind:
        yield _command(f"show {behind}", "shows the run that is waited for")
        yield _command(f"cancel {behind} --why …", "ends that one")


def waiting_step(run: Run) -> RunStep | None:
    """The step at which a run waits for a person, one in doubt first."""
    doubts = [step for step in run.steps if step.state == "unknown"]
    return next((step for step in (*doubts, *run.steps) if step.asked is not None), None)


def _answers(run: Run, step: RunStep) -> Iterator[str]:
    asked, at = step.asked, f"{run.id} {step.number}"
    if asked is None:
        return
    planned = run.plan.step(step.number)
    words = printable(asked.words or step.why)
    until = f" (until {_time(asked.until)})" if asked.until else ""
    if asked.question == "approval":
        gate = f": {printable(gate_words(planned.gate))}" if planned is not None and planned.gate is not None else ""
        given = ", ".join(printable(each.by) for each in step.approvals)
        if given:
            yield f"Approved so far by {given}."
        yield f"Step {step.number} waits for an approval{gate}{until}"
        yield dimmed(f"  of digest {asked.digest}")
        yield _command(f"approve {at}", "by one of them, with OPSBOOK_TOKEN set")
    elif asked.question == "unknown":
        yield f"It is not known whether step {step.number} was done: {words}"
        yield _command(f"log {at}", "what it printed")
        yield _command(f"decide {at} done|again|failed --why …", "also undo, roll-back, abort")
        return
    else:
        yield f"Step {step.number} waits for a person: {words}"
        if asked.question == "ask" and planned is not None:
            for each in planned.ask:
                yield f"  {each.name} ({printable(type_words(each.type))})"
        if asked.question == "failed":
            yield _command(f"decide {at} again --why …", "tries it again; also failed, roll-back")
            yield _command(f"skip {at} --why …", "leaves it out")
        else:
            yield _command(f"confirm {at}{_needed(run, planned, asked)}", "says that it was done, or may be")
    yield _command(f"resume {run.id}", "takes it up at this terminal")


def _needed(run: Run, planned: PlannedStep | None, asked: Asked) -> str:
    """What a confirmation has to hold: the word of a danger, the values that are asked for."""
    if asked.question == "danger":
        return f" --word {quote(printable(run.plan.danger_word))}"
    if asked.question == "ask" and planned is not None:
        return "".join(f" -p {each.name}=…" for each in planned.ask)
    return ""


def _command(words: str, about: str) -> str:
    return f"  opsbook runs {words}  {dimmed(about)}"
