"""Draws what `opsbook lint` prints for the page on docs/linting.md, as the picture at the top of the README.

A test keeps the picture in step. To draw it anew: PYTHONPATH=src:. python -m tests.house.lint_picture
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from datetime import date
from html import escape
from pathlib import Path

from tests.house.doc_sessions import lay

from opsbook.config import load
from opsbook.entrypoints.linting import Lines
from opsbook.entrypoints.shown.findings import Telling, as_text
from opsbook.entrypoints.shown.terminal import columns
from opsbook.usecases.lint import Scope, lint
from opsbook.wire import build_book, build_workers, lint_settings

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs/images/lint.svg"
WIDTH, LETTER, LINE, MARGIN = 100, 7.8, 19, 16  # columns; the size of a letter and of a line in pixels
# What click writes for each style, and the class that it has in the picture.
_STYLES = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow", "34": "blue"}
_LOOK = """
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
rect { fill: #f6f8fa; stroke: #d1d9e0 }
.bold { font-weight: 600 } .dim { fill: #59636e } .red { fill: #cf222e } .green { fill: #1a7f37 }
.yellow { fill: #9a6700 } .blue { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } rect { fill: #151b23; stroke: #3d444d } .dim { fill: #9198a1 } .red { fill: #ff7b72 }
  .green { fill: #3fb950 } .yellow { fill: #d29922 } .blue { fill: #4493f8 }
}
"""


def told() -> list[str]:
    """The lines that a terminal of a hundred columns shows, with their colours."""
    with tempfile.TemporaryDirectory() as folder:
        lay((ROOT / "docs/linting.md").read_text(encoding="utf-8"), Path(folder))
        config = load(book=f"{folder}/docs/operations", environ={}, here=folder)
        book = build_book(config)
        scope = Scope(date(2026, 11, 23), lint_settings(config), paths=("docs/operations/procedures",))
        report = lint(book, book, scope, build_workers())
        lines = as_text(report, Lines(config.root).of, Telling(is_coloured=True, width=WIDTH))
        return ["$ opsbook lint docs/operations/procedures", *lines]


def drawn(lines: list[str]) -> str:
    """The lines as SVG, in the light or dark colours of whoever looks."""
    size = f'width="{WIDTH * LETTER + 2 * MARGIN:g}" height="{len(lines) * LINE + 2 * MARGIN}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="What opsbook lint prints">'
    rows = [_row(number, line) for number, line in enumerate(lines, 1)]
    return "\n".join(
        [head, f"<style>{_LOOK}</style>", '<rect width="100%" height="100%" rx="6"/>', *rows, "</svg>", ""]
    )


def _row(number: int, line: str) -> str:
    return "".join(_pieces(line.rstrip(), f'y="{MARGIN + number * LINE - 5}"'))


def _pieces(line: str, y: str) -> Iterator[str]:
    """Each run of one colour at the column where it begins, so that columns stand under each other in any font."""
    style, column = "", 0
    for part in re.split(r"(\x1b\[\d+m)", line):
        code = re.fullmatch(r"\x1b\[(\d+)m", part)
        if code:
            style = _STYLES.get(code[1], "")
            continue
        text = part.lstrip(" ")
        x = f'x="{MARGIN + (column + len(part) - len(text)) * LETTER:g}"'
        if text:
            look = f' class="{style}"' if style else ""
            yield f"<text {x} {y}{look}>{escape(text, quote=False)}</text>"
        column += columns(part)


if __name__ == "__main__":
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(drawn(told()), encoding="utf-8")
