"""Where our program and its peers lie on this machine, and the environment that all of them are run in. Runs none."""

from __future__ import annotations

import compileall
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from bench.table import Absent, Broken

ROOT = Path(__file__).resolve().parents[1]
# Where `make bench` puts what comes from npm.
FROM_NPM = ROOT / "build" / "bench"
# Set where machines are made for developers or robots, not in the terminal of somebody who installed the programs.
_UNSET = ("PYTHON", "NODE_", "OPSBOOK_", "RUMDL_", "NO_COLOR", "FORCE_COLOR")


def environment() -> dict[str, str]:
    """The environment of every run, ours and the peers'."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_UNSET)}
    if "PYTHONPATH" in os.environ:
        # Whole paths, because the runs have folders of their own.
        kept["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, os.environ["PYTHONPATH"].split(os.pathsep)))
    return kept


def compile_ours() -> None:
    """Leaves the bytecode of our package beside it, as pip does where it installs; a checkout may lack it."""
    spec = find_spec("opsbook")
    if spec is None:
        raise Broken("opsbook is not installed here: `make bench` installs it, PYTHONPATH=src does without")
    if not all(compileall.compile_dir(folder, quiet=2) for folder in spec.submodule_search_locations or ()):
        raise Broken("the package opsbook cannot be compiled")


def opsbook() -> list[str]:
    """The installed program of this environment, else the module."""
    installed = Path(sys.executable).with_name("opsbook")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "opsbook"]


def python() -> list[str]:
    """A Python that does nothing."""
    return [sys.executable, "-c", "pass"]


def rumdl() -> list[str]:
    """rumdl of this environment, else of the PATH."""
    beside = Path(sys.executable).with_name("rumdl")
    return [str(beside)] if beside.exists() else [_on_path("rumdl", "`make bench` installs it")]


def hugo() -> list[str]:
    """Hugo of the PATH."""
    return [_on_path("hugo", "the system's package hugo has it")]


def program_beside(name: str) -> list[str]:
    """A program of this environment, where `make bench` installs it."""
    beside = Path(sys.executable).with_name(name)
    return [str(beside)] if beside.exists() else [_on_path(name, "`make bench` installs it")]


def promtool() -> list[str]:
    """promtool of the PATH."""
    return [_on_path("promtool", "the system's package prometheus has it")]


def nginx() -> str:
    """nginx of the PATH, or where Debian has it for root."""
    return _on_path("nginx", "the system's package nginx-light has it", "/usr/sbin/nginx")


def blackbox_exporter() -> str:
    """The blackbox exporter under Debian's name, else under its own."""
    how = "the system's package prometheus-blackbox-exporter has it"
    return shutil.which("prometheus-blackbox-exporter") or _on_path("blackbox_exporter", how)


def alertmanager() -> str:
    """Alertmanager under Debian's name, else under its own."""
    how = "the system's package prometheus-alertmanager has it"
    return shutil.which("prometheus-alertmanager") or _on_path("alertmanager", how)


def markdownlint() -> list[str]:
    """markdownlint-cli2 as `make bench` installs it, under the node of the PATH."""
    script = FROM_NPM / "node_modules" / "markdownlint-cli2" / "markdownlint-cli2-bin.mjs"
    if not script.exists():
        raise Absent("no markdownlint-cli2: `make bench` installs it where npm is")
    return [_on_path("node", "npm installed markdownlint-cli2, which needs it"), str(script)]


def _on_path(name: str, how: str, elsewhere: str = "") -> str:
    found = shutil.which(name) or shutil.which(elsewhere)
    if found is None:
        raise Absent(f"no {name}: {how}")
    return found
