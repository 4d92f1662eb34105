"""kill -9 at any moment of a server, of what runs steps, or of what watches over a step: no step is started twice unless
that is allowed, no step that has finished is lost, and every doubt is shown and settled by somebody."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.stories.opsbook_program import SOURCE, write

from opsbook.config import load
from opsbook.ledger.event import verify
from opsbook.ledger.run import Run
from opsbook.run_parts import RunParts, build_run_parts
from opsbook.usecases.runs import Starter

PATIENCE_S = 90.0
STEPS = 6
AT_ONCE = 6  # runs that are open at any time, so that each kill may hit several
# A step leaves a mark when it begins and when it ends, so that afterwards nobody needs to trust the ledger. Every third
# may be repeated, and says so; one that is asked about first leaves a mark only.
_STEP = """{n}. Step {n}
   ```bash
   echo "$RUN_NAME {n} begun" >> marks
   sleep 0.0{sleep}
   echo "$RUN_NAME {n} ended" >> marks
   ```
{repeat}"""
RUNNER = """
import sys
from opsbook.config import load
from opsbook.entrypoints.stepping import run_steps
run_steps(load(book=sys.argv[1], db=sys.argv[2]))
"""


def page() -> str:
    """A runbook of a procedure whose steps leave marks."""
    steps = [
        _STEP.format(n=n, sleep=3 * n % 7, repeat="   - **Repeat:** safe\n" if n % 3 == 0 else "")
        for n in range(1, STEPS + 1)
    ]
    table = "| Parameter | Type | Default |\n| --- | --- | --- |\n| `RUN_NAME` | string | required |\n"
    lock = "- **One at a time:** `$RUN_NAME`\n"  # so that many are under way at the same time
    return f"# Marks Runbook\n\n## Common Operations\n\n### Leave Marks\n\n{table}\n{lock}\n{''.join(steps)}"


class Programs:
    """A runner of its own and a server with another, over one ledger; each can be killed and comes back."""

    def __init__(self, root: Path, db: str) -> None:
        self.root, self.db = root, db
        self.environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OPSBOOK_DB": db}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Starts `runner` or `server`."""
        book = str(self.root / "docs/operations")
        command = [sys.executable, "-c", RUNNER, book, self.db]
        if name == "server":
            command = [sys.executable, "-m", "opsbook", "--book", book, "serve", "--port", "0"]
        with (self.root / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env=self.environment, cwd=self.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self, what: str, chance: random.Random) -> bool:
        """Kills a runner, a server or one process that watches over a step; False when there is none."""
        if what in self.running:
            self.running[what].kill()
            self.running.pop(what).wait()
            self.start(what)
            return True
        found = watching(self.root / ".opsbook" / "runs")
        if not found:
            return False
        with suppress(ProcessLookupError):
            os.kill(chance.choice(found), signal.SIGKILL)
        return True

    def end(self) -> None:
        """Ends both."""
        for program in self.running.values():
            program.terminate()
            program.wait(PATIENCE_S)


