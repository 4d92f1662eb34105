"""Copies of the real pages and rule files of the corpora, so that every tool reads the same files. Measures nothing.

Only `.md` pages are copied: Opsbook also reads `.md.erb`, which the peers do not see, and folders that some tool passes
over (hidden ones) are left out, so that the work is the same.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from bench.table import Absent
from tests.book.markdown_sections import corpora

ALERT = ("alert:", "- alert:")


class Copied(NamedTuple):
    """A folder of copied files: how many there are, of how many bytes."""

    folder: Path
    files: tuple[Path, ...]
    size_bytes: int


def originals(ending: str) -> list[Path]:
    """The files of the corpora with that ending, in order. Raises Absent where there are no corpora."""
    folder = corpora()
    if folder is None:
        raise Absent("no corpora: set OPSBOOK_CORPORA to their folder")
    found = [path for path in sorted(folder.rglob(f"*{ending}")) if path.is_file()]
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def copy_pages(into: Path, times: int) -> Copied:
    """All `.md` pages as one book of so many copies, side by side."""
    folder = corpora()
    pages = originals(".md")
    made: list[Path] = []
    for copy in range(1, times + 1):
        for page in pages:
            assert folder is not None
            target = into / f"copy-{copy}" / page.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page, target)  # the bytes alone: the corpora may be read-only, a book is not
            made.append(target)
    return Copied(into, tuple(made), sum(path.stat().st_size for path in made))


def copy_pages_of(into: Path, size_bytes: int) -> Copied:
    """As many copies of all pages as make at least so many bytes."""
    once = sum(path.stat().st_size for path in originals(".md"))
    return copy_pages(into, -(-size_bytes // once))


def copy_rule_files(into: Path) -> Copied:
    """All plain rule files, and the PrometheusRule resources as plain ones, which is what promtool can read."""
    made: list[Path] = []
    into.mkdir(parents=True)
    for ending in (".yml", ".yaml"):
        for number, path in enumerate(originals(ending)):
            text = plain_rules(path.read_text(encoding="utf-8", errors="replace"))
            if text is not None:
                made.append(into / f"{number}-{path.name}")
                made[-1].write_text(text, encoding="utf-8")
    return Copied(into, tuple(made), sum(path.stat().st_size for path in made))


def plain_rules(text: str) -> str | None:
    """The rule file that a text is or holds as its `spec`; None for other YAML and for lists of several documents."""
    lines = text.split("\n")
    if not any(line.strip().startswith(ALERT) for line in lines) or lines.count("---") > 1:
        return None
    if any(line.rstrip() == "groups:" for line in lines):
        return text
    if "spec:" not in lines or "kind: PrometheusRule" not in lines:
        return None
    inner = lines[lines.index("spec:") + 1 :]
    return "\n".join(line[2:] if line.startswith("  ") else line for line in inner)
