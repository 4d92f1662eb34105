"""How memory and time of a cold `opsbook lint` grow with the book: 20 MB of pages, and five copies beside one."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from bench import programs
from bench.corpus import Copied, copy_pages, copy_pages_of
from bench.lint import ours, rumdl
from bench.memory import Peak, peak
from bench.pairs import Compared, compare, unless_absent
from bench.table import Absent, Row, show, verdict

LARGE_BYTES = 20_000_000
MOST_BYTES = 250_000_000
# Five copies in at most five times the time of one, and a fifth more.
COPIES, SLACK = 5, 1.2
LOOKS = 3


def rows() -> list[Row]:
    """Peak memory beside rumdl's, and both ways of growing."""
    with tempfile.TemporaryDirectory() as place:
        large = copy_pages_of(Path(place) / "large", LARGE_BYTES)
        one, five = copy_pages(Path(place) / "one", 1), copy_pages(Path(place) / "five", COPIES)
        what = "lint, cold: memory"
        return [*unless_absent(what, lambda: memory(one, five, large)), time_of(one, five)]


def memory(one: Copied, five: Copied, large: Copied) -> list[Row]:
    """The peak of the large book, as it is and as the sum of high-water marks, and its growth."""
    mine = most(large)
    try:
        peer: Peak | None = peak(rumdl(large, "--no-cache"))
    except Absent:
        peer = None
    what = f"lint, cold, {large.size_bytes / 1e6:.1f} MB of pages: memory"
    small, medium = most(one), most(five)
    ratio = medium.held / small.held
    return [
        _peak_row(f"{what}, shared pages once", mine.held, peer and peer.held),
        _peak_row(f"{what}, {mine.processes} processes summed", mine.summed, peer and peer.summed),
        Row(
            f"lint, cold: memory of ×{COPIES} to ×1", megabytes(medium.held), f"opsbook ×1 {megabytes(small.held)}",
            f"{ratio:.2f}×", f"≤ {COPIES * SLACK:g}×", verdict(ratio <= COPIES * SLACK),
        ),
    ]  # fmt: skip


def most(pages: Copied) -> Peak:
    """The largest of a few looks: sampling may miss a peak, and never makes one up."""
    looks = [peak(ours(pages, "--no-cache")) for _ in range(LOOKS)]
    return Peak(*(max(each) for each in zip(*looks, strict=True)))


def _peak_row(what: str, mine: int, peer: int | None) -> Row:
    beside = f"rumdl {megabytes(peer)}" if peer else ""
    ratio = f"{mine / peer:.2f}×" if peer else ""
    return Row(what, megabytes(mine), beside, ratio, f"< {megabytes(MOST_BYTES)}", verdict(mine < MOST_BYTES))


def megabytes(size_bytes: int) -> str:
    """A size in words."""
    return f"{size_bytes / 1e6:.0f} MB"


def time_of(one: Copied, five: Copied) -> Row:
    """The time of five copies beside that of one, in turns."""
    found: Compared = compare(ours(five, "--no-cache"), ours(one, "--no-cache")._replace(name="opsbook ×1"))
    limit = COPIES * SLACK
    per_page = statistics.median(run.wall_s for run in found.ours) / len(five.files) * 1e6
    return found.row(f"lint, cold: time of ×{COPIES} to ×1 ({per_page:.0f} µs a page)", at_most=limit)


def main() -> int:
    """Prints the rows; `python -m bench.growth`."""
    programs.compile_ours()
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
