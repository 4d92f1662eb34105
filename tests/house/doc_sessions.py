"""Sessions shown in the manual: the files that a page shows are laid out, its commands run, its outputs compared.

On a page of `docs/`, a fence of four backticks with `path=…` is a file of a small repository, as on the pages of rules.
A `console` block holds commands behind `$ ` and what they print; a line `...` stands for any lines. All blocks of a page
run one after the other in the same repository. To write the outputs anew after a change:

    PYTHONPATH=src:. python -m tests.house.doc_sessions docs/linting.md
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tests.book.rule_pages import read_examples

from opsbook.entrypoints import cli

SOURCE = Path(cli.__file__).parents[2]
WRITTEN_ON = "2026-11-23"  # what today's date is called on the pages, so that they hold on any day
_TIME = r"[\\d.]+ (?:ms|s|min)"
_OF_SHELL = re.compile(r"[|<>;&$`*]")


class Shown(NamedTuple):
    """A command of a page: the line it stands on, what is shown below it, and the index of the line behind that."""

    line: int
    command: str
    output: list[str]
    stop: int


def sessions(page: str) -> Iterator[Shown]:
    """The commands of a page's `console` blocks that stand at its left edge, in order."""
    lines = page.split("\n")
    fence = ""
    for number, line in enumerate(lines):
        opening = re.match(r"(`{3,})\s*(\S*)", line)
        if opening and not fence:
            fence, is_session = opening[1], opening[2] == "console"
        elif fence and line.startswith(fence) and not line.strip("`"):
            fence = ""
        elif fence and is_session and line.startswith("$ "):
            stop = next(n for n in range(number + 1, len(lines)) if lines[n].startswith(("$ ", fence)))
            yield Shown(number + 1, line[2:], lines[number + 1 : stop], stop)


def lay(page: str, folder: Path) -> None:
    """Writes the files that a page shows."""
    files = {path: text for example in read_examples(page) for path, text in example.files.items()}
    for path, text in {".git/HEAD": "ref: refs/heads/main\n", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def replay(page: str, folder: Path) -> list[tuple[Shown, list[str]]]:
    """Each command of the page with what it printed now, in a folder in which the page's files are laid."""
    lay(page, folder)
    done, status = [], 0
    with _inside(folder):
        for shown in sessions(page):
            if shown.command == "echo $?":
                printed = str(status)
            else:
                status, printed = _run(shown.command, folder)
            printed = printed.replace(date.today().isoformat(), WRITTEN_ON)
            done.append((shown, [line.rstrip() for line in printed.rstrip("\n").split("\n")] if printed else []))
    return done


def agrees(shown: list[str], printed: list[str]) -> bool:
    """Whether an output is the one shown, in which `...` stands for any lines, and a time that something took for any."""
    pattern = "".join(r"(?:.*\n)*" if line.strip() == "..." else _any_time(re.escape(line)) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def _any_time(pattern: str) -> str:
    """A pattern in which times that were measured may be others: `done in 6 ms`, `after 1.2 s`, two spaces and a time."""
    return re.sub(r"((?:\bin|\bafter|\\ )\\ )[\d.\\]+\\ (?:ms|s|min)\b", r"\1" + _TIME, pattern)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    kept = {name: os.environ.pop(name, None) for name in ("OPSBOOK_BOOK", "OPSBOOK_DB", "FORCE_COLOR")}
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.update({name: value for name, value in kept.items() if value is not None})


def _run(command: str, folder: Path) -> tuple[int, str]:
    """In this process where it is a plain call of Opsbook, which is ten times quicker; else by a shell."""
    words = shlex.split(command)
    if words[0] == "opsbook" and not _OF_SHELL.search(command):
        stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with redirect_stdout(stream), redirect_stderr(stream):
            status = cli.run(words[1:])
        return status, stream.buffer.getvalue().decode()
    script = f'opsbook() {{ "{sys.executable}" -m opsbook "$@"; }}\n{command}'
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, text=True, timeout=60,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout


def rewritten(page: str) -> str:
    """The page with the outputs that its commands print now; one that agrees stays as it is shown."""
    lines = page.split("\n")
    with tempfile.TemporaryDirectory() as folder:
        for shown, printed in reversed(replay(page, Path(folder))):
            if not agrees(shown.output, printed):
                lines[shown.line : shown.stop] = printed
    return "\n".join(lines)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(rewritten(file.read_text(encoding="utf-8")), encoding="utf-8")
