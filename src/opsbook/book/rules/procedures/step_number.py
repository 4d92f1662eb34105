"""`step-number`: a step whose written number is not the one that is rendered. "Go back to step 3" then misleads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import first_line, parts_of
from opsbook.ground.errors import Edit, Finding
from opsbook.ground.pattern import Pattern

_WRITTEN = Pattern(rb"[ \t]*(\d{1,9})[.)]")


@page_rule("step-number", "warning")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    steps = {step.start: step for _, step in parts_of(page).steps if step.written}
    if not steps:
        return
    blocks = page.document.blocks
    for index in page.document.ordered:
        items = [blocks[item] for item in page.document.inside(index)]
        if items[0].start not in steps:
            continue
        written = [_number(page, item.start) for item in items]
        rendered = list(range(blocks[index].level, blocks[index].level + len(items)))
        first = next((at for at, pair in enumerate(zip(written, rendered, strict=True)) if pair[0] != pair[1]), None)
        if first is not None and not _is_a_style(written):
            where = first_line(page, items[first].start, items[first].end)
            edits = _renumbering(page, [item.start for item in items], rendered)
            message = f"The step number {written[first]} is rendered as {rendered[first]}."
            yield page.finding("step-number", "warning", where, message, fix=f"Write {rendered[first]}.", edits=edits)
        elif (jump := _jump(steps[items[0].start].number, written[0])) is not None:
            where = first_line(page, items[0].start, items[0].end)
            message = f"The step number {written[0]} follows {jump - 1}; the step counts as {jump}."
            yield page.finding("step-number", "warning", where, message, fix=f"Write {jump}, or add the missing step.")


def _number(page: Page, at: int) -> int:
    found = _WRITTEN().match(page.document.content, at)
    return int(found.group(1)) if found else 0


def _is_a_style(written: Sequence[int]) -> bool:
    """`1.` everywhere, which Markdown is made for, or numbers always the same distance apart, such as 10, 20, 30."""
    distances = {after - before for before, after in pairwise(written)}
    return set(written) == {1} or (len(distances) < 2 and len(written) > 2)


def _jump(number: str, written: int) -> int | None:
    """The number that a list behind a stray block should begin with, where it begins with a greater one."""
    last = number.rpartition(".")[2]
    return int(last) if last.isdecimal() and written > int(last) > 1 else None


def _renumbering(page: Page, starts: list[int], rendered: list[int]) -> list[Edit]:
    """The splices that write what is rendered; none where a longer number would unhinge the blocks of its step."""
    edits = []
    for start, number in zip(starts, rendered, strict=True):
        found = _WRITTEN().match(page.document.content, start)
        if found is None or len(str(number)) != len(found.group(1)):
            return []
        if int(found.group(1)) != number:
            edits.append(Edit(found.start(1), found.end(1), str(number)))
    return edits
