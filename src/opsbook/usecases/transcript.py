"""A run told from beginning to end, to be kept or shown elsewhere: as Markdown, or as asciicast v2. Changes nothing.

Both hold only what was recorded redacted. `read` gives the output of an attempt by its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from opsbook.book.plan import PlannedStep
from opsbook.book.plan_words import length_words
from opsbook.ground.terminal_text import TerminalText
from opsbook.ledger.run import Attempt, Run, RunStep
from opsbook.usecases.run_shown import run_model

MOST_BYTES = 1 << 20  # of one attempt's output; a transcript is read, and the rest stands in `runs log`
_COLUMNS, _ROWS = 100, 30
_LONGEST_PAUSE_S = 2.0  # a player skips what is longer
_PHASES = {"steps": "Steps", "verification": "Verification", "rollback": "Rollback"}


class Chain(msgspec.Struct, frozen=True):
    """The proof that a run's events are whole: how many there are, and the hash of the last."""

    events: int
    hash: str


def as_markdown(run: Run, read: Callable[[str], bytes], chain: Chain) -> Iterator[str]:
    """The transcript as lines of Markdown."""
    plan = run.plan
    review = f"`{run.commit}`" if run.commit else f"uncommitted, unreviewed (content `{run.blob}`)"
    yield from (f"# Run of {_inline(plan.title)}", "")
    facts = [
        ("Run", f"`{run.id}`"), ("Procedure", _code(f"{plan.path}#{plan.anchor}")), ("Commit", review),
        ("Result", _sentence(run.state, run.why)), ("Started", f"{_time(run.started_at)} by {_inline(run.actor)}"),
        ("Ended", f"{_time(run.ended_at)}, after {length_words(run.ended_at - run.started_at)}" if run.ended_at
         else "not yet"),
        ("Events", f"{chain.events}, the last with hash `{chain.hash}`"),
    ]  # fmt: skip
    yield from (f"- **{name}:** {value}" for name, value in facts)
    if plan.values or plan.secrets:
        yield from ("", "| Parameter | Value |", "| --- | --- |")
        yield from (f"| `{name}` | {_cell(value)} |" for name, value in plan.values.items())
        yield from (f"| `{secret.name}` | secret from {_inline(secret.source)} |" for secret in plan.secrets)
    phase = ""
    for planned, step in _told(run):
        if planned.phase != phase:
            phase = planned.phase
            yield from ("", f"## {_PHASES[phase]}")
        yield from _step(planned, step, read)


def _step(planned: PlannedStep, step: RunStep, read: Callable[[str], bytes]) -> Iterator[str]:
    yield from ("", f"### {planned.number} {_inline(planned.text.split(chr(10), 1)[0])}", "")
    said: list[str] = [step.state]
    if step.by:
        said.append(f"by {_inline(step.by)}")
    if step.ended_at is not None:
        said.append(_time(step.ended_at))
    if not step.is_seen:
        said.append("confirmed unseen")
    yield f"{', '.join(said)}{f': {_inline(step.why)}' if step.why else ''}"
    yield from (f"\nApproved by {_inline(each.by)}, {_time(each.at)}, of `{each.digest}`" for each in step.approvals)
    if planned.script is not None and step.attempts:
        yield from ("", *_fenced(planned.script.text, planned.script.language))
    for attempt in step.attempts:
        if attempt.purpose in ("step", "dry"):
            yield from ("", f"**{_attempt(attempt)}**")
            output = _text(read(attempt.key), attempt)
            if output.strip():
                yield from ("", *_fenced(output, "text"))


def _attempt(attempt: Attempt) -> str:
    ended = f"exit {attempt.exit}" if attempt.outcome == "finished" else (attempt.outcome or "not ended")
    lasted = ""
    if attempt.started_at is not None and attempt.ended_at is not None:
        lasted = f" after {length_words(attempt.ended_at - attempt.started_at)}, from {_time(attempt.started_at)}"
    why = f": {_inline(attempt.why)}" if attempt.why and not attempt.is_ok else ""
    masked = f" ({attempt.redactions} secrets left out)" if attempt.redactions else ""
    return f"Attempt {attempt.number} on {_inline(attempt.target)}: {ended}{lasted}{why}{masked}"


