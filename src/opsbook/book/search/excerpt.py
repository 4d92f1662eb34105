"""Cuts the part of a section that shows best why it was found; plain text and places to mark, no markup."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from opsbook.book.search.folding import fold
from opsbook.book.search.planning import Sought

WIDTH = 160
# How much of the width stands before the first mark, so that it reads as a sentence.
LEAD = 30
# A long section is looked through piece by piece until one holds a word; far down it is a dump, and the hit
# names its section anyway.
PIECE, MOST_SCANNED = 3_000, 30_000
MOST_SPOTS = 40


def snippet(text: str, sought: Sequence[Sought]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """About `WIDTH` characters of the text on one line, and the [start, end) of the words found in them."""
    plain, spots = _found(text, sought)
    start = _best_start(spots)
    first = _word_start(plain, max(0, start - LEAD)) if len(plain) > WIDTH else 0
    last = _word_end(plain, first + WIDTH)
    before = "… " if first else ""
    cut = before + plain[first:last] + (" …" if last < len(plain) else "")
    shift = len(before) - first
    marks: list[tuple[int, int]] = []
    for left, right, _ in sorted(spots):
        if left < first or right > last:
            continue
        if marks and left + shift <= marks[-1][1]:
            marks[-1] = (marks[-1][0], max(marks[-1][1], right + shift))
        else:
            marks.append((left + shift, right + shift))
    return cut, tuple(marks)


def _found(text: str, sought: Sequence[Sought]) -> tuple[str, list[tuple[int, int, int]]]:
    for begin in range(0, min(len(text), MOST_SCANNED), PIECE):
        plain = _line(text[begin : begin + PIECE])
        spots = _spots(plain, sought)
        if spots:
            return plain, spots
    return _line(text[:PIECE]), []


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if line.isascii() else unicodedata.normalize("NFC", line)


def _spots(plain: str, sought: Sequence[Sought]) -> list[tuple[int, int, int]]:
    """(start, end, which) of each word sought, where it stands on its own or as a CamelCase part."""
    folded = fold(plain)
    looked_for: dict[tuple[str, bool], int] = {}
    for which, one in enumerate(sought):
        for phrase in one.phrases:
            for place, word in enumerate(phrase.words):
                is_open = phrase.is_prefix and place == len(phrase.words) - 1
                looked_for.setdefault((word, is_open), which)
    spots: list[tuple[int, int, int]] = []
    for (word, is_open), which in looked_for.items():
        place = folded.find(word)
        while place >= 0 and len(spots) < MOST_SPOTS:
            end = place + len(word)
            if _is_edge(plain, place) and (is_open or _is_edge(plain, end)):
                spots.append((place, _run_end(plain, end) if is_open else end, which))
            place = folded.find(word, end)
    return spots


def _is_edge(plain: str, place: int) -> bool:
    """Whether a word, or a hump of a CamelCase one, may begin or end between the characters here."""
    if place <= 0 or place >= len(plain):
        return True
    before, after = plain[place - 1], plain[place]
    if not before.isalnum() or not after.isalnum():
        return True
    # Not ASCII: a script without spaces may be marked anywhere.
    return (after.isupper() and not before.isupper()) or before > "\u3000" or _ends_capitals(plain, place)


def _ends_capitals(plain: str, place: int) -> bool:
    # `APIDown`: the second name begins at its capital, though a capital stands before it too.
    return plain[place].isupper() and plain[place + 1 : place + 2].islower()


def _run_end(plain: str, place: int) -> int:
    while place < len(plain) and plain[place].isalnum():
        place += 1
    return place


def _best_start(spots: list[tuple[int, int, int]]) -> int:
    """Where the window begins that holds most of the different things sought; the first of equals."""
    best, most = 0, 0
    ordered = sorted(spots)
    for place, (start, _, _) in enumerate(ordered):
        reach = start + WIDTH - LEAD
        held = {which for left, right, which in ordered[place:] if left < reach and right <= reach}
        if len(held) > most:
            best, most = start, len(held)
    return best


def _word_start(plain: str, place: int) -> int:
    space = plain.rfind(" ", 0, place + 1)
    return space + 1 if place - space < LEAD else place


def _word_end(plain: str, place: int) -> int:
    if place >= len(plain):
        return len(plain)
    space = plain.rfind(" ", place - LEAD, place + 1)
    return space if space > 0 else place
