"""A runbook put right by what a run of it showed, by splices: every other byte stays, and each change says why.

Careful on purpose: a change is made only where the page still reads as it did but for it, only from output that would
be the same tomorrow, and none where nothing was learned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from msgspec import Struct

from opsbook.book.escapes import one_line
from opsbook.book.grammar import Expect
from opsbook.book.grammar.outcome import read_expect
from opsbook.book.page import Page, Reading, Section, read_page
from opsbook.book.procedure import Procedure, procedures_of
from opsbook.book.read_only import only_reads
from opsbook.book.steps import Step
from opsbook.ground.errors import Edit
from opsbook.ground.splices import apply


class SeenStep(Struct, frozen=True):
    """A step as it was run: its number in the plan, its command, what it printed in the end. `settled_by` is who said
    that it was done although its output was not the expected one. `text` is what it says, and `skipped` the sentence
    for it where somebody left it out and the run succeeded all the same."""

    number: str
    command: str
    output: str = ""
    is_done: bool = False
    settled_by: str = ""
    text: str = ""
    skipped: str = ""


class SeenCommand(Struct, frozen=True):
    """A command that somebody typed besides, behind the step of that number."""

    behind: str
    command: str
    by: str = ""


class Seen(Struct, frozen=True):
    """A run: of which procedure, its steps, what was typed besides. `worked` is the sentence for the entry that it
    helped with, empty where it did not help; `name` is what people call where it happened, such as `INC-14`."""

    anchor: str
    name: str
    steps: tuple[SeenStep, ...] = ()
    commands: tuple[SeenCommand, ...] = ()
    worked: str = ""


class Patched(Struct, frozen=True):
    """The page, and why each change; the page as it was where there is none."""

    content: bytes
    reasons: tuple[str, ...] = ()


_Change = tuple[list[Edit], str]
_LONGEST = 80  # of a line of output that is expected
_MOST_LINES = 3  # of output that says one thing
# What is another tomorrow: numbers of two figures and more, ids, times.
_FLEETING = re.compile(r"\d{2,}|\b[0-9a-f]{7,}\b|\d:\d|[a-z0-9]+-[a-z0-9]{5,}-[a-z0-9]{5}\b", re.I)
_NUMBERED = re.compile(rb"([ \t]*)(\d{1,9})(?=[.)])")
_BY_NUMBER = re.compile(r"\bsteps?\s+\d", re.I)  # words that would be about another step behind a move
_UNSAID = re.compile(r"[`\"\\$]|[^\x20-\x7e\u00a0-\uffff]")


def patched(path: str, content: bytes, seen: Sequence[Seen], reading: Reading | None = None) -> Patched:
    """The page with what these runs showed."""
    reasons: list[str] = []
    for run in seen:
        changes = [
            *(partial(_expected, run=run, seen=step) for step in run.steps), partial(_worked, run=run),
            *(partial(_skipped, run=run, seen=step) for step in run.steps),
            *(partial(_missing, run=run, typed=command) for command in reversed(run.commands)),  # numbers stay so
        ]  # fmt: skip
        for change in changes:
            content = _tried(path, content, reading, (change, reasons))
        for typed in run.commands:
            moved = partial(_moved, run=run, typed=typed)
            content = _tried(path, content, reading, (moved, reasons), is_same=_is_same_otherwise_ordered)
    return Patched(content, tuple(reasons))


def _tried(
    path: str, content: bytes, reading: Reading | None,
    wanted: tuple[Callable[[Page], _Change | None], list[str]],
    *, is_same: Callable[[Page, Page], bool] | None = None,
) -> bytes:  # fmt: skip
    """The content with the change, where it still reads as it did but for that, which is told; else as it is."""
    change, reasons = wanted
    page = read_page(path, content, reading)
    made = change(page)
    if made is None:
        return content
    edits, why = made
    after, count = apply(content, edits)
    if count != len(edits) or not (is_same or _is_same_but)(page, read_page(path, after, reading)):
        return content
    reasons.append(why)
    return after


def _is_same_but(before: Page, after: Page) -> bool:
    """Whether no procedure, step, label or heading was lost or became another."""
    was, now = _shape(before), _shape(after)
    at = 0
    for each in now:
        at += at < len(was) and each == was[at]
    return at == len(was) and len(now) - len(was) <= 3


def _is_same_otherwise_ordered(before: Page, after: Page) -> bool:
    """Whether the same procedures have the same steps with the same commands and labels, in whatever order."""
    return sorted(_shape(before)) == sorted(_shape(after))


def _shape(page: Page) -> list[str]:
    shape = [f"# {section.anchor}" for section in page.sections]
    for procedure in procedures_of(page):
        shape.append(f"procedure {procedure.anchor}")
        for step in procedure.all_steps():
            shape.append(f"step {step.kind} {step.text}")
            shape += [f"command {command.text}" for command in step.commands]
            shape += [f"label {field.label}" for field in step.fields]
    return shape


# -- what a step must print ----------------------------------------------------------------------------------------


def _expected(page: Page, run: Seen, seen: SeenStep) -> _Change | None:
    said = lasting_line(seen.output)
    found = _step(page, run.anchor, seen)
    if found is None or not said or not seen.is_done:
        return None
    step = found[1]
    if any(command.expected is not None for command in step.commands):
        return None
    field = step.field("Expect")
    if field is None:
        indent = _indent(page, step)
        if not indent or seen.settled_by:
            return None
        at = _bare_end(page, step.start, step.end)
        label = f'{_ending(page)}{indent}- **Expect:** output contains "{said}"'
        return [Edit(at, at, label)], f"Step {seen.number} printed “{said}” in {run.name}, and nothing checks that."
    wanted = read_expect(field.value)
    if not seen.settled_by or not isinstance(wanted, Expect) or wanted.kind != "contains" or not wanted.text:
        return None
    if wanted.text in seen.output:
        return None
    source = page.document.source(field.field.value_start, field.field.value_end)
    place = source.find(wanted.text)
    if place < 0 or source.count(wanted.text) != 1:
        return None
    start = field.field.value_start + len(source[:place].encode())
    why = (
        f"Step {seen.number} printed “{said}” in {run.name} instead of “{wanted.text}”, and {seen.settled_by} settled"
        " it as done."
    )
    return [Edit(start, start + len(wanted.text.encode()), said)], why


def lasting_line(output: str) -> str:
    """The last line of a short output, where it would be the same tomorrow and can be written; else empty."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if not 1 <= len(lines) <= _MOST_LINES or len(lines[-1]) > _LONGEST or "***" in lines[-1]:
        return ""
    line = lines[-1]
    is_plain = any(letter.isalpha() for letter in line) and not _FLEETING.search(line) and not _UNSAID.search(line)
    return line if is_plain else ""


