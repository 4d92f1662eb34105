"""A world that runs are executed in: machines that can be booted anew, a runner that can be killed, a moved clock.

The ledger is the real one. Machines outlive runners, as the small program that watches over steps does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.ledger.planned import RUN, START, plan, started

from opsbook.adapters.regex_search import searched
from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.book.grammar import Secret
from opsbook.book.plan import LOCAL, PlannedStep
from opsbook.ground.errors import Failure, Fenced, NotBegun, Refusal
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.run import Run, folded, stream_of
from opsbook.ledger.run_events import ENDED
from opsbook.ledger.run_view import RUNS
from opsbook.usecases.execute import Engine, Pause
from opsbook.usecases.ledger_ports import Lease
from opsbook.usecases.run_ports import Ended, Look, Order


class Killed(BaseException):
    """The runner is gone at this point; nothing of it goes on."""


class Program:
    """A command on a machine: what it prints, how it ends, and when."""

    def __init__(self, exit_code: int = 0, output: bytes = b"", *, hangs: bool = False, **more: Any) -> None:
        self.exit_code, self.output, self.more = exit_code, output, more
        self.hangs = hangs


class Doing:
    """One command that was begun on a machine."""

    def __init__(self, order: Order, program: Program, at: datetime) -> None:
        self.order, self.program, self.at = order, program, at
        self.is_over = threading.Event()
        self.ended: Ended | None = None
        self.is_lost = False
        self.ignores: tuple[str, ...] = ()

    def finish(self, exit_code: int | None, at: datetime, outcome: Any = "") -> None:
        """It ends."""
        more = dict(self.program.more)
        outcome = outcome or more.pop("outcome", "finished")
        if not self.is_over.is_set():
            self.ended = Ended(
                outcome, exit_code, started_at=self.at, ended_at=at, output_bytes=len(self.program.output),
                **more,
            )  # fmt: skip
            self.is_over.set()


class Machine:
    """A machine; a StepHost."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.done: dict[str, Doing] = {}
        self.claimed: set[str] = set()
        self.epochs: dict[str, int] = {}
        self.is_silent = False
        self.refuses_next = 0  # so many commands cannot be begun, which is certain
        self.lost_in_hello = 0  # so many connections are lost before a command is begun
        self.is_stubborn = False  # what is to be stopped is not
        self.cuts_next = 0  # so many connections are cut once the command was begun

    def fence(self, run: str, epoch: int) -> None:
        self._heard()
        self.epochs[run] = max(epoch, self.epochs.get(run, 0))

    def run(self, order: Order, tell: Callable[[int, bytes], None]) -> Ended:
        life = self.world.life
        self.world.point(life, "before the claim")
        run = order.key.split("/")[0]
        if self.is_silent:
            raise NotBegun(f"{self.name} does not answer.")
        if order.epoch < self.epochs.get(run, 0):
            raise Fenced("A later runner has this run.")
        self.epochs[run] = order.epoch
        if order.key in self.claimed:
            raise Refusal(f"{order.key} was claimed before.")
        if self.lost_in_hello:
            self.lost_in_hello -= 1
            raise NotBegun(f"{self.name} was lost.", retryable=True)
        if self.refuses_next:
            self.refuses_next -= 1
            raise NotBegun("Nothing could be started.")
        self.claimed.add(order.key)
        self.world.point(life, "claimed")
        doing = Doing(order, self.world.program(order), self.world.now())
        self.done[order.key] = doing
        self.world.begun.append(order)
        if not doing.program.hangs:
            doing.finish(doing.program.exit_code, self.world.now())
        self.world.point(life, "begun")
        if self.cuts_next:
            self.cuts_next -= 1
            raise Failure("The connection was cut.", retryable=True)
        return self._watched(doing, 0, tell, life)

    def rejoin(self, key: str, offset: int, tell: Callable[[int, bytes], None]) -> Ended:
        self._heard()
        return self._watched(self.done[key], offset, tell, self.world.life)

    def look(self, key: str) -> Look:
        self._heard()
        doing = self.done.get(key)
        if doing is None:
            return Look("claimed" if key in self.claimed else "absent")
        if doing.is_lost:
            return Look("lost", why=f"{self.name} was booted anew.", alive=doing.ignores)
        return Look("ended", doing.ended) if doing.is_over.is_set() else Look("running")

    def stop(self, key: str, grace_s: float) -> tuple[str, ...]:
        self._heard()
        self.world.stopped.append(key)
        doing = self.done.get(key)
        if self.is_stubborn:
            return ("7 serve",)
        if doing is None or doing.is_lost:
            if doing is not None:
                doing.ignores = ()
            return ()
        if doing.ignores:
            return doing.ignores
        doing.finish(None, self.world.now(), "killed")
        return ()

    def boot(self) -> None:
        """Everything that runs is gone, and nobody knows how far it came."""
        for doing in self.done.values():
            if not doing.is_over.is_set():
                doing.is_lost = True
                doing.is_over.set()

    def _heard(self) -> None:
        if self.is_silent:
            raise Failure(f"{self.name} does not answer.", retryable=True)

    def _watched(self, doing: Doing, offset: int, tell: Callable[[int, bytes], None], life: int) -> Ended:
        output = doing.program.output
        if output[offset:]:
            tell(offset, output[offset:])
        begun = time.monotonic()
        while not doing.is_over.wait(0.002):
            self.world.point(life, "running")
            assert time.monotonic() - begun < 10, f"{doing.order.key} was to end, and nobody ended it"
        self.world.point(life, "ended")
        if doing.is_lost:
            return Ended("lost", why=f"{self.name} was booted anew.")
        assert doing.ended is not None
        return doing.ended


