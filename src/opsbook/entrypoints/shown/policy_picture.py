"""An escalation drawn as SVG: its levels down a line of time, the waits between them, whom each reaches, the catch-all.

Drawn here so that a page needs no script; colours are classes and `currentColor`. Told in words too.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from msgspec import Struct

_WIDTH, _ROW, _LINE = 560, 74, 78
_CHARS = 58  # of a line of text within a box, at its size
NOBODY = "reaches nobody now"


class Rung(Struct, frozen=True):
    """One level as it is drawn: when, what it is called, whom it names, whom it reaches now (empty: nobody)."""

    after: str
    title: str
    named: str
    reached: str
    is_last: bool = False


def picture(rungs: Sequence[Rung], *, name: str, id_: str, note: str = "") -> str:
    """The escalation; `note` is what is said below it, such as how often all is repeated."""
    height = _ROW * len(rungs) + (26 if note else 4)
    middle = [_ROW * number + 30 for number in range(len(rungs))]
    told = " ".join(f"{each.after}: {each.title}, {each.named}; {each.reached or NOBODY}." for each in rungs)
    line = f'<path d="M{_LINE} {middle[0]}V{middle[-1]}" stroke="currentColor" stroke-width="2"/>' if rungs else ""
    drawn = "".join(_rung(rung, _ROW * number, middle[number]) for number, rung in enumerate(rungs))
    below = f'<text x="{_LINE + 26}" y="{height - 8}" font-size="13" fill="currentColor">{escape(note)}</text>'
    foot = below if note else ""
    return (
        f'<svg class="chart policy" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-labelledby="{id_}-title {id_}-desc">'
        f'<title id="{id_}-title">{escape(name)}</title><desc id="{id_}-desc">{escape(f"{told} {note}".strip())}</desc>'
        f"{line}{drawn}{foot}</svg>"
    )


def _rung(rung: Rung, top: int, middle: int) -> str:
    nobody = not rung.reached
    dash = ' stroke-dasharray="5 4"' if rung.is_last or nobody else ""
    kind = "policy-nobody" if nobody else "policy-level"
    return (
        f'<g class="{kind}"><text x="{_LINE - 16}" y="{middle + 5}" text-anchor="end" font-size="14"'
        f' fill="currentColor">{escape(rung.after)}</text>'
        f'<circle cx="{_LINE}" cy="{middle}" r="6" fill="currentColor"/>'
        f'<path d="M{_LINE + 6} {middle}h18" stroke="currentColor" stroke-width="2"/>'
        f'<rect x="{_LINE + 24}" y="{top + 4}" width="{_WIDTH - _LINE - 26}" height="{_ROW - 16}" rx="6" fill="none"'
        f' stroke="currentColor"{dash}/>'
        f'<text x="{_LINE + 36}" y="{top + 26}" font-size="14" font-weight="600" class="policy-title">'
        f"{escape(cut(f'{rung.title}: {rung.named}', _CHARS - 4))}</text>"
        f'<text x="{_LINE + 36}" y="{top + 46}" font-size="14" class="policy-who">'
        f"{escape(cut(rung.reached or NOBODY, _CHARS))}</text></g>"
    )


def cut(text: str, most: int) -> str:
    """The text, its end left out where it is longer than fits."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
