"""The import contracts of pyproject.toml hold, and would break for each thing that they forbid."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_logo=True, cache_dir=None))"


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over a folder that has pyproject.toml and src."""
    env = {**os.environ, "PYTHONPATH": str(folder / "src"), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-c", CHECK], cwd=folder, env=env, capture_output=True, text=True, timeout=120
    )


def test_the_tree_keeps_its_contracts():
    done = check(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path) -> Path:
    """The tree, to be broken."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


UPWARD = "from opsbook.usecases import broken_on_purpose"
TYPING = f"from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    {UPWARD}\n"
INSIDE = f"def f() -> None:\n    {UPWARD}\n"


@pytest.mark.parametrize(
    ("written", "contract"),
    [
        ({"ground/up.py": UPWARD, "usecases/broken_on_purpose.py": ""}, "points downward"),
        ({"ground/up.py": TYPING, "usecases/broken_on_purpose.py": ""}, "points downward"),
        ({"ground/up.py": INSIDE, "usecases/broken_on_purpose.py": ""}, "points downward"),
        ({"floorless.py": ""}, "points downward"),
        ({"adapters/one.py": "import opsbook.adapters.two", "adapters/two.py": ""}, "Adapters do not know"),
        ({"book/zz.py": "import opsbook.book.rules.zz", "book/rules/zz.py": ""}, "only lint knows the rules"),
        ({"entrypoints/web/zz.py": "import opsbook.usecases.execute"}, "neither executes nor pages nor knows a secret"),
        ({"entrypoints/api/zz.py": "import opsbook.adapters.secret_sources"}, "neither executes nor pages nor knows a secret"),
        ({"entrypoints/web/zz.py": "import opsbook.paging_parts"}, "neither executes nor pages nor knows a secret"),
    ],
)
def test_a_broken_contract_is_noticed(copy, written, contract):
    for name, text in written.items():
        (copy / "src" / "opsbook" / name).write_text(text)
    done = check(copy)
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert done.returncode != 0
    assert [contract in line for line in broken] == [True], done.stdout
