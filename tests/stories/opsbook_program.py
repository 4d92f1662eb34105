"""The real program in a process of its own, as a person starts it. Knows no verb."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import opsbook

SOURCE = Path(opsbook.__file__).parents[1]


def run(*arguments: str | Path, here: Path | None = None, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """`opsbook` with these arguments; colours off, and no book but the one that is named or found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPSBOOK_")}
    env = {**kept, "PYTHONPATH": str(SOURCE), "NO_COLOR": "1", "COLUMNS": "120", **environment}
    command = [sys.executable, "-m", "opsbook", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=here, input=stdin, timeout=120)


def asked(*arguments: str | Path, here: Path | None = None, status: int | None = None) -> dict[str, Any]:
    """What `opsbook … --format json` answers; fails where it ends with another status than the one told."""
    done = run(*arguments, "--format", "json", here=here)
    assert done.returncode in ((0, 1) if status is None else (status,)), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A folder with these files; a repository where `.git` is one of them."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
