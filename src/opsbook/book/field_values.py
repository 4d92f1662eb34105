"""The values of a page's labels, fences and parameter tables, read by the grammar; and those that cannot be read.

Decides which words are meant for people alone: a `**When:** after lunch` over a list of steps is prose, and the same
label on a step that runs a command is a mistake. Executes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from msgspec import Struct

from opsbook.book import grammar
from opsbook.book.grammar import Approval, Fence, ParameterType, Problem, Retry, RunOn
from opsbook.book.page import Page, is_slot_text
from opsbook.book.parameters import Parameter
from opsbook.book.parts import Parts, fence_of, first_line, parts_of
from opsbook.book.procedure import Procedure
from opsbook.book.steps import Command, Step, StepField

_READERS: dict[str, Callable[[str], Any]] = {
    "Run on": grammar.read_run_on,
    "Time limit": grammar.read_time_limit,
    "Retry": grammar.read_retry,
    "Expect": grammar.read_expect,
    "Repeat": grammar.read_repeat,
    "Undo steps": grammar.read_undo_steps,
    "Approval": grammar.read_approval,
    "When": grammar.read_when,
    "Capture": grammar.read_capture,
    "Ask": grammar.read_ask,
    "Dry run": grammar.read_dry_run,
    "Secrets": grammar.read_secrets,
}
# Over a whole procedure or a manual step, other labels may be plain words to people ("When: after lunch", "Target:
# the standby"); these say only what we mean by them, and what they ask for must not be passed over.
_ALWAYS = frozenset({"run on", "time limit", "approval", "undo steps", "dry run"})
ABSENT = frozenset({"none", "n/a", "na", "-", "–", "—", "not applicable", "not required", "not needed", "nobody"})


class Misread(Struct, frozen=True):
    """A value that is not of the grammar, and its place."""

    problem: Problem
    start: int
    end: int


def value_of(found: StepField, step: Step | None) -> Any:
    """What a label says: a value of the grammar, a Problem, or None where it says nothing to a machine."""
    read = _READERS.get(found.label)
    value = found.value
    if read is None or is_slot_text(value) or value.lower().strip(" .`") in ABSENT:
        return None
    if not value and (found.codes or found.steps or step is None):
        return None
    if not value:
        return Problem(f"**{found.field.name}:** says nothing.", "Write its value, or remove the label.")
    result = read(value)
    return None if isinstance(result, Problem) and _is_for_people(found, step) else result


def _is_for_people(found: StepField, step: Step | None) -> bool:
    """Whether an unreadable value is prose by all looks, on something that no machine does."""
    key, value = found.field.key, found.value
    if found.label == "Expect" and key != "expect" and not re.match(r"`*(?:exit|output)\b", value, re.I):
        return True
    if step is not None and step.kind in ("command", "approval"):
        return False
    return key not in _ALWAYS and re.search(r"[`@$]", value) is None and not value[0].isdigit()


def fence_values(page: Page) -> Iterator[tuple[Step, Command, Fence, tuple[Problem, ...]]]:
    """The fences of commands that say more than a language, with what of it cannot be read."""
    for _, step, command in parts_of(page).commands:
        if "=" in command.info or "{" in command.info:
            yield step, command, *grammar.read_fence(command.info)


def runs_on(page: Page) -> Iterator[tuple[StepField, RunOn]]:
    """The labels that say where to run, with what they say."""
    yield from ((found, value) for found, value in _values(page, "Run on") if isinstance(value, RunOn))


def approvals(page: Page) -> Iterator[tuple[StepField, Approval]]:
    """The labels that ask for an approval, with what they say."""
    yield from ((found, value) for found, value in _values(page, "Approval") if isinstance(value, Approval))


def _values(page: Page, label: str) -> Iterator[tuple[StepField, Any]]:
    for _, step, found in parts_of(page).fields:
        if found.label == label and found.is_known:
            yield found, value_of(found, step)


def host_groups(page: Page) -> Iterator[tuple[Parameter, str]]:
    """The parameters that are a host of a group, with the group's name."""
    for procedure in parts_of(page).procedures:
        for parameter in procedure.declared:
            kind = grammar.read_type(parameter.type)
            if isinstance(kind, ParameterType) and kind.group and not kind.group.startswith("$"):
                yield parameter, kind.group


