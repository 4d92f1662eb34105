"""`opsbook lint` of all Markdown of the corpora, five times over and once, beside rumdl and markdownlint-cli2."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

from bench import programs
from bench.corpus import Copied, copy_pages
from bench.pairs import Side, compare, output, unless_absent
from bench.table import Broken, Row, show

TIMES = (5, 1)
# A day on which the findings do not change, so that two runs of the benchmark do the same work.
TODAY = "2026-11-23"


def rows() -> list[Row]:
    """Cold and unchanged beside rumdl, cold beside markdownlint-cli2, for each number of copies."""
    found: list[Row] = []
    for times in TIMES:
        with tempfile.TemporaryDirectory() as place:
            pages = copy_pages(Path(place) / "book", times)
            found += _beside_peers(pages, Path(place), f"×{times}: {len(pages.files):,} pages")
    return found


def _beside_peers(pages: Copied, place: Path, size: str) -> list[Row]:
    check_ours(pages)
    cold, kept = f"lint, cold, {size}", f"lint, nothing changed, {size}"

    def cold_beside_rumdl() -> list[Row]:
        peer = checked(rumdl(pages, "--no-cache"), len(pages.files))
        return [compare(ours(pages, "--no-cache"), peer).row(cold, at_most=1.0)]

    def kept_beside_rumdl() -> list[Row]:
        peer = checked(rumdl(pages, "--cache-dir", str(place / "cache")), len(pages.files))
        return [compare(ours(pages), peer).row(kept, at_most=1.0)]

    def cold_beside_markdownlint() -> list[Row]:
        peer = checked(markdownlint(pages), len(pages.files))
        return [compare(ours(pages, "--no-cache"), peer).row(cold, at_most=0.05)]

    return [
        *unless_absent(cold, cold_beside_rumdl),
        *unless_absent(kept, kept_beside_rumdl),
        *unless_absent(cold, cold_beside_markdownlint),
    ]


def ours(pages: Copied, *more: str) -> Side:
    """All rules over all pages; with `--no-cache` cold."""
    command = (*programs.opsbook(), "--book", str(pages.folder), "lint", "--today", TODAY, *more)
    return Side("opsbook", command, pages.folder)


def rumdl(pages: Copied, *more: str) -> Side:
    """rumdl's own rules over all pages, without a configuration of this machine."""
    return Side("rumdl", (*programs.rumdl(), "check", "--no-config", *more, "."), pages.folder)


def markdownlint(pages: Copied) -> Side:
    """markdownlint-cli2's own rules over all pages."""
    return Side("markdownlint-cli2", (*programs.markdownlint(), "**/*.md"), pages.folder)


def check_ours(pages: Copied) -> None:
    """Raises Broken unless our lint reads every copied page."""
    side = ours(pages, "--no-cache", "--format", "json")
    done = subprocess.run(side.command, cwd=side.folder, env=programs.environment(), capture_output=True, check=False)
    try:
        read = json.loads(done.stdout)["pages"]
    except (ValueError, KeyError) as wrong:
        raise Broken(f"opsbook exits with {done.returncode}: {done.stderr.decode()[-200:]}") from wrong
    if read != len(pages.files):
        raise Broken(f"opsbook lints {read} of {len(pages.files)} pages")


def checked(peer: Side, pages: int) -> Side:
    """The peer, after a run in which it says that it looks at just as many files. Raises Broken where it does not."""
    said = output(peer)
    # rumdl: "in 586/632 files"; markdownlint-cli2: "Linting: 632 files".
    looked_at = re.findall(r"(?:/|Linting: )(\d+) files?\b", said)
    if str(pages) not in looked_at:
        raise Broken(f"{peer.name} looks at {', '.join(looked_at) or 'no'} files, and there are {pages}")
    return peer


def main() -> int:
    """Prints the rows; `python -m bench.lint`."""
    programs.compile_ours()
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
