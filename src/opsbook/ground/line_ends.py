"""Text typed in a browser, back to the bytes of the page that it was typed over. Knows no page.

A browser shows a page's text and gives all of it back with other line ends. What was not touched must come back byte
for byte, so that the difference that is committed is the edit and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher

_BOM = "\ufeff"
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
# Beyond this many lines a page with mixed line ends is compared line by line from both sides only.
_MOST_COMPARED = 4_000


def shown(before: bytes) -> str | None:
    """The page's text for a text area; None when it holds bytes that would not come back."""
    try:
        text = before.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in text:  # no browser shows it
        return None
    return text.removeprefix(_BOM)


def typed_over(before: bytes, typed: str) -> bytes:
    """The bytes of what was typed over a page: its byte order mark and its line ends are kept, line by line where they
    are mixed; new lines end as most others do."""
    plain = typed.replace("\r\n", "\n").replace("\r", "\n")
    try:
        text = before.decode("utf-8")
    except UnicodeDecodeError:
        return plain.encode()
    mark = _BOM if text.startswith(_BOM) else ""
    old = _lines(text.removeprefix(_BOM))
    ends = Counter(end for _, end in old if end)
    if not ends.keys() - {"\n"}:
        return (mark + plain).encode()
    usual = ends.most_common(1)[0][0]
    new = [line for line, _ in _lines(plain)]
    if len(ends) == 1:
        return (mark + usual.join(new)).encode()
    kept = _kept_ends([line for line, _ in old], new)
    last = len(new) - 1
    parts = [line + ("" if at == last else (old[kept[at]][1] if at in kept else "") or usual)
             for at, line in enumerate(new)]  # fmt: skip
    return (mark + "".join(parts)).encode()


def _lines(text: str) -> list[tuple[str, str]]:
    """Each line with its end; the last has none."""
    found = _LINE.findall(text)
    if len(found) > 1 and found[-1] == ("", "") and not found[-2][1]:
        found.pop()  # the empty match behind a last line without an end
    return [(line, end) for line, end in found]


def _kept_ends(old: list[str], new: list[str]) -> dict[int, int]:
    """For each new line that an old one became, that old one."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    stop = 0
    while stop < min(len(old), len(new)) - start and old[-1 - stop] == new[-1 - stop]:
        stop += 1
    kept = {at: at for at in range(start)}
    kept.update({len(new) - 1 - at: len(old) - 1 - at for at in range(stop)})
    middle_old, middle_new = old[start : len(old) - stop], new[start : len(new) - stop]
    if len(middle_old) + len(middle_new) <= _MOST_COMPARED:
        for a, b, size in SequenceMatcher(None, middle_old, middle_new, autojunk=False).get_matching_blocks():
            kept.update({start + b + n: start + a + n for n in range(size)})
    if len(middle_old) == len(middle_new):  # lines that were only changed keep their ends too
        for at in range(len(middle_new)):
            kept.setdefault(start + at, start + at)
    return kept
