"""What the runs of an incident say about the runbooks they were of: gathered here, decided in `book/runbook_patch`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

from msgspec import Struct

from opsbook.book.plan_words import length_words
from opsbook.book.runbook_patch import Seen, SeenCommand, SeenStep, patched
from opsbook.ground.terminal_text import TerminalText
from opsbook.ledger.incident import Incident
from opsbook.ledger.run import Run, RunStep, folded, stream_of
from opsbook.usecases.incident_timeline import TimelineEntry
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Library
from opsbook.usecases.ports import Unreadable
from opsbook.usecases.redaction import masked


class Patch(Struct, frozen=True):
    """A change to a runbook out of what was really run: which page, the text before and after, and why each change.
    `content` are the bytes that the page would have."""

    path: str
    before: str
    after: str
    reasons: tuple[str, ...]
    run: str
    content: bytes = b""


def patches_of(
    ledger: EngineLedger, library: Library, incident: Incident, entries: Sequence[TimelineEntry]
) -> list[Patch]:
    """A patch for each page of which runs of the incident showed something; the dry runs of an incident show nothing,
    nor does one that goes on."""
    runs: dict[str, list[Run]] = {}
    for id in incident.runs:
        run = folded(ledger.read(stream_of(id)))
        if run is not None and run.has_ended and not run.is_dry:
            runs.setdefault(run.plan.path, []).append(run)
    made = []
    for path, found in runs.items():
        raw = library.read(path) if path in library.snapshot().files else None
        if raw is None or isinstance(raw, Unreadable):
            continue
        seen = [_seen(incident, run, entries) for run in found]
        patch = patched(path, raw, seen, library.reading)
        if patch.reasons:
            before, after = (each.decode("utf-8", "replace") for each in (raw, patch.content))
            made.append(Patch(path, before, after, patch.reasons, found[-1].id, patch.content))
    return made


def _seen(incident: Incident, run: Run, entries: Sequence[TimelineEntry]) -> Seen:
    worked = ""
    if run.state == "succeeded" and run.ended_at is not None and not incident.is_live:
        lasted = length_words(run.ended_at - run.started_at)
        worked = f"Worked on {run.ended_at.astimezone(UTC):%Y-%m-%d} in {lasted} ({incident.name})."
    steps = tuple(_step(incident, run, step) for step in run.steps)
    return Seen(run.plan.anchor, incident.name, steps, tuple(_commands(run, entries)), worked)


def _step(incident: Incident, run: Run, step: RunStep) -> SeenStep:
    planned = run.plan.step(step.number)
    command = planned.script.text if planned is not None and planned.script is not None else ""
    last = next((each for each in reversed(step.attempts) if each.purpose == "step"), None)
    is_settled = step.decision == "done" and last is not None and last.is_ok is False and last.outcome == "finished"
    output = _text(last.tail) if last is not None and not last.is_truncated else ""
    return SeenStep(
        step.number, command, output, step.state == "done", step.by if is_settled else "",
        text=planned.text if planned is not None else "", skipped=_skipped(incident, run, step),
    )  # fmt: skip


def _skipped(incident: Incident, run: Run, step: RunStep) -> str:
    """The sentence for a step that a person left out of a run that succeeded; empty where a condition did."""
    planned = run.plan.step(step.number)
    if planned is None or planned.phase != "steps" or planned.when is not None or not planned.targets:
        return ""
    if step.state != "skipped" or run.state != "succeeded" or step.ended_at is None:
        return ""
    why = masked(step.why.encode()).decode().strip().rstrip(".")
    return f"Skipped on {step.ended_at.astimezone(UTC):%Y-%m-%d}: {why} ({incident.name})." if why else ""


def _text(tail: str) -> str:
    terminal = TerminalText(is_coloured=False)
    text = "\n".join([*terminal.feed(tail.encode()), *terminal.close()])
    return masked(text.encode()).decode()


def _commands(run: Run, entries: Sequence[TimelineEntry]) -> Iterator[SeenCommand]:
    """What people noted as typed while it ran, behind the last step that had ended by then."""
    for entry in entries:
        ended = run.ended_at
        if entry.kind != "command" or entry.is_struck or ended is None or not run.started_at <= entry.at <= ended:
            continue
        behind = ""
        for step in run.steps:
            planned = run.plan.step(step.number)
            is_before = step.ended_at is not None and step.ended_at <= entry.at
            if planned is not None and planned.phase == "steps" and is_before:
                behind = step.number
        command = masked(entry.text.strip().strip("`").encode()).decode()
        if behind:
            yield SeenCommand(behind, command, entry.actor)
