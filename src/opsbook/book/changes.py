"""Of a procedure: whether it changes something, whether it is a deployment, how it ends. Judges no single command."""

from __future__ import annotations

import re

from opsbook.book.page import Page
from opsbook.book.procedure import Procedure
from opsbook.book.steps import Command, Step
from opsbook.ground.pattern import Pattern

# Where a failed deployment hurts nobody but those who try.
_TRYING = Pattern(r"\b(?:staging|stage|dev|development|test|testing|qa|uat|sandbox|preview|local|demo|ci)\b", re.I)
_ABOUT = Pattern(
    r"\b(?:examples?|usage|reference|notes?|prerequisites?|diagnos\w*|troubleshoot\w*|investigat\w*|verif\w*|validat\w*|"
    r"monitoring|smoke|tests?|drills?|checks?|confirm\w*|dry[- ]run)\b",
    re.I,
)
_LOOK = Pattern(
    r"\W*(?:\*\*)?(?:re-?)?(?:verif|check|confirm|validat|test|ensure|make sure|smoke|monitor|watch|observe|inspect|"
    r"compare|expect|wait for|review|count)",
    re.I,
)


_ENVIRONMENT = Pattern(
    r"\b(?:prod|production|live|canary|blue|green|pre-?prod(?:uction)?|deploy\w*|releas\w+|roll-?out|promot\w+|ship\w*|"
    r"environments?|regions?|clusters?)\b",
    re.I,
)


def changes_something(procedure: Procedure) -> bool:
    """Whether a command of the steps does more than look."""
    return any(is_change(command) for step in procedure.steps for command in step.commands)


def does_something(procedure: Procedure) -> bool:
    """Whether a command does more than look; without any command, whether there are steps for a person."""
    if any(step.commands for step in procedure.steps):
        return changes_something(procedure)
    return bool(procedure.steps)


def is_change(command: Command) -> bool:
    """Whether a command does more than look."""
    from opsbook.book.read_only import only_reads  # inside: asked of few procedures

    return any(text.language == "python" or not only_reads(text.text) for text in command.code.commands)


def is_deployment(page: Page, procedure: Procedure) -> bool:
    """Whether the procedure is a deployment: by its heading, or as an environment below a heading about it."""
    if "deployment" not in page.heading_slots:
        return False
    at = page.section_index(procedure.start)
    if at < 0:
        return False
    section = page.sections[at]
    if section.slot == "deployment":
        return True
    if not (procedure.field("Deployment Process") or is_for_trying(procedure) or _ENVIRONMENT().search(section.title)):
        return False
    return section.slot is None and page.slot_above(at) == "deployment"


def is_for_trying(procedure: Procedure) -> bool:
    """Whether the procedure is for an environment where nothing is lost: staging, development, a sandbox."""
    return _TRYING().search(procedure.title) is not None


def is_about_looking(procedure: Procedure) -> bool:
    """Whether the heading says that this is an example, a diagnosis, a test: what needs no verification of its own."""
    return _ABOUT().search(procedure.title) is not None


def has_phase(page: Page, procedure: Procedure, slot: str) -> bool:
    """Whether the page has a section for a phase that belongs to no other procedure."""
    for section in page.sections:
        if section.slot != slot:
            continue
        if not any(each.start < section.start < each.end for each in _others(page, procedure)):
            return True
    return False


def _others(page: Page, procedure: Procedure) -> list[Procedure]:
    from opsbook.book.procedure import procedures_of

    # A procedure that holds this one holds its phases too.
    return [p for p in procedures_of(page) if p.start != procedure.start and not p.start < procedure.start < p.end]


def ends_with_a_look(procedure: Procedure) -> bool:
    """Whether one of the last two steps looks at what was done, by its words or by what it expects."""
    last = [step for step in procedure.steps if "." not in step.number][-2:]
    return any(_looks(step) for step in last)


def says_that_it_looks(step: Step) -> bool:
    """Whether the words of a step begin with that it looks at something."""
    return _LOOK().match(step.text) is not None


def _looks(step: Step) -> bool:
    if says_that_it_looks(step) or step.field("Verification") or any(command.expected for command in step.commands):
        return True
    expects = step.field("Expect")
    if expects is None:
        return False
    from opsbook.book.grammar import Problem, read_expect  # few steps say what they expect

    return not isinstance(read_expect(expects.value), Problem)
