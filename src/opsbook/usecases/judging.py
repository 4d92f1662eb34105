"""Whether a command came to what its step expects, and what it captured. Looks at text alone, and starts nothing."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from opsbook.book.grammar import Capture, Expect
from opsbook.book.plan import PlannedStep, Script
from opsbook.ground.errors import Failure
from opsbook.ground.pattern import Pattern
from opsbook.usecases.run_ports import Ended, Find

READ_BYTES = 4 * 1024 * 1024  # of an output are looked at; what is wanted of a longer one is at its beginning
TAIL_BYTES = 2000  # of an output stand in the ledger
MOST_CAPTURED = 64 * 1024  # characters; an environment of a command holds a little more than that in one variable
_HIDDEN = "\ue000"  # of no alphabet: stands for a secret while something is looked for in an output

# Colours, movements and titles of a terminal: nobody means them who says what is expected.
_CONTROLS = Pattern(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_REDACTED = Pattern(r"\[(?:secret [A-Za-z_][A-Za-z0-9_]*|possible secret)\]")  # what stands where a secret stood
_MASKED = Pattern(r"(?m)^::mask::([A-Z][A-Z0-9_]*)[ \t]*$")


class Verdict(Struct, frozen=True):
    """Whether it succeeded, and if not, why, in a sentence. `captured` holds no secret; those are only named, and what
    they are, in `hidden`, is recorded nowhere."""

    is_ok: bool
    why: str = ""
    captured: dict[str, str] = {}
    secret_names: tuple[str, ...] = ()
    hidden: dict[str, str] = {}


def needs_output(planned: PlannedStep, script: Script) -> bool:
    """Whether the output must be read to judge a command."""
    expect = planned.expect
    return bool(planned.capture) or script.expected is not None or (expect is not None and expect.kind != "exit")


def plain(output: bytes) -> str:
    """An output as it reads: without what only a terminal needs, and with one kind of line end."""
    text = output.decode("utf-8", "replace")
    if "\x1b" in text:
        text = _CONTROLS().sub("", text)
    return text.replace("\r\n", "\n")


def judged(
    planned: PlannedStep, script: Script, ended: Ended, output: str, *, values: Mapping[str, str], find: Find
) -> Verdict:  # fmt: skip
    """The verdict on a command that ended; `values` are those that an expectation may ask for. What cannot be looked
    for in time is not what was expected.

    An expectation of an exit status replaces the usual one of 0; one of an output comes on top of it, but for
    an empty output, where 1 is as good: so `grep` says that it found nothing.
    """
    why = _unfinished(ended) or _exit(planned.expect, ended) or _output(planned.expect, output, values, find)
    if not why and script.expected is not None:
        why = differs(script.expected, output)
    if why:
        return Verdict(False, why)
    return _captured(planned.capture, ended, output, find)


def answered(ended: Ended) -> Verdict:
    """The verdict on a command that was only asked something by its exit status."""
    why = _unfinished(ended) or _exit(None, ended)
    return Verdict(not why, why)


def _unfinished(ended: Ended) -> str:
    if ended.outcome == "finished":
        return ""
    if ended.outcome == "timed-out":
        return ended.why or "It took longer than its time limit, and was ended."
    return ended.why or {"killed": "It was killed."}.get(ended.outcome, "It was not started.")


def _exit(expect: Expect | None, ended: Ended) -> str:
    codes: tuple[int, ...] = (0,)
    if expect is not None and expect.kind == "exit":
        codes = expect.codes
    elif expect is not None and expect.kind == "empty":
        codes = (0, 1)
    if ended.exit in codes:
        return ""
    wanted = "" if codes == (0,) else f", and {' or '.join(map(str, codes))} was expected"
    return f"It ended with exit status {ended.exit}{wanted}."


def _output(expect: Expect | None, output: str, values: Mapping[str, str], find: Find) -> str:
    if expect is None or expect.kind == "exit":
        return ""
    if expect.kind == "empty":
        return "" if not output.strip() else f"Its output was to be empty, and is: {_shown(output)}"
    if expect.kind == "matches":
        try:
            found = find(expect.pattern, output)
        except Failure as wrong:
            return str(wrong)
        return "" if found is not None else f"Its output does not match /{expect.pattern}/: {_shown(output)}"
    if expect.parameter and expect.parameter not in values:
        return f"Its output was to contain `${expect.parameter}`, which has no value that may be looked for."
    text = values[expect.parameter] if expect.parameter else expect.text
    return "" if text in output else f"Its output does not contain '{text}': {_shown(output)}"


def _shown(output: str) -> str:
    words = " ".join(output.split())
    return (words if len(words) <= 120 else f"{words[:119]}…") or "it is empty."


def differs(expected: str, output: str) -> str:
    """Where an output is not what is written, in a sentence; empty where it is. Trailing space and empty lines at both
    ends do not count, and a line `...` stands for any lines, also for none."""
    wanted, printed = _lines(expected), _lines(output)
    parts: list[list[str]] = [[]]
    for line in wanted:
        if line.strip() == "...":
            parts.append([])
        else:
            parts[-1].append(line)
    if len(parts) == 1:
        return "" if wanted == printed else _difference(wanted, printed)
    first, *middle, last = parts
    if printed[: len(first)] != first:
        return _difference(first, printed)
    at = len(first)
    for part in middle:
        found = next((i for i in range(at, len(printed) - len(part) + 1) if printed[i : i + len(part)] == part), None)
        if found is None:
            return f"It was expected to print '{part[0]}' there, and did not: {_shown(output)}"
        at = found + len(part)
    if last and (len(printed) - len(last) < at or printed[-len(last) :] != last):
        return f"It was expected to end with '{last[-1]}', and did not: {_shown(output)}"
    return ""


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines[next((i for i, line in enumerate(lines) if line), 0) :]


def _difference(wanted: list[str], printed: list[str]) -> str:
    for number, line in enumerate(wanted):
        if number >= len(printed):
            return f"It was expected to print '{line}' in line {number + 1}, and printed no more than that."
        if printed[number] != line:
            return f"Line {number + 1} was expected to be '{line}', and is '{_shown(printed[number])}'."
    return f"It printed more than was expected: '{_shown(printed[len(wanted)])}' in line {len(wanted) + 1}."


def _captured(captures: tuple[Capture, ...], ended: Ended, output: str, find: Find) -> Verdict:
    masked = set(_MASKED().findall(output)) if "::mask::" in output else set()
    sought = _REDACTED().sub(_HIDDEN, output) if ended.redactions else output  # no expression takes words of a mark
    values: dict[str, str] = {}
    hidden = {}
    for capture in captures:
        try:
            value = sought.strip("\n") if capture.pattern is None else find(capture.pattern, sought)
        except Failure as wrong:
            return Verdict(False, f"`{capture.name}` was to be taken from its output: {wrong}")
        if value is None:
            told = f"`{capture.name}` was to be taken from its output by /{capture.pattern}/, and nothing matches"
            return Verdict(False, f"{told}{'' if sought == output else ', secrets left out'}.")
        if _HIDDEN in value and sought != output:
            return Verdict(
                False,
                f"What would be captured as `{capture.name}` holds a secret, which is left out of the output. Write it"
                f" with `export {capture.name}=…` in the step: an exported secret is carried on, and kept nowhere.",
            )
        if len(value) > MOST_CAPTURED or "\0" in value:
            return Verdict(False, f"What was captured as `{capture.name}` is too long, or binary, for a variable.")
        if capture.name in masked:
            hidden[capture.name] = value
        else:
            values[capture.name] = value
    return Verdict(True, captured=values, secret_names=tuple(hidden), hidden=hidden)
