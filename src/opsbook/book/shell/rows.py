"""How a command is matched with the rows of a table: its verbs in order, its options by name or by letter.

Refuses to know any program; the tables beside it do.
"""

from __future__ import annotations

import re

from msgspec import Struct

from opsbook.book.shell.facts import Word
from opsbook.book.shell.words import Words, split
from opsbook.ground.pattern import Pattern


class Row(Struct, frozen=True, gc=False):
    """One form of a program: `verbs` come first among its positionals (each `a|b`), `needs` is any of its options,
    `unless` any that makes it harmless; `says` tells what it does, or what to write instead; `kind` sorts it."""

    verbs: tuple[str, ...]
    says: str
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    anywhere: bool = False  # the verbs may come after other words: gcloud compute instances delete
    kind: str = ""


def matching(rows: tuple[Row, ...], words: Words, valued: frozenset[str]) -> Row | None:
    """The first row that the command matches; `valued` are the options that take the next word."""
    options, positionals = split(words, valued)
    letters = {name for option in options for name in names_of(option.text, valued)}
    texts = [word.text for word in positionals]
    for row in rows:
        if not _follows(row, texts):
            continue
        if row.needs and not letters.intersection(row.needs):
            continue
        if row.unless and letters.intersection(row.unless) and not _is_off(options, row.unless):
            continue
        return row
    return None


def _follows(row: Row, positionals: list[str]) -> bool:
    if row.anywhere:
        verbs = row.verbs[0].split("|")
        return any(word in verbs for word in positionals)
    if len(positionals) < len(row.verbs):
        return False
    return all(word in verb.split("|") for verb, word in zip(row.verbs, positionals, strict=False))


def names_of(option: str, valued: frozenset[str]) -> list[str]:
    """An option as a row may name it: itself without its value, and `-r`, `-f` for `-rf`, up to one with a value."""
    names = [option.partition("=")[0]]
    if len(option) > 2 and option[1] != "-":
        for letter in option[1:7]:
            if not letter.isalpha():
                break
            names.append(f"-{letter}")
            if f"-{letter}" in valued:
                break
    return names


def _is_off(options: list[Word], unless: tuple[str, ...]) -> bool:
    """Whether the harmless option is switched off: --dry-run=none, --dry-run=false."""
    parts = (word.text.partition("=") for word in options)
    return any(name in unless and value in ("none", "false") for name, _, value in parts)


Hint = tuple[tuple[str, ...], "Pattern[str] | None"]


def hints(rows: tuple[Row, ...]) -> tuple[Hint, ...]:
    """For each row, strings of which a script that it matches holds one, and a pattern that it holds (or None)."""
    return tuple((_last_verbs(row), _option_pattern(row)) for row in rows)


def may_match(found: tuple[Hint, ...], script: str) -> bool:
    """Whether a script may match a row, by its text alone: cheap, and true for every script that does."""
    for verbs, pattern in found:
        if (not verbs or any(map(script.__contains__, verbs))) and (pattern is None or pattern().search(script)):
            return True
    return False


def _last_verbs(row: Row) -> tuple[str, ...]:
    return tuple(row.verbs[-1].split("|")) if row.verbs else ()


def _option_pattern(row: Row) -> Pattern[str] | None:
    letters = "".join(name[1] for name in row.needs if len(name) == 2)
    parts = [re.escape(name) for name in row.needs if len(name) > 2]
    if letters:
        parts.append(f"-[A-Za-z]*[{letters}]")
    # An option begins a word: `node-worker` and `--show-labels` hold no -w.
    return Pattern(rf"(?<![\w-])(?:{'|'.join(parts)})") if parts else None
