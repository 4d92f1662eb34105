"""`opsbook coverage` of all rule files of the corpora beside `promtool check rules` of the same files.

promtool also parses the expressions; ours also reads a page, and compares every alert with the book.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from bench import programs
from bench.corpus import Copied, copy_rule_files
from bench.pairs import Side, compare, output
from bench.table import Broken, Row, show


def rows() -> list[Row]:
    """The one comparison."""
    with tempfile.TemporaryDirectory() as place:
        files = copy_rule_files(Path(place) / "rules")
        book = Path(place) / "book"
        book.mkdir()
        (book / "README.md").write_text("# Operations\n\nWhat to do when an alert fires.\n", encoding="utf-8")
        ours = coverage(book, files)
        alerts = count_alerts(ours)
        peer = Side("promtool", (*programs.promtool(), "check", "rules", *map(str, files.files)), files.folder)
        if output(peer).count("SUCCESS") < len(files.files) * 0.9:
            raise Broken("promtool does not read the rule files")
        what = f"rule files: {len(files.files)} files, {alerts:,} alerts"
        return [compare(ours, peer).row(what, at_most=1.0)]


def coverage(book: Path, files: Copied) -> Side:
    """Our reading of all rule files, for a book of one page."""
    options = ("coverage", "--rules", str(files.folder), "--format", "json")
    return Side("opsbook", (*programs.opsbook(), "--book", str(book), *options), book)


def count_alerts(side: Side) -> int:
    """How many alerts ours finds. Raises Broken when it finds none."""
    done = subprocess.run(side.command, cwd=side.folder, env=programs.environment(), capture_output=True, check=False)
    try:
        found = len(json.loads(done.stdout)["alerts"])
    except (ValueError, KeyError) as wrong:
        raise Broken(f"opsbook exits with {done.returncode}: {done.stderr.decode()[-200:]}") from wrong
    if not found:
        raise Broken("opsbook finds no alert in the rule files")
    return found


def main() -> int:
    """Prints the row; `python -m bench.rules`."""
    programs.compile_ours()
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
