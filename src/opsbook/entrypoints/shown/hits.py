"""Search hits as text: the section, its place, and the words that were found, marked."""

from __future__ import annotations

from collections.abc import Iterator

import click

from opsbook.book.search import Hit, SearchAnswer


def as_text(answer: SearchAnswer) -> Iterator[str]:
    """The hits for a terminal, best first."""
    for typed, meant in answer.mended:
        yield click.style(f"Nothing has '{typed}'; shown is '{meant}'.", fg="yellow")
    if not answer.hits:
        yield "Nothing found. Fewer or other words may find it; `opsbook lint` tells what no page says."
        return
    if answer.matched == "most":
        yield click.style("No section has all of the words; these have the most telling of them.", fg="yellow")
    for number, hit in enumerate(answer.hits, 1):
        title = hit.page if hit.section == hit.page else f"{hit.page} › {hit.section}"
        yield f"{number:>3}. {click.style(_plain(title), bold=True)}"
        place = f"{hit.path}:{hit.line}" + (f"  #{hit.anchor}" if hit.anchor else "")
        yield f"     {click.style(place, dim=True)}"
        if hit.snippet:
            yield f"     {_marked(hit)}"


def _marked(hit: Hit) -> str:
    parts, at = [], 0
    for start, end in hit.marks:
        parts.append(_plain(hit.snippet[at:start]))
        parts.append(click.style(_plain(hit.snippet[start:end]), fg="green", bold=True))
        at = end
    parts.append(_plain(hit.snippet[at:]))
    return "".join(parts)


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
