"""One process serves a ledger; the lock of one that was killed is free."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opsbook.adapters.serving_lock import serving_lock
from opsbook.ground.errors import Failure, Refusal

SOURCE = Path(__file__).resolve().parents[2] / "src"
HOLD = """
import sys
from opsbook.adapters.serving_lock import serving_lock
with serving_lock(sys.argv[1], "http://127.0.0.1:8000"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[bytes]:
    """A program that holds the lock by now."""
    running = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline() == b"held\n"
    return running


def test_a_second_one_is_told_where_it_is_served_and_by_which_process(tmp_path):
    path = tmp_path / "lock"
    with holder(path) as first:
        with pytest.raises(Refusal) as told, serving_lock(str(path), "http://127.0.0.1:9000"):
            pass
        first.kill()
    assert f"already serves this ledger at http://127.0.0.1:8000 (process {first.pid})." in str(told.value)


def test_a_killed_one_leaves_the_lock_free(tmp_path):
    path = tmp_path / "lock"
    with holder(path) as first:
        first.kill()
    with serving_lock(str(path), "http://127.0.0.1:9"):
        assert path.read_text() == f"{os.getpid()} http://127.0.0.1:9\n"


def test_it_is_held_within_a_program_too_and_free_afterwards(tmp_path):
    path = str(tmp_path / "lock")
    with serving_lock(path, "http://127.0.0.1:1"), pytest.raises(Refusal), serving_lock(path, "http://127.0.0.1:2"):
        pass
    with serving_lock(path, "http://127.0.0.1:3"):
        pass


def test_where_no_file_can_be_made_it_is_a_failure(tmp_path):
    with pytest.raises(Failure, match="cannot be made"), serving_lock(str(tmp_path / "no" / "lock"), "http://x"):
        pass
