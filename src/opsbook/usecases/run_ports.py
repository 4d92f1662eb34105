"""What executing a run asks of the world: hosts that steps are done on, outputs, secrets. None does anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from opsbook.book.grammar import Secret
from opsbook.book.plan import Script
from opsbook.ledger.run_events import Outcome

# Looks for a regular expression: its first group or all of the match, None where nothing matches; raises Failure where
# that takes too long.
Find = Callable[[str, str], str | None]


class Order(Struct, frozen=True):
    """One command to start on one host, at most once: `key` is `RUN/STEP.K`, or `RUN/STEP.K@TARGET`, and names it for
    ever. `environment` is all it gets besides the base list; `secrets` are variables too, and whatever is written
    of its output is without their values. `limit_s` counts from the start; None is no limit."""

    key: str
    epoch: int
    script: Script
    environment: dict[str, str] = {}
    secrets: dict[str, str] = {}
    cwd: str = ""
    limit_s: float | None = None


class Ended(Struct, frozen=True):
    """What became of a command. `exports` are the exported variables that differ from what it was given, those
    that hold a secret left out and named in `secret_exports`. `secret_values` are their values, which are told only
    to whoever started it and followed it to its end, and kept in memory alone. `left` are processes of it that could
    not be ended."""

    outcome: Outcome
    exit: int | None = None
    why: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cwd: str = ""
    exports: dict[str, str] = {}
    secret_exports: tuple[str, ...] = ()
    secret_values: dict[str, str] = {}
    output_bytes: int = 0
    redactions: int = 0
    is_truncated: bool = False
    left: tuple[str, ...] = ()


class Look(Struct, frozen=True):
    """What a host knows of a key. absent: it was never claimed · claimed: claimed, and provably never started, nor will
    it be · running · ended · lost: it was started, and what became of it cannot be known (the host was booted anew, or
    what watched over it was killed); `alive` is then what still runs of it, as `PID NAME`."""

    state: Literal["absent", "claimed", "running", "ended", "lost"]
    ended: Ended | None = None
    why: str = ""
    alive: tuple[str, ...] = ()


class StepHost(Protocol):
    """A machine that commands are done on. Whatever it raises is a Failure: the machine cannot be asked now."""

    def fence(self, run: str, epoch: int) -> None:
        """From now on refuses orders of the run with a smaller epoch, for ever."""
        ...

    def run(self, order: Order, tell: Callable[[int, bytes], None]) -> Ended:
        """Does it and returns when it has ended; meanwhile `tell` gets (offset, bytes) of its redacted output.

        A lost connection is found again and is no end. Raises Fenced for a stale epoch, Refusal where the key was
        claimed before, NotBegun where it is certain that nothing was started, and another Failure where it is not.
        """
        ...

    def rejoin(self, key: str, offset: int, tell: Callable[[int, bytes], None]) -> Ended:
        """As `run` from its start on, of a command that was started before; its output from `offset` on. What cannot
        be known is an end with outcome `lost`."""
        ...

    def look(self, key: str) -> Look:
        """What it knows of a key."""
        ...

    def stop(self, key: str, grace_s: float) -> tuple[str, ...]:
        """Ends every process of a command, politely first; returns when they are gone: empty, or those that are left,
        as `PID NAME`. Of a command that has ended it ends what that left behind."""
        ...


class StepHosts(Protocol):
    """The machines of the inventory."""

    def host(self, target: str) -> StepHost:
        """The machine of that name, LOCAL for this one; raises Refusal, with a guess, where there is none."""
        ...

    def members(self, group: str) -> tuple[str, ...] | None:
        """The hosts of a group, None where there is no such group."""
        ...

    def names(self) -> tuple[str, ...]:
        """All hosts."""
        ...

    def close(self) -> None:
        """Lets go of connections; what runs there goes on."""
        ...


class Outputs(Protocol):
    """What steps printed, redacted, by key; kept by age and size."""

    def append(self, key: str, offset: int, part: bytes) -> None:
        """Keeps a part of the output at its place; what is there already stays as it is. What is
        beyond the most that is kept is dropped."""
        ...

    def read(self, key: str, offset: int, limit: int) -> bytes:
        """The output from a place on, at most so many bytes; empty behind its end, or where it is not kept any more."""
        ...

    def size(self, key: str) -> int:
        """How many bytes are there."""
        ...

    def sweep(self, now: datetime) -> int:
        """Forgets what is too old, then the oldest of what is too much; how many outputs were forgotten."""
        ...

    def close(self) -> None:
        """Lets go of what it holds open."""
        ...


class SecretSources(Protocol):
    """Where secrets come from; they are asked for when a step starts, and kept in memory alone."""

    def fetch(self, secret: Secret) -> str:
        """Its value; raises Failure where it cannot be had, Refusal where it may not be used (shorter than 6
        characters, or no such source). No message holds a value."""
        ...

    def mark(self, value: str) -> str:
        """An HMAC of a value under this installation's own key: says whether two are the same, and nothing else."""
        ...


class Inventory(Struct, frozen=True):
    """What a plan needs to know of the configuration: hosts, groups of hosts, groups of approvers, who is trusted."""

    hosts: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = {}
    approvers: Mapping[str, tuple[str, ...]] = {}
    trusted: frozenset[str] = frozenset()  # PAGE#ANCHOR of procedures that may run unattended