class KilledLedger:
    """The real ledger, as a runner has it that may be killed just before or after an append."""

    def __init__(self, world: World, ledger: SqliteLedger) -> None:
        self._world, self._ledger, self._life = world, ledger, world.life

    def append(self, *args: Any, **more: Any) -> tuple[Event, ...]:
        self._world.point(self._life, "before an append")
        found = self._ledger.append(*args, **more)
        self._world.appends += 1
        self._world.point(self._life, "after an append")
        return found

    def renew(self, lease: Lease, for_s: float) -> Lease | None:
        return self._ledger.renew(lease, for_s) if self._world.life == self._life else lease

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class World:
    """Machines, outputs, secrets, a clock, the ledger, and one runner after the other."""

    def __init__(self, folder: Path, node: str = "here") -> None:
        self.time = START
        self.ledger = SqliteLedger(str(folder / "ledger.db"), views=(RUNS,), clock=self._microseconds)
        self.machines: dict[str, Machine] = {}
        self.programs: dict[str, Program | list[Program]] = {}
        self.begun: list[Order] = []
        self.stopped: list[str] = []
        self.outputs: dict[str, bytes] = {}
        self.vault = {"vault:db": "correct horse"}
        self.fetched: list[str] = []
        self.node = node
        self.life = 0
        self.kill_at: int | None = None  # at the how manieth point from now the runner is killed
        self.kill_where = ""  # only points of this name count
        self.appends = 0
        self.told: list[tuple[str, str, int, bytes]] = []
        self.lock = threading.Lock()

    # -- the clock and the end of runners ----------------------------------------------------------------------

    def now(self) -> datetime:
        return self.time

    def _microseconds(self) -> int:
        return int(self.time.timestamp() * 1_000_000)

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def point(self, life: int, where: str) -> None:
        """A place where the runner may be killed; one that was killed ends in all its threads."""
        with self.lock:
            if life != self.life:
                raise Killed
            if self.kill_at is None or (self.kill_where and where != self.kill_where):
                return
            self.kill_at -= 1
            if self.kill_at < 0:
                self.kill_at = None
                self.life += 1
                raise Killed

    def program(self, order: Order) -> Program:
        found = self.programs.get(order.script.text, Program())
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found

    # -- as machines, outputs and secrets ----------------------------------------------------------------------

    def host(self, target: str) -> Machine:
        if target == "nowhere":
            raise Refusal("There is no host nowhere.")
        return self.machines.setdefault(target if target != LOCAL else self.node, Machine(self, target))

    def members(self, group: str) -> tuple[str, ...] | None:
        return None

    def names(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        pass

    def append(self, key: str, offset: int, part: bytes) -> None:
        have = self.outputs.get(key, b"")
        assert offset <= len(have), "output has a gap"
        self.outputs[key] = have[:offset] + part + have[offset + len(part) :]

    def read(self, key: str, offset: int, limit: int) -> bytes:
        return self.outputs.get(key, b"")[offset : offset + limit]

    def size(self, key: str) -> int:
        return len(self.outputs.get(key, b""))

    def sweep(self, now: datetime) -> int:
        return 0

    def fetch(self, secret: Secret) -> str:
        self.fetched.append(secret.name)
        try:
            return self.vault[f"{secret.source}:{secret.path}"]
        except KeyError:
            raise Failure(f"{secret.source} does not have {secret.path}.") from None

    def mark(self, value: str) -> str:
        return f"mark of {len(value)}"

    # -- runs --------------------------------------------------------------------------------------------------

    def start(self, *steps: PlannedStep, run: str = RUN, **more: Any) -> None:
        """Records a run of these steps."""
        names = ("is_interactive", "assumes_yes", "is_dry", "is_trusted", "node")
        said = {name: more.pop(name) for name in names if name in more}
        self.say(started(plan(*steps, **more), **said), run=run)

    def say(self, *drafts: Draft, by: str = "zoe", run: str = RUN) -> None:
        """What a person records."""
        self.ledger.append(stream_of(run), drafts, expected=None, actor=by, at=self.time)

    def engine(self, node: str | None = None, **more: Any) -> Engine:
        return Engine(
            KilledLedger(self, self.ledger), self, self, self, find=searched, node=node or self.node, now=self.now, **more
        )  # fmt: skip

    def advance(self, run: str = RUN, *, owner: str = "", engine: Engine | None = None, **more: Any) -> Pause:
        """A runner claims the run and does what it can; it lets go of it unless it is killed."""
        engine = engine or self.engine()
        lease = engine.claim(run, owner or f"runner {self.life}")
        assert lease is not None, "somebody else has the run"
        pause = engine.advance(run, lease, **more)
        self.ledger.release(lease)
        return pause

    def killed(self, where: str = "", after: int = 0, **more: Any) -> bool:
        """As `advance`, and the runner is killed at a point; True when it came so far. Its lease has ended then."""
        self.kill_at, self.kill_where = after, where
        try:
            self.advance(**more)
        except Killed:
            self.forward(16)
            return True
        finally:
            self.kill_at = None
        return False

    def run(self, run: str = RUN) -> Run:
        found = folded(self.ledger.read(stream_of(run)))
        assert found is not None
        return found

    def states(self, run: str = RUN) -> dict[str, str]:
        return {step.number: step.state for step in self.run(run).steps}

    def kinds(self, run: str = RUN) -> list[str]:
        return [event.kind for event in self.ledger.read(stream_of(run))]

    def texts(self) -> list[str]:
        """What was begun, in order."""
        return [order.script.text for order in self.begun]

    def doing(self, key: str) -> Doing:
        """The command of a key, once it was begun."""
        for _ in range(5000):
            for machine in self.machines.values():
                if key in machine.done:
                    return machine.done[key]
            threading.Event().wait(0.001)
        raise AssertionError(f"{key} was never begun")

    def close_all(self) -> None:
        self.life += 1
        for machine in self.machines.values():
            machine.boot()
        with suppress(Failure):
            self.ledger.close()


__all__ = ["ENDED", "Killed", "Program", "World"]
