"""A page as text for a terminal: what Opsbook read from it, or a section as written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from opsbook.usecases.show import Shown

_MARKS = {"command": "$", "manual": "•", "approval": "✋", "sub-run": "→"}


def as_text(shown: Shown) -> Iterator[str]:
    """The page's facts and its sections; for a section its text, then the steps that run."""
    model = shown.model
    if "anchor" in model:
        yield click.style(f"{model['path']}#{model['anchor']}", bold=True)
        yield ""
        yield _printable(model["text"].rstrip())
    else:
        yield from _head(model)
        yield from _sections(model)
    yield from _procedures(model)
    yield from _links(model)


def _printable(text: str) -> str:
    """Text from a page with nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def _head(model: dict[str, Any]) -> Iterator[str]:
    yield click.style(_printable(model["title"]), bold=True) + f"  ({model['kind']})"
    yield click.style(model["path"], dim=True)
    facts = (("Service", model["service"]), ("Owner", model["owner"]), ("Last updated", model["last_updated"]))
    for name, value in facts:
        yield f"{name + ':':<14}{_printable(value) if value else click.style('not said', fg='yellow')}"
    for check in model["health_checks"]:
        every = f" every {check['every_s']} s" if check["every_s"] else ""
        yield f"{'Health:':<14}{_printable(check['url'])}{every}, expects {_printable(check['expected'] or '2xx')}"
    for contact in model["contacts"]:
        yield f"{'Contact:':<14}{_printable(contact['role'])}: {_printable(contact['contact'])}"
    if model["alerts"]:
        yield f"{'Alerts:':<14}{', '.join(model['alerts'])}"


def _sections(model: dict[str, Any]) -> Iterator[str]:
    if model["sections"]:
        yield ""
        yield click.style("Sections", bold=True)
    for section in model["sections"]:
        slot = click.style(f"  [{section['slot']}]", dim=True) if section["slot"] else ""
        yield f"{section['line']:>5}  {'  ' * (section['level'] - 1)}{_printable(section['title'])}{slot}"


def _procedures(model: dict[str, Any]) -> Iterator[str]:
    for procedure in model["procedures"]:
        yield ""
        title = click.style(_printable(procedure["title"]), bold=True)
        yield f"{title}  #{procedure['anchor']} (line {procedure['line']})"
        for parameter in procedure["parameters"]:
            default = f" = {parameter['default']}" if parameter["default"] is not None else ""
            yield f"       needs {parameter['name']}{_printable(default)}  {_printable(parameter['type'])}"
        for phase in ("steps", "verification", "rollback"):
            for step in procedure[phase]:
                yield from _step(step)


def _step(step: dict[str, Any]) -> Iterator[str]:
    text = _printable(step["text"]).split("\n", 1)[0]
    yield f"  {step['number']:>10} {_MARKS[step['kind']]} {text}"
    if not step["runnable"]:
        yield click.style(f"{'':>15}cannot run: {_printable(step['why_not'] or '')}", fg="yellow")


def _links(model: dict[str, Any]) -> Iterator[str]:
    for link in model["links"]:
        if link["verdict"] not in ("ok", "external", "templated"):
            yield click.style(f"{link['line']:>5}  {link['verdict']}: {_printable(link['href'])}", fg="red")
