"""`opsbook rules import` of all rule files of the corpora beside `promtool check rules` of the same files.

promtool also parses the expressions; ours also writes the pages and syncs each to the disk. Every run of the first row
begins with a book of one page; the second finds everything as it is, and the third only works the pages out.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from pathlib import Path

from bench import programs
from bench.corpus import copy_rule_files
from bench.pairs import Side, compare, output
from bench.table import Broken, Row, show


def rows() -> list[Row]:
    """A first import, one that finds everything as it is, and the first as a plan alone, each beside promtool."""
    with tempfile.TemporaryDirectory() as place:
        files = copy_rule_files(Path(place) / "rules")
        book = book_of_one_page(Path(place) / "book")
        filled = Path(place) / "filled"
        shutil.copytree(book, filled)
        peer = Side("promtool", (*programs.promtool(), "check", "rules", *map(str, files.files)), files.folder)
        if output(peer).count("SUCCESS") < len(files.files) * 0.9:
            raise Broken("promtool does not read the rule files")
        output(imported(filled, files.folder))
        if not list(filled.rglob("monitoring/alerts/*.md")):
            raise Broken("opsbook imports no alert")
        what = f"import of {len(files.files)} rule files"
        written = imported(book, files.folder)
        anew = f"rm -rf {shlex.quote(str(book / 'monitoring'))} && exec {shlex.join(map(str, written.command))}"
        return [
            compare(Side("opsbook", ("sh", "-c", anew), book), peer).row(f"{what}, pages written", at_most=1.5),
            compare(imported(filled, files.folder), peer).row(f"{what}, nothing has changed"),
            compare(imported(book_of_one_page(Path(place) / "plan"), files.folder, "--dry-run"), peer).row(
                f"{what}, worked out alone"
            ),
        ]


def book_of_one_page(folder: Path) -> Path:
    """A new book."""
    folder.mkdir()
    (folder / "README.md").write_text("# Operations\n\nWhat to do when an alert fires.\n", encoding="utf-8")
    return folder


def imported(book: Path, folder: Path, *options: str) -> Side:
    """Our import into a book."""
    words = ("rules", "import", str(folder), "--owner", "Ada", "--format", "json", *options)
    return Side("opsbook", (*programs.opsbook(), "--book", str(book), *words), book)


def main() -> int:
    """Prints the rows; `python -m bench.rule_import`."""
    programs.compile_ours()
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
