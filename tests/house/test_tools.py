"""ruff and mypy pass over the tree as pyproject.toml sets them up, and mypy is strict there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A tool of this environment, in a folder."""
    env = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=env, capture_output=True, text=True, timeout=300
    )


def test_ruff_finds_nothing():
    done = run(ROOT, "ruff", "check", "--no-cache", "--output-format", "concise")
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_finds_nothing():
    done = run(ROOT, "mypy")
    assert done.returncode == 0, done.stdout + done.stderr


UNTYPED = "def f(page):\n    return page\n"


@pytest.mark.parametrize("floor", ["ground", "book", "ledger", "entrypoints"])
def test_types_are_strict_on_every_floor(tmp_path, floor):
    package = tmp_path / "src" / "opsbook"
    (package / floor).mkdir(parents=True)
    for folder in (package, package / floor):
        (folder / "__init__.py").write_text("")
    (package / floor / "untyped.py").write_text(UNTYPED)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = run(tmp_path, "mypy")
    assert "[no-untyped-def]" in done.stdout, done.stdout + done.stderr