def _step(page: Page, anchor: str, seen: SeenStep) -> tuple[Procedure, Step] | None:
    """The step that was run: the one of its number, which still has that command and no other."""
    procedure = next((each for each in procedures_of(page) if each.anchor == anchor), None)
    if procedure is None:
        return None
    for step in procedure.all_steps():
        if step.number == seen.number and len(step.commands) == 1 and not step.link and not step.stray:
            is_same = step.commands[0].text.strip() == seen.command.strip()
            return (procedure, step) if is_same else None
    return None


def _skipped(page: Page, run: Seen, seen: SeenStep) -> _Change | None:
    """A note at a step that was left out; the step stays: that it was not needed once says little."""
    if not seen.skipped or any(typed.command.strip() == seen.command.strip() for typed in run.commands):
        return None
    step = _step_like(page, run.anchor, seen)
    if step is None or step.number != seen.number or step.stray:
        return None
    indent = _indent(page, step)
    if not indent or f"({run.name})" in page.document.source(step.start, step.end):
        return None
    at = _bare_end(page, step.start, step.end)
    words = one_line(seen.skipped)
    edit = Edit(at, at, f"{_ending(page)}{indent}- **Note:** {words}")
    told = f"{words[:1].lower()}{words[1:].rstrip('.')}"
    return [edit], f"Step {seen.number} was {told}, and the run succeeded all the same."