def watching(folder: Path) -> list[int]:
    """The processes that hold a file below a folder open: those that watch over steps."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if any(os.readlink(each).startswith(str(folder)) for each in (entry / "fd").iterdir()):
                    found.append(int(entry.name))
    return found


class Campaign:
    """Runs that are started, disturbed and settled, and what the marks say of them."""

    def __init__(self, root: Path, db: str, parts: RunParts) -> None:
        self.root, self.parts = root, parts
        self.where = "docs/operations/runbooks/marks.md#leave-marks"
        self.again: Counter[tuple[str, str]] = Counter()  # how often somebody let a step be done again
        self.started = 0
        self.doubts = 0
        self.open: dict[str, str] = {}  # name → run

    def marks(self) -> Counter[tuple[str, ...]]:
        """How often each step of each run began and ended."""
        path = self.root / "marks"
        return Counter(tuple(line.split()) for line in path.read_text().splitlines()) if path.exists() else Counter()

    def start_some(self) -> None:
        """Keeps so many runs open."""
        while len(self.open) < AT_ONCE:
            self.started += 1
            name = f"run{self.started}"
            run = self.parts.runs.start(self.where, {"RUN_NAME": name}, Starter("mira"))
            self.open[name] = run.id

    def settle(self) -> None:
        """Looks at every open run: judges what has ended, and decides what is unknown by the marks, as a person would."""
        for name, number in list(self.open.items()):
            run = self.parts.runs.find(number)
            for step in run.steps:
                if step.state == "unknown" or (step.asked is not None and step.asked.question == "failed"):
                    self.doubts += step.state == "unknown"
                    self.decide(run, name, step.number)
            if run.has_ended:
                self.judge(run, name)
                del self.open[name]

    def left(self) -> list[tuple[str, ...]]:
        """What is still open, for when that goes on for too long."""
        runs = [self.parts.runs.find(number) for number in self.open.values()]
        return [(run.id, run.state, run.why, *(f"{step.number} {step.state}" for step in run.steps)) for run in runs]

    def decide(self, run: Run, name: str, step: str) -> None:
        """Settles a doubt."""
        marks = self.marks()
        is_done = marks[name, step, "ended"] > 0
        decision = "done" if is_done else "again"
        with suppress(Exception):  # it was settled by proof meanwhile
            self.parts.runs.decide(run.id, step, decision, by="ada", why="The marks say so.")
            self.again[name, step] += not is_done

    def judge(self, run: Run, name: str) -> None:
        """Compares what the ledger says with the marks."""
        marks = self.marks()
        where = f"{name} {run.id} of {self.root}"
        assert run.state == "succeeded", f"{where}: {run.state}: {run.why}"
        for step in run.steps:
            begun, ended = marks[name, step.number, "begun"], marks[name, step.number, "ended"]
            assert step.state == "done", f"{where}: step {step.number} is {step.state}"
            assert ended >= 1, f"{where}: step {step.number} is done and never ended"
            if int(step.number) % 3:
                most = 1 + self.again[name, step.number]
                assert begun <= most, f"{where}: step {step.number} began {begun} times"


def campaign(root: Path, db: str, kills: int, seed: int) -> None:
    """So many kills, one after the other, in a repository of its own."""
    chance = random.Random(seed)
    write(root, {
        ".git/HEAD": "ref: refs/heads/main\n", "docs/operations/runbooks/marks.md": page(),
        "docs/operations/opsbook.toml": '[runs]\nlease = "1s"\n',
    })  # fmt: skip
    programs = Programs(root, db)
    config = load(book=str(root / "docs/operations"), db=db, environ={})
    with build_run_parts(config) as parts:
        watched = Campaign(root, db, parts)
        watched.start_some()
        programs.start("runner")
        programs.start("server")
        try:
            for _ in range(kills):
                watched.start_some()
                time.sleep(chance.uniform(0.05, 1.5))  # what is hit is up to chance: a moment, not an event
                what = chance.choices(("runner", "server", "watching"), (50, 15, 35))[0]
                wait_until(
                    lambda what=what: programs.kill(what, chance) or watched.settle() or watched.start_some(),
                    lambda: f"seed {seed}: {watched.left()}",
                )
                watched.settle()
            wait_until(lambda: watched.settle() or not watched.open, lambda: f"seed {seed}: {watched.left()}")
        finally:
            programs.end()
        events = parts.events.after(0, 1_000_000)
        assert verify(events) == [], f"seed {seed}"
        sys.stderr.write(f"{kills} kills of seed {seed}: {watched.started} runs, {watched.doubts} doubts\n")


def wait_until(is_so: Callable[[], object], told: Callable[[], str] = str) -> None:
    """Waits for what must come."""
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, f"it did not come to an end: {told()}"
        time.sleep(0.05)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """That of the campaign, told when it fails."""
    named = request.config.getoption("--hypothesis-seed", default=None)
    return int(named) if named is not None else random.SystemRandom().getrandbits(32)


def test_a_few_kills_leave_no_doubt_on_sqlite(tmp_path: Path, seed: int) -> None:
    campaign(tmp_path, f"sqlite:///{tmp_path}/.opsbook/opsbook.db", 4, seed)


def test_a_few_kills_leave_no_doubt_on_postgresql(tmp_path: Path, postgres_url: str, seed: int) -> None:
    campaign(tmp_path, postgres_url, 4, seed)


@pytest.mark.torture
@pytest.mark.parametrize("part", range(2))
def test_hundreds_of_kills_leave_no_doubt_on_sqlite(tmp_path: Path, seed: int, part: int) -> None:
    campaign(tmp_path, f"sqlite:///{tmp_path}/.opsbook/opsbook.db", 250, seed + part)


@pytest.mark.torture
@pytest.mark.parametrize("part", range(2))
def test_hundreds_of_kills_leave_no_doubt_on_postgresql(
    tmp_path: Path, postgres_url: str, seed: int, part: int
) -> None:
    campaign(tmp_path, postgres_url, 250, seed + part)
