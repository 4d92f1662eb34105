"""Search hits as text: the section, its place, and the words that were found, marked."""

from __future__ import annotations

from collections.abc import Iterator

import click

from opsbook.book.search import Hit, SearchAnswer
from opsbook.entrypoints.shown.terminal import printable, wrapped

_MOST_WORDS = 6  # of those that stand nowhere; a pasted log has many


def as_text(answer: SearchAnswer, width: int | None = None) -> Iterator[str]:
    """The hits for a terminal, best first."""
    for typed, meant in answer.mended:
        yield click.style(f"Nothing has '{printable(typed)}'; shown is '{meant}'.", fg="yellow")
    if answer.unknown:
        words = ", ".join(f"'{printable(word)}'" for word in answer.unknown[:_MOST_WORDS])
        yield click.style(f"No page has {words}.", fg="yellow")
    if not answer.hits:
        yield "Nothing found. Try fewer words, or other words for the same."
        return
    if answer.matched == "most":
        yield click.style("No section has all of the words; these have the most telling of them.", fg="yellow")
    for number, hit in enumerate(answer.hits, 1):
        title = hit.page if hit.section == hit.page else f"{hit.page} › {hit.section}"
        yield from wrapped(f"{number:>3}. {click.style(_plain(title), bold=True)}", width, 5)
        place = f"{hit.path}:{hit.line}" + (f"  #{hit.anchor}" if hit.anchor else "")
        yield from wrapped(f"     {click.style(_plain(place), dim=True)}", width, 5)
        if hit.snippet:
            yield from wrapped(f"     {_marked(hit)}", width, 5)


def _marked(hit: Hit) -> str:
    parts, at = [], 0
    for start, end in hit.marks:
        parts.append(_plain(hit.snippet[at:start]))
        parts.append(click.style(_plain(hit.snippet[start:end]), fg="green", bold=True))
        at = end
    parts.append(_plain(hit.snippet[at:]))
    return "".join(parts)


def _plain(text: str) -> str:
    return printable(text, instead=" ")
