"""Procedures in a few words, for tests to compare: a line for each step, as a person would read it back."""

from __future__ import annotations

from tests.book.whole_reading import page_of

from opsbook.book.procedure import Procedure, procedures_of
from opsbook.book.steps import Step

PHASES = ("prerequisites", "steps", "verification", "rollback")


def procedures(text: str, path: str = "runbooks/api.md") -> dict[str, Procedure]:
    """The procedures of a page by their anchors, in order."""
    return {procedure.anchor: procedure for procedure in procedures_of(page_of(text, path))}


def told(procedure: Procedure) -> list[str]:
    """Every step of a procedure: its number, kind where it is no command, words, and commands after `$`."""
    return [line(step) for phase in PHASES for step in getattr(procedure, phase)]


def line(step: Step) -> str:
    """One step: `2 approval: Ask` or `1: Stop $ stop`."""
    kind = "" if step.kind == "command" else f" {step.kind}"
    commands = [text.text for command in step.commands for text in command.code.commands]
    return f"{step.number}{kind}: {step.text}" + "".join(f" $ {command}" for command in commands)


def only(text: str, path: str = "runbooks/api.md") -> list[str]:
    """The steps of the one procedure of a page."""
    (procedure,) = procedures(text, path).values()
    return told(procedure)