def _step_like(page: Page, anchor: str, seen: SeenStep) -> Step | None:
    """The only step of the procedure that has that command, or, without any, that text."""
    procedure = next((each for each in procedures_of(page) if each.anchor == anchor), None)
    command = seen.command.strip()
    found = [] if procedure is None else [
        step for step in procedure.steps
        if not step.link and [each.text.strip() for each in step.commands] == ([command] if command else [])
        and (command or (seen.text and step.text == seen.text))
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _indent(page: Page, step: Step) -> str:
    """What stands before the lines of a step of a numbered list; empty where it is none."""
    content = page.document.content
    begin = content.rfind(b"\n", 0, step.start) + 1
    found = re.match(rb"[ \t]*\d{1,9}[.)][ \t]+", content[begin:])
    return " " * len(found.group().expandtabs(4)) if found else ""


# -- what was typed besides ----------------------------------------------------------------------------------------


def _missing(page: Page, run: Seen, typed: SeenCommand) -> _Change | None:
    command = typed.command.strip()
    procedure = next((each for each in procedures_of(page) if each.anchor == run.anchor), None)
    if procedure is None or not command or "***" in command or only_reads(command) or "```" in command:
        return None
    if command in page.document.content.decode("utf-8", "replace"):
        return None
    numbers = [step.number for step in procedure.steps]
    if typed.behind not in numbers or not all(number.isdigit() for number in numbers):
        return None
    step = procedure.steps[numbers.index(typed.behind)]
    indent = _indent(page, step)
    if not indent or step.stray:
        return None
    ending, number = _ending(page), int(typed.behind) + 1
    edits = list(_renumbered(page, procedure.steps[numbers.index(typed.behind) + 1 :]))
    if len(edits) != len(numbers) - numbers.index(typed.behind) - 1:
        return None
    lead = re.match(r"[ \t]*", _line_of(page, step.start))
    before = lead.group() if lead else ""
    body = ending.join(f"{indent}{line}".rstrip() for line in ("", "```sh", *command.splitlines(), "```"))
    mark = ")" if re.match(r"[ \t]*\d+\)", _line_of(page, step.start)) else "."
    at = _bare_end(page, step.start, step.end)
    gap = ending * (2 if _is_loose(page, procedure) else 1)
    edits.append(Edit(at, at, f"{gap}{before}{number}{mark} Run:{ending}{body}"))
    by = f"{typed.by} typed" if typed.by else "It was typed"
    return edits, f"{by} a command behind step {typed.behind} in {run.name} that the page does not have."


def _moved(page: Page, run: Seen, typed: SeenCommand) -> _Change | None:
    """A step that was skipped at its place, and whose command somebody typed behind a later one: it moves there."""
    command = typed.command.strip()
    procedure = next((each for each in procedures_of(page) if each.anchor == run.anchor), None)
    skipped = next((each for each in run.steps if each.skipped and command and each.command.strip() == command), None)
    behind = next((each for each in run.steps if each.number == typed.behind), None)
    if procedure is None or skipped is None or behind is None:
        return None
    step, last = _step_like(page, run.anchor, skipped), _step_like(page, run.anchor, behind)
    if step is None or last is None or step.start >= last.start:
        return None
    steps = procedure.steps[procedure.steps.index(step) : procedure.steps.index(last) + 1]
    content, starts = page.document.content, [_line_start(page, each) for each in steps]
    said = page.document.source(procedure.steps[0].start, procedure.steps[-1].end)
    marks = [_NUMBERED.match(content[at:]) for at in starts]
    if any(each.stray for each in steps) or _BY_NUMBER.search(said) or not all(marks):
        return None
    if [mark.group(2).decode() for mark in marks if mark] != [each.number for each in steps]:
        return None
    ends = [_bare_end(page, at, each.end) for at, each in zip(starts, steps, strict=True)]
    order = [*range(1, len(steps)), 0]
    moved = b""
    for place, at in enumerate(order):
        mark = marks[at]
        lead, body = (mark.group(1), mark.end()) if mark else (b"", 0)
        moved += lead + steps[place].number.encode() + content[starts[at] + body : ends[at]]
        if place < len(order) - 1:
            moved += content[ends[place] : starts[place + 1]]
    text = moved.decode("utf-8", "replace")
    if text.encode() != moved:
        return None
    typist = f"{typed.by} typed its command" if typed.by else "its command was typed"
    why = f"Step {skipped.number} was skipped at its place in {run.name}; {typist} behind step {typed.behind}."
    return [Edit(starts[0], ends[-1], text)], why


def _line_start(page: Page, step: Step) -> int:
    """Where the line begins in which a step begins."""
    return page.document.content.rfind(b"\n", 0, step.start) + 1


def _renumbered(page: Page, steps: Sequence[Step]) -> Iterator[Edit]:
    content = page.document.content
    for step in steps:
        begin = content.rfind(b"\n", 0, step.start) + 1
        found = re.match(rb"[ \t]*(\d{1,9})(?=[.)])", content[begin:])
        if found is not None and found.group(1).decode() == step.number:
            yield Edit(begin + found.start(1), begin + found.end(1), str(int(step.number) + 1))


def _is_loose(page: Page, procedure: Procedure) -> bool:
    """Whether blank lines stand between the steps."""
    first = procedure.steps[0]
    return page.document.content[first.start : first.end].endswith(b"\n\n") or b"\n\n" in page.document.content[
        first.start : procedure.steps[-1].end
    ]


# -- what helped ---------------------------------------------------------------------------------------------------


def _worked(page: Page, run: Seen) -> _Change | None:
    section = _entry(page, run.anchor) if run.worked else None
    if section is None or run.name in page.document.source(section.body, section.end):
        return None
    at = _bare_end(page, section.start, section.end)
    ending = _ending(page)
    last = _line_of(page, at - 1)
    gap = f"  {ending}" if last.startswith("Worked on ") else ending * 2
    words = one_line(run.worked)
    return [Edit(at, at, f"{gap}{words}")], f"“{section.title}” {words[:1].lower()}{words[1:].rstrip('.')}."


def _entry(page: Page, anchor: str) -> Section | None:
    """The entry under Troubleshooting that the procedure is, or that links to it."""
    for at, section in enumerate(page.sections):
        if not _is_in_troubleshooting(page, at):
            continue
        links = (link.href for link in page.document.links if section.body <= link.start < section.end)
        if section.anchor == anchor or f"#{anchor}" in links:
            return section
    return None


def _is_in_troubleshooting(page: Page, at: int) -> bool:
    at = page.parents[at]
    while at >= 0:
        if page.sections[at].slot == "troubleshooting":
            return True
        at = page.parents[at]
    return False


def _bare_end(page: Page, start: int, end: int) -> int:
    """Where the words of a stretch end, before the blank lines that follow them."""
    return start + len(page.document.content[start:end].rstrip())


def _line_of(page: Page, at: int) -> str:
    content = page.document.content
    begin = content.rfind(b"\n", 0, at) + 1
    stop = content.find(b"\n", at)
    return content[begin : stop if stop >= 0 else len(content)].decode("utf-8", "replace")


def _ending(page: Page) -> str:
    return "\r\n" if b"\r\n" in page.document.content else "\n"
