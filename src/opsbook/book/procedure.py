"""Procedures out of a page: which sections can be carried out, with their steps, parameters, verification, rollback.

The grammar is a numbered list and bold labels; what a page says in some other way is read as far as it goes. A
procedure is known by the anchor of its heading. Nothing here runs anything or knows a host.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from opsbook.book.kinds import is_drill_path, is_transcript
from opsbook.book.label_steps import apart, renumbered, text_step, value_steps
from opsbook.book.labels import canonical_label
from opsbook.book.page import Page, Section
from opsbook.book.parameters import Parameter, implicit_parameters, table_parameters
from opsbook.book.steps import (
    Step,
    StepField,
    fence_steps,
    has_any,
    list_steps,
    step_field,
    task_steps,
    text_steps,
)

_STEP_TITLE = re.compile(r"^step\s+\d+\b", re.I)
_NUMBERED_TITLE = re.compile(r"^\d{1,2}[.):]\s+\S")
_NUMBERING = re.compile(r"^(?:step\s+)?\d{1,3}\s*[.):–—-]*\s*", re.I)
_ISSUE = re.compile(r"^(?:issue|problem|error|scenario|symptom)\s*\d*\s*:\s*", re.I)

# Slots under which prose, not work, stands: a list there is a list. A fence does not make a procedure of them either.
_PROSE_SLOTS = frozenset({
    "overview", "architecture", "related", "changelog", "emergency-contacts", "timeline", "lessons-learned", "symptoms",
    "meaning", "impact", "root-cause", "cause", "prevention", "monitoring", "prerequisites",
})  # fmt: skip
_FENCE_SLOTS = frozenset({"deployment", "rollback", "diagnosis", "mitigation", "solution", "common-operations", "steps",
                          "resolution"})  # fmt: skip
_TEXT_SLOTS = frozenset({"diagnosis", "mitigation", "solution"})
_PHASES = {"verification": "Verification", "rollback": "Rollback Process", "prerequisites": "Prerequisites"}
_STEP = frozenset({"Step", "step", "STEP"})
_PREFIX = {"verification": "verify.", "rollback": "rollback.", "prerequisites": "prerequisite."}


class Procedure(Struct, frozen=True, dict=True):
    """What can be carried out, found at `anchor`. `phases` of steps: steps, then verification; rollback on failure.

    `verification` and `rollback` are steps of their own, numbered `verify.1`, `rollback.1`. `loose_fields` are the
    labels that apply to the whole, `declared` the rows of its table of parameters. The byte range [start, end) is the
    heading's section.
    """

    anchor: str
    title: str
    start: int
    end: int
    steps: tuple[Step, ...]
    declared: tuple[Parameter, ...]
    verification: tuple[Step, ...]
    rollback: tuple[Step, ...]
    prerequisites: tuple[Step, ...]
    fields: tuple[StepField, ...]
    environment: str | None = None

    def field(self, label: str) -> StepField | None:
        return next((field for field in self.fields if field.label == label), None)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The declared parameters, then those that the commands imply; reading shell is dear, so only when asked."""
        implied = implicit_parameters(list(self.all_steps()), self.declared, self.environment is not None)
        return (*self.declared, *implied)

    def all_steps(self) -> Iterator[Step]:
        """Steps, verification and rollback, in this order."""
        yield from self.steps
        yield from self.verification
        yield from self.rollback


def procedures_of(page: Page) -> tuple[Procedure, ...]:
    """Every procedure of the page in reading order; cached on the page, since many rules ask."""
    cached: tuple[Procedure, ...] | None = page.__dict__.get("_procedures")
    if cached is None:
        cached = page.__dict__["_procedures"] = tuple(_read(page))
    return cached


def _read(page: Page) -> Iterator[Procedure]:
    if page.kind in ("template", "incident", "post-mortem", "metrics", "dashboards") or is_transcript(page.path):
        return
    if is_drill_path(page.path):  # its lists are answers, and its command breaks something
        return
    document, sections = page.document, page.sections
    counted = [section.title for section in sections if section.title[:1].isdigit() or section.title[:4] in _STEP]
    has_text = page.profile.has_procedures and not _TEXT_SLOTS.isdisjoint(page.heading_slots)
    if not (document.ordered or document.codes or document.tasks or page.fields or len(counted) > 1 or has_text):
        return
    taken: set[int] = set()
    worth = _worth_a_look(page)
    for at, section in enumerate(sections):
        if at in taken or (at not in worth and len(counted) < 2):
            continue
        numbered = _numbered_children(page, section, page.children[at]) if len(counted) > 1 else []
        if numbered:
            taken.update(range(numbered[0], _after(sections, numbered[-1])))
            steps = [step for n, child in enumerate(numbered, 1) for step in _heading_steps(page, sections[child], n)]
            yield _made(page, at, steps, taken)
            continue
        found = _steps_of(page, at) if at in worth else None
        if found is not None:
            yield _made(page, at, found, taken)


