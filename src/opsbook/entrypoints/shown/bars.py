"""Counts as bars in SVG, drawn here so that a page needs no script: by day, and one beside a number. Told in words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT = 560, 140
_LEAST_LEFT, _RIGHT, _TOP, _BOTTOM = 30, 22, 8, 24
_DIGIT = 8  # how wide one of a label is, at most
_LABEL = 'font-size="13" fill="currentColor" class="chart-label"'


def bars(days: Sequence[tuple[str, int, int]], *, name: str, id_: str, words: tuple[str, str]) -> str:
    """A bar for each day: its label, how many there were, and how many of them are told apart (filled, the others
    hollow). `words` name both."""
    top = max([total for _, total, _ in days] + [1])
    left = max(_LEAST_LEFT, 10 + _DIGIT * len(f"{top:,}"))
    step = (_WIDTH - left - _RIGHT) / max(1, len(days))
    wide = max(2.0, round(step * 0.72, 1))
    high = _HEIGHT - _TOP - _BOTTOM
    whole, apart = [], []
    for number, (_, total, part) in enumerate(days):
        x = round(left + number * step + (step - wide) / 2, 1)
        if total:
            tall = round(high * total / top, 1)
            whole.append(f"M{x} {_TOP + high - tall:.1f}h{wide}v{tall}h-{wide}z")
        if part:
            tall = round(high * part / top, 1)
            apart.append(f"M{x} {_TOP + high - tall:.1f}h{wide}v{tall}h-{wide}z")
    told = _told(days, words)
    return "".join([
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="{id_}-title {id_}-desc">',
        f'<title id="{id_}-title">{escape(name)}</title><desc id="{id_}-desc">{escape(told)}</desc>',
        *_grid(top, high, left), *_labels([label for label, _, _ in days], step, left),
        f'<path class="bars-whole" d="{"".join(whole)}" fill="currentColor" fill-opacity=".35" stroke="currentColor"/>',
        f'<path class="bars-apart" d="{"".join(apart)}" fill="currentColor"/>', "</svg>",
    ])  # fmt: skip


def _grid(top: int, high: int, left: int) -> list[str]:
    """The ground, and the most, with their numbers."""
    return [
        f'<path class="chart-grid" d="M{left} {y}H{_WIDTH - _RIGHT}" stroke="currentColor" stroke-opacity=".25"/>'
        f'<text x="{left - 6}" y="{y + 5}" text-anchor="end" {_LABEL}>{count:,}</text>'
        for y, count in ((_TOP + high, 0), (_TOP, top))
    ]


def _labels(labels: Sequence[str], step: float, left: int) -> list[str]:
    """At most seven labels, the first and those at even distances from it."""
    every = max(1, -(-len(labels) // 7))
    return [
        f'<text x="{left + number * step + step / 2:.1f}" y="{_HEIGHT - 5}" text-anchor="middle" {_LABEL}>'
        f"{escape(label)}</text>"
        for number, label in enumerate(labels) if number % every == 0
    ]  # fmt: skip


def _told(days: Sequence[tuple[str, int, int]], words: tuple[str, str]) -> str:
    total, part = sum(each[1] for each in days), sum(each[2] for each in days)
    if not total:
        return f"No {words[0]} in {len(days)} days."
    label, most, _ = max(days, key=lambda each: each[1])
    said = f"{total} {words[0]} in {len(days)} days, {part} of them {words[1]}." if words[1] else f"{total} {words[0]}."
    return f"{said} The most were on {label}: {most}."


def share(value: float, most: float, *, told: str) -> str:
    """A bar as long as its share of the most, beside a number that says the same."""
    long = round(100 * min(value / most, 1.0), 1) if most else 0
    return (
        f'<svg class="share" viewBox="0 0 100 8" width="100" height="8" role="img" aria-label="{escape(told)}">'
        f'<path d="M0 0h{long}v8h-{long}z" fill="currentColor"/></svg>'
    )
