"""Steps out of blocks: ordered lists (stitched where a stray fence broke them), task lists, fences, plain text.

Says what stands there and where; whether a command may run is decided by `commands`, and nothing is run here.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Iterator

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.commands import CodeBlock, read_block
from opsbook.book.fields import Field
from opsbook.book.labels import canonical_label
from opsbook.book.page import Page
from opsbook.ground.markdown import Block

# Nobody follows steps nested deeper; whoever nests a thousand lists meets this limit and no other.
_DEEPEST = 12
_EXPECTED = re.compile(r"expected (?:output|result)", re.I)
_WRITTEN_NUMBER = re.compile(rb"\s*(\d{1,9})[.)]")
_ONLY_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)\.?")


class Command(Struct, frozen=True):
    """A code block that a step runs or shows; `start` is the byte of its content, `block` its index on the page."""

    code: CodeBlock
    info: str
    text: str
    start: int
    block: int
    expected: str | None = None


class StepField(Struct, frozen=True):
    """A labelled value of a step or procedure: `label` canonical, or as written when it is none of ours (`is_known`
    False). `codes` are the code blocks and `steps` the list steps nested under it."""

    label: str
    field: Field
    value: str
    is_known: bool
    codes: tuple[Command, ...] = ()
    steps: tuple[Step, ...] = ()


class Step(Struct, frozen=True):
    """One step. `number` is as rendered (`2`, `2.1`); `written` is the number in the source, 0 when there is none.

    `kind` is command, manual, approval or sub-run; `stray` are the blocks that stand outside the list item but
    belong to it; `link` the address of a sub-run.
    """

    number: str
    text: str
    kind: str
    commands: tuple[Command, ...]
    fields: tuple[StepField, ...]
    runnable: bool
    why_not: str | None
    start: int
    end: int
    written: int = 0
    link: str = ""
    stray: tuple[int, ...] = ()

    def field(self, label: str) -> StepField | None:
        return next((field for field in self.fields if field.label == label), None)


def has_any(indices: list[int], low: int, high: int) -> bool:
    """Whether any of the rising block indices lies in [low, high)."""
    at = bisect_left(indices, low)
    return at < len(indices) and indices[at] < high


def list_steps(
    page: Page, low: int, high: int, prefix: str = "", *, depth: int = 0, apart: Container[int] = ()
) -> list[Step]:
    """The steps of the ordered lists among the outermost blocks [low, high), all of them one sequence.

    The blocks `apart` belong to something else in between.
    """
    blocks = page.document.blocks
    steps: list[Step] = []
    if depth > _DEEPEST or not has_any(page.document.ordered, low, high):
        return steps
    loose: list[int] = []
    number = 0
    for index in page.document.children(low, high):
        block = blocks[index]
        if index in apart:
            continue
        if block.kind == "list" and block.level >= 0:
            if loose and steps and block.level > 1:
                steps[-1] = _with_stray(page, steps[-1], loose)
            elif steps and loose:
                steps[-1] = _with_stray(page, steps[-1], _trailing(page, loose))
            loose = []
            number = number or max(block.level, 1)
            for item in page.document.inside(index):
                steps.extend(_item_steps(page, item, f"{prefix}{number}", depth))
                number += 1
        elif steps:
            loose.append(index)
    if steps and loose:
        steps[-1] = _with_stray(page, steps[-1], _trailing(page, loose))
    return steps


def _trailing(page: Page, loose: list[int]) -> list[int]:
    """Of the blocks behind a list that nothing continues, the command blocks that follow it directly."""
    taken = []
    for index in loose:
        block = page.document.blocks[index]
        if block.kind != "code" or not is_command(read_block(block.info, block.text)):
            break
        taken.append(index)
    return taken


def task_steps(page: Page, low: int, high: int, prefix: str = "", *, apart: Container[int] = ()) -> list[Step]:
    """The steps of task lists: bullet lists of which every item has a box."""
    steps: list[Step] = []
    if not has_any(page.document.tasks, low, high):
        return steps
    number = 0
    for index in page.document.children(low, high):
        block = page.document.blocks[index]
        if block.kind != "list" or block.level >= 0 or index in apart:
            continue
        items = list(page.document.inside(index))
        if items and all(page.document.blocks[item].level for item in items):
            for item in items:
                number += 1
                steps.extend(_item_steps(page, item, f"{prefix}{number}"))
    return steps


def fence_steps(page: Page, low: int, high: int, prefix: str = "", *, apart: Container[int] = ()) -> list[Step]:
    """One step for each command block of the range, told by the text before it."""
    blocks = page.document.blocks
    steps: list[Step] = []
    if not has_any(page.document.codes, low, high):
        return steps
    words, words_at = "", -1
    for index in range(low, high):
        block = blocks[index]
        if index in apart:
            continue
        if block.kind == "paragraph":
            words, words_at = page.document.source(block.start, block.end).strip(), index
            if index + 1 < high and _is_expected(page, index + 1):
                words, words_at = "", -1
        elif block.kind == "code":
            command = _command(page, index)
            if command is None or not is_command(command.code):
                continue
            start = blocks[words_at].start if words_at >= 0 else block.start
            text = words or _first_comment(block.text) or "Run the command"
            number = f"{prefix}{len(steps) + 1}"
            steps.append(made_step(number, text, [command], (start, block.end)))
            words, words_at = "", -1
    return steps


def text_steps(page: Page, low: int, high: int, prefix: str = "", *, apart: Container[int] = ()) -> list[Step]:
    """One manual step for each outermost bullet or paragraph of the range."""
    blocks = page.document.blocks
    steps: list[Step] = []
    for index in page.document.children(low, high):
        block = blocks[index]
        if block.kind == "list":
            for item in page.document.inside(index):
                if item not in apart:
                    steps.extend(_item_steps(page, item, f"{prefix}{len(steps) + 1}"))
        elif block.kind == "paragraph" and index not in apart:
            text = page.document.source(block.start, block.end).strip()
            steps.append(made_step(f"{prefix}{len(steps) + 1}", text, [], (block.start, block.end)))
    return steps


def _item_steps(page: Page, item: int, number: str, depth: int = 0) -> Iterator[Step]:
    """The step of a list item, then those of an ordered list nested in it, numbered below it."""
    blocks = page.document.blocks
    stop = page.document.stop(item)
    nested: list[int] = []
    commands: list[Command] = []
    fields: list[StepField] = []
    texts: list[str] = []
    index = item + 1
    while index < stop:
        block = blocks[index]
        found = _field_at(page, index, item)
        if found is not None:
            fields.extend(step_field(page, field, depth + 1) for field in found)
            index = page.document.stop(index - 1) if found[0].item not in (-1, item) else index + 1
            continue
        if block.kind == "code":
            command = _command(page, index)
            if command is not None:
                commands.append(command)
        elif block.kind == "list" and block.level >= 0:
            nested.append(index)
            index = page.document.stop(index)
            continue
        elif block.kind == "paragraph" and not (index + 1 < stop and _is_expected(page, index + 1)):
            texts.append(page.document.source(block.start, block.end).strip())
        index += 1
    written = _WRITTEN_NUMBER.match(page.document.content, blocks[item].start, blocks[item].end)
    place = (blocks[item].start, blocks[item].end)
    step = made_step(number, "\n".join(texts), commands, place, fields=tuple(fields))
    yield replace(step, written=int(written.group(1)) if written else 0)
    for low in nested:
        yield from list_steps(page, low, page.document.stop(low), number + ".", depth=depth + 1)


def _field_at(page: Page, index: int, item: int) -> list[Field] | None:
    """The labels that the paragraph at `index` consists of: one of ours, or any that heads a bullet inside the step.

    The first line of the step itself is its text, unless its label is one of ours.
    """
    found = page.fields_of(index)
    if not found or page.document.blocks[index].kind != "paragraph":
        return None
    if found[0].start > page.document.blocks[index].start + 1:
        return None
    if any(canonical_label(field.key) for field in found):
        return found
    return found if found[0].item not in (-1, item) else None


def step_field(page: Page, field: Field, depth: int = 0) -> StepField:
    """A field with what is nested under it."""
    label = canonical_label(field.key)
    codes: list[Command] = []
    steps: list[Step] = []
    if field.item >= 0:
        low, high = field.block + 1, page.document.stop(field.item)
        steps = list_steps(page, low, high, depth=depth)
        if not steps:
            codes = [c for i in range(low, high) if (c := _command(page, i)) is not None]
    known = label is not None
    return StepField(label or field.name, field, field.value(page.document), known, tuple(codes), tuple(steps))


def is_command(code: CodeBlock) -> bool:
    """Whether a block is one that a step runs: its author named a shell or a session (an empty one still counts)."""
    return code.declared and code.kind in ("command", "console")


def _command(page: Page, index: int) -> Command | None:
    """The code block at `index` as a command or as documentation; None for other blocks and for expected output."""
    block = page.document.blocks[index]
    if block.kind != "code" or _is_expected(page, index):
        return None
    code = read_block(block.info, block.text)
    return Command(code, block.info, block.text, max(block.level, block.start), index, _expected_after(page, index))


def _is_expected(page: Page, index: int) -> bool:
    before = page.document.blocks[index - 1] if index else None
    if before is None or before.kind != "paragraph":
        return False
    return _EXPECTED.search(page.document.source(before.start, before.end)) is not None


def _expected_after(page: Page, index: int) -> str | None:
    blocks = page.document.blocks
    if index + 2 < len(blocks) and blocks[index + 2].kind == "code" and _is_expected(page, index + 2):
        return blocks[index + 2].text
    return None


def only_link(text: str) -> str:
    """The address of a text that is nothing but a link; empty for any other text."""
    found = _ONLY_LINK.fullmatch(text)
    return found.group(1) if found else ""


def made_step(
    number: str,
    text: str,
    commands: list[Command],
    place: tuple[int, int],
    *,
    fields: tuple[StepField, ...] = (),
) -> Step:
    real = tuple(command for command in commands if is_command(command.code))
    link = only_link(text)
    if any(field.label == "Approval" for field in fields):
        kind = "approval"
    elif real:
        kind = "command"
    else:
        kind = "sub-run" if link and not commands else "manual"
    why_not = next((command.code.why_not for command in real if not command.code.runnable), None)
    target = link if kind == "sub-run" else ""
    return Step(number, text, kind, real, fields, why_not is None, why_not, *place, 0, target)


def _with_stray(page: Page, step: Step, loose: list[int]) -> Step:
    """The step with the blocks that stand unindented behind it; it becomes a command step when they hold one."""
    if not loose:
        return step
    blocks: list[Block] = page.document.blocks
    commands = list(step.commands)
    texts = [step.text] if step.text else []
    stray = []
    for index in loose:
        if blocks[index].kind == "code":
            command = _command(page, index)
            if command is not None:
                commands.append(command)
                stray.append(index)
        elif blocks[index].kind == "paragraph":
            texts.append(page.document.source(blocks[index].start, blocks[index].end).strip())
    made = made_step(step.number, "\n".join(texts), commands, (step.start, step.end), fields=step.fields)
    return replace(made, written=step.written, stray=tuple(stray))


def _first_comment(text: str) -> str:
    first = text.lstrip().split("\n", 1)[0]
    return first.lstrip("# ").strip() if first.startswith("#") and not first.startswith("#!") else ""
