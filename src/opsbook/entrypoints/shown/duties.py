"""Who is on call, and who would be paged, as text: times in the zone that was asked in. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import click

from opsbook.book.instants import Instant
from opsbook.book.roster.calendar import zone_of
from opsbook.entrypoints.shown.terminal import columns, printable, wrapped
from opsbook.ledger.page import CATCH_ALL
from opsbook.usecases.on_duty import Answer, OnDuty
from opsbook.usecases.page_plan import PagePlan, PlannedStep

_HANGING = 4


def duties_as_text(answer: Answer, asked: Instant, zone: str, width: int | None = None) -> Iterator[str]:
    """Who is on call at the instant, until when and by what, and the next hand-overs."""
    zone = _shown_zone(asked, zone)
    about = answer.service or answer.team or answer.schedule
    yield from _head(f"On call{f' for {about}' if about else ''} at {_local(answer.at, zone)} {zone}", asked, width)
    names = max((columns(_name(each)) for each in answer.people), default=0)
    for each in answer.people:
        until = f"until {_local(each.until, zone)}" if each.until else "with no end in sight"
        name = click.style(_name(each), bold=True) + " " * (names - columns(_name(each)))
        yield from wrapped(f"  {name}  {until}  {printable(each.why)}", width, _HANGING)
    if not answer.people:
        yield click.style("  Nobody.", fg="red", bold=True)
    if answer.why_not:
        yield from wrapped(f"  {printable(answer.why_not)}", width, _HANGING)
    for over in sorted(answer.hand_overs, key=lambda each: each.at):
        people = printable(", ".join(over.people)) or click.style("nobody", fg="red")
        line = f"  next: {people} from {_local(over.at, zone)}, {printable(over.why)}"
        yield from wrapped(line, width, _HANGING)


def plan_as_text(plan: PagePlan, asked: Instant, zone: str, width: int | None = None) -> Iterator[str]:
    """The steps of a plan, each with its time, and why it is this escalation."""
    zone = _shown_zone(asked, zone)
    of = f" of {printable(plan.service)}" if plan.service else ""
    yield from _head(f"A {plan.severity}{of} at {_local(plan.at, zone)} {zone} would page", asked, width)
    if plan.policy is None:
        yield click.style("  Nobody.", fg="red", bold=True)
        yield from wrapped(f"  {printable(plan.why_nobody)}", width, _HANGING)
        return
    for step in plan.steps:
        if step.loop == 1 and step.level != CATCH_ALL:
            yield from _step(step, width)
    again = dict.fromkeys(step.loop for step in plan.steps if step.loop > 1)
    for loop in again:
        first = next(step for step in plan.steps if step.loop == loop)
        yield f"  +{_length(first.after_s):<9} all once more, {loop - 1} of {plan.policy.repeat}"
    for step in plan.steps:
        if step.level == CATCH_ALL:
            yield from _step(step, width)
    yield from wrapped(f"  {printable(plan.policy.why)}", width, _HANGING)
    if plan.policy.commit:
        yield f"  At commit {plan.policy.commit[:12]}."


def _head(words: str, asked: Instant, width: int | None) -> Iterator[str]:
    yield from wrapped(click.style(printable(words), bold=True), width, 0)
    if asked.note:
        yield from wrapped(click.style(f"  {printable(asked.note)}", fg="yellow"), width, _HANGING)


def _step(step: PlannedStep, width: int | None) -> Iterator[str]:
    after = "at once" if not step.after_s else f"+{_length(step.after_s)}"
    person = click.style(printable(step.person), bold=True) if step.person else click.style("nobody", fg="red")
    by = f" by {', '.join(printable(kind) for kind in step.channels)}" if step.channels else ""
    level = "catch-all" if step.level == CATCH_ALL else f"level {step.level}"
    yield from wrapped(f"  {after:<10} {person}{by} ({level})", width, _HANGING)
    yield from wrapped(click.style(f"{'':13}{printable(step.why)}", dim=True), width, 13)


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest} s" if rest else ""]
    return " ".join(filter(None, parts))


def _shown_zone(asked: Instant, zone: str) -> str:
    if asked.zone == "Z":
        return "UTC"
    return asked.zone if zone_of(asked.zone) is not None and asked.zone != "UTC" else zone


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(zone_of(zone) or UTC):%a %Y-%m-%d %H:%M}"


def _name(each: OnDuty) -> str:
    handle = f" (@{each.handle})" if each.handle and each.handle != each.person else ""
    return printable(f"{each.person}{handle}")
