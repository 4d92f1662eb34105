"""What the labels around a step come to: its own, else its procedure's, else those of the link that led to it.

A label that cannot be read keeps the step from being run; it is never passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from opsbook.book.field_values import value_of, value_place
from opsbook.book.grammar import Ask, Capture, DryRun, Expect, Problem, Repeat, Retry, RunOn, Secret, When
from opsbook.book.page import Page
from opsbook.book.planner.parts import Part, Scope
from opsbook.book.planner.problems import Hindrances
from opsbook.book.steps import StepField

COMMAND_LIMIT_S = 900.0  # where nobody says another one


class Settings:
    """The labels of one part, read."""

    def __init__(self, part: Part, wrong: Hindrances) -> None:
        self._part = part
        self._wrong = wrong

    @property
    def _own(self) -> tuple[Scope, ...]:
        return self._part.scopes[:1] if self._part.step is not None else ()

    def _first(self, label: str, *, is_inherited: bool = True) -> Any:
        """What the innermost scope that says something of it says."""
        for scope in self._part.scopes if is_inherited else self._own:
            found = scope.field(label)
            value = self._read(scope, found) if found is not None else None
            if value is not None:
                return value
        return None

    def _every(self, label: str, *, is_inherited: bool = False) -> Iterator[Any]:
        for scope in self._part.scopes if is_inherited else self._own:
            for found in scope.fields:
                if found.label == label:
                    value = self._read(scope, found)
                    if value is not None:
                        yield value

    def _read(self, scope: Scope, found: StepField) -> Any:
        value = value_of(found, scope.step)
        if not isinstance(value, Problem):
            return value
        self._wrong.add(scope.page, value_place(scope.page, found), value.message, value.fix)
        return None

    def run_on(self) -> tuple[RunOn, bool, Page, tuple[int, int]] | None:
        """Where it is done, whether the step itself says so, and where that is written."""
        for scope in self._part.scopes:
            found = scope.field("Run on")
            value = self._read(scope, found) if found is not None else None
            if found is not None and isinstance(value, RunOn):
                return value, scope.step is self._part.step, scope.page, value_place(scope.page, found)
        return None

    def limit_s(self, fence: timedelta | None, *, is_command: bool) -> float | None:
        """How long it may take: a procedure's limit is that of each of its commands."""
        own = self._first("Time limit", is_inherited=False)
        if own is None and is_command:
            own = fence or self._first("Time limit")
        if isinstance(own, timedelta):
            return own.total_seconds()
        return COMMAND_LIMIT_S if is_command else None

    def retry(self, fence: int | None) -> Retry | None:
        """How often again."""
        own = self._first("Retry", is_inherited=False)
        if own is None and fence is not None:
            return Retry(fence) if fence else None
        value = own or self._first("Retry")
        return value if isinstance(value, Retry) else None

    def repeat(self) -> Repeat:
        """What may happen after a doubt."""
        value = self._first("Repeat")
        return value if isinstance(value, Repeat) else Repeat("ask")

    def when(self) -> When | None:
        """Its condition: of the step, of its procedure, or of the link; two of them cannot be asked at once."""
        found = list(self._every("When", is_inherited=True))
        if len(set(map(repr, found))) > 1:
            scope = self._part.scopes[0]
            place = (scope.fields[0].field.start, scope.fields[0].field.end) if scope.fields else (0, 0)
            self._wrong.add(scope.page, place, "Both this step and what it is part of have a **When:**.",
                            "Keep one of the two.")  # fmt: skip
        return found[0] if found and isinstance(found[0], When) else None

    def expect(self) -> Expect | None:
        """What its command must come to."""
        own = [value for value in self._every("Expect") if isinstance(value, Expect)]
        if len(own) > 1:
            found = [field for field in self._part.scopes[0].fields if field.label == "Expect"][1]
            place = (found.field.start, found.field.end)
            self._wrong.add(self._part.page, place, "The step expects two things, and only one can be looked at.",
                            "Make two steps of it.")  # fmt: skip
        value = own[0] if own else self._first("Expect")
        return value if isinstance(value, Expect) else None

    def capture(self) -> tuple[Capture, ...]:
        """What is learned from the output."""
        return tuple(value for value in self._every("Capture") if isinstance(value, Capture))

    def ask(self) -> tuple[Ask, ...]:
        """What a person is asked for; a secret would have to be kept, and is refused."""
        found = tuple(value for value in self._every("Ask") if isinstance(value, Ask))
        for ask in found:
            if ask.type.kind == "secret":
                field = next(field for field in self._part.scopes[0].fields if field.label == "Ask")
                message = f"A person cannot be asked for the secret {ask.name}, since the answer is kept."
                fix = f"Write **Secrets:** `{ask.name}` from SOURCE:PATH instead."
                self._wrong.add(self._part.page, (field.field.start, field.field.end), message, fix)
        return found

    def dry_run(self) -> DryRun | None:
        """What a dry run does instead."""
        value = self._first("Dry run")
        return value if isinstance(value, DryRun) else None

    def secrets(self) -> tuple[Secret, ...]:
        """The secrets of the step and of all that it is part of, but for the procedure that is run, whose are the
        plan's."""
        found: dict[str, Secret] = {}
        for scope in self._part.scopes[:-1]:
            for field in scope.fields:
                value = self._read(scope, field) if field.label == "Secrets" else None
                for secret in value if isinstance(value, tuple) else ():
                    found.setdefault(secret.name, secret)
        return tuple(found.values())

    def danger(self) -> str:
        """The reasons of the step, and of the linked procedures that begin with it."""
        own = [*self._own, *(scope for scope in self._part.opens if scope not in self._own)]
        return "; ".join(filter(None, (danger_of(scope) for scope in own)))


def danger_of(scope: Scope) -> str:
    """The reason that a scope's Danger gives, empty where it says none."""
    found = scope.field("Danger")
    value = found.value.strip() if found is not None else ""
    return "" if value.lower().strip(" .`") in ("none", "n/a", "no", "-") else value