def disagreements(page: Page) -> Iterator[tuple[Command, str, StepField]]:
    """The fences that say another time limit or number of retries than a label of their step: fence, key, label."""
    for step, command, fence, _ in fence_values(page):
        limit, retry = step.field("Time limit"), step.field("Retry")
        said = value_of(limit, step) if limit else None
        if limit and isinstance(said, timedelta) and fence.timeout not in (None, said):
            yield command, "timeout", limit
        said = value_of(retry, step) if retry else None
        if retry and isinstance(said, Retry) and fence.retries not in (None, said.times):
            yield command, "retries", retry


def misread(page: Page) -> tuple[Misread, ...]:
    """Every value of the page's procedures that cannot be read; kept on the page, since several rules ask."""
    cached: tuple[Misread, ...] | None = page.__dict__.get("_misread")
    if cached is None:
        parts = parts_of(page)
        cached = page.__dict__["_misread"] = tuple(_misread(page, parts)) if parts.procedures else ()
    return cached


def _misread(page: Page, parts: Parts) -> Iterator[Misread]:
    for _, step, found in parts.fields:
        if found.label in _READERS and found.is_known:
            value = value_of(found, step)
            if isinstance(value, Problem):
                yield Misread(value, *value_place(page, found))
    for _, command, _, problems in fence_values(page):
        for problem in problems:
            yield Misread(problem, *fence_of(page, command))
    for procedure in parts.procedures:
        yield from _parameters(procedure)


def value_place(page: Page, found: StepField) -> tuple[int, int]:
    """The bytes of a label's value, on its first line; of the label itself where there is no value."""
    field = found.field
    source = page.document.content[field.value_start : field.value_end]
    start = field.value_start + len(source) - len(source.lstrip())
    if not found.value:
        return field.start, field.end
    return first_line(page, start, field.value_end)


def _parameters(procedure: Procedure) -> Iterator[Misread]:
    for parameter in procedure.declared:
        wrong = grammar.name_problem(parameter.name)
        kind = grammar.read_type(parameter.type)
        if isinstance(kind, Problem):
            wrong = wrong or kind
        elif parameter.default is not None and _is_quick(kind):
            why = kind.mismatch(parameter.default)
            if why:
                message = f"The default '{parameter.default}' is not of the type '{parameter.type}': {why}."
                wrong = wrong or Problem(message, "Mend the default or the type.")
        if wrong:
            yield Misread(wrong, parameter.start, parameter.end)


def _is_quick(kind: ParameterType) -> bool:
    """Whether a value can be matched without a time limit: a regex from a page may take the age of the universe."""
    source = kind.pattern
    return not source or (len(re.findall(r"[*+{]", source)) <= 4 and not re.search(r"\)\s*[*+{?]", source))


def secret_names(procedure: Procedure) -> frozenset[str]:
    """The variables of a procedure that hold secrets: parameters of that type, and those of Secrets labels."""
    names = {
        each.name
        for each in procedure.declared
        if "secret" in each.type.lower() and _is_secret(grammar.read_type(each.type))
    }
    labelled = [field for field in procedure.fields if field.label == "Secrets"]
    labelled.extend(field for step in procedure.all_steps() for field in step.fields if field.label == "Secrets")
    for found in labelled:
        secrets = value_of(found, None)
        if isinstance(secrets, tuple):
            names.update(secret.name for secret in secrets)
    return frozenset(names)


def _is_secret(kind: ParameterType | Problem) -> bool:
    return isinstance(kind, ParameterType) and kind.kind == "secret"
