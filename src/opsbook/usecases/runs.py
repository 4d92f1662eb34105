"""The verbs of runs: plan, start, answer, approve, decide, cancel. They record what people want; none executes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from opsbook.book.page import Page
from opsbook.book.plan import Plan, PlannedParameter
from opsbook.ledger.run import Run
from opsbook.ledger.run_events import Decision
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.run_ports import Inventory, SecretSources


class Source(Struct, frozen=True):
    """A page as it lies there now: its commit is None where it is not committed as it is. `editor` changed it last."""

    page: Page
    commit: str | None
    editor: str = ""
    is_protected: bool = False  # the commit is on a protected branch
    service: str | None = None


class Starter(Struct, frozen=True):
    """Who starts: the name that events carry, and all names that this person is known by."""

    name: str
    aliases: tuple[str, ...] = ()


class Form(Struct, frozen=True):
    """What must be known before a start: parameters in their order, with defaults; what would be run; `why_not` in
    sentences, empty where it can be started."""

    path: str
    anchor: str
    title: str
    parameters: tuple[PlannedParameter, ...]
    defaults: dict[str, str]
    required: frozenset[str]
    plan: Plan | None
    why_not: tuple[str, ...] = ()
    commit: str | None = None
    danger: str = ""


class Brief(Struct, frozen=True):
    """A run as lists show it."""

    id: str
    path: str
    anchor: str
    title: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    actor: str
    commit: str | None
    waits_for: str = ""
    why: str = ""
    is_dry: bool = False
    position: int = 0


class History(Struct, frozen=True):
    """What earlier runs of a procedure say: how many ended, how many of them succeeded, when it was last practised (a
    success that was no dry run), and how long each step usually takes (the median of those that were done)."""

    ended: int
    succeeded: int
    last_practised: datetime | None
    usual_s: float | None
    step_usual_s: dict[str, float]
    briefs: tuple[Brief, ...] = ()


class Runs:
    """The runs of a ledger. Every verb gives the run as it is after it; raises Usage where there is no such run or
    step, Refusal where it may not be done now, Conflict where somebody else was quicker."""

    def __init__(
        self, ledger: EngineLedger, find: Callable[[str], Source], inventory: Inventory, secrets: SecretSources,
        *, node: str, now: Callable[[], datetime], chance: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._find = find
        self._inventory = inventory
        self._secrets = secrets
        self._node = node
        self._now = now
        self._chance = chance

    def form(self, where: str) -> Form:
        """What a start of PAGE#ANCHOR asks for; raises Usage, with a guess, where there is no such procedure."""
        raise NotImplementedError

    def plan(self, where: str, values: dict[str, str], on: str | None = None) -> Plan:
        """What a run of PAGE#ANCHOR would do, on the target `on` where it is given.

        Raises Usage for parameters that are missing, not known or not of their type (all of them at once), Refusal
        where a step cannot be run, with the place of each.
        """
        raise NotImplementedError

    def start(
        self, where: str, values: dict[str, str], starter: Starter, *, on: str | None = None, assumes_yes: bool = False,
        is_dry: bool = False, is_interactive: bool = True, incident: int | None = None,
    ) -> Run:  # fmt: skip
        """Records a run; a runner takes it up. Raises as `plan`, and Refusal where it may not run unattended."""
        raise NotImplementedError

    def find(self, run: str) -> Run:
        """The run of that id, or of the only id that begins so."""
        raise NotImplementedError

    def briefs(
        self, *, where: str | None = None, is_open: bool | None = None, before: int | None = None, limit: int = 50
    ) -> list[Brief]:
        """Runs, the last started first: all, or those of PAGE#ANCHOR, from the position `before` on back."""
        raise NotImplementedError

    def history(self, where: str, limit: int = 100) -> History:
        """What earlier runs of PAGE#ANCHOR say."""
        raise NotImplementedError

    def confirm(
        self, run: str, step: str, by: str, *, values: dict[str, str] | None = None, why: str = "", typed: str = "",
        is_seen: bool = True,
    ) -> Run:  # fmt: skip
        """A person says yes at a step that waits: that the manual step was done (with the values it asked for), or that
        it may go on; `typed` is the word that a danger asks for."""
        raise NotImplementedError

    def skip(self, run: str, step: str, by: str, why: str) -> Run:
        """Leaves out a step that waits or has failed, with a reason."""
        raise NotImplementedError

    def fail(self, run: str, step: str, by: str, why: str) -> Run:
        """Says that a step that waits did not work out."""
        raise NotImplementedError

    def approve(self, run: str, step: str, by: Starter, *, digest: str, why: str = "") -> Run:
        """An approval of exactly what `digest` says; raises Refusal for whoever may not approve it, and why."""
        raise NotImplementedError

    def decide(self, run: str, step: str, decision: Decision, *, by: str, why: str) -> Run:
        """Settles a step that is unknown or failed. To run again what must never be repeated takes a second person:
        raises Refusal where `by` is who started it."""
        raise NotImplementedError

    def cancel(self, run: str, by: str, why: str) -> Run:
        """Asks a run to end now; it is cancelled once its processes are gone."""
        raise NotImplementedError

    def roll_back(self, run: str, by: str, why: str) -> Run:
        """Begins the rollback of a run that waits, or of one that failed."""
        raise NotImplementedError

    def pause(self, run: str, by: str, why: str) -> Run:
        """Stops a run before its next step."""
        raise NotImplementedError

    def resume(self, run: str, by: str, why: str = "") -> Run:
        """Lets a paused run go on, and one that waits because its page changed, as it was planned."""
        raise NotImplementedError
