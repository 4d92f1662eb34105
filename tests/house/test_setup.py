"""make and its scripts, tried on pretended machines: a new machine gets what it lacks, or is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def bin_folder(tmp_path) -> Path:
    """The only folder on the PATH of a pretended machine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def pretend(folder: Path, name: str, script: str) -> None:
    """Puts a program into the pretended machine."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def python(lacks: str = "") -> str:
    """As the real one, but fails for code that has this word, and only tells of the environment it would make."""
    refusal = f'case "$2" in *{lacks}*) exit 1;; esac' if lacks else ""
    return f'{refusal}\n[ "$1" = -m ] && {{ echo "makes $4 by $0"; exit 0; }}\nexec {sys.executable} "$@"'


def make_venv(bin_folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script on the pretended machine."""
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "make-venv"), "there"],
        env={"PATH": str(bin_folder), **environment}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_the_first_python_that_is_new_enough_is_taken(bin_folder):
    pretend(bin_folder, "python3", python(lacks="version_info"))
    pretend(bin_folder, "python3.12", python())
    done = make_venv(bin_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("makes there")
    assert "python3.12" in done.stdout


def test_a_named_python_is_taken(bin_folder):
    pretend(bin_folder, "python3", python())
    pretend(bin_folder, "mine", python())
    assert "mine" in make_venv(bin_folder, PYTHON="mine").stdout


def test_a_named_python_that_is_too_old_is_told(bin_folder):
    pretend(bin_folder, "python3", python())
    pretend(bin_folder, "mine", python(lacks="version_info"))
    done = make_venv(bin_folder, PYTHON="mine")
    assert done.returncode == 1
    assert "PYTHON=mine is not a Python of version 3.11 or later" in done.stderr


def test_without_any_python_it_is_told_what_to_do(bin_folder):
    done = make_venv(bin_folder)
    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stderr


def test_a_bare_python_of_debian_is_completed_by_root(bin_folder, tmp_path):
    done_already = tmp_path / "installed"
    bare = python(lacks="ensurepip").replace("exit 1;;", f"[ -e {done_already} ] || exit 1;;")
    pretend(bin_folder, "python3", bare)
    pretend(bin_folder, "id", "echo 0")
    pretend(bin_folder, "apt-get", f'[ "$1" = update ] || {{ echo "$@" > {done_already}; }}')
    done = make_venv(bin_folder)
    assert done.returncode == 0, done.stderr
    assert "makes there" in done.stdout
    assert done_already.read_text().split()[-1] == f"python{VERSION}-venv"


def test_a_bare_python_of_debian_tells_others_than_root_what_to_install(bin_folder):
    pretend(bin_folder, "python3", python(lacks="ensurepip"))
    pretend(bin_folder, "id", "echo 1000")
    pretend(bin_folder, "apt-get", "exit 9")
    done = make_venv(bin_folder)
    assert done.returncode == 1
    assert f"sudo apt-get install python{VERSION}-venv" in done.stderr


def test_a_bare_python_elsewhere_is_told(bin_folder):
    pretend(bin_folder, "python3", python(lacks="ensurepip"))
    done = make_venv(bin_folder)
    assert done.returncode == 1
    assert "lacks ensurepip" in done.stderr


def test_make_alone_lists_its_targets(needs):
    listed = subprocess.run([needs("make")], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("serve", "test", "torture", "bench", "lint", "lock", "clean"):
        assert f"make {target} " in listed.stdout


def test_serve_takes_a_book_and_a_port(needs):
    asked = [needs("make"), "-n", "-o", ".venv/.installed", "serve", "BOOK=my book", "PORT=9000"]
    planned = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert '.venv/bin/opsbook serve --port 9000 --book "my book"' in planned


def test_the_shell_scripts_are_sound(needs):
    scripts = [".ci/run", "scripts/make-venv"]
    done = subprocess.run([needs("shellcheck"), *scripts], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
