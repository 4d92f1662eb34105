"""Probes that were asked, as text: a line each, with the reason where one is unhealthy. Asks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from opsbook.entrypoints.shown.terminal import columns, printable, wrapped
from opsbook.usecases.probe import Asked

_COLOURS = {"healthy": "green", "unhealthy": "red", "asking": "yellow"}
_STATE = 11  # columns of the state with the space behind it
_LONGEST_NAME = 24
_LATENCY = 8
EMPTY = (
    "No page of this book names a health check that can be asked. Write one into a runbook:",
    "",
    "  ## Health Checks",
    "",
    "  - **Health Check URL:** https://host/health",
    "  - **Expected Response:** 200 OK",
    "  - **Check Frequency:** 30 seconds",
)


def as_text(asked: Sequence[Asked], width: int | None = None) -> Iterator[str]:
    """The answers for a terminal, in the order of the pages, and how many are healthy."""
    if not asked:
        yield from EMPTY
        return
    name_width = _name_width(asked)
    latency_width = max(len(_took(each)) for each in asked)
    for each in asked:
        yield from wrapped(f"{_state(each)}{_what(each, name_width, latency_width)}", width, _STATE)
        if each.reading is not None and not each.reading.is_ok:
            yield from wrapped(f"{'':{_STATE}}{printable(each.reading.why)}", width, _STATE)
            place = click.style(printable(f"{each.probe.path}:{each.probe.line}"), dim=True)
            yield from wrapped(f"{'':{_STATE}}{place}", width, _STATE)
    yield _counted(asked)


def as_lines(asked: Sequence[Asked], width: int) -> Iterator[str]:
    """One line for each, cut to the terminal: what can be drawn again in the same place."""
    name_width = _name_width(asked)
    for each in asked:
        why = f"  {printable(each.reading.why)}" if each.reading is not None and not each.reading.is_ok else ""
        yield _state(each) + _cut(_what(each, name_width) + why, width - _STATE - 1)


def _name_width(asked: Sequence[Asked]) -> int:
    return min(max((columns(_name(each)) for each in asked), default=0), _LONGEST_NAME)


def _name(asked: Asked) -> str:
    service = printable(asked.probe.service or asked.probe.path.rpartition("/")[2])
    return f"{service} · {printable(asked.probe.name)}" if asked.probe.name else service


def _state(asked: Asked) -> str:
    return click.style(f"{asked.state:<{_STATE - 1}}", fg=_COLOURS[asked.state], bold=asked.state == "unhealthy") + " "


def _what(asked: Asked, name_width: int, latency_width: int = _LATENCY) -> str:
    name = _name(asked)
    padded = name + " " * max(name_width - columns(name), 0)
    took = f"  {_took(asked):>{latency_width}}" if latency_width else ""
    return f"{padded}{took}  {printable(asked.probe.address)}"


def _took(asked: Asked) -> str:
    return f"{asked.reading.latency_ms:.0f} ms" if asked.reading is not None and asked.reading.is_ok else ""


def _cut(text: str, width: int) -> str:
    if columns(text) <= width:
        return text
    while text and columns(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def _counted(asked: Sequence[Asked]) -> str:
    states = [each.state for each in asked]
    ill = states.count("unhealthy")
    what = f"{len(asked)} probe{'s' if len(asked) != 1 else ''}"
    if not ill:
        return click.style(f"{what}: {'all ' if len(asked) > 1 else ''}healthy.", fg="green")
    return click.style(f"{what}: {states.count('healthy')} healthy, {ill} unhealthy.", fg="red")