def _worth_a_look(page: Page) -> set[int]:
    """The sections that hold a label, a list of steps, or what a page of this kind takes for steps.

    Most sections of most pages hold none of these, and asking each section apart took half of the reading's time.
    """
    document, blocks = page.document, page.document.blocks
    worth = {page.section_index(field.start) for field in page.fields}
    lists = {page.section_index(blocks[index].start) for index in (*document.ordered, *document.tasks)}
    codes = {page.section_index(blocks[index].start) for index in document.codes}
    if not page.profile.has_procedures:
        return worth | (lists & codes)
    worth |= lists | codes
    worth.update(at for at, section in enumerate(page.sections) if section.slot in _TEXT_SLOTS)
    return worth


def _after(sections: tuple[Section, ...], at: int) -> int:
    index = at + 1
    while index < len(sections) and sections[index].level > sections[at].level:
        index += 1
    return index


def _numbered_children(page: Page, section: Section, children: list[int]) -> list[int]:
    """The children that are steps by their headings: `Step 1: …`, or `1. …` where none of them is a known section."""
    sections = page.sections
    named = [child for child in children if _STEP_TITLE.match(sections[child].title)]
    if len(named) >= 2:
        return named
    if not page.profile.has_procedures or section.slot in _PROSE_SLOTS:
        return []
    numbered = [child for child in children if _NUMBERED_TITLE.match(sections[child].title)]
    if len(numbered) < 2 or any(sections[child].slot for child in numbered):
        return []
    has_command = any(fence_steps(page, *page.blocks(sections[c].body, sections[c].stop)) for c in numbered)
    return numbered if has_command else []


def _heading_steps(page: Page, section: Section, number: int) -> Iterator[Step]:
    """A numbered heading as a step; an ordered list under it becomes steps below its number."""
    low, high = page.blocks(section.body, section.stop)
    nested = list_steps(page, low, high, f"{number}.")
    commands = () if nested else tuple(c for step in fence_steps(page, low, high) for c in step.commands)
    fields = tuple(
        step_field(page, field)
        for field in page.fields_within(section.body, section.stop)
        if canonical_label(field.key) and not nested
    )
    text = _NUMBERING.sub("", section.title) or section.title
    why_not = next((command.code.why_not for command in commands if not command.code.runnable), None)
    kind = "approval" if any(f.label == "Approval" for f in fields) else "command" if commands else "manual"
    yield Step(str(number), text, kind, commands, fields, why_not is None, why_not, section.start, section.stop, number)
    yield from nested


def _steps_of(page: Page, at: int) -> list[Step] | None:
    """The steps that a section's own text holds, or None when it is no procedure."""
    section = page.sections[at]
    if section.slot == "verification" or (section.slot in _PROSE_SLOTS and page.kind != "procedure"):
        return None
    low, high = page.blocks(section.body, section.end)
    labels = _own_labels(page, section)
    process = _own_field(page, section, "Deployment Process") if "Deployment Process" in labels else None
    if process is not None and "deployment" in (section.slot, page.slot_above(at)):
        return value_steps(page, process, "")
    solution = _solution_steps(page, section) if labels else None
    if solution is not None:
        return solution
    phases = labels & {"Verification", "Rollback Process"}
    has_phase = any(_own_field(page, section, label) for label in phases)
    other = apart(page, section) if labels else frozenset()
    steps = list_steps(page, low, high, apart=other) or task_steps(page, low, high, apart=other)
    if steps:
        if page.profile.has_procedures or has_phase or any(step.kind == "command" for step in steps):
            return steps
        return None
    if not page.profile.has_procedures:
        return None
    slot = section.slot or page.slot_above(at)
    if slot in _FENCE_SLOTS or page.kind == "procedure":
        steps = fence_steps(page, low, high, apart=other)
    if not steps and section.slot in _TEXT_SLOTS:
        steps = text_steps(page, low, high, apart=other)
    return steps or ([] if has_phase else None)


def _own_labels(page: Page, section: Section) -> set[str]:
    """The labels in a section's own text, by their canonical names where they are ours."""
    return {canonical_label(field.key) or field.key for field in page.fields_within(section.body, section.end)}


