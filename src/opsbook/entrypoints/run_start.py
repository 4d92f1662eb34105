"""From what was typed behind `opsbook run` to a run that is driven: parameters, the start, the end, the answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Container, Iterable
from shlex import quote
from typing import Any

import click
import msgspec
from msgspec import Struct

from opsbook.book.plan import Plan, PlannedParameter
from opsbook.book.plan_words import details, holds_now, type_words
from opsbook.config import wants_colour
from opsbook.entrypoints.keyboard import Interrupts, Keyboard
from opsbook.entrypoints.options import Shared
from opsbook.entrypoints.run_desk import starter, where_named
from opsbook.entrypoints.running import INTERRUPTED, Session
from opsbook.entrypoints.screen import Screen
from opsbook.entrypoints.shown.run import dimmed, head, result
from opsbook.entrypoints.shown.terminal import printable, wrapped
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.run import Run
from opsbook.run_parts import RunParts
from opsbook.usecases.ledger_ports import Lease
from opsbook.usecases.run_shown import run_model
from opsbook.usecases.runs import Form

_LONGEST = 1 << 20  # bytes of a file that a parameter is read from


class Wanted(Struct, frozen=True):
    """The words of one call of `opsbook run`."""

    procedure: str
    parameters: tuple[str, ...] = ()
    on: str | None = None
    assumes_yes: bool = False
    waits: bool = False
    incident: int | None = None


class Left(Exception):
    """The person left before anything began."""


def screen_of(*, is_err: bool) -> Screen:
    """The screen of a run: standard output, or standard error where an answer in JSON follows."""
    from opsbook.config import is_dumb

    is_seen = (sys.stderr if is_err else sys.stdout).isatty()
    wants = wants_colour()
    is_coloured = is_seen if wants is None else wants
    return Screen(is_err=is_err, is_coloured=is_coloured, is_live=is_seen and not is_dumb())


def carried_out(
    shared: Shared, parts: RunParts, wanted: Wanted, screen: Screen, *, interrupts: Interrupts,
    keyboard: Keyboard | None,
) -> int:  # fmt: skip
    """Starts the run, drives it, prints how it came out; the exit status."""
    where = where_named(parts.config, wanted.procedure)
    form = parts.runs.form(where)
    if form.why_not:
        parts.runs.plan(where, {}, wanted.on)  # raises what keeps it from running, before anything is asked
    try:
        values = values_of(form, wanted, keyboard=keyboard)
    except Left:
        screen.say(["Nothing was started."])
        return INTERRUPTED
    who = starter(parts)
    typed = {secret: values.pop(secret) for secret in _secrets(form) if secret in values}
    held: list[Lease] = []
    run = parts.runs.start(
        where, values, who, on=wanted.on, assumes_yes=wanted.assumes_yes, incident=wanted.incident,
        is_stepwise=not wanted.assumes_yes, before=lambda run_id: held.append(claimed(parts, run_id)),
    )  # fmt: skip
    screen.say(head(run.plan, run.commit, screen.width, run=run, typed=typed))
    session = Session(parts, screen, interrupts, keyboard=keyboard, who=who.name, waits=wanted.waits, typed=typed)
    return told(shared, screen, *session.drive(run, held[-1]))


def _secrets(form: Form) -> set[str]:
    return {parameter.name for parameter in form.parameters if parameter.secret is not None}


def claimed(parts: RunParts, run_id: str, screen: Screen | None = None) -> Lease:
    """The lease of a run; raises Refusal where somebody else works on it. With a `screen` it waits as long as the lease
    of a runner lasts that is gone."""
    lease = parts.engine.claim(run_id, parts.owner)
    if lease is None and screen is not None:
        said = f"Another runner has it; if that is gone, this one has it within {parts.lease_s:.0f} s."
        screen.say(wrapped(dimmed(said), screen.width, 4))
        give_up = time.monotonic() + parts.lease_s + 1
        while lease is None and time.monotonic() < give_up:
            parts.ledger.wait(parts.ledger.head(), 0.25)
            lease = parts.engine.claim(run_id, parts.owner)
    if lease is None:
        raise Refusal(
            f"Somebody else works on the run {run_id} now. 'opsbook runs log {run_id} --follow' shows what it does,"
            f" 'opsbook runs show {run_id}' where it is; 'runs confirm', 'skip', 'decide' and 'cancel' reach it there."
        )
    return lease


def told(shared: Shared, screen: Screen, run: Run, status: int) -> int:
    """Prints how a run came out, in JSON too where that is wanted, and gives the status."""
    screen.say(result(run, screen.width))
    if shared.format == "json":
        sys.stdout.buffer.write(msgspec.json.encode(run_model(run)) + b"\n")
        sys.stdout.flush()
    return status


def values_of(form: Form, wanted: Wanted, *, keyboard: Keyboard | None) -> dict[str, str]:
    """The values that were given, and those that a person at the keyboard gives now. Raises Usage where some are
    missing and nobody can be asked, Left where the person leaves."""
    values: dict[str, str] = {}
    asked: list[str] = []
    check_once(wanted.parameters, secrets=_secrets(form))
    for given in wanted.parameters:
        name, equals, value = given.partition("=")
        if equals:
            values[name] = _read(name, value)
        else:
            asked.append(name)
    known = {parameter.name: parameter for parameter in form.parameters}
    shown = [name for name in values if name in known and known[name].secret is not None]
    if shown:
        raise Usage(
            f"{', '.join(shown)} is a secret, and none is given on a command line, which others can see. Leave it out,"
            f" and it is fetched where it is kept; or write -p {shown[0]} alone, and it is asked for."
        )
    missing = [p.name for p in form.parameters if p.name in form.required and p.name not in values]
    wanting = [name for name in dict.fromkeys((*asked, *missing)) if name in known]
    unknown = [name for name in asked if name not in known]
    if wanting and keyboard is None:
        raise Usage(_missing(form, wanted, [known[name] for name in wanting]))
    for name in unknown:
        values[name] = ""  # the plan says that there is no such parameter, with a guess
    if wanting and keyboard is not None:
        click.echo(click.style(printable(form.title), bold=True), err=True)
        for name in wanting:
            values[name] = _typed(known[name], form.defaults.get(name), keyboard)
    return values


def check_once(parameters: Iterable[str], *, secrets: Container[str] = ()) -> None:
    """Raises Usage for a value without a name, and for a name with two values; those of `secrets` are not told."""
    seen: dict[str, str] = {}
    for given in parameters:
        name, equals, value = given.partition("=")
        if not name:
            raise Usage(f"-p '{given[:80]}' has no name before its value. Write -p NAME=VALUE.")
        if equals and seen.setdefault(name, value) != value:
            told = "" if name in secrets else f", as '{seen[name][:80]}' and as '{value[:80]}'"
            raise Usage(f"-p {name} is given twice{told}. Give it once.")


def _read(name: str, value: str) -> str:
    """The value as given; behind an `@` the content of a file, without the line break at its end."""
    if value.startswith("@@"):
        return value[1:]
    if not value.startswith("@"):
        return value
    try:
        with open(value[1:], "rb") as file:
            content = file.read(_LONGEST + 1)
    except OSError as wrong:
        said = f"-p {name}={value}: the file '{value[1:]}' cannot be read: {wrong.strerror}."
        raise Usage(f"{said} For a value that begins with @ write @@.") from wrong
    if len(content) > _LONGEST:
        raise Usage(f"-p {name}={value}: the file is longer than {_LONGEST} bytes.")
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as wrong:
        raise Usage(f"-p {name}={value}: the file is not UTF-8 text.") from wrong


def _missing(form: Form, wanted: Wanted, missing: Iterable[PlannedParameter]) -> str:
    lines = [f"{form.path}#{form.anchor} needs to be told:"]
    asked = [each for each in wanted.parameters if "=" not in each]
    if asked:
        named = ", ".join(f"-p {each}" for each in asked)
        lines.insert(0, f"{named} without a value asks for it: that needs a terminal, and no --yes and no --dry-run.")
    words = []
    for parameter in missing:
        about = f": {printable(parameter.description)}" if parameter.description else ""
        lines.append(f"  {parameter.name} ({printable(type_words(parameter.type))}){about}")
        words.append(f"-p {parameter.name}=…")
    given = [f"-p {quote(each)}" for each in wanted.parameters if "=" in each]
    lines.append(f"Write: opsbook run {quote(wanted.procedure)} {' '.join([*given, *words])}")
    return "\n".join(lines)


def _typed(parameter: PlannedParameter, default: str | None, keyboard: Keyboard) -> str:
    """What a person types for a parameter, asked again until it is of its type."""
    about = f"  {printable(parameter.description)}" if parameter.description else ""
    click.echo(f"  {click.style(parameter.name, bold=True)} ({printable(type_words(parameter.type))}){about}", err=True)
    offered = f" [{printable(default)}]" if default else ""
    while True:
        value = keyboard.line(f"  {parameter.name}{offered}: ", is_hidden=parameter.secret is not None)
        if value is None:
            raise Left
        value = value or default or ""
        wrong = parameter.type.mismatch(value) if value else "it is empty"
        if not wrong:
            return value
        click.echo(click.style(f"  It cannot be taken: {wrong}.", fg="red"), err=True)


def plan_model(plan: Plan, commit: str | None) -> dict[str, Any]:
    """A dry run as JSON: what would be run where, and nothing that was."""
    return {
        "procedure": plan.title, "path": plan.path, "anchor": plan.anchor, "commit": commit, "dry_run": True,
        "parameters": plan.values, "secrets": [f"{s.name} from {s.source}:{s.path}" for s in plan.given_secrets],
        "lock": plan.lock, "danger": plan.danger, "environment": plan.environment,
        "steps": [
            {
                "number": step.number, "phase": step.phase, "kind": step.kind, "text": step.text, "line": step.line,
                "path": step.path, "targets": list(step.targets), "at_once": step.at_once,
                "stop_after": step.stop_after, "limit_s": step.limit_s,
                "command": step.script.text if step.script else None,
                "language": step.script.language if step.script else None,
                "cwd": step.script.cwd if step.script else "", "user": step.script.user if step.script else "",
                "variables": sorted({
                    *plan.values, *(s.name for s in (*plan.given_secrets, *step.secrets)),
                    *(step.script.environment if step.script else ()),
                }),
                "condition": None if step.when is None else {"holds": holds_now(step.when, plan.values)},
                "dry_run": (
                    None if step.dry_run is None else {"same": step.dry_run.same, "command": step.dry_run.command}
                ),
                "undoes": step.undoes or None, "agreed": dict(details(step)),
            }
            for step in plan.steps
        ],
    }  # fmt: skip
