"""The process that answers the web holds no secret, and has no code that executes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.entrypoints.test_serve import ENVIRONMENT

SECRET = "correct-horse-battery"
FORBIDDEN = (
    "opsbook.usecases.execute", "opsbook.usecases.attempting", "opsbook.usecases.runner", "opsbook.adapters.step_hosts.",
    "opsbook.adapters.secret_sources", "asyncssh", "opsbook.usecases.engine_loop", "opsbook.adapters.notifying",
    "opsbook.paging_parts", "opsbook.wire_notify",
)  # fmt: skip
READS_ADDRESSES = "opsbook.adapters.step_hosts.inventory"  # of hosts in the configuration, and asks none
SERVING = """
import sys
from opsbook.config import load
from opsbook.desk_parts import build_desk
from opsbook.entrypoints import server
from opsbook.entrypoints.web import build_app
config = load(book=sys.argv[1])
with build_desk(config, "http://127.0.0.1:1") as desk:
    build_app(config, desk)
print("\\n".join(sys.modules))
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    folder = tmp_path / "docs" / "operations"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("# Operations\n")
    return folder


def children(of: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{of}/task/{of}/children").read_text().split()]


def test_only_those_that_run_steps_and_page_keep_the_secrets_of_the_environment(book):
    started = subprocess.Popen(
        [sys.executable, "-m", "opsbook", "serve", "--book", str(book), "--port", "0"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, env={**ENVIRONMENT, "OPSBOOK_SECRET_TOKEN": SECRET, "KEPT": "kept"},
    )  # fmt: skip
    try:
        assert "ready" in started.stdout.readline()
        until = time.monotonic() + 20
        while len(children(started.pid)) < 3:
            assert time.monotonic() < until
            time.sleep(0.01)
        seen = [Path(f"/proc/{each}/environ").read_bytes() for each in children(started.pid)]
        assert [SECRET.encode() in each for each in seen] == [False, True, True]
        assert [b"KEPT=kept" in each for each in seen] == [True, True, True]
    finally:
        started.terminate()
        started.communicate(timeout=20)


def test_who_answers_the_web_has_no_code_that_executes(book):
    done = subprocess.run(
        [sys.executable, "-c", SERVING, str(book)], capture_output=True, text=True, env=dict(ENVIRONMENT), timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert "opsbook.usecases.runs" in loaded
    assert [each for each in loaded if each.startswith(FORBIDDEN) and each != READS_ADDRESSES] == []
    assert not os.path.exists(book.parents[1] / ".opsbook" / "secret-marks.key")