def _own_field(page: Page, section: Section, label: str) -> StepField | None:
    """The first field of that label in a section's own text that is not part of a step."""
    for field in page.fields_within(section.body, section.end):
        if canonical_label(field.key) == label and not _in_step(page, section, field.block):
            return step_field(page, field)
    return None


def _in_step(page: Page, section: Section, block: int) -> bool:
    for index in page.document.children(*page.blocks(section.body, section.end)):
        if index <= block < page.document.stop(index):
            return page.document.blocks[index].kind == "list" and page.document.blocks[index].level >= 0
    return False


def _solution_steps(page: Page, section: Section) -> list[Step] | None:
    """The steps behind `**Solution:**` of a troubleshooting entry: in it, or behind it up to the next label."""
    meaning = page.reading.headings.slot
    fields = page.fields_within(section.body, section.end)
    slots = [meaning(field.name) for field in fields]
    if not (is_issue_title(section.title) or "symptoms" in slots or "cause" in slots):
        return None
    for at, field in enumerate(fields):
        if slots[at] not in ("solution", "mitigation", "resolution"):
            continue
        if field.item >= 0:
            return value_steps(page, step_field(page, field), "") or None
        limit = next((f.start for f in fields[at + 1 :] if f.block != field.block and f.item < 0), section.end)
        low, high = field.block + 1, page.document.index_at(limit, field.block + 1)
        steps = list_steps(page, low, high) or task_steps(page, low, high) or fence_steps(page, low, high)
        value = field.value(page.document)
        if value and not (steps and value.endswith(":")):
            steps = renumbered([text_step("1", value, (field.value_start, field.value_end)), *steps])
        return steps or None
    return None


def is_issue_title(title: str) -> bool:
    """Whether a heading opens a troubleshooting entry: `Issue: …`, `Problem 2: …`."""
    return _ISSUE.match(title) is not None


def issue_title(title: str) -> str:
    """The problem that a troubleshooting heading names, without the word before it."""
    return _ISSUE.sub("", title, count=1)


def _made(page: Page, at: int, steps: list[Step], taken: set[int]) -> Procedure:
    """The procedure at section `at` with its phases: from labels, from deeper headings, else from sibling sections."""
    section = page.sections[at]
    phases: dict[str, list[Step]] = {"verification": [], "rollback": [], "prerequisites": []}
    fields = _loose_fields(page, section)
    for phase, label in _PHASES.items():
        found = next((field for field in fields if field.label == label), None)
        if found is not None:
            phases[phase] = value_steps(page, found, _PREFIX[phase])
    for index in (*page.children[at], *_siblings(page, at)):
        phase = page.sections[index].slot or ""
        if phase in phases and not phases[phase] and index not in taken:
            phases[phase] = _section_steps(page, page.sections[index], _PREFIX[phase])
            if phase != "rollback" or page.sections[index].level > section.level:
                taken.add(index)
    low, high = page.blocks(section.body, section.end)
    environment = next((field.value for field in fields if field.label == "Environment"), None)
    return Procedure(
        section.anchor,
        section.title,
        section.start,
        section.stop,
        tuple(steps),
        table_parameters(page, low, high) if has_any(page.document.tables, low, high) else (),
        tuple(phases["verification"]),
        tuple(phases["rollback"]),
        tuple(phases["prerequisites"]),
        fields,
        environment,
    )


def _siblings(page: Page, at: int) -> list[int]:
    """The phases among the sections behind it, up to the next that has steps: on a page that is one procedure, and
    behind a heading that says it holds the steps or the deployment."""
    if page.kind != "procedure" and page.sections[at].slot not in ("deployment", "steps"):
        return []
    found = []
    document = page.document
    family = page.family(at)
    for index in family[bisect_right(family, at) :]:
        section = page.sections[index]
        if section.slot in ("verification", "rollback"):
            found.append(index)
        elif has_any(document.ordered, *page.blocks(section.body, section.stop)):
            break
    return found


def _section_steps(page: Page, section: Section, prefix: str) -> list[Step]:
    low, high = page.blocks(section.body, section.stop)
    return (
        list_steps(page, low, high, prefix)
        or task_steps(page, low, high, prefix)
        or fence_steps(page, low, high, prefix)
        or text_steps(page, low, high, prefix)
    )


def _loose_fields(page: Page, section: Section) -> tuple[StepField, ...]:
    """The labels of a section's own text that belong to the whole procedure, not to a step of it."""
    return tuple(
        step_field(page, field)
        for field in page.fields_within(section.body, section.end)
        if not _in_step(page, section, field.block)
    )
