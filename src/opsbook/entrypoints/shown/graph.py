"""Lines from a monitoring server as SVG, drawn here so that a page needs no script: few marks, gaps as gaps, thresholds
of alerts as labelled lines, and when those alerts were pending or firing as a strip at the bottom.

Colours are classes; lines differ by their dashes too, states by their pattern, and all is told in words to whoever
cannot see it. The same values give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import escape

from msgspec import Struct

from opsbook.book.measures import Measure
from opsbook.entrypoints.shown.axis import length_words, path, strokes, times
from opsbook.entrypoints.shown.graph_scale import HUGE, Side, side, value_words
from opsbook.usecases.graph_sources import Threshold
from opsbook.usecases.graphs import Drawn, Looked
from opsbook.usecases.monitoring_ports import Series

MOST_LINES = 6
DASHES = ("", "6 3", "2 3", "10 3 2 3", "1 4", "12 4")
# Two stand beside each other at a desk and one on a phone, about as wide: labels keep their size.
_WIDTH, _HEIGHT, _TOP, _BOTTOM, _RIGHT = 360, 168, 14, 24, 10
_FLOOR = _HEIGHT - _BOTTOM
_LABEL = 'font-size="12" fill="currentColor" class="chart-label"'
_STRIP = 6  # the height of what says when an alert was pending or firing
_EXACT_S = 180  # since when is told where points are no farther apart
_FAR = 4  # a threshold this many times above all values is told, and not drawn to scale


class Line(Struct, frozen=True):
    """A line as it is drawn: what tells it from the others, its points that are numbers, and its last value."""

    label: str
    points: tuple[tuple[float, float], ...]
    now: float | None  # None where it has ended
    number: int


class Picture(Struct, frozen=True):
    """A graph ready for its page: the drawing, its lines for the legend with how many are left out, the value now in
    words, and the state of its alerts with since when."""

    drawn: Drawn
    svg: str
    lines: tuple[tuple[str, str, int], ...] = ()  # what tells it apart, its value now, its number
    left_out: int = 0
    now: str = ""
    state: str = ""
    since: datetime | None = None
    note: str = ""


def picture(drawn: Drawn, looked: Looked, *, id_: str) -> Picture:
    """A graph over the span that was looked at; `id_` keeps the ids of several on a page apart."""
    step_s = looked.span.step.total_seconds()
    kind, words = drawn.graph.measure.kind, drawn.graph.measure.words
    lines, left_out = _chosen(drawn, looked.end.timestamp() - 2.5 * step_s)
    state, since = _state(drawn, looked, step_s)
    shown = [
        (line.label, "" if line.now is None else value_words(line.now, kind, words), line.number) for line in lines
    ]
    now = _now(lines, looked, drawn.graph.measure) if len(lines) == 1 else ""
    note = "" if any(line.points for line in lines) else ("" if drawn.why else "Nothing in this time.")
    return Picture(drawn, _svg(drawn, looked, lines, id_=id_), tuple(shown), left_out, now, state, since, note)


# -- which lines, and what tells them apart ------------------------------------------------------------------------


def _chosen(drawn: Drawn, alive_after: float) -> tuple[list[Line], int]:
    """The lines that matter most: the highest, or the lowest where an alert watches for too little."""
    factor = drawn.graph.measure.factor
    is_low = any(each.limit.operator.startswith("<") for each in drawn.graph.thresholds)
    labels = [series.labels for series in drawn.lines]
    scaled = [
        (tuple((at, value * factor) for at, value in series.points), name)
        for series, name in zip(drawn.lines, label_differences(labels), strict=True)
    ]

    def weight(each: tuple[tuple[tuple[float, float], ...], str]) -> tuple[float, str]:
        finite = [value for _, value in each[0] if abs(value) <= HUGE]
        if not finite:
            return (math.inf, each[1])
        return (min(finite) if is_low else -max(finite), each[1])

    kept = sorted(sorted(scaled, key=weight)[:MOST_LINES], key=lambda each: each[1])
    lines = []
    for number, (points, name) in enumerate(kept):
        last = next(((at, value) for at, value in reversed(points) if not math.isnan(value)), None)
        now = last[1] if last is not None and last[0] >= alive_after else None
        lines.append(Line(name, points, now, number))
    return lines, len(scaled) - len(kept)


def label_differences(labels: Sequence[Mapping[str, str]]) -> list[str]:
    """For each set of labels what tells it from the others: as few labels as do, the values alone where one does."""
    sets = list(labels)
    if len(sets) < 2:
        return ["" for _ in sets]
    names = sorted({name for each in sets for name in each if name != "__name__"})
    counts = {name: len({each.get(name, "") for each in sets}) for name in names}
    differing = sorted((name for name in names if counts[name] > 1), key=lambda name: (-counts[name], len(name), name))
    used: list[str] = []
    for name in differing:
        if len({tuple(each.get(one, "") for one in used) for each in sets}) == len(sets):
            break
        with_it = len({tuple(each.get(one, "") for one in (*used, name)) for each in sets})
        if not used or with_it > len({tuple(each.get(one, "") for one in used) for each in sets}):
            used.append(name)
    if not used:
        return [each.get("__name__", "") for each in sets]
    if len(used) == 1:
        return [each.get(used[0], "") or f"no {used[0]}" for each in sets]
    return [
        ", ".join(f"{name}={each[name]}" for name in sorted(used) if each.get(name)) or "no labels" for each in sets
    ]


# -- what is told in words -----------------------------------------------------------------------------------------


def _now(lines: Sequence[Line], looked: Looked, measure: Measure) -> str:
    line = lines[0]
    if line.now is not None:
        return value_words(line.now, measure.kind, measure.words)
    last = next(((at, value) for at, value in reversed(line.points) if not math.isnan(value)), None)
    if last is None:
        return ""
    at = datetime.fromtimestamp(last[0], tz=UTC)
    when = f"{at:%H:%M}" if looked.span.length <= timedelta(days=1) else f"{at:%d %b %H:%M}"
    return f"no value since {when} UTC"


def _state(drawn: Drawn, looked: Looked, step_s: float) -> tuple[str, datetime | None]:
    """The gravest state of its alerts now, and since when as far as the span reaches; none for a server that does not
    know of them."""
    end = looked.end.timestamp()
    found: tuple[str, datetime | None] = ("", None)
    for series in drawn.states:
        state, points = series.labels.get("alertstate", ""), series.points
        if not points or points[-1][0] < end - 1.5 * step_s or state not in ("firing", "pending"):
            continue
        since = points[-1][0]
        for at, _ in reversed(points):
            if since - at > 1.5 * step_s:
                break
            since = at
        if found[0] != "firing" or state == "firing":
            is_whole = since <= looked.start.timestamp() + step_s or step_s > _EXACT_S
            found = (state, None if is_whole else datetime.fromtimestamp(since, tz=UTC))
    return found


def _told(drawn: Drawn, looked: Looked, lines: Sequence[Line]) -> str:
    kind, words = drawn.graph.measure.kind, drawn.graph.measure.words
    parts = [f"From {looked.start:%Y-%m-%d %H:%M} to {looked.end:%Y-%m-%d %H:%M} UTC."]
    for line in lines:
        finite = [value for _, value in line.points if abs(value) <= HUGE]
        if not finite:
            continue
        name = f"{line.label}: " if line.label else ""
        now = f"{value_words(line.now, kind, words)} now" if line.now is not None else "no value now"
        parts.append(
            f"{name}{now}, between {value_words(min(finite), kind, words)} and {value_words(max(finite), kind, words)}."
        )
    if len(parts) == 1:
        parts.append("There are no values.")
    parts += [f"{_limit(each, drawn)}: the alert {each.alert}." for each in drawn.graph.thresholds]
    return " ".join(parts)


def _limit(threshold: Threshold, drawn: Drawn) -> str:
    sign = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}.get(threshold.limit.operator, threshold.limit.operator)
    return f"{sign} {value_words(threshold.limit.number, drawn.graph.measure.kind)}"


# -- the drawing ---------------------------------------------------------------------------------------------------


class _Plot:
    """Where a time and a value lie; the left side is as wide as its words."""

    def __init__(self, start: datetime, end: datetime, at_side: Side) -> None:
        self.left = 12 + round(6.6 * max(len(words) for _, words in at_side.marks))
        self.start, self.seconds = start.timestamp(), max((end - start).total_seconds(), 1.0)
        self.side = at_side

    def x(self, at: float) -> float:
        share = min(max((at - self.start) / self.seconds, 0.0), 1.0)
        return round(self.left + (_WIDTH - _RIGHT - self.left) * share, 1)

    def x_of(self, at: datetime) -> float:
        return self.x(at.timestamp())

    def y(self, value: float) -> float:
        share = (value - self.side.low) / (self.side.high - self.side.low)
        return round(_FLOOR - (_FLOOR - _TOP) * min(max(share, 0.0), 1.0), 1)


def _svg(drawn: Drawn, looked: Looked, lines: Sequence[Line], *, id_: str) -> str:
    values = [value for line in lines for _, value in line.points if abs(value) <= HUGE]
    most = max((abs(value) for value in values), default=0.0)
    near = [
        each.limit.number for each in drawn.graph.thresholds
        if abs(each.limit.number) <= HUGE and (not values or abs(each.limit.number) <= most * _FAR)
    ]  # fmt: skip
    plot = _Plot(looked.start, looked.end, side([*values, *near], drawn.graph.measure.kind, most=3))
    title = f"{drawn.graph.title}: the last {length_words(looked.span.length)}"
    within = (plot.left + 18.0, _WIDTH - _RIGHT - 14.0)
    head = (
        f'<svg class="chart graph-drawing" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-labelledby="{id_}-title {id_}-desc"><title id="{id_}-title">{escape(title)}</title>'
        f'<desc id="{id_}-desc">{escape(_told(drawn, looked, lines))}</desc>'
    )
    step_s = looked.span.step.total_seconds()
    parts = [
        head,
        *_grid(plot),
        *times(looked.start, looked.end, plot.x_of, y=_HEIGHT - 5, within=within, most=4, label=_LABEL),
        *_strip(drawn, looked, plot, id_),
        *(each for line in lines for each in _line(line, plot, step_s)),
        *_thresholds(drawn, plot, lines),
        "</svg>",
    ]
    return "".join(parts)


def _grid(plot: _Plot) -> list[str]:
    parts = []
    for value, words in plot.side.marks:
        y = plot.y(value)
        line = f'<path class="chart-grid" d="M{plot.left} {y:g}H{_WIDTH - _RIGHT}"'
        parts.append(f'{line} stroke="currentColor" stroke-opacity=".2"/>')
        parts.append(f'<text x="{plot.left - 6}" y="{y + 4:g}" text-anchor="end" {_LABEL}>{escape(words)}</text>')
    return parts


def _line(line: Line, plot: _Plot, step_s: float) -> list[str]:
    """A line, broken where values are missing or no numbers; what is infinite stands at the edge as a small arrow."""
    runs: list[list[tuple[float, float]]] = []
    ends, before = "", -math.inf
    for at, value in line.points:
        if math.isnan(value):
            before = -math.inf
            continue
        if abs(value) > HUGE:
            top, tip = (_TOP + 7, _TOP) if value > 0 else (_FLOOR - 7, _FLOOR)
            if not ends or at - before > 1.5 * step_s:
                ends += f"M{plot.x(at) - 4:g} {top}L{plot.x(at):g} {tip}L{plot.x(at) + 4:g} {top}z"
            before = -math.inf
            continue
        if at - before > 1.5 * step_s:
            runs.append([])
        runs[-1].append((plot.x(at), plot.y(value)))
        before = at
    dashes = f' stroke-dasharray="{DASHES[line.number]}"' if DASHES[line.number] else ""
    drawn = "".join(path(run) for run in strokes(runs))
    parts = []
    if drawn:
        parts.append(
            f'<path class="graph-line graph-{line.number + 1}" d="{drawn}" fill="none" stroke="currentColor"'
            f' stroke-width="1.75" stroke-linejoin="round"{dashes}/>'
        )
    if ends:
        parts.append(f'<path class="graph-line graph-{line.number + 1}" d="{ends}" fill="currentColor"/>')
    return parts


def _thresholds(drawn: Drawn, plot: _Plot, lines: Sequence[Line]) -> list[str]:
    """Each threshold once, with its words above the line, or at the edge with an arrow where it lies beyond; on the
    side where no line runs through them."""
    parts: list[str] = []
    seen: set[str] = set()
    taken: list[float] = []
    for each in drawn.graph.thresholds:
        number, words = each.limit.number, _limit(each, drawn)
        if words in seen or not abs(number) <= HUGE:
            continue
        seen.add(words)
        is_inside = plot.side.low <= number <= plot.side.high
        y = plot.y(number)
        if is_inside:
            parts.append(
                f'<path class="graph-limit" d="M{plot.left} {y:g}H{_WIDTH - _RIGHT}" stroke="currentColor"'
                ' stroke-width="1.5" stroke-dasharray="3 3"/>'
            )
        at = y - 4 if y - 4 >= _TOP - 2 else y + 13
        if any(abs(at - other) < 12 for other in taken):
            continue
        taken.append(at)
        arrow = "" if is_inside else (" ↑" if number > plot.side.high else " ↓")
        x, anchor = (plot.left + 4, "start") if _is_freer_left(lines, plot, at) else (_WIDTH - _RIGHT, "end")
        parts.append(
            f'<text x="{x}" y="{at:g}" text-anchor="{anchor}" font-size="12" fill="currentColor"'
            f' class="chart-label graph-limit graph-limit-words">alert {escape(words)}{arrow}</text>'
        )
    return parts


def _is_freer_left(lines: Sequence[Line], plot: _Plot, y: float) -> bool:
    """Whether lines are farther from words at a height on the left than on the right, and near on the right."""
    left = right = float(_HEIGHT)
    for line in lines:
        for at, value in line.points:
            if abs(value) <= HUGE:
                x, far = plot.x(at), abs(plot.y(value) - (y - 4))
                left = min(left, far) if x < plot.left + 90 else left
                right = min(right, far) if x > _WIDTH - _RIGHT - 90 else right
    return right < 10 and left > right


def _strip(drawn: Drawn, looked: Looked, plot: _Plot, id_: str) -> list[str]:
    """When alerts were pending (hatched) and firing (full), at the foot of the plot."""
    step_s = looked.span.step.total_seconds()
    shapes = {"pending": "", "firing": ""}
    for series in sorted(drawn.states, key=lambda each: sorted(each.labels.items())):
        state = series.labels.get("alertstate", "")
        if state not in shapes or not series.points:
            continue
        for first, last in _stretches(series, step_s):
            left, right = plot.x(first - step_s / 2), plot.x(last + step_s / 2)
            shapes[state] += f"M{left:g} {_FLOOR - _STRIP}H{max(right, left + 2):g}V{_FLOOR}H{left:g}z"
    parts = []
    if shapes["pending"]:
        tile = 'width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
        bars = '<path class="graph-pending" d="M0 0v4" stroke="currentColor" stroke-width="3"/>'
        parts.append(f'<pattern id="{id_}-hatch" {tile}>{bars}</pattern>')
        parts.append(f'<path d="{shapes["pending"]}" fill="url(#{id_}-hatch)"/>')
    if shapes["firing"]:
        parts.append(f'<path class="graph-firing" d="{shapes["firing"]}" fill="currentColor"/>')
    return parts


def _stretches(series: Series, step_s: float) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for at, _ in series.points:
        if found and at - found[-1][1] <= 1.5 * step_s:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found
