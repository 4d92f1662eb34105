"""A small real world operated by its own runbooks as they stand: nginx, an API in two colours, PostgreSQL, Redis.

Where it lies is told by OPSBOOK_WORLD, else it is looked for beside the repository; every fault of it is broken on
purpose and mended by the entry of the runbook that tells of it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.stories.opsbook_program import asked

pytestmark = pytest.mark.torture

ROOT = Path(__file__).parents[2]
PORTS = ("WEB", "BLUE", "GREEN", "HEALTHD", "PG", "REDIS", "SSH")
PATIENCE_S = 60
SLOW_S = 1.5  # what takes longer is not well

OPERATIONS = (
    "web#staging", "web#production", "web#restart-service", "web#scale-service", "web#backup", "web#restore",
    "queue#production", "queue#restart-service", "queue#scale-service", "queue#backup", "queue#restore",
    "database#staging", "database#production", "database#restart-service", "database#scale-service", "database#backup",
    "database#restore", "database#restore-base-backup",
    "api#staging", "api#production", "api#production/rollback", "api#restart-service", "api#scale-service", "api#backup",
)  # fmt: skip
FAULTS = (
    ("api-500", "api#issue-api-returns-500"),
    ("database-stopped", "database#issue-postgresql-is-stopped"),
    ("database-data-loss", "database#issue-table-items-is-missing"),
    ("disk-full", "api#issue-spool-disk-is-full"),
    ("nginx-config", "web#issue-nginx-is-down-or-will-not-start"),
    ("queue-stopped", "queue#issue-redis-is-down"),
    ("redis-oom", "queue#issue-redis-is-out-of-memory"),
    ("slow-lock", "api#issue-api-responses-are-slow"),
    ("slow-saturated", "api#issue-api-responses-are-slow"),
)


class World:
    """The world, in a folder of its own, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ports = {f"P_{name}": str(_free_port()) for name in PORTS}
        self.environment = {**os.environ, **ports, "WORLD": str(folder)}
        self.web = f"http://127.0.0.1:{ports['P_WEB']}"
        self.healthd = f"http://127.0.0.1:{ports['P_HEALTHD']}"

    def do(self, script: str, *words: str) -> None:
        """Runs a script of the world. Its servers keep what they inherit, so nothing waits for their output to end."""
        with (self.folder / "told.log").open("w") as told:
            done = subprocess.run(
                [str(self.folder / script), *words], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=told, stderr=told, timeout=300,
            )  # fmt: skip
        assert done.returncode == 0, (self.folder / "told.log").read_text()[-2000:]

    def run(self, where: str, *words: str) -> dict[str, Any]:
        """A procedure of the world's runbooks, run as an operator does who has read it."""
        page, _, anchor = where.partition("#")
        procedure = f"docs/operations/runbooks/{page}.md#{anchor}"
        return asked("run", procedure, "--yes", *words, here=self.folder, status=0)

    def is_well(self) -> bool:
        """Whether everything that people use answers, quickly."""
        addresses = (f"{self.web}/health", f"{self.web}/api/health", f"{self.web}/api/items", f"{self.healthd}/database",
                     f"{self.healthd}/queue", f"{self.healthd}/disk")  # fmt: skip
        return all(_answers(address) for address in addresses)

    def wait_until(self, *, is_well: bool) -> None:
        """Waits for what takes a moment: an old worker of nginx still answers, a queue of requests grows."""
        until = time.monotonic() + PATIENCE_S
        while self.is_well() != is_well:
            assert time.monotonic() < until, f"the world is {'not ' if is_well else ''}well"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The world, up and well."""
    source = Path(os.environ.get("OPSBOOK_WORLD") or ROOT.parent / "shared" / "world")
    if not source.is_dir():
        pytest.skip("ABSENT: world (a small one to operate); OPSBOOK_WORLD may name its folder")
    folder = Path(tempfile.mkdtemp(prefix="opsbook-world-"))  # not pytest's: its database runs as another user
    folder.chmod(0o755)
    world = World(folder / "world")
    shutil.copytree(source, world.folder)
    world.do("start.sh", "--no-monitoring")
    yield world
    world.do("stop.sh", "--wipe")
    shutil.rmtree(folder)


def test_every_operation_of_the_runbooks_works_as_it_stands(world: World) -> None:
    for where in OPERATIONS:
        assert world.run(where)["state"] == "succeeded"
        world.wait_until(is_well=True)


@pytest.mark.parametrize(("fault", "where"), FAULTS)
def test_a_fault_is_mended_by_the_entry_that_tells_of_it(world: World, fault: str, where: str) -> None:
    world.wait_until(is_well=True)
    world.run("api#production", "-p", "VERSION=1.1.0")
    world.do(f"faults/fault-{fault}.sh")
    if fault == "slow-lock":
        time.sleep(6)  # its entry ends only what has held the lock for longer than five seconds
    world.wait_until(is_well=False)
    assert world.run(where)["state"] == "succeeded"
    world.wait_until(is_well=True)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=SLOW_S) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
