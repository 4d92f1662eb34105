"""The readings of a probe as SVG, drawn here so that a page needs no script: a chart, and a bar for lists.

Colours are classes and `currentColor`, since the pages allow no inline styles. What failed is also hatched and marked
at the bottom, so that it is seen without colour, and told in words to whoever cannot see it. The same readings give the
same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from opsbook.entrypoints.shown.axis import LABEL, length_words, path, round_top, strokes, times
from opsbook.usecases.serving_ports import Bucket

# A phone shows this at two thirds, so that its labels can still be read.
_WIDTH, _HEIGHT = 560, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 10, 26
_PLOT_WIDTH, _PLOT_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
MOST_POINTS = 120  # of a line; more is not seen, and would make the page heavy
BAR_CELLS = 48


def chart(buckets: Sequence[Bucket], start: datetime, end: datetime, *, name: str, id_: str = "chart") -> str:
    """The latency from `start` to `end` as a line, with the stretches in which readings failed marked.

    `id_` keeps the ids of several charts of one page apart. Times are in UTC, and said to be.
    """
    shown = _joined([bucket for bucket in buckets if _ends(bucket) > start and bucket.start < end], MOST_POINTS)
    if not shown:
        return _empty(name, id_)
    scale = _Scale(start, end, _top(shown))
    parts = [
        _head(id_, f"{name}: the last {length_words(end - start)}", _told(shown, start, end)),
        _hatch(id_),
        *_grid(scale),
        *times(start, end, scale.x, y=_HEIGHT - 6, within=(_LEFT + 20, _WIDTH - _RIGHT - 16)),
        *_failures(shown, scale, id_),
        *_line(shown, scale),
        "</svg>",
    ]
    return "".join(parts)


def bar(buckets: Sequence[Bucket], start: datetime, end: datetime, *, name: str) -> str:
    """A bar of cells from `start` to `end`: full where all was well, hollow by the share of the readings that
    failed, a dot where nothing was read."""
    cell = (end - start) / BAR_CELLS
    counts = [[0, 0] for _ in range(BAR_CELLS)]
    for bucket in buckets:
        if start <= bucket.start < end:
            count = counts[min(int((bucket.start - start) / cell), BAR_CELLS - 1)]
            count[0] += bucket.ok
            count[1] += bucket.failed
    ok, failed = sum(count[0] for count in counts), sum(count[1] for count in counts)
    told = f"{name}: {_share(ok, failed)} in the last {length_words(end - start)}"
    width = BAR_CELLS * 5
    cells: dict[str, list[str]] = {"ok": [], "failed": [], "none": []}
    for number, (good, bad) in enumerate(counts):
        x = number * 5
        if bad:
            hollow = 3 + round(11 * bad / (good + bad))
            cells["failed"].append(f"M{x} 2h4v16h-4zM{x + 1} 3v{hollow}h2v-{hollow}z")
        elif good:
            cells["ok"].append(f"M{x} 2h4v16h-4z")
        else:
            cells["none"].append(f"M{x + 1} 16h2v2h-2z")
    shown = "".join(
        f'<path class="bar-{kind}" fill="currentColor" d="{"".join(drawn)}"/>' for kind, drawn in cells.items() if drawn
    )
    return (
        f'<svg class="bar" viewBox="0 0 {width} 20" width="{width}" height="20" role="img" aria-label="{escape(told)}">'
        f"<title>{escape(told)}</title>{shown}</svg>"
    )


class _Scale:
    """Where a time and a latency lie in the plot."""

    def __init__(self, start: datetime, end: datetime, top_ms: float) -> None:
        self.start, self.end, self.top_ms = start, end, top_ms
        self.seconds = max((end - start).total_seconds(), 1.0)

    def x(self, at: datetime) -> float:
        share = (at - self.start).total_seconds() / self.seconds
        return round(_LEFT + _PLOT_WIDTH * min(max(share, 0.0), 1.0), 1)

    def y(self, latency_ms: float) -> float:
        return round(_TOP + _PLOT_HEIGHT * (1 - min(latency_ms / self.top_ms, 1.0)), 1)


def _ends(bucket: Bucket) -> datetime:
    return bucket.start + timedelta(seconds=bucket.length_s)


def _joined(buckets: Sequence[Bucket], most: int) -> list[Bucket]:
    """The buckets in order, neighbours put together where there are more than `most`."""
    ordered = sorted(buckets, key=lambda bucket: bucket.start)
    size = math.ceil(len(ordered) / most)
    if size <= 1:
        return ordered
    return [_sum(ordered[at : at + size]) for at in range(0, len(ordered), size)]


def _sum(group: Sequence[Bucket]) -> Bucket:
    count = sum(each.ok + each.failed for each in group)
    weighed = sum(each.mean_ms * (each.ok + each.failed) for each in group)
    return Bucket(
        group[0].start,
        (_ends(group[-1]) - group[0].start).total_seconds(),
        sum(each.ok for each in group),
        sum(each.failed for each in group),
        min(each.least_ms for each in group),
        weighed / count if count else 0.0,
        max(each.most_ms for each in group),
    )


def _top(shown: Sequence[Bucket]) -> float:
    """A round latency above what is drawn: 1, 2 or 5 of a power of ten.

    Means of stretches with an answer decide, so that one timeout does not press all else to the ground.
    """
    most = max((each.mean_ms for each in shown if each.ok), default=0.0) or max(each.mean_ms for each in shown)
    return round_top(most * 1.05)


def _head(id_: str, title: str, told: str) -> str:
    title_id, told_id = escape(f"{id_}-title"), escape(f"{id_}-desc")
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="{title_id} {told_id}">'
        f'<title id="{title_id}">{escape(title)}</title><desc id="{told_id}">{escape(told)}</desc>'
    )


def _hatch(id_: str) -> str:
    return (
        f'<pattern id="{escape(id_)}-hatch" width="6" height="6" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><path class="chart-failed" d="M0 0v6" stroke="currentColor" stroke-width="3"/>'
        "</pattern>"
    )


def _grid(scale: _Scale) -> list[str]:
    """Three lines, at nothing, half and the top, with their latency."""
    parts = []
    for share in (0.0, 0.5, 1.0):
        latency_ms = scale.top_ms * share
        y = scale.y(latency_ms)
        parts.append(
            f'<path class="chart-grid" d="M{_LEFT} {y}h{_PLOT_WIDTH}" stroke="currentColor" stroke-opacity=".2"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" {LABEL}>{_ms(latency_ms, scale.top_ms)}</text>'
        )
    return parts


def _ms(latency_ms: float, top_ms: float) -> str:
    if latency_ms == 0:
        return "0"
    return f"{latency_ms / 1000:g} s" if top_ms >= 1000 else f"{latency_ms:g} ms"


def _failures(shown: Sequence[Bucket], scale: _Scale, id_: str) -> list[str]:
    """Hatched stretches with a solid foot, neighbours joined, none so narrow that it is not seen.

    They lie on a grid of four, which also keeps a day of small failures small.
    """
    stretches: list[tuple[int, int]] = []
    for bucket in shown:
        if not bucket.failed:
            continue
        left = int(scale.x(bucket.start)) // 4 * 4
        right = max(math.ceil(scale.x(_ends(bucket)) / 4) * 4, left + 4)
        if stretches and left <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(right, stretches[-1][1]))
        else:
            stretches.append((left, right))
    if not stretches:
        return []
    floor = _TOP + _PLOT_HEIGHT
    high = "".join(f"M{left} {_TOP}H{right}V{floor}H{left}z" for left, right in stretches)
    foot = "".join(f"M{left} {floor - 4}H{right}V{floor}H{left}z" for left, right in stretches)
    return [
        f'<path d="{high}" fill="url(#{escape(id_)}-hatch)" fill-opacity=".35"/>',
        f'<path class="chart-failed" d="{foot}" fill="currentColor"/>',
    ]


def _line(shown: Sequence[Bucket], scale: _Scale) -> list[str]:
    """The mean latency as a line over an area, broken where nothing was read for longer than two buckets."""
    runs: list[list[tuple[float, float]]] = []
    before: Bucket | None = None
    for bucket in shown:
        middle = scale.x(bucket.start + timedelta(seconds=bucket.length_s / 2))
        is_apart = before is None or (bucket.start - _ends(before)).total_seconds() > 2 * bucket.length_s
        if is_apart:
            runs.append([])
        runs[-1].append((middle, scale.y(bucket.mean_ms)))
        before = bucket
    floor = _TOP + _PLOT_HEIGHT
    line, area = "", ""
    for run in strokes(runs):
        line += path(run)
        area += f"{path(run)}L{run[-1][0]:g} {floor}L{run[0][0]:g} {floor}z"
    stroke = 'fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"'
    return [
        f'<path class="chart-area" d="{area}" fill="currentColor" fill-opacity=".12"/>',
        f'<path class="chart-line" d="{line}" {stroke}/>',
    ]


def _told(shown: Sequence[Bucket], start: datetime, end: datetime) -> str:
    """What the chart shows, in words."""
    ok, failed = sum(each.ok for each in shown), sum(each.failed for each in shown)
    total = _sum(shown)
    told = f"From {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC {_share(ok, failed)}."
    if ok:
        told += f" Answers took {total.mean_ms:.0f} ms in the mean and {total.most_ms:.0f} ms at most."
    failing = [each for each in shown if each.failed]
    if failing:
        told += f" The last failure was at {failing[-1].start:%H:%M} UTC or within {_length_s(failing[-1])} after it."
    return told


def _length_s(bucket: Bucket) -> str:
    return length_words(timedelta(seconds=bucket.length_s))


def _share(ok: int, failed: int) -> str:
    count = ok + failed
    if not count:
        return "nothing was read"
    if not failed:
        return f"all {count} readings were as expected" if count > 1 else "the one reading was as expected"
    share = min(ok / count * 100, 99.9)  # never 100 % with a failure
    return f"{share:.1f} % of {count} readings were as expected"


def _empty(name: str, id_: str) -> str:
    title = f"{name}: nothing has been read yet"
    return (
        _head(id_, title, "The chart fills as soon as the probe has been asked.")
        + f'<path class="chart-grid" d="M{_LEFT} {_TOP + _PLOT_HEIGHT}h{_PLOT_WIDTH}" stroke="currentColor"'
        f' stroke-opacity=".2"/><text x="{_WIDTH // 2}" y="{_HEIGHT // 2}" text-anchor="middle" {LABEL}>'
        "Nothing has been read yet.</text></svg>"
    )
