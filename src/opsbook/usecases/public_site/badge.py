"""The public status as a small picture, for a README or a footer."""

from __future__ import annotations

from html import escape

from opsbook.usecases.public_site.words import STATES, clean
from opsbook.usecases.public_status import ComponentState, PublicStatus

_COLOURS: dict[ComponentState, str] = {
    "operational": "#1d6b3a", "degraded": "#8a5a00", "partial_outage": "#a8430a", "major_outage": "#a4161a",
    "maintenance": "#1f5fa8", "unknown": "#5a6370",
}  # fmt: skip
_LETTER = 7  # pixels; wider than most letters of 11 pixels, so that no word is cut
LONGEST = 40


def badge(status: PublicStatus) -> bytes:
    """The picture, as SVG without anything that it would fetch."""
    name, state = clean(status.title)[:LONGEST], STATES[status.state].lower()
    left, right = len(name) * _LETTER + 14, len(state) * _LETTER + 14
    width = left + right
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img"'
        f' aria-label="{escape(name)}: {state}"><title>{escape(name)}: {state}</title>'
        f'<rect width="{width}" height="20" rx="3" fill="#3b434d"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right - 3}z"'
        f' fill="{_COLOURS[status.state]}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2:g}" y="14">{escape(name)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{state}</text></g></svg>\n'
    ).encode()


def icon(status: PublicStatus) -> bytes:
    """What stands on the browser's tab: a dot in the colour of how all is."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7"'
        f' fill="{_COLOURS[status.state]}" stroke="#fff"/></svg>\n'
    ).encode()
