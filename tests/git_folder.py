"""A git repository in a temporary folder, as tests drive it: with its own identity and none of this machine's settings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class GitFolder:
    """A folder that is a git repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self("init", "-q", "-b", "main")
        self("config", "user.name", "Server")
        self("config", "user.email", "server@example.org")
        self("config", "gc.auto", "0")

    def __call__(self, *words: str) -> str:
        """What git says; a failure fails the test."""
        done = subprocess.run(
            ["git", "-C", str(self.root), *words], capture_output=True, text=True, check=False, env={**os.environ, **QUIET}
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(self, path: str, content: bytes | str) -> Path:
        """Writes a file, with the folders above it."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def commit(self, message: str = "change") -> str:
        """Commits everything, and returns the commit."""
        self("add", "-A")
        self("commit", "-q", "-m", message)
        return self.head()

    def head(self) -> str:
        """The commit that is checked out."""
        return self("rev-parse", "HEAD").strip()

    def hook(self, name: str, script: str) -> None:
        """Installs a hook."""
        path = self.root / ".git" / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
