"""What steps printed and the transcripts of runs, written out. Changes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import click

from opsbook.config import wants_colour
from opsbook.entrypoints.options import Shared
from opsbook.entrypoints.run_desk import parts_of, run_named
from opsbook.entrypoints.shown.run import attempt_words, dimmed, size_words
from opsbook.entrypoints.shown.terminal import printable
from opsbook.ground.errors import Failure
from opsbook.ground.terminal_text import LONGEST_LINE, TerminalText
from opsbook.ledger.run import Attempt, Run, stream_of
from opsbook.run_parts import RunParts

_PART = 1 << 16


class Log:
    """Prints the outputs of a run, or of one step, each part once; called again it prints what came since."""

    def __init__(self, parts: RunParts, step: str | None, *, is_raw: bool) -> None:
        self._parts = parts
        self._step = step
        self._is_raw = is_raw
        self._read: dict[str, int] = {}
        self._told: set[str] = set()  # attempts of which it was said that not all is kept
        self._texts: dict[str, TerminalText] = {}
        wants = wants_colour()
        self._is_coloured = sys.stdout.isatty() if wants is None else wants

    def show(self, run: Run) -> None:
        """Prints what there is and was not printed yet, attempt by attempt."""
        for step in run.steps:
            for attempt in step.attempts:
                if self._step in (None, step.number) or step.number.startswith(f"{self._step}."):
                    self._attempt(step.number, attempt)
        sys.stdout.flush()

    def close(self) -> None:
        """Prints the last lines that have no end."""
        for key in list(self._texts):
            self._end(key)

    def _attempt(self, number: str, attempt: Attempt) -> None:
        if attempt.key not in self._read:
            self._read[attempt.key] = 0
            if not self._is_raw:
                what = "" if attempt.purpose == "step" else f" ({attempt.purpose})"
                words = attempt_words(attempt) if attempt.outcome else f"attempt {attempt.number} on {attempt.target}"
                click.echo(dimmed(f"step {number}{what}, {printable(words)}"))
        while part := self._parts.outputs.read(attempt.key, self._read[attempt.key], _PART):
            self._read[attempt.key] += len(part)
            if self._is_raw:
                sys.stdout.buffer.write(part)
                continue
            text = self._texts.setdefault(attempt.key, TerminalText(is_coloured=self._is_coloured))
            for line in text.feed(part):
                click.echo(line)
        if attempt.outcome is None:
            return
        if attempt.key in self._texts:
            self._end(attempt.key)
        if attempt.is_truncated and not self._is_raw and attempt.key not in self._told:
            self._told.add(attempt.key)
            click.echo(dimmed(f"(it printed more, which was not kept: {size_words(self._read[attempt.key])} are)"))

    def _end(self, key: str) -> None:
        """Prints the last line of an attempt, and whether lines of it were too long to be shown."""
        text = self._texts.pop(key)
        for line in text.close():
            click.echo(line)
        if text.cut:
            run, _, attempt = key.partition("/")
            step = attempt.partition("@")[0].rpartition(".")[0]
            lines = "1 line is" if text.cut == 1 else f"{text.cut} lines are"
            click.echo(dimmed(
                f"({lines} cut behind {LONGEST_LINE} characters: 'opsbook runs log {run} {step} --raw' has all of it)"
            ))  # fmt: skip


def exported(shared: Shared, run: str, form: str, file: str | None) -> None:
    """Writes a transcript to a file, or to standard output. Raises Failure where the file cannot be written."""
    with parts_of(shared) as parts:
        found = run_named(parts, run)
        lines = _lines(parts, found, form)
        if file is None or file == "-":
            for line in lines:
                sys.stdout.write(f"{line}\n")
            return
        content = "".join(f"{line}\n" for line in lines)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(content)
    except OSError as wrong:
        raise Failure(f"The transcript cannot be written to '{file}': {wrong.strerror}.") from wrong
    click.echo(f"written {file}")


def _lines(parts: RunParts, run: Run, form: str) -> Iterator[str]:
    from opsbook.usecases.transcript import MOST_BYTES, Chain, as_asciicast, as_json, as_markdown

    events = parts.events.read(stream_of(run.id))
    chain = Chain(len(events), events[-1].hash)

    def read(key: str) -> bytes:
        return parts.outputs.read(key, 0, MOST_BYTES + 1)

    if form == "asciicast":
        return as_asciicast(run, read)
    return as_markdown(run, read, chain) if form == "markdown" else as_json(run, read, chain)
