"""Steps as they stand on the page become planned steps: one for each block, gate or thing for a person to do."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.field_values import value_of, value_place
from opsbook.book.grammar import Approval, Fence, Problem, RunOn, read_fence
from opsbook.book.labels import STEP_LABELS
from opsbook.book.page import Page
from opsbook.book.parts import fence_of, range_of
from opsbook.book.plan import Gate, PlannedStep, Script
from opsbook.book.planner.known import Known
from opsbook.book.planner.parts import Part
from opsbook.book.planner.problems import Hindrances
from opsbook.book.planner.settings import Settings
from opsbook.book.steps import Command, Step, StepField

# What people write where a template asks for a rollback or a check that there is not.
_NOTHING = re.compile(
    r"(?:not (?:applicable|needed|required|necessary|available))\b.*"
    r"|nothing to (?:do|undo|roll ?back|revert|verify|check)\b.*"
    r"|(?:none|n/?a|no|nothing|not yet|no (?:rollback|verification)(?: \w+)?|[-–—]+)\W*",
    re.I | re.S,
)


class Made(Struct, frozen=True):
    """A planned step whose targets are still as they were written: `run_on`, whether the step itself says so, and the
    place of that."""

    step: PlannedStep
    part: Part
    run_on: RunOn | None = None
    is_own: bool = False
    page: Page | None = None
    place: tuple[int, int] = (0, 0)


def is_nothing(text: str) -> bool:
    """Whether words say that there is nothing to be done."""
    return len(text) < 500 and _NOTHING.fullmatch(text.strip()) is not None


def made_of(part: Part, known: Known, wrong: Hindrances) -> list[Made]:
    """The planned steps of a part; what keeps one from being run goes to `wrong`."""
    if part.step is None:
        return [_gated(part, part.number, part.gate, known, wrong=wrong)] if part.gate else []
    step = part.step
    if step.kind == "manual" and not step.fields and is_nothing(step.text):
        return []
    approval = step.field("Approval")
    has_gate = approval is not None and value_of(approval, step) is not None
    blocks = [command for command in step.commands if _is_whole(part.page, command, wrong)]
    count = len(blocks) + has_gate
    numbers = [part.number] if count <= 1 else [f"{part.number}.{n}" for n in range(1, count + 1)]
    found = [_gated(part, numbers[0], approval, known, wrong=wrong)] if has_gate else []
    found += [_commanded(part, n, block, wrong) for n, block in zip(numbers[has_gate:], blocks, strict=False)]
    if not found and not step.commands:
        found.append(_manual(part, wrong))
    return found


def _is_whole(page: Page, command: Command, wrong: Hindrances) -> bool:
    """Whether a block can be run as it is written."""
    code = command.code
    if code.runnable:
        return True
    slot = code.placeholders[0] if code.placeholders else None
    place = range_of(page.document, command, slot.start, slot.end) if slot else fence_of(page, command)
    wrong.add(page, place, code.why_not or "The block holds no command.")
    return False


def _bare(part: Part, number: str, kind: str, text: str, *, wrong: Hindrances) -> PlannedStep:
    settings, at = Settings(part, wrong), part.gate.field.start if part.gate else part.step.start if part.step else 0
    return PlannedStep(
        number, part.phase, kind, text, part.page.document.line(at), part.page.path,  # type: ignore[arg-type]
        when=settings.when(), danger=settings.danger(), notes=_notes(part.step),
    )  # fmt: skip


def _notes(step: Step | None) -> tuple[tuple[str, str], ...]:
    fields = step.fields if step else ()
    return tuple((field.label, field.value) for field in fields if field.label not in STEP_LABELS)


def _gated(part: Part, number: str, found: StepField | None, known: Known, *, wrong: Hindrances) -> Made:
    """A gate; its people are those of the groups that it names."""
    words = part.words or (part.step.text if part.step else "")
    step = _bare(part, number, "approval", words, wrong=wrong)
    value = value_of(found, part.step) if found else None
    if found is None or not isinstance(value, Approval):
        if found is not None and isinstance(value, Problem):
            wrong.add(part.page, value_place(part.page, found), value.message, value.fix)
        return Made(step, part)
    place = value_place(part.page, found)
    people, unknown = known.people_of(value.approvers)
    if unknown:
        names = ", ".join(f"'@{name}'" for name in unknown)
        verb = "is no approver and no group of them" if len(unknown) == 1 else "are no approvers and no groups of them"
        wrong.add(part.page, place, f"{names} {verb}.", known.near(unknown[0], is_person=True))
    elif value.count > len(people):
        wrong.add(part.page, place, f"{value.count} must approve, and there are only {len(people)}.",
                  "Ask for fewer, or name more people.")  # fmt: skip
    within = value.within.total_seconds() if value.within else None
    gate = Gate(value.count, people, found.value, within)
    limit = Settings(part, wrong).limit_s(None, is_command=False)
    return Made(replace(step, gate=gate, limit_s=limit), part, place=place, page=part.page)


def _commanded(part: Part, number: str, command: Command, wrong: Hindrances) -> Made:
    settings, fence = Settings(part, wrong), _fence(part.page, command, wrong)
    text = part.step.text if part.step else ""
    on = settings.run_on()
    step = replace(
        _bare(part, number, "command", text, wrong=wrong), script=script_of(part.page, command, fence),
        limit_s=settings.limit_s(fence.timeout, is_command=True), expect=settings.expect(),
        retry=settings.retry(fence.retries), repeat=settings.repeat(), capture=settings.capture(), ask=settings.ask(),
        dry_run=settings.dry_run(), secrets=settings.secrets(), line=part.page.document.line(command.start),
    )  # fmt: skip
    return Made(step, part, *(on or (None, False, None, (0, 0))))


def _manual(part: Part, wrong: Hindrances) -> Made:
    settings, step = Settings(part, wrong), part.step
    text = step.text if step else ""
    return Made(
        replace(
            _bare(part, part.number, "manual", text, wrong=wrong), limit_s=settings.limit_s(None, is_command=False),
            ask=settings.ask(), repeat=settings.repeat(),
        ), part,
    )  # fmt: skip


def _fence(page: Page, command: Command, wrong: Hindrances) -> Fence:
    fence, problems = read_fence(command.info) if "=" in command.info or "{" in command.info else (Fence(), ())
    for problem in problems:
        wrong.add(page, (page.document.blocks[command.block].start, command.start), problem.message, problem.fix)
    return fence


def script_of(page: Page, command: Command, fence: Fence) -> Script:
    """What a shell gets of a block. Of a console session that is what was typed, one script, since what one line sets
    the next one uses; what was printed is expected, and a line that shows no output may print anything."""
    texts = [text for text in command.code.commands if not text.inner]
    language = texts[0].language if texts and texts[0].language in ("bash", "sh", "zsh", "python") else "bash"
    return Script(
        "\n".join(text.text for text in texts), language, page.document.line(command.start),  # type: ignore[arg-type]
        strict=fence.strict, cwd=fence.cwd, user=fence.user, shell=fence.shell, background=fence.background,
        environment=fence.env, expected=_printed(command) if command.expected is None else command.expected,
        is_inline=page.document.blocks[command.block].kind != "code",
    )  # fmt: skip


def _printed(command: Command) -> str | None:
    code = command.code
    written = {output.command: output.text for output in code.output if output.text.strip()}
    if code.kind != "console" or not written:
        return None
    lines = []
    for at, text in enumerate(code.commands):
        if not text.inner:
            lines.append(written.get(at, "...").strip("\n"))
    return "\n".join(lines) + "\n"
