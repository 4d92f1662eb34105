"""A small real world to operate: nginx, an API in two colours, PostgreSQL, Redis, and what watches them.

Where it lies is told by OPSBOOK_WORLD, else it is looked for beside the repository.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.stories.opsbook_program import asked

ROOT = Path(__file__).parents[2]
PORTS = ("WEB", "BLUE", "GREEN", "HEALTHD", "PG", "REDIS", "SSH")
WATCHERS = ("PROM", "AM", "NODE", "BB", "REDISX", "PGX")
PATIENCE_S = 60
SLOW_S = 1.5  # what takes longer is not well


class World:
    """The world, in a folder of its own, on ports of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        ports = {f"P_{name}": str(free_port()) for name in (*PORTS, *WATCHERS)}
        self.environment = {**os.environ, **ports, "WORLD": str(folder), **environment}
        self.alertmanager = f"http://127.0.0.1:{ports['P_AM']}"
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


@contextmanager
def up(*words: str, **environment: str) -> Iterator[World]:
    """The world, up and well, in a folder of its own, which is gone after it; `words` are those of its start."""
    source = Path(os.environ.get("OPSBOOK_WORLD") or ROOT.parent / "shared" / "world")
    if not source.is_dir():
        pytest.skip("ABSENT: world (a small one to operate); OPSBOOK_WORLD may name its folder")
    folder = Path(tempfile.mkdtemp(prefix="opsbook-world-"))  # not pytest's: its database runs as another user
    folder.chmod(0o755)
    world = World(folder / "world", WORLD_PY=str(_python(source)), **environment)
    shutil.copytree(source, world.folder)
    try:
        world.do("start.sh", *words)
        yield world
    finally:
        world.do("stop.sh", "--wipe")
        shutil.rmtree(folder)


def _python(source: Path) -> Path:
    """What the world's own programs run with: made once for all worlds, since that takes longer than the rest of it."""
    wanted = (source / "requirements.txt").read_bytes()
    home = ROOT / "build" / f"world-{hashlib.sha256(wanted).hexdigest()[:12]}"
    home.mkdir(parents=True, exist_ok=True)
    python = home / "bin" / "python"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests of other processes want it too
        if not (home / "installed").exists():
            subprocess.run([sys.executable, "-m", "venv", home], check=True)
            install = [python, "-m", "pip", "install", "-q", "-r", source / "requirements.txt"]
            subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
            (home / "installed").touch()
    return python


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=SLOW_S) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
