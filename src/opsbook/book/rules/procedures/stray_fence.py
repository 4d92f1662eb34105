"""`stray-fence`: a command block that is not indented under its step. It ends the list there on every code host."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import fence_of, parts_of
from opsbook.book.steps import Step
from opsbook.ground.errors import Edit, Finding
from opsbook.ground.pattern import Pattern


@page_rule("stray-fence", "warning")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for _, step in parts_of(page).steps:
        if not step.stray:
            continue
        behind = step.end  # where what has been put under the step ends
        for command in step.commands:
            if command.block not in step.stray:
                continue
            block = page.document.blocks[command.block]
            edits, spaces = _indenting(page, step, behind, block.end)
            has_text = bool(page.document.content[behind : block.start].strip())
            what = "The command block and the text before it are" if has_text else "The command block is"
            yield page.finding(
                "stray-fence",
                "warning",
                fence_of(page, command),
                f"{what} not indented under step {step.number}, and taken as part of it all the same.",
                fix=f"Indent by {spaces} space{'s' * (spaces > 1)}." if spaces else f"Indent under step {step.number}.",
                edits=edits,
            )
            behind = block.end


_MARKER = Pattern(rb"([ \t]*)(\d{1,9}[.)]|[-*+])( *)")


def _indenting(page: Page, step: Step, start: int, end: int) -> tuple[list[Edit], int]:
    """The edits that put the lines of a byte range under a step, and by how many spaces.

    None where a tab or a quote is in the way, or where the first line is indented enough: then it takes a person.
    """
    content = page.document.content
    marker = _MARKER().match(content, step.start)
    line_start = content.rfind(b"\n", 0, step.start) + 1
    if marker is None or content[line_start : marker.start(2)].strip(b" "):
        return [], 0
    gap = len(marker.group(3))
    width = marker.end(2) - line_start + (gap if 1 <= gap <= 4 else 1)
    lines = []
    at = content.rfind(b"\n", 0, start) + 1
    while at < end:
        stop = content.find(b"\n", at)
        stop = len(content) if stop < 0 else stop
        if at >= start - 1 and content[at:stop].strip():
            lines.append((at, content[at:stop]))
        at = stop + 1
    if not lines or any(b"\t" in line[:width] or line.startswith(b">") for _, line in lines):
        return [], 0
    own = len(lines[0][1]) - len(lines[0][1].lstrip(b" "))
    if own >= width:
        return [], 0
    return [Edit(at, at, " " * (width - own)) for at, _ in lines], width - own
