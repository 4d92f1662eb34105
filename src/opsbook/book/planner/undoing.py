"""Ways back that are made of the steps' own: "Undo steps" becomes the undo of each step, last first. Undoes nothing.

An Undo is done on the targets of the step that it takes back, and only where that step was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from opsbook.book.commands import read_block
from opsbook.book.field_values import ABSENT, value_of
from opsbook.book.grammar import Fence, UndoSteps, leading_code, read_fence
from opsbook.book.page import Page
from opsbook.book.plan import PlannedStep, Script
from opsbook.book.planner.making import Made, script_of
from opsbook.book.planner.problems import Hindrances
from opsbook.book.steps import Command, StepField, is_command


def with_undos(made: Sequence[Made], wrong: Hindrances, *, is_alone: Iterable[Made] | None = None) -> list[Made]:
    """The steps with each "Undo steps" in its place made into the undos that it means.

    `is_alone` are the steps to undo where a rollback is run by itself: whether they were done is then not known, and
    whoever starts it says that they were.
    """
    found: list[Made] = []
    steps = [each for each in (is_alone if is_alone is not None else made) if each.step.phase == "steps"]
    for each in made:
        field = each.part.step.field("Undo steps") if each.part.step else None
        value = value_of(field, each.part.step) if field else None
        if (each.step.phase != "rollback" and is_alone is None) or not isinstance(value, UndoSteps):
            found.append(each)
            continue
        undos = _undos(_from(steps, value, each, wrong), each.step.number, wrong)
        found += [_placed(undo, each, is_alone is not None) for undo in undos]
    return found


def implicit_rollback(made: Sequence[Made], wrong: Hindrances) -> list[Made]:
    """The undo of every step that says how, for a procedure without a rollback of its own."""
    steps = [each for each in made if each.step.phase == "steps"]
    return [
        Made(replace(undo.step, phase="rollback"), undo.part, undo.run_on, undo.is_own, undo.page, undo.place)
        for undo in _undos(steps, "rollback", wrong)
    ]


def _placed(undo: Made, of: Made, is_alone: bool) -> Made:
    step = replace(
        undo.step, phase=of.step.phase, undoes="" if is_alone else undo.step.undoes, when=undo.step.when or of.step.when
    )
    return Made(step, undo.part, undo.run_on, undo.is_own, undo.page, undo.place)


def _from(steps: list[Made], value: UndoSteps, at: Made, wrong: Hindrances) -> list[Made]:
    if value.from_step is None:
        return steps
    head = value.from_step + "."
    for index, each in enumerate(steps):
        if each.step.number == value.from_step or each.step.number.startswith(head):
            return steps[index:]
    place = (at.part.step.start, at.part.step.end) if at.part.step else (0, 0)
    wrong.add(at.part.page, place, f"There is no step {value.from_step} to undo from.",
              "Mend the number, or write 'all'.")  # fmt: skip
    return []


def _undos(steps: Sequence[Made], below: str, wrong: Hindrances) -> list[Made]:
    """The undo of each step that has one, last first. Of a step with several blocks the first one stands for it: what
    was half done is undone too."""
    found: list[Made] = []
    seen: set[int] = set()
    firsts = []
    for each in steps:
        step = each.part.step
        if step is None or each.step.kind == "approval" or id(each.part) in seen:
            continue
        seen.add(id(each.part))
        field = step.field("Undo")
        if field is not None and field.value.lower().strip(" .`") not in ABSENT:
            firsts.append((each, field))
    for each, field in reversed(firsts):
        undo = _undo(each, field, wrong)
        if undo is not None:
            made = replace(undo, number=f"{below}.{len(found) + 1}")
            found.append(Made(made, each.part, each.run_on, each.is_own, each.page, each.place))
    return found


def _undo(each: Made, found: StepField, wrong: Hindrances) -> PlannedStep | None:
    """What takes a step back: a command in backticks, blocks, or words for a person."""
    page, target = each.part.page, each.step
    place = (found.field.start, found.field.end)
    line = page.document.line(found.field.start)
    base = PlannedStep(
        "", "rollback", "manual", f"Undo step {target.number}: {found.value or target.text}", line, page.path,
        when=None, undoes=target.number, secrets=target.secrets,
    )  # fmt: skip
    script = _script(page, found, place, wrong)
    if script is None:
        nested = [step.text for step in found.steps]
        return base if found.value or nested else None
    return replace(
        base, kind="command", script=script, limit_s=target.limit_s, line=script.line or line,
        text=f"Undo step {target.number}: {target.text}",
    )  # fmt: skip


def _script(page: Page, found: StepField, place: tuple[int, int], wrong: Hindrances) -> Script | None:
    blocks: list[Command] = [command for command in found.codes if is_command(command.code)]
    blocks += [command for step in found.steps for command in step.commands]
    if not blocks:
        return inline_script(page, found, place, wrong)
    for command in blocks:
        if not command.code.runnable:
            wrong.add(page, (command.start, command.start), command.code.why_not or "The block holds no command.")
            return None
    scripts = []
    for command in blocks:
        fence, problems = read_fence(command.info) if "=" in command.info or "{" in command.info else (Fence(), ())
        for problem in problems:
            wrong.add(page, (command.start, command.start), problem.message, problem.fix)
        scripts.append(script_of(page, command, fence))
    first = scripts[0]
    if any(replace(each, text="", line=0) != replace(first, text="", line=0) for each in scripts[1:]):
        wrong.add(page, place, "The blocks of this Undo differ in how they are run.", "Make one block of them.")
        return None
    return replace(first, text="\n".join(each.text for each in scripts))


def inline_script(page: Page, found: StepField, place: tuple[int, int], wrong: Hindrances) -> Script | None:
    """The command in backticks that a label's value begins with; None where it begins with words."""
    code = leading_code(found.value)
    if code is None:
        return None
    block = read_block("bash", code[0])
    if not block.runnable:
        wrong.add(page, place, block.why_not or "There is no command in the backticks.")
        return None
    return Script(code[0], line=page.document.line(found.field.start), is_inline=True)
