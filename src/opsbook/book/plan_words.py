"""The parts of a plan in words, for whoever looks at it: limits, conditions, expectations. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from opsbook.book.grammar import Expect, ParameterType, Repeat, Retry, When
from opsbook.book.plan import LOCAL, Gate, PlannedStep


def length_words(length: timedelta | float) -> str:
    """A length of time as short as it can be told: 340 ms, 2.4 s, 15 min, 1 h 30 min, 2 d 3 h."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < 0.9995:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for size, unit, smaller, small_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{whole} s"


def when_words(when: When) -> str:
    """A condition, as it would be said."""
    if when.kind == "command":
        return f"only if `{when.command}` succeeds"
    values = ", ".join(f"`{value}`" for value in when.values)
    verb = {"is": "is", "is-not": "is not", "in": "is one of", "not-in": "is none of"}[when.kind]
    return f"only if ${when.parameter} {verb} {values}"


def holds_now(when: When, values: Mapping[str, str]) -> bool | None:
    """Whether a condition holds for these values; None where only the run can tell."""
    if when.kind == "command" or when.parameter not in values:
        return None
    is_among = values[when.parameter] in when.values
    return is_among if when.kind in ("is", "in") else not is_among


def expect_words(expect: Expect | None, expected: str | None = None) -> str:
    """What makes a command a success."""
    wanted = "exit 0"
    if expect is not None:
        part = f"the value of ${expect.parameter}" if expect.parameter else repr(expect.text)
        looks = {
            "exit": f"exit {' or '.join(map(str, expect.codes))}",
            "contains": f"output contains {part}",
            "matches": f"output matches /{expect.pattern}/",
            "empty": "no output",
        }  # fmt: skip
        wanted = looks[expect.kind]
        if expect.within is not None:
            wanted += f" within {length_words(expect.within)}"
        if expect.every is not None:
            wanted += f", asked every {length_words(expect.every)}"
    return f"{wanted}, and the output that is written there" if expected is not None else wanted


def retry_words(retry: Retry) -> str:
    """How often a failed command is tried again."""
    often = "once" if retry.times == 1 else f"{retry.times} times"
    every = f", every {length_words(retry.every)}" if retry.every else ""
    return f"up to {often}{every}" + (f", each pause ×{retry.backoff:g}" if retry.backoff != 1 else "")


def repeat_words(repeat: Repeat) -> str:
    """What happens where nobody can tell whether the command was done."""
    mode = {
        "safe": "it is run again by itself", "ask": "a person decides",
        "never": "to run it again takes a second person",
    }[repeat.mode]  # fmt: skip
    return f"`{repeat.done_if}` tells, else {mode}" if repeat.done_if else mode


def gate_words(gate: Gate) -> str:
    """Who must agree."""
    people = ", ".join(f"@{name}" for name in gate.people) or "nobody"
    within = f", within {length_words(gate.within_s)}" if gate.within_s is not None else ""
    return f"{gate.count} of {people}{within}; whoever started it never counts"


def target_words(step: PlannedStep) -> str:
    """Where a step is done: `this machine`, `db-1`, `web-1, web-2, one at a time`."""
    if step.targets == (LOCAL,):
        return "this machine"
    names = ", ".join(step.targets) or "no host"
    if len(step.targets) < 2:
        return names
    pace = "one at a time" if step.at_once == 1 else f"{step.at_once} at a time"
    failures = "the first failure" if step.stop_after == 1 else f"{step.stop_after} failures"
    return f"{names}; {pace}, until {failures}"


def type_words(kind: ParameterType) -> str:
    """The type of a value, as a person is told it."""
    if kind.kind == "choice":
        return " | ".join(kind.choices)
    if kind.kind == "pattern":
        return f"/{kind.pattern}/"
    if kind.kind == "host" and kind.group:
        return f"host in {kind.group}"
    if kind.low is not None or kind.high is not None:
        low, high = (f"{bound:g}" if bound is not None else "" for bound in (kind.low, kind.high))
        return f"{kind.kind} {low}..{high}"
    return kind.kind


def details(step: PlannedStep) -> Iterator[tuple[str, str]]:
    """Everything that is agreed about a step besides its text, its command and its targets: name, words."""
    script = step.script
    if step.when is not None:
        yield "when", when_words(step.when)
    if step.undoes:
        yield "only if", f"step {step.undoes} was done"
    if step.danger:
        yield "danger", step.danger
    if step.gate is not None:
        yield "approval", gate_words(step.gate)
    for ask in step.ask:
        yield "asks for", f"{ask.name} ({type_words(ask.type)})"
    if script is None:
        yield from step.notes
        return
    if script.user:
        yield "as", script.user
    if script.cwd:
        yield "in", script.cwd
    if not script.strict:
        yield "strict", "off: a failing line in the middle fails nothing"
    if script.background:
        yield "background", "it goes on while the next steps are done"
    yield "expects", expect_words(step.expect, script.expected)
    yield "limit", length_words(step.limit_s) if step.limit_s is not None else "none"
    if step.retry is not None:
        yield "retries", retry_words(step.retry)
    if step.repeat.mode != "ask" or step.repeat.done_if:
        yield "in doubt", repeat_words(step.repeat)
    for capture in step.capture:
        yield "captures", f"{capture.name} from {f'/{capture.pattern}/' if capture.pattern else 'its output'}"
    if step.dry_run is not None:
        yield "dry run", step.dry_run.command or "the same command"
    yield from step.notes
