"""What a run waits for, put to the person at the terminal, and the answer recorded. Decides nothing for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import click

from opsbook.book.plan import PlannedStep
from opsbook.book.plan_words import type_words
from opsbook.entrypoints.keyboard import END, ENTER, ESCAPE, INTERRUPT, Keyboard
from opsbook.entrypoints.screen import Screen
from opsbook.entrypoints.shown.run import dimmed, step_text, tail_lines
from opsbook.entrypoints.shown.terminal import printable, wrapped, wrapped_items
from opsbook.ground.errors import Conflict, Refusal, Usage, told_at_terminal
from opsbook.ledger.run import Asked, Attempt, Run, RunStep
from opsbook.ledger.run_events import Decision, Question
from opsbook.usecases.runs import Runs

After = Literal["goes-on", "left", "interrupted"]

# A key, the word behind it, and what it does; ENTER stands for the first.
_CONFIRM = (
    ("y", "done", "it was done"), ("s", "skip", "leave it out, with a reason"), ("f", "fail", "it did not work out"),
)  # fmt: skip
_COMMAND = (("y", "run", "run the command"), *_CONFIRM[1:])
_FAILED = (
    ("a", "again", "try it again"), ("h", "done by hand", "it was done by hand meanwhile"),
    ("s", "skip", "leave it out, with a reason"), ("f", "fail", "end the run here, as failed"),
)  # fmt: skip
_UNKNOWN = (
    ("d", "it was done", "go on behind it"), ("n", "it was not done: run it", "make a new attempt"),
    ("f", "it failed", "count it as failed"), ("u", "undo it and stop", "run its Undo, and end"),
    ("x", "abort", "end the run; nothing is undone"),
)  # fmt: skip
_CHANGED = (("y", "go on as planned", "the run keeps the page as it was when it began"),)
_ALWAYS = (
    ("r", "roll back", "begin the rollback"), ("p", "pause", "leave the run, to be resumed"), ("q", "quit", "as pause"),
    ("o", "output", "what was printed, again"), ("d", "details", "everything that is agreed about the step"),
    ("?", "help", "these words"),
)  # fmt: skip
_DECISIONS: dict[str, Decision] = {"d": "done", "n": "again", "f": "failed", "u": "undo", "x": "abort"}


_TYPED_COLUMNS = 12  # that are kept free behind a prompt


class Questions:
    """Asks at a terminal and records the answers as `who`."""

    def __init__(
        self, runs: Runs, screen: Screen, keyboard: Keyboard, *, who: str, output: Callable[[Attempt], bytes]
    ) -> None:
        self._runs = runs
        self._screen = screen
        self._keyboard = keyboard
        self._who = who
        self._output = output
        self._by_question: dict[Question, Callable[[Run, PlannedStep, RunStep, Asked], After]] = {
            "confirm": self._confirm, "check": self._check, "changed": self._changed, "failed": self._failed,
            "unknown": self._unknown, "danger": self._danger, "ask": self._ask,
        }  # fmt: skip

    def ask(self, run: Run, planned: PlannedStep, step: RunStep) -> After:
        """Puts the question of a step that waits, until it is answered or the person leaves."""
        if step.asked is None:
            return "goes-on"
        try:
            return self._by_question[step.asked.question](run, planned, step, step.asked)
        except Conflict:
            return "goes-on"  # somebody else was quicker; the run as it is now is looked at again
        except (Refusal, Usage) as wrong:
            self._say_wrapped(click.style(told_at_terminal(wrong), fg="red"))
            return "goes-on"

    def _confirm(self, run: Run, planned: PlannedStep, step: RunStep, _asked: Asked) -> After:
        keys = _COMMAND if planned.kind == "command" else _CONFIRM
        return self._chosen(run, planned, step, keys, has_default=True)

    def _check(self, run: Run, planned: PlannedStep, step: RunStep, asked: Asked) -> After:
        self._say_wrapped(printable(asked.words))
        return self._chosen(run, planned, step, _COMMAND, has_default=True)

    def _changed(self, run: Run, planned: PlannedStep, step: RunStep, asked: Asked) -> After:
        self._say_wrapped(click.style(printable(asked.words), fg="yellow"))
        return self._chosen(run, planned, step, _CHANGED, has_default=False)

    def _failed(self, run: Run, planned: PlannedStep, step: RunStep, asked: Asked) -> After:
        self._say_wrapped(click.style(f"✗ {printable(asked.words)}", fg="red"))
        return self._chosen(run, planned, step, _FAILED, has_default=False)

    def _unknown(self, run: Run, planned: PlannedStep, step: RunStep, _asked: Asked) -> After:
        last = step.attempts[-1] if step.attempts else None
        said = [click.style(f"It is not known whether step {step.number} was done.", fg="magenta", bold=True)]
        said += [printable(step.why)] if step.why else []
        if last is not None:
            said.append(f"It was to be started on {last.target} at {last.intended_at:%H:%M:%S} UTC: look there.")
        for line in said:
            self._say_wrapped(line)
        if last is not None:
            self._screen.say(tail_lines(last))
        return self._chosen(run, planned, step, _UNKNOWN, has_default=False)

    def _danger(self, run: Run, _planned: PlannedStep, step: RunStep, asked: Asked) -> After:
        word = run.plan.danger_word or "yes"
        self._keyboard.forget()
        self._say_wrapped(click.style(f"Danger: {printable(asked.words)}", fg="red", bold=True))
        typed = self._typed(f"  Type {printable(word)} to go on, or nothing to leave: ")
        if typed is None:
            return "interrupted"
        if not typed.strip():
            return "left"
        self._runs.confirm(run.id, step.number, self._who, typed=typed.strip())
        return "goes-on"

    def _ask(self, run: Run, planned: PlannedStep, step: RunStep, _asked: Asked) -> After:
        values: dict[str, str] = {}
        self._keyboard.forget()
        for each in planned.ask:
            while each.name not in values:
                typed = self._typed(f"  {each.name} ({printable(type_words(each.type))}): ")
                if typed is None:
                    return "interrupted"
                wrong = each.type.mismatch(typed) if typed else "nothing was typed"
                if wrong:
                    self._say_wrapped(click.style(f"It cannot be taken: {wrong}.", fg="red"))
                else:
                    values[each.name] = typed
        self._runs.confirm(run.id, step.number, self._who, values=values)
        return "goes-on"

    def _chosen(
        self, run: Run, planned: PlannedStep, step: RunStep, keys: Sequence[tuple[str, str, str]], *, has_default: bool
    ) -> After:
        taken = {key for key, _, _ in keys} | (set() if run.plan.of("rollback") and run.aims != "rollback" else {"r"})
        known = [*keys, *(each for each in _ALWAYS if each[0] not in taken)]
        shows = True
        while True:
            if shows:
                self._keyboard.forget()
                items = _items(known, has_default=has_default)
                self._screen.say(wrapped_items(items, self._screen.width, 2))
            key = self._keyboard.key()
            shows = True
            if key == INTERRUPT:
                return "interrupted"
            if key in ("p", "q", END):
                return "left"  # the run waits for an answer, whoever gives it
            if key == ENTER and has_default:
                key = keys[0][0]
            if key == "?":
                self._screen.say(_help(known, self._screen.width, has_default=has_default))
            elif key == "o":
                self._screen.say(self._outputs(step))
            elif key == "d" and keys is not _UNKNOWN:
                self._screen.say(step_text(planned, self._screen.width, plan=run.plan))
            elif key in {each for each, _, _ in known}:
                after = self._answer(run, step, key, keys)
                if after is not None:
                    return after
            else:
                shows = False

    def _answer(self, run: Run, step: RunStep, key: str, keys: Sequence[tuple[str, str, str]]) -> After | None:
        """Records what a key says; None where the person thought better of it."""
        number, is_doubt = step.number, keys is _UNKNOWN
        if key == "y":
            if keys is _CHANGED:
                self._runs.resume(run.id, self._who)
            else:
                self._runs.confirm(run.id, number, self._who)
            return "goes-on"
        if key == "a":
            self._runs.decide(run.id, number, "again", by=self._who, why="tried again at the terminal")
            return "goes-on"
        why = self._reason()
        if why is None:
            self._screen.say([dimmed("  Nothing was done.")])
            return None
        if key == "r":
            if is_doubt:
                self._runs.decide(run.id, number, "roll-back", by=self._who, why=why)
            else:
                self._runs.roll_back(run.id, self._who, why)
        elif is_doubt:
            self._runs.decide(run.id, number, _DECISIONS[key], by=self._who, why=why)
        elif key == "h":
            self._runs.confirm(run.id, number, self._who, why=why)
        elif key == "s":
            self._runs.skip(run.id, number, self._who, why)
        else:
            self._runs.fail(run.id, number, self._who, why)
        return "goes-on"

    def _typed(self, prompt: str) -> str | None:
        """What is typed behind a prompt that is broken at words where the terminal is narrow."""
        width = self._screen.width
        *first, last = wrapped(prompt.rstrip(), width - _TYPED_COLUMNS if width else None, 4)
        self._screen.say(first)
        return self._keyboard.line(f"{last} ")

    def _reason(self) -> str | None:
        """A reason, asked for on a line of its own until there is one; None for Esc, Ctrl-C, or nothing twice."""
        for is_again in (False, True):
            if is_again:
                self._say_wrapped(dimmed("A reason is needed; nothing again, or Esc, goes back."))
            typed = self._keyboard.line("  Why? ")
            if typed is None or ESCAPE in typed:
                return None
            if typed.strip():
                return typed.strip()
        return None

    def _outputs(self, step: RunStep) -> Iterator[str]:
        from opsbook.entrypoints.shown.run import GUTTER, attempt_words
        from opsbook.ground.terminal_text import TerminalText

        if not step.attempts:
            yield dimmed("  Nothing was printed yet.")
        for attempt in step.attempts:
            yield dimmed(f"  {attempt_words(attempt)}")
            text = TerminalText()
            for line in (*text.feed(self._output(attempt) or attempt.tail.encode()), *text.close()):
                yield f"{dimmed(GUTTER)}{line}"

    def _say_wrapped(self, line: str) -> None:
        self._screen.say(wrapped(f"  {line}", self._screen.width, 4))


def _items(known: Sequence[tuple[str, str, str]], *, has_default: bool) -> Iterator[str]:
    for at, (key, word, _) in enumerate(known):
        if key in ("q", "o", "d") and word in ("quit", "output", "details"):
            continue
        name = "Enter" if at == 0 and has_default else key
        yield f"{click.style(name, bold=True)} {word}"


def _help(known: Sequence[tuple[str, str, str]], width: int | None, *, has_default: bool) -> Iterator[str]:
    about_all = [(f"{key}, Enter" if at == 0 and has_default else key, f"{word}: {about}")
                 for at, (key, word, about) in enumerate(known)]  # fmt: skip
    for name, about in (*about_all, ("Ctrl-C", "asks whether to cancel the run, to pause it or to go on")):
        yield from wrapped(f"    {name:<9} {about}", width, 14)
