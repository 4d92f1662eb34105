"""What a person typed or pasted, cut into words, phrases and exclusions; never raises, and asks no index."""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from opsbook.book.search import pasted
from opsbook.book.search.folding import humps, words

# A typed text longer than this is a log: its head and tail say what went wrong.
LONGEST_TEXT = 20_000
# English words that carry a question, not its subject. Asked for only when nothing else is.
_STOP_TEXT = """
    a an and are as at be been but by can could did do does for from had has have how i if in into is it its
    me my of on or our please should so than that the their them then there these they this to us was we
    were what when where which who why will with would you your
"""
STOP_WORDS = frozenset(_STOP_TEXT.split())
_CONTRACTED = frozenset(("s", "re", "ll", "ve", "d", "m", "t"))
# `-n` and `-it` are flags of a command, `-staging` leaves something out.
SHORTEST_EXCLUSION = 3


class Word(Struct, frozen=True):
    """One typed word: its folded `tokens` (several for `node_exporter`), its CamelCase `parts`.

    `is_phrase` when it was quoted; `is_open` when it ends the text, so that it may still be being typed.
    """

    typed: str
    tokens: tuple[str, ...]
    parts: tuple[str, ...] = ()
    is_phrase: bool = False
    is_open: bool = False


class Query(Struct, frozen=True):
    """What is looked for. A pasted text has `runs` (words that stood side by side) in place of words."""

    words: tuple[Word, ...] = ()
    excluded: tuple[Word, ...] = ()
    runs: tuple[tuple[str, ...], ...] = ()

    @property
    def is_pasted(self) -> bool:
        return bool(self.runs)


@cache
def _chunk() -> re.Pattern[str]:
    return re.compile(r'-?"[^"]*"?|[^\s"]+')


def parse(text: str) -> Query:
    """The query that a text asks; an empty one when it holds no word."""
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT // 2] + "\n" + text[-LONGEST_TEXT // 2 :]
    if pasted.is_pasted(text):
        runs = pasted.telling_runs(text)
        if runs:
            return Query(runs=runs)
    return _typed(text)


def _typed(text: str) -> Query:
    wanted: dict[tuple[str, ...], Word] = {}
    excluded: dict[tuple[str, ...], Word] = {}
    text = text.translate({0x201C: '"', 0x201D: '"', 0x00AB: '"', 0x00BB: '"'})
    for match in _chunk().finditer(text):
        word = _word(match.group(), is_open=match.end() == len(text))
        if word is None:
            continue
        if _is_exclusion(match.group(), word):
            excluded.setdefault(word.tokens, word)
        else:
            wanted[word.tokens] = word
    if not wanted:  # nothing but exclusions: more likely meant as words
        return Query(words=tuple(excluded.values()))
    return Query(words=tuple(wanted.values()), excluded=tuple(excluded.values()))


def _word(chunk: str, *, is_open: bool) -> Word | None:
    quoted = chunk.lstrip("-").startswith('"')
    tokens = words(chunk)
    if not quoted and len(tokens) > 1 and tokens[-1] in _CONTRACTED and ("'" in chunk or "’" in chunk):
        tokens = tokens[:-1]
    if not tokens:
        return None
    bare = chunk.strip('-"')
    parts = humps(bare) if not quoted and len(tokens) == 1 else ()
    return Word(bare, tuple(tokens), parts, quoted and len(tokens) > 1, is_open and not quoted)


def _is_exclusion(chunk: str, word: Word) -> bool:
    if not chunk.startswith("-") or chunk.startswith("--"):
        return False
    return len("".join(word.tokens)) >= SHORTEST_EXCLUSION and chunk[1] in '"' + word.typed[0]