def _text(output: bytes, attempt: Attempt) -> str:
    """The output without anything that a terminal obeys, its tail where the rest is not kept any more."""
    text = TerminalText(is_coloured=False)
    lines = [*text.feed((output or attempt.tail.encode())[:MOST_BYTES]), *text.close()]
    if len(output) > MOST_BYTES or attempt.is_truncated:
        lines.append("[the rest is left out]")
    return "\n".join(lines)


def _told(run: Run) -> Iterator[tuple[PlannedStep, RunStep]]:
    """The steps that a transcript tells: all, but of a rollback that did not begin none."""
    for planned in run.plan.steps:
        step = run.step(planned.number)
        if step is not None and (planned.phase != "rollback" or run.aims == "rollback" or step.attempts):
            yield planned, step


def as_json(run: Run, read: Callable[[str], bytes], chain: Chain) -> Iterator[str]:
    """The transcript as one JSON object: the run as everywhere, the whole outputs, and the proof."""
    model = run_model(run)
    outputs = {
        attempt.key: _text(read(attempt.key), attempt) for step in run.steps for attempt in step.attempts
    }  # fmt: skip
    yield msgspec.json.encode({**model, "events": chain.events, "hash": chain.hash, "outputs": outputs}).decode()


def as_asciicast(run: Run, read: Callable[[str], bytes]) -> Iterator[str]:
    """The transcript as lines of asciicast v2. Outputs are kept without times: each is spread over its attempt."""
    header = {
        "version": 2, "width": _COLUMNS, "height": _ROWS, "timestamp": int(run.started_at.timestamp()),
        "title": f"{run.plan.title} ({run.id}): {run.state}", "idle_time_limit": _LONGEST_PAUSE_S,
    }  # fmt: skip
    yield msgspec.json.encode(header).decode()
    events = sorted(_shown(run, read), key=lambda event: event[0])
    for at, text in events:
        yield msgspec.json.encode([round(max((at - run.started_at).total_seconds(), 0), 6), "o", text]).decode()


def _shown(run: Run, read: Callable[[str], bytes]) -> Iterator[tuple[datetime, str]]:
    """What is seen at which time, each step in its order."""
    yield run.started_at, f"\x1b[1m{_bare(run.plan.title)}\x1b[0m\r\n"
    for planned, step in _told(run):
        if step.began_at is None:
            continue
        yield step.began_at, f"\r\n\x1b[1m{planned.number}\x1b[0m  {_bare(planned.text.split(chr(10), 1)[0])}\r\n"
        if planned.script is not None:
            commands = planned.script.text.rstrip("\n").split("\n")
            yield step.began_at, "".join(f"\x1b[2m$ {_bare(line)}\x1b[0m\r\n" for line in commands)
        for attempt in step.attempts:
            yield from _lines(attempt, read(attempt.key))
        if step.ended_at is not None:
            yield step.ended_at, f"\x1b[2m{step.state}{f': {_bare(step.why)}' if step.why else ''}\x1b[0m\r\n"
    if run.ended_at is not None:
        yield run.ended_at, f"\r\n\x1b[1m{run.state}\x1b[0m{f': {_bare(run.why)}' if run.why else ''}\r\n"


def _lines(attempt: Attempt, output: bytes) -> Iterator[tuple[datetime, str]]:
    text = TerminalText()
    lines = [*text.feed((output or attempt.tail.encode())[:MOST_BYTES]), *text.close()]
    begun = attempt.started_at or attempt.intended_at
    lasting = (attempt.ended_at or begun) - begun
    for number, line in enumerate(lines, start=1):
        yield begun + lasting * (number / (len(lines) + 1)), f"{line}\r\n"


def _bare(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _inline(text: str) -> str:
    """A text that stays text in Markdown: nothing in it is a mark, a link or HTML."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|~!&" else c for c in _bare(text))


def _cell(value: str) -> str:
    return _code(value).replace("|", "\\|") if value else "(empty)"


def _code(text: str) -> str:
    text = _bare(text)
    fence = "`"
    while fence in text:
        fence += "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _fenced(text: str, language: str) -> Iterator[str]:
    fence = "```"
    while fence in text:
        fence += "`"
    yield from (f"{fence}{language}", text.rstrip("\n"), fence)


def _sentence(state: str, why: str) -> str:
    return f"**{state}**{f': {_inline(why)}' if why else ''}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
