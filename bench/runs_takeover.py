"""How long after kill -9 of a node another one goes on with its run, on a PostgreSQL that both share.

Two runners are two nodes, each with its own clone and folder of state. A run's step waits on a third machine (a real
sshd on loopback); the node that attends to it is killed at moments spread over the renewals of its lease, the step ends
meanwhile by itself, and what counts is when the other node has recorded that it took the run over, with what became of
the step. Of all takeovers the longest is told. The aim is the lease and two seconds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from bench.ledger_postgres import server
from bench.programs import environment
from bench.runs_ssh import Machine, machine
from bench.table import Broken, Row, show, verdict

from opsbook.config import load
from opsbook.ledger.event import Event
from opsbook.ledger.run import stream_of
from opsbook.ledger.run_events import RUN_TAKEN
from opsbook.run_parts import RunParts, build_run_parts
from opsbook.usecases.runs import Starter

LEASE_S = 3.0
AT_MOST_OVER_S = 2.0
TIMES = 5
NODES = ("east", "west")
PATIENCE_S = 60.0
LOOK_S = 0.005
RUNNER = """
import sys
from opsbook.config import load
from opsbook.entrypoints.stepping import run_steps
run_steps(load(book=sys.argv[1]))
"""
PAGE = """# Wait

## For a file

- **Run on:** `there`

1. Wait for it
   ```bash
   touch "{folder}/begun"
   until test -e "{folder}/go"; do sleep 0.02; done
   ```
2. Go on
   ```bash
   true
   ```
"""


class Nodes:
    """Runners that are nodes by names of their own, over one ledger; each can be killed and started anew."""

    def __init__(self, root: Path, url: str, there: Machine, lease_s: float) -> None:
        self._root, self._url = root, url
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for name in NODES:
            book = root / name
            book.mkdir()
            (book / "wait.md").write_text(PAGE.format(folder=root))
            (book / "opsbook.toml").write_text(
                f'[runs]\nlease = "{lease_s:g}s"\n'
                f'[hosts]\nthere = "{there.user}@127.0.0.1:{there.port}"\n'
                f'[ssh]\nkeys = ["{there.key}"]\nknown_hosts = "{there.known_hosts}"\npython = "{sys.executable}"\n'
            )

    def start(self, name: str) -> None:
        """Starts a node that does not run."""
        if name in self._running:
            return
        given = {**environment(), "OPSBOOK_NODE": name, "OPSBOOK_DB": self._url}
        with (self._root / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-c", RUNNER, str(self._root / name)], env=given, cwd=self._root / name,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self, name: str) -> float:
        """kill -9, and when that was."""
        running = self._running.pop(name)
        running.kill()
        killed = time.monotonic()
        running.wait()
        return killed

    def end(self) -> None:
        """Ends all."""
        for running in self._running.values():
            running.terminate()
            running.wait(PATIENCE_S)

    def told(self) -> str:
        """What they had to say, the end of it."""
        logs = (self._root / f"{name}.log" for name in NODES)
        return " ".join(" ".join(log.read_text(errors="replace").split())[-200:] for log in logs if log.exists())


def takeover(nodes: Nodes, parts: RunParts, root: Path, rest_s: float) -> float:
    """Seconds from the kill of the node that has a run, so long after its step began, to its being taken over."""
    for path in ("begun", "go"):
        (root / path).unlink(missing_ok=True)
    for name in NODES:
        nodes.start(name)
    run = parts.runs.start("wait.md#for-a-file", {}, Starter("bench")).id
    _until(nodes, (root / "begun").exists)
    time.sleep(rest_s)
    before = _takings(parts, run)
    killed = nodes.kill(before[-1].facts["owner"].partition("/")[0])
    (root / "go").touch()
    _until(nodes, lambda: len(_takings(parts, run)) > len(before))
    took = time.monotonic() - killed
    _until(nodes, lambda: parts.runs.find(run).has_ended)
    if (state := parts.runs.find(run).state) != "succeeded":
        raise Broken(f"the run that was taken over ended as {state}: {nodes.told()}")
    return took


def _takings(parts: RunParts, run: str) -> list[Event]:
    return [event for event in parts.ledger.read(stream_of(run)) if event.kind == RUN_TAKEN]


def _until(nodes: Nodes, is_so: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > until:
            raise Broken(f"the nodes did not go on: {nodes.told()}")
        time.sleep(LOOK_S)


@contextmanager
def at_work(lease_s: float) -> Iterator[tuple[Nodes, RunParts, Path]]:
    """A machine, a database, the nodes, and who starts runs."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opsbook-bench-")))
        (root / "sshd").mkdir()
        there = stack.enter_context(machine(root / "sshd"))
        url = stack.enter_context(server()).fresh()
        nodes = Nodes(root, url, there, lease_s)
        stack.callback(nodes.end)
        config = load(book=str(root / NODES[0]), db=url, environ={})
        yield nodes, stack.enter_context(build_run_parts(config)), root


def rows(times: int = TIMES, lease_s: float = LEASE_S) -> list[Row]:
    """The longest of so many takeovers."""
    with at_work(lease_s) as (nodes, parts, root):
        took = [takeover(nodes, parts, root, number / times * lease_s / 3) for number in range(times)]
    limit = lease_s + AT_MOST_OVER_S
    return [
        Row(
            f"takeover after kill -9 of a node, lease {lease_s:g} s", f"{max(took):.2f} s",
            ratio=f"(median {median(took):.2f} s, {len(took)} times)", aim=f"≤ {limit:g} s",
            reached=verdict(max(took) <= limit),
        )
    ]  # fmt: skip


def main() -> int:
    """Prints the row; `python -m bench.runs_takeover [TIMES [LEASE_S]]`."""
    show(rows(*map(int, sys.argv[1:3])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
