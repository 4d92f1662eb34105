"""A procedure made ready to run: every command with its targets and limits, in the order of running. Runs nothing.

A plan is whole and by itself: what it says does not change when the page does, an approval signs it, and another
machine can go on with it. Linked procedures are part of it; nothing in it is looked up later but secrets.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import msgspec
from msgspec import Struct

from opsbook.book.grammar import Ask, Capture, DryRun, Expect, ParameterType, Repeat, Retry, Secret, When

Phase = Literal["steps", "verification", "rollback"]
Kind = Literal["command", "manual", "approval"]
LOCAL = "local"  # the target that is the machine where the run was started


class Script(Struct, frozen=True):
    """What a shell is given, byte for byte as the page has it. `strict` is False where a failing line in the middle
    fails nothing; `expected` is written output that it must print; `line` is the page's."""

    text: str
    language: Literal["bash", "sh", "zsh", "python"] = "bash"
    line: int = 0
    strict: bool = True
    cwd: str = ""
    user: str = ""
    shell: str = ""
    background: bool = False
    environment: tuple[str, ...] = ()  # variables that it gets besides the parameters
    expected: str | None = None
    is_inline: bool = False  # inline code of a label, which runs only where a person started the run, or it is trusted


class Gate(Struct, frozen=True):
    """`count` of the people, by their names, must agree within so many seconds; whoever started it never counts."""

    count: int
    people: tuple[str, ...]
    as_written: str
    within_s: float | None = None


class PlannedStep(Struct, frozen=True):
    """One step. `number` is what people and `decide` call it: `2`, `2.1`, `verify.1`, `rollback.1`, `prerequisite.1`.

    A step with several code blocks is several planned steps, 2.1 and 2.2; a link to another procedure is that
    procedure's steps below the number. `targets` are names of the inventory, or LOCAL alone; `at_once` of them at a
    time, until `stop_after` have failed. `undoes` is the number of the step that a step of a rollback takes back: it
    is done only where that step was. `limit_s` is None where nothing limits it.
    """

    number: str
    phase: Phase
    kind: Kind
    text: str
    line: int
    path: str
    script: Script | None = None
    targets: tuple[str, ...] = (LOCAL,)
    at_once: int = 1
    stop_after: int = 1
    limit_s: float | None = None
    when: When | None = None
    expect: Expect | None = None
    retry: Retry | None = None
    repeat: Repeat = Repeat("ask")
    capture: tuple[Capture, ...] = ()
    ask: tuple[Ask, ...] = ()
    gate: Gate | None = None
    danger: str = ""
    dry_run: DryRun | None = None
    secrets: tuple[Secret, ...] = ()
    undoes: str = ""
    notes: tuple[tuple[str, str], ...] = ()  # labels that are for people: name, value


class PlannedParameter(Struct, frozen=True):
    """A parameter that the run has: its type, and the source where it is a secret."""

    name: str
    type: ParameterType
    description: str = ""
    secret: Secret | None = None


class Plan(Struct, frozen=True):
    """What a run does, with the values that were given. `values` hold no secret; `steps` are all phases in the order of
    running: prerequisites and steps, verification, rollback. `lock` is the key of "One at a time", with its values
    filled in; `danger` is the whole procedure's, and `danger_word` what is typed to go on. `rollback_on_request` where
    the way back was made of the steps' own Undo, and so never begins by itself."""

    path: str
    anchor: str
    title: str
    steps: tuple[PlannedStep, ...]
    parameters: tuple[PlannedParameter, ...] = ()
    values: dict[str, str] = {}
    secrets: tuple[Secret, ...] = ()  # of the whole procedure
    environment: str | None = None
    lock: str = ""
    danger: str = ""
    danger_word: str = ""
    rollback_on_request: bool = False
    service: str | None = None

    @property
    def given_secrets(self) -> tuple[Secret, ...]:
        """The secrets that every command of it gets: of its parameters, and of the whole procedure."""
        found = {each.secret.name: each.secret for each in self.parameters if each.secret is not None}
        found.update((secret.name, secret) for secret in self.secrets)
        return tuple(found.values())

    def step(self, number: str) -> PlannedStep | None:
        """The step of that number."""
        return next((step for step in self.steps if step.number == number), None)

    def of(self, phase: Phase) -> tuple[PlannedStep, ...]:
        """The steps of a phase, in their order."""
        return tuple(step for step in self.steps if step.phase == phase)


def plan_digest(plan: Plan, blob: str, secret_marks: dict[str, str], expires_at: str) -> str:
    """The SHA-256, in hexadecimal, that an approval signs: the document by its `blob`, the plan with its parameters,
    targets and commands, secrets by their marks (an HMAC each), and until when it may be used. Any change of any of
    them is another digest."""
    encoded = msgspec.json.Encoder(order="sorted").encode([blob, plan, secret_marks, expires_at])
    return sha256(encoded).hexdigest()
