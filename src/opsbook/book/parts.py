"""Every step, command and field of a page's procedures, each once: what the rules about procedures walk over.

Says nothing about them. Built once for a page, so that thirty rules cost one walk.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from opsbook.book.commands import read_block
from opsbook.book.labels import STEP_LABELS
from opsbook.book.page import Page
from opsbook.book.procedure import Procedure, procedures_of
from opsbook.book.steps import Command, Step, StepField, is_command
from opsbook.ground.markdown import Document

KINDS = frozenset({"runbook", "alert-runbook", "procedure"})
# Labels whose commands are run too, in code blocks or in backticks at the start of the value.
_RUN_TOO = frozenset({"Undo", "Dry run", "When", "Repeat"})


class Parts(Struct, frozen=True):
    """The procedures of a page and what is in them, in reading order; `text` is all of their commands' text.

    A step that several procedures share (a rollback of them all) is there once, with the first. The step of a field
    is None where the field belongs to the whole procedure.
    """

    procedures: tuple[Procedure, ...] = ()
    steps: tuple[tuple[Procedure, Step], ...] = ()
    fields: tuple[tuple[Procedure, Step | None, StepField], ...] = ()
    commands: tuple[tuple[Procedure, Step, Command], ...] = ()
    text: str = ""

    @property
    def has_values(self) -> bool:
        """Whether a label, a fence or a table of parameters says something that the grammar reads."""
        declared = any(procedure.declared for procedure in self.procedures)
        return bool(self.fields) or declared or any(set("={").intersection(each.info) for _, _, each in self.commands)


NOTHING = Parts()


def parts_of(page: Page) -> Parts:
    """What a page's procedures are made of; nothing for pages that are about something else.

    A page of another kind counts as far as its procedures use a label that only procedures have.
    """
    cached: Parts | None = page.__dict__.get("_parts")
    if cached is None:
        procedures = procedures_of(page)
        if procedures and page.kind not in KINDS:
            procedures = tuple(procedure for procedure in procedures if _is_ours(procedure))
        cached = page.__dict__["_parts"] = _read(page, procedures) if procedures else NOTHING
    return cached


def _is_ours(procedure: Procedure) -> bool:
    return any(_is_own_label(field) for field in procedure.fields) or any(
        _is_own_label(field) for step in procedure.all_steps() for field in step.fields
    )


def _is_own_label(found: StepField) -> bool:
    """Whether nobody but an author of procedures would write this label; "When:" and "Expected:" are in any text."""
    return found.label in STEP_LABELS and found.field.key not in (
        "when",
        "expected",
        "expected output",
        "expected result",
    )


def _read(page: Page, procedures: tuple[Procedure, ...]) -> Parts:
    steps: list[tuple[Procedure, Step]] = []
    fields: list[tuple[Procedure, Step | None, StepField]] = []
    commands: list[tuple[Procedure, Step, Command]] = []
    known: set[int] = set()
    for procedure in procedures:
        fields.extend((procedure, None, field) for field in procedure.fields)
        for step in (*procedure.prerequisites, *procedure.all_steps()):
            if step.start in known:
                continue
            known.add(step.start)
            steps.append((procedure, step))
            commands.extend((procedure, step, command) for command in step.commands)
            for field in step.fields:
                fields.append((procedure, step, field))
                if field.label in _RUN_TOO:
                    commands.extend((procedure, step, command) for command in _field_commands(page, field))
    text = "\n".join([command.text for _, _, command in commands])
    return Parts(procedures, tuple(steps), tuple(fields), tuple(commands), text)


def _field_commands(page: Page, found: StepField) -> Iterator[Command]:
    for command in found.codes:
        if is_command(command.code):
            yield command
    for step in found.steps:
        yield from step.commands
    if "`" not in found.value or found.codes or found.steps:
        return
    source = _inline(found)
    at = page.document.content.find(source.encode(), found.field.value_start, found.field.value_end) if source else -1
    if source and at >= 0:
        yield Command(read_block("bash", source), "bash", source, at, found.field.block)


def _inline(found: StepField) -> str | None:
    from opsbook.book.grammar import Repeat, leading_code, read_repeat  # few pages have such a field

    if found.label == "Repeat":
        repeat = read_repeat(found.value)
        return repeat.done_if if isinstance(repeat, Repeat) else None
    code = leading_code(found.value)
    # In a When, `$NAME` is a parameter to compare, and no command.
    return None if code is None or (found.label == "When" and code[0].startswith("$")) else code[0]


def place_of(document: Document, command: Command, offset: int) -> int:
    """The byte of the file at a byte offset of a command's text, whose lines lost their indentation when read."""
    text = command.text.encode("utf-8", "surrogatepass")
    line_start = text.rfind(b"\n", 0, offset) + 1
    if not line_start:
        return command.start + offset
    content = document.content
    at = command.start
    for _ in range(text.count(b"\n", 0, offset)):
        at = content.find(b"\n", at) + 1
        if not at:
            return command.start
    line_end = text.find(b"\n", offset)
    size = (len(text) if line_end < 0 else line_end) - line_start
    end = content.find(b"\n", at)
    end = len(content) if end < 0 else end
    if content[end - 1 : end] == b"\r":
        end -= 1
    return max(at, end - size) + offset - line_start


def range_of(document: Document, command: Command, start: int, end: int) -> tuple[int, int]:
    """The bytes of the file for a byte range of a command's text."""
    first = place_of(document, command, start)
    return first, max(first, place_of(document, command, max(start, end - 1)) + 1) if end > start else first


def fence_of(page: Page, command: Command) -> tuple[int, int]:
    """The bytes of the line that opens a command's fence; of the command's first line where it has none."""
    block = page.document.blocks[command.block]
    if block.kind != "code":
        return first_line(page, command.start, command.start + len(command.text.encode("utf-8", "surrogatepass")))
    return first_line(page, block.start, block.end)


def first_line(page: Page, start: int, end: int) -> tuple[int, int]:
    """A byte range cut at the end of its first line, without trailing space: what a caret can point at."""
    cut = page.document.content.find(b"\n", start, end)
    stop = end if cut < 0 else cut
    return start, max(start, len(page.document.content[start:stop].rstrip()) + start)
