"""How text becomes the words that are indexed and looked for; knows nothing of queries, ranking or storage.

The index is fed these words, not the raw text, so that the vocabulary that spelling is mended from and the
full-text index agree on what a word is.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import pairwise

# Longer runs are keys, hashes and base64: cut, so that one blob cannot fill the vocabulary.
LONGEST_WORD = 64
# A "CamelCase" word of more humps than this is base64, not a name.
MOST_HUMPS = 12

_ASCII_WORD = re.compile(r"[a-z0-9]+")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9]+")
_HUMP = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]{2}")


class _Folding(dict[int, str]):
    """One lower-case character without its diacritics for each code point, worked out when first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        apart = unicodedata.normalize("NFKD", char)
        letter = apart[0] if all(unicodedata.combining(mark) for mark in apart[1:]) else char
        folded = letter.lower()
        self[code] = folded if len(folded) == 1 else letter
        return self[code]


_FOLDING = _Folding()


def fold(text: str) -> str:
    """The text in lower case without diacritics, of the same length, so that places in it stay true."""
    return text.lower() if text.isascii() else text.translate(_FOLDING)


# Chinese, Japanese and Korean write without spaces: each character is a word, and a typed run of them is
# looked for as a phrase.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"


@cache
def _unspaced() -> tuple[re.Pattern[str], re.Pattern[str]]:
    word = f"(?=[^\\W_])[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\\W_])+"
    return re.compile(f"[{_UNSPACED}]"), re.compile(word)


@cache
def _spaced() -> re.Pattern[str]:
    return re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The folded words of a text, in order: runs of letters and digits, everything else parts them."""
    if text.isascii():
        found = _ASCII_WORD.findall(text.lower())
    else:
        folded = fold(unicodedata.normalize("NFC", text))
        character, unspaced = _unspaced()
        # The pattern that parts unspaced scripts is three times slower, and few texts need it.
        found = (unspaced if character.search(folded) else _spaced()).findall(folded)
    if len(text) <= LONGEST_WORD:
        return found
    return [word if len(word) <= LONGEST_WORD else word[:LONGEST_WORD] for word in found]


@cache
def _part() -> re.Pattern[str]:
    return re.compile(r"[A-Z]+[0-9]*(?![a-z])|[A-Z]?[a-z]+[0-9]*|[0-9]+[a-z]*")


def humps(word: str) -> tuple[str, ...]:
    """The folded parts of one CamelCase word (`KubeAPIDown` → kube api down), or () when it is not one."""
    if len(word) > LONGEST_WORD or not _HUMP.search(word):
        return ()
    parts = _part().findall(word)
    return tuple(part.lower() for part in parts) if 1 < len(parts) <= MOST_HUMPS else ()


def indexed(text: str) -> list[str]:
    """The words of a text, and after them the parts of its CamelCase words, so that either way finds them."""
    found = words(text)
    if _HUMP.search(text):
        for word in dict.fromkeys(_PLAIN_WORD.findall(text)):
            if not word[1:].islower():  # most words are plain, and this is ten times faster than to look for humps
                found.extend(humps(word))
    return found


@lru_cache(4096)  # the title of a page is that of each of its sections, and "Diagnosis" is that of many
def indexed_name(name: str) -> tuple[str, ...]:
    """The words of a name or heading: as `indexed`, also with snake_case and kebab-case words joined.

    Of CamelCase ones each two neighbours are joined too: people say crashlooping for `KubePodCrashLooping`.
    """
    found = indexed(name)
    for chunk in name.split():
        if chunk.isalpha() and chunk[1:].islower():
            continue
        parts = humps(chunk)
        if len(parts) > 2:
            found.extend(left + right for left, right in pairwise(parts))
        pieces = words(chunk)
        if 1 < len(pieces) <= MOST_HUMPS and chunk.isascii():
            found.append("".join(pieces)[:LONGEST_WORD])
    return tuple(found)


# English endings, longest first, with the fewest letters that must be left. Only words of the book that
# share a stem are ever offered for one another, so a stem need not be a word, only be shared.
_ENDINGS: tuple[tuple[str, int], ...] = (
    ("ations", 4), ("ation", 4), ("ments", 4), ("ment", 4), ("ures", 4), ("ings", 4), ("ions", 4),
    ("ure", 4), ("ing", 3), ("ion", 4), ("ies", 4), ("ied", 4), ("ers", 4), ("er", 4), ("ed", 3),
    ("es", 4), ("ly", 4), ("s", 3), ("y", 4), ("e", 4),
)  # fmt: skip
_DOUBLED = ("nn", "pp", "tt", "gg", "mm", "bb")


def stem(word: str) -> str:
    """What is left of an English word without its ending (`restarting`, `restarts` → `restart`)."""
    if not word.isascii() or not word.isalpha() or word.endswith("ss"):
        return word
    for ending, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            left = word[: -len(ending)]
            return left[:-1] if left.endswith(_DOUBLED) else left
    return word
