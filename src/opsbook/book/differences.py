"""What differs between texts, by lines: of two, and of two that were both made from a third.

Decides nothing for people: what both changed in one place is shown as both have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

from msgspec import Struct

# Beyond so many lines that differ, looking for the smallest difference takes longer than anybody waits.
_MOST_COMPARED = 6000
CONTEXT = 3  # lines around a change that are shown

Side = Literal["same", "mine", "theirs", "both", "conflict"]


class Change(Struct, frozen=True, gc=False):
    """Lines of one text in the place of lines of another; equal ones are `same`. The numbers count lines from 0."""

    is_same: bool
    before: tuple[str, ...]
    after: tuple[str, ...]
    before_at: int
    after_at: int


class Stretch(Struct, frozen=True, gc=False):
    """Lines as they were and as both sides have them. `side` tells who changed them: nobody, one, both alike (`both`),
    or both in different ways (`conflict`)."""

    side: Side
    base: tuple[str, ...]
    mine: tuple[str, ...]
    theirs: tuple[str, ...]


def lines_of(text: str) -> list[str]:
    """The lines of a text, each with its line feed; nothing else ends a line."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def differences(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """From one text's lines to another's, in order; together the changes are both texts whole."""
    changes = []
    for tag, low, high, start, stop in _opcodes(before, after):
        changes.append(Change(tag == "equal", tuple(before[low:high]), tuple(after[start:stop]), low, start))
    return changes


def side_by_side(before: str, after: str) -> list[tuple[str, str, str]]:
    """What differs as rows of two columns: how the row is (`same`, `changed`, or `gap` where equal lines are left out),
    its line before and after. A changed row whose line stands on one side alone has nothing on the other."""
    rows: list[tuple[str, str, str]] = []
    changes = differences(lines_of(before), lines_of(after))
    for at, change in enumerate(changes):
        old, new = ([line.rstrip("\n") for line in lines] for lines in (change.before, change.after))
        if not change.is_same:
            rows += [("changed", *pair) for pair in zip_longest(old, new, fillvalue="")]
            continue
        head = old[: CONTEXT if at else 0]
        tail = old[max(len(head), len(old) - (CONTEXT if at < len(changes) - 1 else 0)) :]
        rows += [("same", line, line) for line in head]
        rows += [("gap", "", "")] if len(head) + len(tail) < len(old) else []
        rows += [("same", line, line) for line in tail]
    return rows


def three_way(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> list[Stretch]:
    """Two texts made from one, side by side: together the stretches are all three whole."""
    stretches: list[Stretch] = []
    at = mine_at = theirs_at = 0
    for low, high, mine_low, theirs_low in _shared(base, mine, theirs):
        changed = (tuple(base[at:low]), tuple(mine[mine_at:mine_low]), tuple(theirs[theirs_at:theirs_low]))
        if any(changed):
            stretches.append(Stretch(_side(*changed), *changed))
        size = high - low
        if size:
            same = tuple(base[low:high])
            stretches.append(Stretch("same", same, same, same))
        at, mine_at, theirs_at = high, mine_low + size, theirs_low + size
    return stretches


def merged(stretches: Sequence[Stretch]) -> str | None:
    """The text with the changes of both; None where they changed the same lines in different ways."""
    if any(stretch.side == "conflict" for stretch in stretches):
        return None
    return "".join(line for stretch in stretches for line in _taken(stretch))


def _taken(stretch: Stretch) -> tuple[str, ...]:
    return stretch.theirs if stretch.side == "theirs" else stretch.mine


def _side(base: tuple[str, ...], mine: tuple[str, ...], theirs: tuple[str, ...]) -> Side:
    if mine == theirs:
        return "both"
    if mine == base:
        return "theirs"
    return "mine" if theirs == base else "conflict"


def _shared(
    base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[int, int, int, int]]:
    """The stretches [low, high) of the base that both sides kept, with where they begin there, and the end of all."""
    ours, others = _kept(base, mine), _kept(base, theirs)
    i = j = 0
    while i < len(ours) and j < len(others):
        low = max(ours[i][0], others[j][0])
        high = min(ours[i][1], others[j][1])
        if low < high:
            yield low, high, low + ours[i][2], low + others[j][2]
        if ours[i][1] < others[j][1]:
            i += 1
        else:
            j += 1
    yield len(base), len(base), len(mine), len(theirs)


def _kept(base: Sequence[str], other: Sequence[str]) -> list[tuple[int, int, int]]:
    """The stretches of the base that another text kept, each with how far they moved."""
    return [(low, high, start - low) for tag, low, high, start, _ in _opcodes(base, other) if tag == "equal"]


def _opcodes(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """As difflib has them, with what begins and ends alike left out of its search, which may take quadratic time."""
    most = min(len(before), len(after))
    head = next((at for at in range(most) if before[at] != after[at]), most)
    tail = next((at for at in range(most - head) if before[-1 - at] != after[-1 - at]), most - head)
    stop, end = len(before) - tail, len(after) - tail
    codes: list[tuple[str, int, int, int, int]] = [("equal", 0, head, 0, head)] if head else []
    if head < stop and head < end and stop - head + end - head <= _MOST_COMPARED:
        found = SequenceMatcher(None, before[head:stop], after[head:end], autojunk=False).get_opcodes()
        codes += [(tag, low + head, high + head, start + head, over + head) for tag, low, high, start, over in found]
    elif head < stop or head < end:
        codes.append(("replace", head, stop, head, end))
    if tail:
        codes.append(("equal", stop, len(before), end, len(after)))
    return codes


def diff_lines(before: str, after: str) -> list[str]:
    """What differs between two texts as the lines of a diff: each with its sign, what is equal shortened to `@@`."""
    shown: list[str] = []
    for change in differences(lines_of(before), lines_of(after)):
        if change.is_same:
            kept = list(change.before)
            if len(kept) > 2 * CONTEXT:
                kept = [*kept[:CONTEXT], "@@", *kept[-CONTEXT:]]
            shown += [line if line == "@@" else f" {line}" for line in kept]
        else:
            shown += [f"-{line}" for line in change.before] + [f"+{line}" for line in change.after]
    return [line.rstrip("\n") for line in shown]
