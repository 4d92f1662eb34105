"""Who the person at the keyboard is, as git knows them. Reads git's configuration and nothing else."""

from __future__ import annotations

import subprocess


def git_person(folder: str) -> str | None:
    """The name that git writes on commits made in a folder, or None where it knows none."""
    return _configured(folder, "user.name")


def git_email(folder: str) -> str | None:
    """The address that git writes on commits made in a folder, or None where it knows none."""
    return _configured(folder, "user.email")


def _configured(folder: str, key: str) -> str | None:
    command = ["git", "-C", folder, "config", "--get", key]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=10, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
