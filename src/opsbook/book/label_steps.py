"""The steps under a label: in its bullet, or behind a label that stands alone on its line. Decides what of a section
belongs to its phases, so that a rollback is never taken for a step of the procedure that it undoes.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from opsbook.book.commands import read_block
from opsbook.book.fields import Field
from opsbook.book.labels import canonical_label
from opsbook.book.page import Page, Section
from opsbook.book.steps import (
    Command,
    Step,
    StepField,
    fence_steps,
    has_any,
    list_steps,
    made_step,
    task_steps,
    text_steps,
)

PHASE_LABELS = ("Verification", "Rollback Process", "Prerequisites")
_INLINE_COMMAND = re.compile(r"`([^`\n]+)`")
# What is needed before is often a program's name or a version, and a command only where nothing else is said.
_NEEDED_COMMAND = re.compile(r"`([^`\n]*[^`\s] [^`\n]+)`(?:\s+(?:holds|succeeds|passes|answers)\b[^`\n]*)?[.\s]*\Z")
_INLINE = {
    "Verification": _INLINE_COMMAND, "Rollback Process": _INLINE_COMMAND, "Prerequisites": _NEEDED_COMMAND,
}  # fmt: skip


def value_steps(page: Page, found: StepField, prefix: str) -> list[Step]:
    """The steps of a field's value, numbered behind `prefix`: a list, fences, bullets, or its text.

    Inline code at the start of a Verification or Rollback value is a one-line command; elsewhere it is text.
    """
    field = found.field
    low, high = value_blocks(page, field, found.label)
    place = (field.value_start, field.value_end)
    steps = list_steps(page, low, high, prefix) or task_steps(page, low, high, prefix)
    if steps:
        return steps
    expression = _INLINE.get(found.label)
    if expression is not None and expression.match(found.value):
        return [_inline_step(page, f"{prefix}1", found.value, place)]
    steps = fence_steps(page, low, high, prefix) or text_steps(page, low, high, prefix)
    if not found.value and expression is not None:
        return [_with_inline(page, step, expression) for step in steps]
    if not found.value:
        return steps
    if len(steps) == 1 and steps[0].commands:
        return [replace(steps[0], text=found.value, start=field.start)]
    if steps and found.value.endswith(":"):
        return steps
    return renumbered([text_step(prefix + "1", found.value, place), *steps], prefix)


def value_blocks(page: Page, field: Field, label: str) -> tuple[int, int]:
    """The blocks [low, high) that belong to a label besides its own line.

    Those of its bullet; behind a label that ends a paragraph, what follows up to the next label or heading: all of it
    for the steps and the rollback, the first list for a check or a prerequisite, for other steps may come behind. A
    label with words behind it takes only the fences right behind it; a rollback that has steps before it takes all.
    """
    document = page.document
    low = field.block + 1
    if field.item >= 0:
        stop = document.stop(field.item)
        return (low, stop) if stop > low or field.value(document) else _behind_bullets(page, field, label)
    section = page.section_at(field.start)
    if section is None or page.fields_of(field.block)[-1] != field:
        return low, low
    first, end = page.blocks(section.body, section.end)
    siblings = list(document.children(first, end))
    if field.block not in siblings:
        return low, low
    value = field.value(document)
    stop = _next_label(page, [index for index in siblings if index >= low], end)
    if label == "Deployment Process":
        return low, stop
    is_alone = not value or value.endswith(":")
    has_steps = has_any(document.ordered, first, field.block) or has_any(document.codes, first, field.block)
    if label == "Rollback Process" and (is_alone or has_steps):
        return low, stop
    return low, _first_list_end(page, low, stop) if is_alone else _fences_end(page, low, stop)


def _behind_bullets(page: Page, field: Field, label: str) -> tuple[int, int]:
    """What stands unindented behind a bullet that is nothing but a label: it was meant to stand under it."""
    document = page.document
    low = document.stop(field.item)
    section = page.section_at(field.start)
    if section is None:
        return low, low
    first, end = page.blocks(section.body, section.end)
    siblings = list(document.children(first, end))
    bullets = next((index for index in siblings if index <= field.item < document.stop(index)), -1)
    if bullets < 0 or document.stop(bullets) != low:
        return low, low  # more bullets follow, so nothing of what comes behind them is this one's
    stop = _next_label(page, [index for index in siblings if index >= low], end)
    return (low, stop) if label == "Deployment Process" else (low, _first_list_end(page, low, stop))


def _next_label(page: Page, indices: list[int], end: int) -> int:
    """The first of these blocks that opens another label of ours, as a paragraph or as the first of bullets."""
    blocks = page.document.blocks
    for index in indices:
        is_bullets = blocks[index].kind == "list" and blocks[index].level < 0
        fields = page.fields_of(index + 2 if is_bullets else index)
        if fields and canonical_label(fields[0].key) is not None:
            return index
    return end


def _fences_end(page: Page, low: int, stop: int) -> int:
    while low < stop and page.document.blocks[low].kind == "code":
        low += 1
    return low


def _first_list_end(page: Page, low: int, stop: int) -> int:
    """Where the first list ends, with the fences behind it and the lists that go on counting; all where none is."""
    blocks = page.document.blocks
    has_list = False
    for index in page.document.children(low, stop):
        block = blocks[index]
        if has_list and block.kind != "code" and not (block.kind == "list" and block.level > 1):
            return index
        has_list = has_list or block.kind == "list"
    return stop


def apart(page: Page, section: Section) -> frozenset[int]:
    """The blocks of a section's own text that belong to its phases, and so to no step of it."""
    taken: set[int] = set()
    for field in page.fields_within(section.body, section.end):
        label = canonical_label(field.key)
        if label in PHASE_LABELS:
            low, high = value_blocks(page, field, label)
            if field.item >= 0 or high > low:
                taken.update(range(field.item if field.item >= 0 else field.block, high))
    return frozenset(taken)


def renumbered(steps: list[Step], prefix: str = "") -> list[Step]:
    """The steps numbered anew from 1 behind `prefix`; steps below another keep their place below it."""
    out: list[Step] = []
    top = 0
    for step in steps:
        tail = step.number.removeprefix(prefix)
        if "." in tail:
            out.append(replace(step, number=f"{prefix}{top}.{tail.split('.', 1)[1]}"))
            continue
        top += 1
        out.append(replace(step, number=f"{prefix}{top}"))
    return out


def text_step(number: str, text: str, place: tuple[int, int]) -> Step:
    """A manual step, or a sub-run when the text is nothing but a link."""
    return made_step(number, text, [], place)


def _with_inline(page: Page, step: Step, expression: re.Pattern[str]) -> Step:
    """A bullet under a phase's label as a command, where it begins with inline code as the label's own line may."""
    if step.kind != "manual" or expression.match(step.text) is None:
        return step
    return _inline_step(page, step.number, step.text, (step.start, step.end))


def _inline_step(page: Page, number: str, text: str, place: tuple[int, int]) -> Step:
    """The step of a text that begins with inline code: a one-line command."""
    found = _INLINE_COMMAND.match(text)
    source = found.group(1) if found else text
    at = page.document.content.find(source.encode(), *place)
    block = max(page.document.index_at(place[0] + 1) - 1, 0)
    command = Command(read_block("bash", source), "bash", source, max(at, place[0]), block)
    return made_step(number, text, [command], place)
