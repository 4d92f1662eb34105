"""`opsbook runs`: what was run, what waits, and the answers of people. Decides nothing about runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb

if TYPE_CHECKING:
    from opsbook.ledger.run import Run
    from opsbook.run_parts import RunParts

# As the events have them; kept here because the help must not import them. A test holds them to that.
DECISIONS = ("done", "again", "failed", "undo", "roll-back", "abort")
FORMS = ("markdown", "json", "asciicast")
_RUN = click.argument("run", metavar="RUN")
_STEP = click.argument("step", metavar="STEP")
_WHY = click.option("--why", default="", metavar="TEXT", help="The reason, which is kept.")
_NEEDED_WHY = click.option("--why", required=True, metavar="TEXT", help="The reason, which is kept.")


@verb("list", examples=("opsbook runs list --open", "opsbook runs list --page api#restart-service --limit 5"))
@click.option("--open", "is_open", is_flag=True, help="Only those that have not ended.")
@click.option("--page", metavar="PAGE#ANCHOR", help="Only those of one procedure.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, metavar="N", help="How many.")
def list_(shared: Shared, *, is_open: bool, page: str | None, limit: int) -> None:
    """List runs, the last started first."""
    from opsbook.entrypoints.people import table
    from opsbook.entrypoints.run_desk import answer, parts_of, where_named
    from opsbook.entrypoints.shown.run import list_rows
    from opsbook.entrypoints.shown.terminal import terminal_width
    from opsbook.usecases.run_shown import brief_model

    with parts_of(shared) as parts:
        where = where_named(parts.config, page) if page else None
        briefs = parts.runs.briefs(where=where, is_open=True if is_open else None, limit=limit)
        heads, rows = list_rows(briefs, parts.now(), terminal_width())
    empty = "No run is open." if is_open else "Nothing was run yet. 'opsbook run PAGE#ANCHOR' runs a procedure."
    model = {"runs": [brief_model(brief) for brief in briefs]}
    answer(shared, model, table(heads, rows) if rows else iter((empty,)))


@verb("show", examples=("opsbook runs show last", "opsbook runs show 261126 --format json"))
@_RUN
def show(shared: Shared, run: str) -> None:
    """Show one run: its steps, their attempts, what it waits for.

    RUN is its id, the beginning of it that no other has, or 'last'.
    """
    from opsbook.entrypoints.run_desk import answer, parts_of, run_named
    from opsbook.entrypoints.shown.run import next_lines, run_text
    from opsbook.entrypoints.shown.terminal import terminal_width, wrapped
    from opsbook.ledger.run import stream_of
    from opsbook.usecases.run_shown import run_model

    with parts_of(shared) as parts:
        found = run_named(parts, run)
        events = parts.events.read(stream_of(found.id))
    width = terminal_width()
    lines = [*run_text(found, width, events=len(events), digest=events[-1].hash if events else "")]
    following = [each for line in next_lines(found) for each in wrapped(line, width, 4)]
    answer(shared, run_model(found), iter([*lines, *([""] if following else []), *following]))


@verb("log", formats=("text",), examples=("opsbook runs log last", "opsbook runs log last 2 --follow"))
@_RUN
@click.argument("step", metavar="[STEP]", required=False)
@click.option("--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--raw", is_flag=True, help="The bytes as they came, with all that a terminal would obey.")
def log(shared: Shared, *, run: str, step: str | None, follow: bool, raw: bool) -> None:
    """Print what steps printed.

    Secrets were taken out before it was kept.
    """
    from opsbook.entrypoints.run_desk import parts_of, run_named
    from opsbook.entrypoints.run_log import Log
    from opsbook.usecases.run_answers import step_of

    with parts_of(shared) as parts:
        found = run_named(parts, run)
        if step is not None:
            step_of(found, step)
        printing = Log(parts, step, is_raw=raw)
        printing.show(found)
        while follow and not found.has_ended:
            parts.ledger.wait(parts.ledger.head(), 0.2)
            found = parts.runs.find(found.id)
            printing.show(found)
        printing.close()


@verb("resume", examples=("opsbook runs resume last",))
@_RUN
@click.option("--yes", "assumes_yes", is_flag=True, help="Take it up without a terminal and without questions.")
@click.option("--wait", "waits", is_flag=True, help="Wait for approvals and locks instead of leaving the run.")
@click.option("-p", "--parameter", "secrets", multiple=True, metavar="NAME", help="A secret that is asked for again.")
def resume(shared: Shared, *, run: str, assumes_yes: bool, waits: bool, secrets: tuple[str, ...]) -> int:
    """Take a run up at this terminal, where it was left.

    It goes on as it was planned, also where its page has changed since; what changed is shown first.
    """
    from opsbook.entrypoints.run_resume import resumed

    return resumed(shared, run, assumes_yes=assumes_yes, waits=waits, secrets=secrets)


@verb("confirm", examples=("opsbook runs confirm last 2", "opsbook runs confirm last 4 -p ROWS=1200"))
@_RUN
@_STEP
@click.option("-p", "--parameter", "values", multiple=True, metavar="NAME=VALUE", help="What the step asks for.")
@click.option("--word", default="", metavar="WORD", help="The word that a dangerous step asks for.")
@_WHY
def confirm(shared: Shared, *, run: str, step: str, values: tuple[str, ...], word: str, why: str) -> None:
    """Say that a step that waits was done, or may be done."""
    from opsbook.entrypoints.run_start import check_once

    check_once(values)
    given = dict(_pair(each) for each in values)
    _answered(shared, run, lambda parts, run_id, who: parts.runs.confirm(
        run_id, step, who, values=given or None, why=why, typed=word
    ), f"step {step} is confirmed")  # fmt: skip


@verb("skip", examples=("opsbook runs skip last 3 --why 'there is no replica here'",))
@_RUN
@_STEP
@_NEEDED_WHY
def skip(shared: Shared, *, run: str, step: str, why: str) -> None:
    """Leave out a step that waits or has failed."""
    _answered(shared, run, lambda parts, it, who: parts.runs.skip(it, step, who, why), f"step {step} is skipped")


@verb("fail", examples=("opsbook runs fail last 3 --why 'the dashboard shows errors'",))
@_RUN
@_STEP
@_NEEDED_WHY
def fail(shared: Shared, *, run: str, step: str, why: str) -> None:
    """Say that a step that waits did not work out."""
    _answered(shared, run, lambda parts, it, who: parts.runs.fail(it, step, who, why), f"step {step} has failed")


@verb(
    "decide",
    examples=(
        "opsbook runs decide last 3 done --why 'the table is there'",
        "opsbook runs decide last 3 again --why 'nothing was written'",
    ),
)
@_RUN
@_STEP
@click.argument("decision", type=click.Choice(DECISIONS), metavar="|".join(DECISIONS))
@_NEEDED_WHY
def decide(shared: Shared, *, run: str, step: str, decision: Any, why: str) -> None:
    """Settle a step that is unknown or has failed.

    done: it was done · again: it was not, run it · failed: it failed · undo: undo it and stop · roll-back: begin the
    rollback · abort: end the run. Where Repeat is never, 'again' takes the token of a second person in OPSBOOK_TOKEN.
    """
    from opsbook.entrypoints.run_desk import account_aliases

    _answered(shared, run, lambda parts, run_id, who: parts.runs.decide(
        run_id, step, decision, by=who, why=why, aliases=account_aliases(parts)
    ), f"step {step} is settled: {decision}")  # fmt: skip


@verb("approve", examples=("opsbook runs approve last 2", "opsbook runs approve last 2 --digest 4f9a…"))
@_RUN
@_STEP
@click.option("--digest", metavar="DIGEST", help="Exactly what is approved, or the first 12 letters of it or more.")
@_WHY
def approve(shared: Shared, *, run: str, step: str, digest: str | None, why: str) -> None:
    """Approve a step, by the token in OPSBOOK_TOKEN.

    An approval is good for exactly the document, parameters, targets and commands that are shown.
    """
    from opsbook.entrypoints.run_approving import approved

    approved(shared, run, step, digest=digest, why=why)


@verb("pause", examples=("opsbook runs pause last --why 'lunch'",))
@_RUN
@_WHY
def pause(shared: Shared, *, run: str, why: str) -> None:
    """Stop a run before its next step.

    What is being done is finished.
    """
    _answered(shared, run, lambda parts, run_id, who: parts.runs.pause(run_id, who, why), "it is paused")


@verb("cancel", examples=("opsbook runs cancel last --why 'the wrong cluster'",))
@_RUN
@_WHY
@click.option("--within", "within", default="60s", show_default=True, metavar="TIME", help="How long to wait for it.")
def cancel(shared: Shared, *, run: str, why: str, within: str) -> int:
    """End a run now.

    Returns when all of its processes are gone, or says what is left.
    """
    from opsbook.entrypoints.run_resume import cancelled

    return cancelled(shared, run, why, within)


@verb("roll-back", examples=("opsbook runs roll-back last --why 'error rate doubled'",))
@_RUN
@_NEEDED_WHY
def roll_back(shared: Shared, *, run: str, why: str) -> None:
    """Begin the rollback of a run that waits or has failed."""
    _answered(shared, run, lambda parts, run_id, who: parts.runs.roll_back(run_id, who, why), "its rollback begins")


@verb("verify", examples=("opsbook runs verify", "opsbook runs verify last"))
@click.argument("run", metavar="[RUN]", required=False)
def verify(shared: Shared, run: str | None) -> int:
    """Check the hashes of events, of one run or of all.

    Exits 1 when one was changed, put in or taken out since it was recorded.
    """
    from opsbook.entrypoints.run_desk import answer, parts_of, run_named
    from opsbook.ledger.event import verify as faults_of
    from opsbook.ledger.run import stream_of
    from opsbook.usecases.ledger_check import check

    with parts_of(shared) as parts:
        if run is None:
            checked = check(parts.events)
            count, head, faults = checked.events, checked.head, checked.faults
        else:
            events = parts.events.read(stream_of(run_named(parts, run).id))
            faults = faults_of(events, is_whole=False)
            count, head = len(events), events[-1].hash
    verdict = "are as they were recorded" if not faults else f"were checked; {len(faults)} faults"
    closing = click.style(f"{count} events {verdict}.", fg="red" if faults else "green")
    answer(shared, {"events": count, "head": head, "faults": faults}, iter([*faults, closing]))
    return 1 if faults else 0


@verb(
    "export",
    formats=("text",),
    examples=("opsbook runs export last --as markdown", "opsbook runs export last --as asciicast run.cast"),
)
@_RUN
@click.option(
    "--as", "form", type=click.Choice(FORMS), default="markdown", show_default=True, metavar="|".join(FORMS),
    help="How it is written.",
)  # fmt: skip
@click.argument("file", metavar="[FILE]", required=False)
def export(shared: Shared, *, run: str, form: str, file: str | None) -> None:
    """Write the transcript of a run.

    What was done, by whom, when, and what it printed; secrets were taken out before it was kept.
    """
    from opsbook.entrypoints.run_log import exported

    exported(shared, run, form, file)


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise click.UsageError(f"-p {given}: write NAME=VALUE.")
    return name, value


def _answered(shared: Shared, run: str, act: Any, what: str) -> None:
    """Records an answer and says how the run goes on."""
    from opsbook.entrypoints.run_desk import answer, parts_of, run_named, starter
    from opsbook.entrypoints.shown.terminal import terminal_width, wrapped
    from opsbook.usecases.run_shown import run_model

    with parts_of(shared) as parts:
        after: Run = act(parts, run_named(parts, run).id, starter(parts).name)
        width = terminal_width()
        said = (f"{after.id}: {what}", *_going_on(parts, after))
        answer(shared, run_model(after), (each for line in said for each in wrapped(line, width, 4)))


def _going_on(parts: RunParts, run: Run) -> list[str]:
    """Who carries a run on."""
    from opsbook.wire import served_at

    if run.has_ended:
        return [f"It has ended: {run.state}."]
    address = served_at(parts.config)
    if address:
        return [f"The server at {address} carries it on, unless a terminal does."]
    return [f"'opsbook runs resume {run.id}' carries it on, unless a terminal does."]


command = VerbGroup(
    "runs",
    (list_, show, log, resume, confirm, skip, fail, decide, approve, pause, cancel, roll_back, verify, export),
    about="What was run and what waits: look at it, answer it, take it up again.",
    examples=(
        "opsbook runs list --open       what has not ended",
        "opsbook runs show last         the steps of the last run",
        "opsbook runs resume last       go on where it was left",
    ),
)
