"""A page as text for a terminal: what Opsbook read from it, or a section as written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from opsbook.book.labels import STEP_LABELS
from opsbook.entrypoints.shown.terminal import printable, wrapped
from opsbook.usecases.show import Shown

_MARKS = {"command": "$", "manual": "•", "approval": "✋", "sub-run": "→"}
_PHASES = frozenset({"Deployment Process", "Verification", "Rollback Process", "Prerequisites", "Environment"})
_NAMES = 14  # the columns of the facts' names
_NUMBERS = 10  # the columns of `rollback.1`
_MOST_LINES = 4  # of a step's text and of its commands; the page has the rest


def as_text(shown: Shown, width: int | None = None) -> Iterator[str]:
    """The page's facts, its sections and what can be carried out; for a section its text, then how that is read."""
    model = shown.model
    if "anchor" in model:
        yield click.style(f"{model['path']}#{model['anchor']}", bold=True)
        yield ""
        yield printable(model["text"].rstrip(), kept="\n\t")
    else:
        yield from _head(model, width)
        yield from _sections(model)
    yield from _procedures(model, width, shows_commands="anchor" not in model)
    yield from _links(model)


def _plain(text: str) -> str:
    """Text from a page on one line, without the marks of bold."""
    return printable(text, instead=" ").replace("**", "")


def _head(model: dict[str, Any], width: int | None) -> Iterator[str]:
    yield click.style(_plain(model["title"]), bold=True) + f"  ({model['kind']})"
    yield click.style(printable(model["path"]), dim=True)
    facts = (("Service", model["service"]), ("Owner", model["owner"]), ("Last updated", model["last_updated"]))
    for name, value in facts:
        yield f"{name + ':':<{_NAMES}}{_plain(value) if value else click.style('not said', fg='yellow')}"
    told = []
    for check in model["health_checks"]:
        every = f" every {check['every_s']} s" if check["every_s"] else ""
        told.append(("Health", f"{check['url']}{every}, expects {check['expected'] or '2xx'}"))
    told += [("Contact", f"{contact['role']}: {contact['contact']}") for contact in model["contacts"]]
    told += [("Alerts", ", ".join(model["alerts"]))] if model["alerts"] else []
    for name, value in told:
        yield from wrapped(f"{name + ':':<{_NAMES}}{_plain(value)}", width, _NAMES)


def _sections(model: dict[str, Any]) -> Iterator[str]:
    if model["sections"]:
        yield ""
        yield click.style("Sections", bold=True)
    for section in model["sections"]:
        slot = click.style(f"  [{section['slot']}]", dim=True) if section["slot"] else ""
        yield f"{section['line']:>5}  {'  ' * (section['level'] - 1)}{_plain(section['title'])}{slot}"


def _procedures(model: dict[str, Any], width: int | None, *, shows_commands: bool) -> Iterator[str]:
    for procedure in model["procedures"]:
        yield ""
        title = click.style(_plain(procedure["title"]), bold=True)
        yield from wrapped(f"{title}  #{procedure['anchor']} (line {procedure['line']})", width, 2)
        for parameter in procedure["parameters"]:
            default = f" = {parameter['default']}" if parameter["default"] is not None else ""
            yield f"{'':>{_NUMBERS}} needs {parameter['name']}{printable(default)}  {printable(parameter['type'])}"
        if shows_commands:
            for line in _labels({k: v for k, v in procedure["fields"].items() if k in STEP_LABELS}):
                yield from wrapped(f"{'':>{_NUMBERS + 1}}{line}", width, _NUMBERS + 3)
        for phase in ("prerequisites", "steps", "verification", "rollback"):
            for step in procedure[phase]:
                yield from _step(step, width, shows_commands=shows_commands)


def _step(step: dict[str, Any], width: int | None, *, shows_commands: bool) -> Iterator[str]:
    first, *more = step["text"].split("\n")
    hanging = _NUMBERS + 5
    yield from wrapped(f"  {step['number']:>{_NUMBERS}} {_MARKS[step['kind']]} {_plain(first)}", width, hanging)
    if shows_commands:
        commands = [line for command in step["commands"] for line in command["text"].split("\n")]
        for line in _few([_plain(line.strip()) for line in more]):
            yield from wrapped(f"{'':>{hanging}}{line}", width, hanging)
        if first != f"`{commands[0] if len(commands) == 1 else ''}`":  # the command is not already the step's text
            yield from (f"{'':>{hanging}}{line}" for line in _few([_dimmed(line) for line in commands]))
        for line in _labels(step["fields"]):
            yield from wrapped(f"{'':>{hanging}}{line}", width, hanging + 2)
    if not step["runnable"]:
        why_not = click.style(f"cannot run: {printable(step['why_not'] or '')}", fg="yellow")
        yield from wrapped(f"{'':>{hanging}}{why_not}", width, hanging)


def _labels(fields: dict[str, str]) -> Iterator[str]:
    """The labels that say how, each with the first line of its value; those that hold steps are shown as steps."""
    for label, value in fields.items():
        if label not in _PHASES:
            yield f"{_plain(label)}: {_plain(value.split(chr(10), 1)[0])}"


def _dimmed(line: str) -> str:
    return click.style(printable(line, kept="\t"), dim=True)


def _few(lines: list[str]) -> list[str]:
    """The first of them, and how many more there are."""
    kept = lines[:_MOST_LINES] if len(lines) > _MOST_LINES + 1 else lines
    return [*kept, f"… and {len(lines) - len(kept)} more lines"] if len(kept) < len(lines) else kept


def _links(model: dict[str, Any]) -> Iterator[str]:
    broken = [link for link in model["links"] if link["verdict"] not in ("ok", "external", "templated")]
    if broken:
        yield ""
        yield click.style("Links that lead nowhere", bold=True)
    for link in broken:
        yield click.style(f"{link['line']:>5}  {link['verdict']}: {printable(link['href'])}", fg="red")
